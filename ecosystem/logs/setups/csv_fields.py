"""Each record is a row of a table without a header, the text and the traceback in fields."""

# /// script
# [tool.heard]
# ///

import asyncio
import csv
import io
import logging

import shop


class Row(logging.Formatter):
    def format(self, record):
        row = io.StringIO()
        raised = self.formatException(record.exc_info) if record.exc_info else ""
        fields = (record.filename, record.module, record.funcName, record.levelname, self.formatTime(record))
        csv.writer(row, lineterminator="\n").writerow([*fields, record.getMessage(), raised])
        return row.getvalue().rstrip("\n")


writer = logging.StreamHandler()
writer.setFormatter(Row())
logging.basicConfig(level="INFO", handlers=[writer])
asyncio.run(shop.lose())
