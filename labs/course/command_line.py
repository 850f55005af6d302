"""A command of the course as a value, parsed once from its literal text.

The literal command is the action (docs/architecture.md), so it is also the one place that says what a step creates,
removes and touches, and whom it talks to. Guard, ledger, runner, repair and removal ask the value, never the text; a
second list would only drift from it. What a command makes under a name that is only known later (an image without a
tag) is noted by its id once a check has seen it.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from string import Template

from labs.base.things import Thing
from labs.course.aws_words import AwsWords, aws_words
from labs.course.docker_words import TO_REGISTRY, DockerWords, docker_words
from labs.course.shell_words import Simple, Stretch, UnreadableError, Word, stretches

_BEFORE_A_PROGRAM = (
    *("sudo", "time", "env", "nice", "nohup", "command", "exec", "xargs", "timeout", "watch"),
    *("if", "then", "elif", "else", "while", "until", "do", "{", "!"),
)
_SHELLS = ("bash", "sh", "dash", "zsh")
_PLAINLY = ("docker", "aws", "python3")
"""How a program is called that the kit may stand in for: not by a path, not through `sudo`."""


class Service(StrEnum):
    """Whom a command talks to. An image of ECR counts even where only the engine is asked (`docker tag`)."""

    ENGINE, HUB, ECR, ECR_PUBLIC, AWS, KIT = "engine", "hub", "ecr", "ecr-public", "aws", "kit"


@dataclass(frozen=True)
class KitWords:
    """What stands behind `python3 -m labs`, in both spellings (`labs.sso …` and `labs sso …`)."""

    verb: str
    arguments: tuple[Word, ...] = ()


@dataclass(frozen=True)
class Program:
    """One program of a line, with what its words mean.

    Attributes:
        words: as typed, the program first.
        asks: the words, as that program reads them; None where the kit does not know the program.
        redirects: operator and file, in order.
    """

    words: tuple[Word, ...]
    asks: DockerWords | AwsWords | KitWords | None
    redirects: tuple[tuple[str, Word], ...] = ()

    def creates(self, variables: Mapping[str, str], folder: Path) -> Iterator[Thing]:
        """As `CommandLine.creates`."""
        if isinstance(self.asks, DockerWords):
            yield from self.asks.creates(variables)
        elif isinstance(self.asks, AwsWords):
            yield from self.asks.creates(variables, folder)

    def removes(self, variables: Mapping[str, str]) -> Iterator[Thing]:
        """As `CommandLine.removes`."""
        if isinstance(self.asks, DockerWords | AwsWords):
            yield from self.asks.removes(variables)

    def touches(self, variables: Mapping[str, str]) -> Iterator[Thing]:
        """As `CommandLine.touches`."""
        if isinstance(self.asks, DockerWords | AwsWords):
            yield from self.asks.touches(variables)

    def services(self, variables: Mapping[str, str]) -> Iterator[Service]:
        """As `CommandLine.services`."""
        named = [service for word in self.words for service in _registries(word, variables)]
        yield from named
        if isinstance(self.asks, AwsWords):
            yield Service.AWS
        elif isinstance(self.asks, KitWords):
            yield Service.KIT
            yield from [Service.AWS] if self.asks.verb == "sso" else []
        elif isinstance(self.asks, DockerWords):
            yield Service.ENGINE
            if self.asks.verb in TO_REGISTRY and not named:
                yield Service.HUB


@dataclass(frozen=True)
class Part:
    """What stands between two outer `&&`.

    Attributes:
        text: as written, for a shell.
        programs: its programs in order, those inside `(…)` and `$(…)` too.
        needs_shell: it is more than programs in a pipe with plain words; only a shell can run it.
        substitutes: but for words that are a `$(…)` each: who can answer those needs no shell.
    """

    text: str
    programs: tuple[Program, ...]
    needs_shell: bool
    substitutes: bool = False


@dataclass(frozen=True)
class CommandLine:
    """A line of shell. `flaw` says, in Portuguese, why it cannot be read; then it has no parts."""

    text: str
    parts: tuple[Part, ...] = ()
    flaw: str = ""

    @staticmethod
    def of(text: str) -> CommandLine:
        """Read a literal command. Never fails: what cannot be read is a value with a `flaw`."""
        return _read(text.strip())

    @property
    def programs(self) -> tuple[Program, ...]:
        """All programs of the line, in order."""
        return tuple(program for part in self.parts for program in part.programs)

    @property
    def builds(self) -> bool:
        """Whether it builds an image."""
        return any(isinstance(one.asks, DockerWords) and one.asks.verb == "build" for one in self.programs)

    @property
    def opens_case(self) -> bool:
        """Whether the first thing it does is to open a case of the clinic."""
        asks = self.programs[0].asks if self.programs else None
        return (
            isinstance(asks, KitWords)
            and asks.verb == "drill"
            and [word.text.startswith("-") for word in asks.arguments] == [False]
        )

    def creates(self, variables: Mapping[str, str], folder: Path) -> tuple[Thing, ...]:
        """What it creates, in order.

        Args:
            variables: fill `$NAME` in the line; a name that they do not tell is left out.
            folder: what `file://` is relative to.
        """
        return _each(thing for program in self.programs for thing in program.creates(variables, folder))

    def removes(self, variables: Mapping[str, str]) -> tuple[Thing, ...]:
        """What it would remove by name."""
        return _each(thing for program in self.programs for thing in program.removes(variables))

    def touches(self, variables: Mapping[str, str]) -> tuple[Thing, ...]:
        """What else it names: containers, images, repositories, users, budgets."""
        return _each(thing for program in self.programs for thing in program.touches(variables))

    def publishes(self, variables: Mapping[str, str]) -> tuple[int, ...]:
        """The host ports that its containers get."""
        asked = (one.asks for one in self.programs)
        return tuple(port for one in asked if isinstance(one, DockerWords) for port in one.publishes(variables))

    def services(self, variables: Mapping[str, str]) -> frozenset[Service]:
        """Whom it talks to."""
        return frozenset(service for program in self.programs for service in program.services(variables))

    def asked(self, variables: Mapping[str, str]) -> frozenset[str]:
        """Who is asked, as `labs/base/explain.py` takes it: services, and verbs of docker."""
        asks = [program.asks for program in self.programs]
        verbs = {one.verb for one in asks if isinstance(one, DockerWords)}
        services = {one.service for one in asks if isinstance(one, AwsWords)}
        return frozenset((verbs | services | {str(one) for one in self.services(variables)}) - {""})


@lru_cache(maxsize=1024)
def _read(text: str) -> CommandLine:
    try:
        return CommandLine(text, tuple(_part(stretch) for stretch in stretches(text)))
    except UnreadableError as error:
        return CommandLine(text, flaw=str(error))
    except RecursionError:
        return CommandLine(text, flaw="há comandos demais dentro de comandos: $( $( …")


def _part(stretch: Stretch) -> Part:
    programs = tuple(program for simple in stretch.commands for program in _meaning(simple))
    plain = all(one.asks is None or one.words[0].text in _PLAINLY for one in programs)
    return Part(stretch.text, programs, stretch.needs_shell or not plain, stretch.substitutes and plain)


def _meaning(simple: Simple) -> Iterator[Program]:
    """The program behind `sudo`, `env X=1` …, and what a shell is told to run with `-c`."""
    words = _from_the_program(simple.words)
    program, rest = words[0].text.rpartition("/")[2], words[1:]
    script = _script(rest) if program in _SHELLS else rest if program == "eval" else ()
    if script and not any(word.needs_shell for word in script):
        inner = " ".join(Template(word.text).safe_substitute() for word in script)
        yield from (program for part in CommandLine.of(inner).parts for program in part.programs)
    asks = _asked(program, rest)
    yield Program(simple.words, asks, simple.redirects)


def _script(words: Sequence[Word]) -> Sequence[Word]:
    """What a shell is told to run: the word after `-c`, also among other letters (`-lc`, `-e -c`)."""
    for at, word in enumerate(words):
        if re.fullmatch(r"-[a-z]*c[a-z]*", word.text):
            return words[at + 1 : at + 2]
        if not word.text.startswith("-"):
            break
    return ()


def _asked(program: str, rest: Sequence[Word]) -> DockerWords | AwsWords | KitWords | None:
    if program == "docker":
        return docker_words(rest)
    if program == "aws":
        return aws_words(rest)
    return _kit_words(rest) if program.startswith("python") else None


def _kit_words(words: Sequence[Word]) -> KitWords | None:
    """Python's own words up to the module (`-m labs.sso`, `-I -mlabs`), then the kit's."""
    options = list(itertools.takewhile(lambda word: word.text.startswith("-"), words))
    at = next((at for at, word in enumerate(options) if word.text.startswith("-m")), len(words))
    texts = [word.text for word in words[at : at + 2]]
    glued = bool(texts) and texts[0] != "-m"
    module = texts[0][2:] if glued else "".join(texts[1:])
    rest = tuple(words[at + (1 if glued else 2) :])
    package, dot, verb = module.partition(".")
    if package != "labs" or not (dot or rest):
        return None
    return KitWords(verb, rest) if dot else KitWords(rest[0].text, rest[1:])


def _from_the_program(words: tuple[Word, ...]) -> tuple[Word, ...]:
    if words[0].text not in _BEFORE_A_PROGRAM:
        return words
    known = (at for at, word in enumerate(words) if _is_known(word.text.rpartition("/")[2]))
    return words[next(known, 0) :]


def _is_known(program: str) -> bool:
    return program in ("docker", "aws", *_SHELLS) or program.startswith("python")


def _registries(word: Word, variables: Mapping[str, str]) -> Iterator[Service]:
    """The registries that a word names, by the lab's variables or by their address."""
    for service, names in (
        (Service.ECR, ("ECR_REGISTRY",)),
        (Service.ECR_PUBLIC, ("ECR_PUBLIC_REGISTRY",)),
        (Service.HUB, ("HUB_REGISTRY", "HUB_API")),
    ):
        if any(f"${{{name}}}" in word.text or (variables.get(name) or "\0") in word.text for name in names):
            yield service
    if re.search(r"\.dkr[.-]ecr(?:-fips)?\.", word.text):
        yield Service.ECR


def _each(things: Iterator[Thing]) -> tuple[Thing, ...]:
    return tuple(dict.fromkeys(things))
