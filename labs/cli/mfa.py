"""`python3 -m labs.mfa`: the code of the second factor, in the place of the app on a phone."""

from __future__ import annotations

import argparse
import time

from labs.base import totp
from labs.base.errors import CommandError
from labs.base.settings import Settings

BACK = {"agora": 0, "antes": 1}
"""Which code, by how many codes ago it was shown."""
EXAMPLES = """\
python3 -m labs.mfa          o código de agora, que muda a cada 30 segundos
python3 -m labs.mfa antes    o código que estava na tela antes dele"""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("which", nargs="?", choices=BACK, default="agora", help="qual código (padrão: agora)")


def run(chosen: argparse.Namespace) -> int:
    """Print one code, computed from the kept seed.

    Raises:
        CommandError: there is no seed, or it cannot be read.
    """
    path = Settings.load().learner_secrets / totp.SEED_FILE
    try:
        print(totp.code(path.read_text("ascii"), totp.window(time.time()) - BACK[chosen.which]))
    except (OSError, ValueError) as error:
        raise CommandError(
            f"Ainda não há uma semente de MFA em {totp.SEED_FILE}.",
            str(error),
            'ls -l "$LAB_SECRETS"',
        ) from error
    return 0
