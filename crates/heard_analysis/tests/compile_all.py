"""Compiles the modules that arrive on stdin as JSON, and prints what is wrong with them as JSON."""

import json
import sys
import warnings

warnings.simplefilter("error")
# Python 3.14 warns of what one of the rules is about.
warnings.filterwarnings("ignore", ".* in a 'finally' block", SyntaxWarning)
wrong = []
for index, source in enumerate(json.load(sys.stdin)):
    try:
        compile(source, "module", "exec", dont_inherit=True)
    except SyntaxError as error:
        wrong.append([index, error.lineno or 1, str(error.msg)])
json.dump(wrong, sys.stdout)
