"""`python3 -m labs.sandbox`, as lessons spell `python3 -m labs sandbox`."""

import sys

from labs.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["sandbox", *sys.argv[1:]], "python3 -m labs.sandbox"))
