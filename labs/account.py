"""`python3 -m labs.account`."""

import sys

from labs.cli.hub_account import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
