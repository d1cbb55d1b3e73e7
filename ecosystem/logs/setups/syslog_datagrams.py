"""Datagrams of `SysLogHandler`, as a receiver wrote them behind each other."""

# /// script
# [tool.heard]
# reads = ["syslog.log"]
# warnings = "logged"
# ///

import asyncio
import logging
import logging.handlers
import socket

import shop

receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
receiver.bind(("127.0.0.1", 0))
receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
handler = logging.handlers.SysLogHandler(receiver.getsockname())
handler.setFormatter(logging.Formatter("%(asctime)s shop[%(process)d]: %(levelname)s %(name)s: %(message)s"))
logging.basicConfig(level="INFO", handlers=[handler])
logging.captureWarnings(True)
asyncio.run(shop.lose())
receiver.setblocking(False)
with open("syslog.log", "wb") as out:
    while True:
        try:
            out.write(receiver.recv(1 << 16) + b"\n")
        except BlockingIOError:
            break
