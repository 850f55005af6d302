"""`python3 -m labs.cleanup`, as lessons spell `python3 -m labs cleanup`."""

import sys

from labs.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["cleanup", *sys.argv[1:]], "python3 -m labs.cleanup"))
