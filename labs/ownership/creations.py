"""What a literal command creates, read from its words: the ledger notes it before the command runs.

The literal command is the action (docs/architecture.md), so the course's own commands already declare every name; a
second list would only drift from them. What a command creates under a name that is only known later (an image without a
tag) is noted by its id once a check has seen it.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from string import Template
from typing import NoReturn

from labs.base.reference import parse, with_tag
from labs.base.things import BUDGET, CONTAINER, ECR, HUB, IMAGE, KEY, NETWORK, USER, VOLUME, Thing, alias

_OPERATORS = {"&&", "||", ";", "|", "(", ")", "&", "\n"}


def creations(command: str, variables: Mapping[str, str], folder: Path) -> tuple[Thing, ...]:
    """What this line of shell creates, in order.

    Args:
        variables: fill `$NAME` in the line.
        folder: what `file://` is relative to.
    """
    found: dict[Thing, None] = {}
    for words in _commands(command):
        expanded = [Template(word).safe_substitute(variables) for word in words]
        with contextlib.suppress(_UnknownError, ValueError, KeyError):
            found |= dict.fromkeys(_created(expanded, variables, folder))
    return tuple(found)


def removals(command: str, variables: Mapping[str, str]) -> tuple[Thing, ...]:
    """The containers and image names that this line of shell would remove by name."""
    found: list[Thing] = []
    for words in _commands(command):
        kind = {"rm": CONTAINER, "rmi": IMAGE}.get(words[1] if words[0] == "docker" and len(words) > 1 else "")
        if kind:
            names = (Template(word).safe_substitute(variables) for word in words[2:])
            found += [Thing(kind, name) for name in names if not name.startswith("-") and "$" not in name]
    return tuple(found)


def _commands(command: str) -> Iterator[list[str]]:
    """The simple commands of a line, each as words, without what stands inside `$(…)`."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars="();<>|&\n")
    lexer.whitespace = " \t"
    lexer.whitespace_split = True
    words: list[str] = []
    try:
        tokens = list(lexer)
    except ValueError:
        return
    for token in tokens:
        if token in _OPERATORS:
            if words:
                yield words
            words = []
        else:
            words.append(token)
    if words:
        yield words


class _UnknownError(Exception):
    """Words that create nothing, or cannot be read."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _UnknownError(message)


def _created(words: Sequence[str], variables: Mapping[str, str], folder: Path) -> Iterator[Thing]:
    program, rest = words[0], words[1:]
    if program == "docker" and rest:
        yield from _by_docker(rest[0], rest[1:], variables)
    elif program == "aws" and len(rest) > 1:
        yield from _by_aws(rest[0], rest[1], rest[2:], folder)


def _by_docker(verb: str, words: Sequence[str], variables: Mapping[str, str]) -> Iterator[Thing]:
    parser = _Parser(add_help=False)
    if verb == "build":
        parser.add_argument("-t", "--tag", action="append", default=[])
        for tag in parser.parse_known_args(words)[0].tag:
            yield Thing(IMAGE, with_tag(tag))
    elif verb == "tag" and len(words) == 2:
        yield Thing(IMAGE, with_tag(words[1]))
    elif verb == "pull" and len(words) == 1 and "$" not in words[0]:
        yield Thing(IMAGE, with_tag(words[0]))
    elif verb == "run":
        yield from _by_run(words)
    elif verb == "push" and len(words) == 1:
        name = parse(words[0])
        if name.registry == variables.get("HUB_REGISTRY") and name.namespace == variables.get("HUB_USER"):
            yield Thing(HUB, name.repository)
    elif verb in (NETWORK, VOLUME) and words[:1] == ["create"]:
        yield Thing(verb, words[-1])


def _by_run(words: Sequence[str]) -> Iterator[Thing]:
    parser = _Parser(add_help=False, allow_abbrev=False)
    parser.add_argument("--name", default="")
    parser.add_argument("-p", "--publish", action="append", default=[])
    for option in ("-e", "--env", "--env-file", "--entrypoint", "-v", "--volume", "--network", "-u", "--user"):
        parser.add_argument(option, action="append")
    for option in ("-d", "--detach", "--rm", "-i", "-t", "-it"):
        parser.add_argument(option, action="store_true")
    parser.add_argument("image")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args(list(words))
    if options.rm:
        return
    ports = [int(one.split(":")[-2]) for one in options.publish if ":" in one]
    yield Thing(CONTAINER, options.name or alias(options.image, ports))


def _by_aws(service: str, operation: str, words: Sequence[str], folder: Path) -> Iterator[Thing]:
    options = dict(itertools.pairwise(words))
    if (service, operation) == ("ecr", "create-repository"):
        yield Thing(ECR, options["--repository-name"])
    elif (service, operation) == ("iam", "create-user"):
        yield Thing(USER, options["--user-name"])
    elif (service, operation) == ("iam", "create-access-key"):
        yield Thing(KEY, options["--user-name"])
    elif (service, operation) == ("budgets", "create-budget"):
        text = options["--budget"]
        if text.startswith("file://"):
            try:
                text = (folder / text.removeprefix("file://")).read_text("utf-8")
            except OSError:
                return
        yield Thing(BUDGET, str(json.loads(text)["BudgetName"]))
