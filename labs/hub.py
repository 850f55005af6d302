"""`python3 -m labs.hub`."""

import sys

from labs.cli.hub_private import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
