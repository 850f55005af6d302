"""`python3 -m labs.target`, as lessons spell `python3 -m labs target`."""

import sys

from labs.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["target", *sys.argv[1:]], "python3 -m labs.target"))
