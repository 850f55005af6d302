"""`python3 -m labs.hub`, as lessons spell `python3 -m labs hub`."""

import sys

from labs.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["hub", *sys.argv[1:]], "python3 -m labs.hub"))
