"""`python3 -m labs.cleanup`."""

import sys

from labs.ownership.removal import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
