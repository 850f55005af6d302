"""From a tool's own message to what it means in Portuguese and what to type next.

The table is data: `explanations.toml` beside this module. The messages are Docker's, the registries' and AWS's own; the
clinic of errors and the lessons' "Se der errado" teach the same ones.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from labs.base.reference import names_ecr

TABLE = Path(__file__).with_name("explanations.toml")
LOOK = "O kit não conhece esta mensagem: a última linha dela é a da ferramenta, e diz o que olhar."
HUB_LOGIN = 'docker login $HUB_REGISTRY --username $HUB_USER --password-stdin < "$HUB_TOKEN_FILE"'
ECR_LOGIN = "aws ecr get-login-password --region us-east-2 | docker login --username AWS --password-stdin $ECR_REGISTRY"
ECR_PUBLIC_LOGIN = (
    "aws ecr-public get-login-password --region us-east-1 --profile console"
    " | docker login --username AWS --password-stdin $ECR_PUBLIC_REGISTRY"
)


@dataclass(frozen=True)
class Explanation:
    """What a message means and what to type next; both empty where no row of the table fits."""

    what: str = ""
    next_command: str = ""

    def after(self, what_failed: str) -> str:
        """What failed, and why; or where the reason stands, since a guess would send a learner the wrong way."""
        return f"{what_failed} {self.what or LOOK}"


@dataclass(frozen=True)
class Row:
    """One meaning; the head of the table says what the fields are."""

    name: str
    message: str
    what: str
    next: str = ""
    asked: str = ""


@cache
def rows() -> tuple[Row, ...]:
    """The table, in its order."""
    return tuple(Row(name, **row) for name, row in tomllib.loads(TABLE.read_text("utf-8")).items())


def explain(observed: str, asked: Collection[str] = ()) -> Explanation:
    """What a message means; an empty explanation where the table does not know it.

    Args:
        asked: who was asked, as `CommandLine.asked` tells it: `hub`, `ecr`, `ecr-public`, a service of AWS, a verb of
            docker. The same refusal has another way out at another registry.
    """
    row, found = claimed(observed, asked)
    if not row or not found:
        return Explanation()
    of_ecr = ECR_PUBLIC_LOGIN if "ecr-public" in asked else ECR_LOGIN
    ecr = not {"ecr", "ecr-public"}.isdisjoint(asked) or names_ecr(observed)
    logins = {"{login}": of_ecr if ecr else HUB_LOGIN, "{ecr}": of_ecr, "{hub}": HUB_LOGIN}
    return Explanation(_filled(row.what, found), logins.get(row.next) or _filled(row.next, found))


def claimed(observed: str, asked: Collection[str] = ()) -> tuple[Row | None, re.Match[str] | None]:
    """The first row that fits a message, and where it does."""
    everybody = {*asked, *(["ecr"] if names_ecr(observed) else [])}
    for row in rows():
        if (not row.asked or row.asked in everybody) and (found := re.search(row.message, observed, re.MULTILINE)):
            return row, found
    return None, None


def _filled(text: str, found: re.Match[str]) -> str:
    """The text with the message's own words; empty where the message lacks one."""
    wanted = {int(group): found[int(group)] for group in re.findall(r"\\(\d)", text)}
    return "" if None in wanted.values() else re.sub(r"\\(\d)", lambda group: wanted[int(group[1])], text)
