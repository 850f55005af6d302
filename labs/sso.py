"""`python3 -m labs.sso`."""

import sys

from labs.cli.sso_login import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
