"""`python3 -m labs.sandbox`."""

import sys

from labs.cli.dials import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
