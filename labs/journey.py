"""`python3 -m labs.journey`, as lessons spell `python3 -m labs journey`."""

import sys

from labs.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["journey", *sys.argv[1:]], "python3 -m labs.journey"))
