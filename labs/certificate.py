"""`python3 -m labs.certificate`."""

import sys

from labs.pages.certificate import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
