"""`python3 -m labs.certificate`, as lessons spell `python3 -m labs certificate`."""

import sys

from labs.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["certificate", *sys.argv[1:]], "python3 -m labs.certificate"))
