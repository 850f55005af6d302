"""An `aws` command as the AWS CLI reads it: service, operation, options, and what it creates and removes.

Options are `--name value`, `--name value value …` or `--name=value`; the CLI's own ("Command line options in the AWS
CLI", docs.aws.amazon.com/cli/latest/userguide/cli-configure-options.html) may stand anywhere, also before the service.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from labs.base.things import BUDGET, ECR, ECR_PUBLIC, KEY, MFA, USER, Thing
from labs.course.shell_words import Word

GLOBAL_FLAGS = (
    *("--cli-auto-prompt", "--debug", "--no-cli-auto-prompt", "--no-cli-pager", "--no-paginate"),
    *("--no-sign-request", "--no-verify-ssl", "--version"),
)
GLOBAL_VALUES = (
    *("--ca-bundle", "--cli-binary-format", "--cli-connect-timeout", "--cli-read-timeout", "--color"),
    *("--endpoint-url", "--output", "--profile", "--query", "--region"),
)
"""The CLI's own options, without and with a value; `tests/unit/test_aws_words.py` compares them with the CLI's list."""
_MAKES = {
    ("ecr", "create-repository"): (ECR, "--repository-name"),
    ("ecr-public", "create-repository"): (ECR_PUBLIC, "--repository-name"),
    ("iam", "create-user"): (USER, "--user-name"),
    ("iam", "create-access-key"): (KEY, "--user-name"),
    ("iam", "create-virtual-mfa-device"): (MFA, "--virtual-mfa-device-name"),
}
_REMOVES = {
    ("ecr", "delete-repository"): (ECR, "--repository-name"),
    ("ecr-public", "delete-repository"): (ECR_PUBLIC, "--repository-name"),
    ("iam", "delete-user"): (USER, "--user-name"),
    ("iam", "delete-access-key"): (KEY, "--user-name"),
    ("budgets", "delete-budget"): (BUDGET, "--budget-name"),
}
_NAMES = {"--repository-name": ECR, "--user-name": USER, "--budget-name": BUDGET}


@dataclass(frozen=True)
class AwsWords:
    """What stands behind `aws`. `options` with all their values, in order; `rest`: words that belong to no option."""

    service: str = ""
    operation: str = ""
    options: tuple[tuple[str, tuple[Word, ...]], ...] = ()
    rest: tuple[Word, ...] = ()

    def value(self, option: str, variables: Mapping[str, str]) -> str:
        """An option's value; empty where it is absent, or only a shell can tell."""
        return next(
            (values[0].resolved(variables) or "" for name, values in self.options if name == option and values), ""
        )

    def creates(self, variables: Mapping[str, str], folder: Path) -> Iterator[Thing]:
        """What it makes. `folder`: what `file://` is relative to."""
        kind, option = _MAKES.get((self.service, self.operation), ("", ""))
        name = self.value(option, variables)
        if (self.service, self.operation) == ("budgets", "create-budget"):
            kind, name = BUDGET, _budget_name(self.value("--budget", variables), folder)
        if name:
            yield Thing(kind, name)

    def removes(self, variables: Mapping[str, str]) -> Iterator[Thing]:
        """What it removes by name; of an access key the user whose it is."""
        kind, option = _REMOVES.get((self.service, self.operation), ("", ""))
        if name := self.value(option, variables):
            yield Thing(kind, name)

    def touches(self, variables: Mapping[str, str]) -> Iterator[Thing]:
        """The repository, user and budget that it names and neither makes nor removes."""
        if (self.service, self.operation) not in (*_MAKES, *_REMOVES):
            names = _NAMES | ({"--repository-name": ECR_PUBLIC} if self.service == "ecr-public" else {})
            yield from (Thing(kind, name) for option, kind in names.items() if (name := self.value(option, variables)))


def aws_words(words: Sequence[Word]) -> AwsWords:
    """Read what stands behind `aws`."""
    options: list[tuple[str, tuple[Word, ...]]] = []
    plain: list[Word] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if not word.text.startswith("--"):
            plain.append(word)
            continue
        name, equals, value = word.text.partition("=")
        values = [Word(value, word.needs_shell)] if equals else []
        while not equals and rest and name not in GLOBAL_FLAGS and not rest[0].text.startswith("--"):
            values.append(rest.pop(0))
            if name in GLOBAL_VALUES:
                break
        options.append((name, tuple(values)))
    service, operation = [*(word.text for word in plain[:2]), "", ""][:2]
    return AwsWords(service, operation, tuple(options), tuple(plain[2:]))


def _budget_name(text: str, folder: Path) -> str:
    """The name in a budget given as JSON, as a file of it, or in the CLI's shorthand (`BudgetName=x,…`)."""
    try:
        if text.startswith("file://"):
            text = (folder / text.removeprefix("file://")).read_text("utf-8")
        if text.lstrip().startswith("{"):
            return str(json.loads(text)["BudgetName"])
    except (OSError, ValueError, KeyError):
        return ""
    return dict(pair.partition("=")[::2] for pair in text.split(",")).get("BudgetName", "")
