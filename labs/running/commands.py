"""The literal command, run: `docker push|pull|login` and `aws` go through the seams, all else through `bash`.

The seams give progress per layer, and spare the start of a second program; `bash` is the same shell that the learner's
terminal runs. A build goes there too: with buildx or without, the client decides what builds, and a button must make
the image that the terminal makes. What cannot be understood here is never guessed: it goes to `bash` as it stands.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError

from labs.base.errors import CommandError, Interrupted
from labs.base.events import Line, Watcher
from labs.base.reference import DOCKER_HUB
from labs.base.settings import Settings
from labs.clinic import command as clinic
from labs.course.aws_words import GLOBAL_FLAGS, GLOBAL_VALUES, AwsWords
from labs.course.command_line import CommandLine, KitWords, Part
from labs.course.docker_words import DockerWords
from labs.course.shell_words import Word
from labs.ownership.inventory import protect
from labs.running import shell
from labs.running.build_output import BuildFollower
from labs.seams.cloud import Cloud, UnknownOptionError
from labs.seams.engine import Engine
from labs.seams.world import World

NEVER = threading.Event()


@dataclass(frozen=True)
class Context:
    """Where and with what a command runs.

    Attributes:
        folder: working folder, as a terminal's.
        answers: what is typed when the command asks (its standard input).
        cancel: set by whoever wants the command stopped.
    """

    settings: Settings
    engine: Engine
    cloud: Cloud
    folder: Path
    answers: str = ""
    cancel: threading.Event = field(default=NEVER)


def execute(line: CommandLine, context: Context, watch: Watcher) -> None:
    """Run one line of shell.

    Raises:
        LabError: it failed; `observed` holds the tool's own words.
        Interrupted: it was cancelled.
    """

    def checked(event: Any) -> None:
        if context.cancel.is_set():
            raise Interrupted("Passo interrompido a seu pedido.", "", "")
        watch(event)

    if line.flaw:
        raise CommandError(
            "O comando não está inteiro; nada foi executado.", f"{line.flaw}: {line.text}", "python3 -m labs doctor"
        )
    protect(line, context.settings, context.engine)
    for part in line.parts:
        action = seam_action(part, context)
        try:
            (action or partial(_bash, part, context))(checked)
        except UnknownOptionError:  # nothing was asked yet
            _bash(part, context, checked)


def _bash(part: Part, context: Context, watch: Watcher) -> None:
    follow = BuildFollower(watch) if _builds(part) else watch
    shell.run(part.text, context.settings, context.folder, context.answers, context.cancel, follow)


def _builds(part: Part) -> bool:
    return any(isinstance(one.asks, DockerWords) and one.asks.verb == "build" for one in part.programs)


# What the seams understand ----------------------------------------------------------------------

Action = Callable[[Watcher], object]


class _UnknownError(Exception):
    """The words are not what the seams understand: let `bash` run them."""


def seam_action(part: Part, context: Context) -> Action | None:
    """How the seams run this part; None where only a shell can."""
    known = _Known(context, context.settings.environment())
    if part.substitutes:
        return known.substituting(part)
    if part.needs_shell or any(program.words[1:2] == (Word("buildx"),) for program in part.programs):
        return None
    files = [file for program in part.programs for file in program.redirects]
    try:
        match [program.asks for program in part.programs]:
            case [
                AwsWords(service="ecr" | "ecr-public", operation="get-login-password") as asked,
                DockerWords(verb="login") as login,
            ]:
                return None if files else known.login_with(login, known.answer(asked))
            case [DockerWords(verb="login") as login] if [operator for operator, _ in files] == ["<"]:
                return known.login_with(login, known.first_line_of(files[0][1]))
            case [asked] if asked is not None and not files:
                return known.alone(asked)
    except _UnknownError:
        pass
    return None


@dataclass(frozen=True)
class _Known:
    """Makes actions of words; `variables` fill them."""

    context: Context
    variables: Mapping[str, str]

    def alone(self, asked: DockerWords | AwsWords | KitWords) -> Action | None:
        match asked:
            case DockerWords(verb="push"):
                return partial(self.context.engine.push, self._only(asked, "@"))
            case DockerWords(verb="pull"):
                return partial(self.context.engine.pull, self._only(asked))
            case AwsWords():
                return self._aws(asked)
            case KitWords(verb="drill"):
                return self._clinic([self._text(word) for word in asked.arguments])
        return None

    def substituting(self, part: Part) -> Action | None:
        """Of `aws … $(aws …)`: no Python starts for either. Where an answer is not one word, a shell runs it all."""
        outer = part.programs[-1]
        words = [word for word in outer.words if word.substituted]
        if not isinstance(outer.asks, AwsWords) or outer.redirects or None in map(_inside, words):
            return None
        asked = outer.asks

        def run(watch: Watcher) -> None:
            try:
                action = self._aws(asked)
            except _UnknownError:
                _bash(part, self.context, watch)
            else:
                action(watch)

        return run

    def _text(self, word: Word) -> str:
        inside = _inside(word)
        text = self._answer_in(inside) if inside else word.resolved(self.variables)
        if text is None:
            raise _UnknownError
        return text

    def _answer_in(self, asked: AwsWords) -> str | None:
        """What an `aws` in a `$(…)` prints; None where it is not one word, as a shell splits it."""
        if (asked.service, asked.operation) == ("configure", "get"):
            said = self._configured(asked)
        else:
            options = self._aws_options(asked)
            said = _printed(_aws_answer(asked, options, self.context), options)
        return said if len(said.split()) == 1 else None

    def _configured(self, asked: AwsWords) -> str:
        """`aws configure get NAME`: one value of a profile."""
        if len(asked.rest) != 1 or any(name != "--profile" for name, _ in asked.options):
            raise _UnknownError
        profile = asked.value("--profile", self.variables) or "default"
        return self.context.cloud.profile(profile).get(asked.rest[0].text, "")

    def _options(self, asked: DockerWords, *known: str) -> dict[str, list[str]]:
        """The options' values; only those that the seams know, in this engine and with these logins."""
        if asked.elsewhere or not {name for name, _ in asked.options} <= set(known):
            raise _UnknownError
        options = {name: [self._text(word) for word in asked.values(name)] for name in known}
        if any("" in values for name, values in options.items() if name != "--password-stdin"):
            raise _UnknownError  # the client asks for the value that is missing
        return options

    def _only(self, asked: DockerWords, but: str = "\0") -> str:
        """The one name that is asked for, without this sign."""
        self._options(asked)
        names = [self._text(word) for word in asked.arguments]
        if len(names) != 1 or not names[0] or but in names[0]:
            raise _UnknownError
        return names[0]

    def login_with(self, asked: DockerWords, password: Callable[[], str]) -> Action:
        options = self._options(asked, "--username", "--password-stdin")
        registries = [self._text(word) for word in asked.arguments]
        if len(options["--username"]) != 1 or not asked.is_set("--password-stdin") or len(registries) > 1:
            raise _UnknownError
        registry = "".join(registries) or DOCKER_HUB

        def login(watch: Watcher) -> None:
            self.context.engine.login(registry, options["--username"][0], password())
            watch(Line("Login Succeeded"))

        return login

    def first_line_of(self, word: Word) -> Callable[[], str]:
        return partial(_first_line_of, self._text(word), self.context)

    def answer(self, asked: AwsWords) -> Callable[[], str]:
        options = self._aws_options(asked)
        return lambda: str(_aws_answer(asked, options, self.context))

    def _aws(self, asked: AwsWords) -> Action:
        options = self._aws_options(asked)

        def call(watch: Watcher) -> None:
            for line in _printed(_aws_answer(asked, options, self.context), options).splitlines():
                watch(Line(line))

        return call

    def _aws_options(self, asked: AwsWords) -> dict[str, str]:
        """The options by name without dashes; refuses what only the real CLI understands."""
        if asked.operation in ("", *_CLIS_OWN) or asked.rest or asked.service == "configure":
            raise _UnknownError
        if any(
            len(values) > 1 or (name in (*GLOBAL_FLAGS, *GLOBAL_VALUES) and name not in _SHOWN)
            for name, values in asked.options
        ):
            raise _UnknownError
        if any(values and values[0].text in ("true", "false") for _, values in asked.options):
            raise _UnknownError  # a flag takes no value
        options = {name[2:]: self._text(values[0]) if values else "true" for name, values in asked.options}
        shown = {"json": True, "text": "query" in options}
        if not shown.get(options.get("output", "json")) or not _is_query(options.get("query", "@")):
            raise _UnknownError
        if asked.operation == "get-login-password" and not options.keys() <= {"region", "profile"}:
            raise _UnknownError
        return options

    def _clinic(self, words: Sequence[str]) -> Action:
        """Open a case or undo one, as `labs/cli/clinic.py` reads it."""
        case = [word for word in words if word != "--undo"]
        if len(case) > 1 or any(word.startswith("-") for word in case):
            raise _UnknownError

        def run(watch: Watcher) -> None:
            world = World(self.context.settings, self.context.engine, self.context.cloud)
            clinic.run(world, lambda text: watch(Line(text)), *case, undo="--undo" in words)

        return run


def _inside(word: Word) -> AwsWords | None:
    """The `aws` that is all of a word's `$(…)`, and needs no shell itself."""
    line = CommandLine.of(word.substituted)
    if line.flaw or len(line.programs) != 1 or line.parts[0].needs_shell or line.programs[0].redirects:
        return None
    asked = line.programs[0].asks
    return asked if isinstance(asked, AwsWords) else None


_SHOWN = ("--output", "--profile", "--query", "--region")
"""The AWS CLI's own options that the seam knows."""
_CLIS_OWN = ("get-login", "help", "wait")
"""Operations that the AWS CLI has and no service."""


def _is_query(text: str) -> bool:
    """Whether an expression can be read: the AWS CLI says it before it asks."""
    try:
        jmespath.compile(text)
    except JMESPathError:
        return False
    return True


def _aws_answer(asked: AwsWords, options: Mapping[str, str], context: Context) -> Any:
    own = {name: value for name, value in options.items() if f"--{name}" not in _SHOWN}
    profile, region = options.get("profile", "default"), options.get("region", "")
    return context.cloud.call(asked.service, asked.operation, own, profile, region, context.folder)


def _printed(answer: Any, options: Mapping[str, str]) -> str:
    """The answer as the AWS CLI prints it: JSON with an indent of four, or text; nothing for an empty answer."""
    if isinstance(answer, str):
        return answer
    if "query" in options:
        answer = jmespath.search(options["query"], answer)
    if options.get("output") == "text":
        return "\t".join(str(item) for item in answer) if isinstance(answer, list) else str(answer)
    return "" if answer == {} else json.dumps(answer, indent=4, ensure_ascii=False, default=_timestamp)


def _timestamp(value: Any) -> str:
    return str(value.isoformat()) if hasattr(value, "isoformat") else str(value)


def _first_line_of(path: str, context: Context) -> str:
    try:
        return (context.folder / path).read_text("utf-8").strip()
    except OSError as error:
        raise CommandError(
            "O arquivo com a senha não pôde ser lido.",
            f"{path}: {error.strerror}",
            'python3 -m labs.account "$HUB_USER"',
        ) from error
