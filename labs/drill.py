"""`python3 -m labs.drill`."""

import sys

from labs.clinic.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
