"""Windows line ends, padded columns, the message behind a bar."""

# /// script
# [tool.heard]
# reads = ["win.log"]
# warnings = "logged"
# ///

import asyncio
import logging

import shop

handler = logging.StreamHandler(open("win.log", "w", newline="\r\n"))
handler.setFormatter(
    logging.Formatter("%(asctime)s | %(levelname)-10s | %(name)-20s | %(funcName)-30s:%(lineno)-5d | %(message)s")
)
logging.basicConfig(level="INFO", handlers=[handler])
logging.captureWarnings(True)
asyncio.run(shop.lose())
