"""`python3 -m labs.notebooks`."""

import sys

from labs.develop.notebooks import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
