"""`python3 -m labs.secrets_scan`."""

import sys

from labs.secrecy.scan import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
