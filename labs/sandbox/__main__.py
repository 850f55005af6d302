"""`python3 -m labs.sandbox`, as lessons spell `python3 -m labs sandbox`: run, not imported, since a sandbox knows no
command line.
"""

import runpy
import sys

if __name__ == "__main__":
    sys.argv[1:1] = ["sandbox"]
    runpy.run_module("labs", {"PROGRAM": "python3 -m labs.sandbox"}, "__main__")
