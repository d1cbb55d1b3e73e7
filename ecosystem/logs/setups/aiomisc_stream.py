"""aiomisc's own logging."""

# /// script
# dependencies = ["aiomisc"]
#
# [tool.heard]
# time = "none"
# names = false
# ///

import asyncio

import aiomisc
import shop

with aiomisc.entrypoint(log_level="info", log_format="stream") as loop:
    loop.run_until_complete(shop.lose())
