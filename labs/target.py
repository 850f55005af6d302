"""`python3 -m labs.target`."""

import sys

from labs.live.accounts import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
