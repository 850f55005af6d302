"""`python3 -m labs.drill`, as lessons spell `python3 -m labs drill`."""

import sys

from labs.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["drill", *sys.argv[1:]], "python3 -m labs.drill"))
