"""aiomisc's own logging, as JSON."""

# /// script
# dependencies = ["aiomisc"]
#
# [tool.heard]
# names = false
# time = "none"
# ///

import aiomisc
import shop

with aiomisc.entrypoint(log_level="info", log_format="json") as loop:
    loop.run_until_complete(shop.lose())
