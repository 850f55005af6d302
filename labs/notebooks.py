"""`python3 -m labs.notebooks`, as lessons spell `python3 -m labs notebooks`."""

import sys

from labs.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["notebooks", *sys.argv[1:]], "python3 -m labs.notebooks"))
