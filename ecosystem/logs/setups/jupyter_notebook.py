"""A notebook that was run: output as lists of lines, with the source beside it."""

# /// script
# dependencies = ["nbclient", "ipykernel"]
#
# [tool.heard]
# time = "none"
# reads = ["book.ipynb"]
# without = ["callback-raised"]
# ///

import nbformat
from nbclient import NotebookClient

book = nbformat.v4.new_notebook()
book.cells = [
    nbformat.v4.new_code_cell("import shop\nawait shop.lose()"),
    nbformat.v4.new_code_cell("# Task exception was never retrieved\n1 / 0"),
]
NotebookClient(book, allow_errors=True, timeout=60).execute()
nbformat.write(book, "book.ipynb")
