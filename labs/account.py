"""`python3 -m labs.account`, as lessons spell `python3 -m labs account`."""

import sys

from labs.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["account", *sys.argv[1:]], "python3 -m labs.account"))
