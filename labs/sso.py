"""`python3 -m labs.sso`, as lessons spell `python3 -m labs sso`."""

import sys

from labs.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["sso", *sys.argv[1:]], "python3 -m labs.sso"))
