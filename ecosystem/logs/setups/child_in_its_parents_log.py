"""A parent logs what its child prints, each line as the bytes that they are."""

# /// script
# [tool.heard]
# ///

import asyncio
import logging
import sys

import shop


async def main():
    child = await asyncio.create_subprocess_exec(
        sys.executable, __file__, "child", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    async for line in child.stdout:
        logging.info("child: %s", line)


logging.basicConfig(level="INFO", format="%(asctime)s %(levelname)s parent: %(message)s")
if sys.argv[1:]:
    print("\x1b[1m\x1b[31mchild is there\x1b[0m", flush=True)
    asyncio.run(shop.lose())
else:
    asyncio.run(main())
