"""Nothing is configured: asyncio writes its bare words to standard error."""

# /// script
# [tool.heard]
# time = "none"
# ///

import asyncio

import shop

asyncio.run(shop.lose())
