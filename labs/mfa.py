"""`python3 -m labs.mfa`, as lessons spell `python3 -m labs mfa`."""

import sys

from labs.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["mfa", *sys.argv[1:]], "python3 -m labs.mfa"))
