"""The verbs: `python3 -m labs start | test | up | down | reset | status | doctor | env | run`.

This file parses arguments and turns errors into text, nothing else. Its syntax is older than the kit's, so that an old
Python gets as far as the sentence that says so.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - the one place that an old Python reaches
    found = ".".join([str(number) for number in sys.version_info[:3]])
    sys.stderr.write(
        "Este curso precisa do Python 3.11 ou mais novo.\n"
        "Observado: Python " + found + " em " + sys.executable + "\n"
        "Próximo comando: python3.11 -m labs start   (ou instale o Python de python.org)\n"
    )
    sys.exit(1)

from labs.cli.main import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
