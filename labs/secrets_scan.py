"""`python3 -m labs.secrets_scan`, as lessons spell `python3 -m labs secrets_scan`."""

import sys

from labs.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["secrets_scan", *sys.argv[1:]], "python3 -m labs.secrets_scan"))
