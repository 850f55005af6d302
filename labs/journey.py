"""`python3 -m labs.journey`."""

import sys

from labs.running.journey import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
