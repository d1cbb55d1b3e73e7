"""The formatter of Elastic."""

# /// script
# dependencies = ["ecs-logging"]
#
# [tool.heard]
# warnings = "logged"
# ///

import asyncio
import logging

import ecs_logging
import shop

handler = logging.StreamHandler()
handler.setFormatter(ecs_logging.StdlibFormatter())
logging.basicConfig(level="INFO", handlers=[handler])
logging.captureWarnings(True)
asyncio.run(shop.lose())
