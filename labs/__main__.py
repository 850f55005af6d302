"""`python3 -m labs VERB …`: the verbs stand in `labs/cli/main.py`.

The modules of the old spelling (`python3 -m labs.cleanup`) enter here too. The syntax is older than the kit's, so that
an old Python gets as far as the sentence that says so.
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

from labs.cli.main import main as main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], globals().get("PROGRAM", "")))
