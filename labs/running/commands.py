"""The literal command, run: `docker build|push|pull|login` and `aws` go through the seams, all else through `bash`.

The seams give progress per layer and per build step, and spare the start of a second program; `bash` is the same shell
that the learner's terminal runs. What cannot be understood here is never guessed: it goes to `bash` as it stands.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import queue
import shlex
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import IO, Any, NoReturn

import jmespath

from labs.base.errors import CommandError, Interrupted
from labs.base.events import Line, Watcher
from labs.base.explain import explain
from labs.base.settings import DOCKER_HUB, Settings, without_foreign
from labs.ownership.inventory import protect
from labs.seams.cloud import Cloud
from labs.seams.engine import Engine

POLL = 0.1  # seconds between two looks at the cancel button
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


def execute(command: str, context: Context, watch: Watcher) -> None:
    """Run one line of shell.

    Raises:
        LabError: it failed; `observed` holds the tool's own words.
        Interrupted: it was cancelled.
    """

    def checked(event: Any) -> None:
        if context.cancel.is_set():
            raise Interrupted("Passo interrompido a seu pedido.", "", "")
        watch(event)

    protect(command, context.settings, context.engine)
    for part in split_and(command):
        native = _native(part, context)
        if native:
            native(checked)
        else:
            _bash(part, context, checked)


def split_and(command: str) -> list[str]:
    """Split at the top-level `&&`; quotes, parentheses and `;` keep a line whole."""
    parts, depth, quote, start = [], 0, "", 0
    for index, character in enumerate(command):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in "()":
            depth += 1 if character == "(" else -1
        elif character in ";\n" or command.startswith("||", index):
            return [command]
        elif depth == 0 and command.startswith("&&", index):
            parts.append(command[start:index].strip())
            start = index + 2
    return [*parts, command[start:].strip()]


# What the seams understand ----------------------------------------------------------------------

Action = Callable[[Watcher], None]


class _UnknownError(Exception):
    """The words are not what the seams understand: let `bash` run them."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _UnknownError(message)


def _native(part: str, context: Context) -> Action | None:
    if "$(" in part or "`" in part:
        return None
    try:
        lexer = shlex.shlex(part, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words = [Template(word).safe_substitute(context.settings.environment()) for word in lexer]
        return _action(words, context)
    except (_UnknownError, ValueError):
        return None


def _action(words: list[str], context: Context) -> Action:
    if "|" in words:
        left, right = words[: words.index("|")], words[words.index("|") + 1 :]
        if left[:3] == ["aws", "ecr", "get-login-password"] and right[:2] == ["docker", "login"]:
            return _login(right[2:], context, lambda: str(_aws_answer(left[1:], context)[0]))
        raise _UnknownError
    if words[:3] == ["python3", "-m", "labs.drill"]:
        return _drill(words[3:], context)
    if words[:2] == ["docker", "login"] and len(words) > 3 and words[-2] == "<":
        return _login(words[2:-2], context, lambda: _first_line_of(words[-1], context))
    if not set(words).isdisjoint({"<", ">", ">>", "&", "(", ")", ">&", "<<"}):
        raise _UnknownError
    if words[0] == "docker" and len(words) > 1 and words[1] in _DOCKER:
        return _DOCKER[words[1]](words[2:], context)
    if words[0] == "aws" and len(words) > 2 and words[1] != "configure":
        return _aws(words[1:], context)
    raise _UnknownError


def _build(words: Sequence[str], context: Context) -> Action:
    parser = _Parser(add_help=False)
    parser.add_argument("-t", "--tag", default="")
    parser.add_argument("-f", "--file", default="")
    parser.add_argument("--build-arg", action="append", default=[])
    parser.add_argument("path")
    options = parser.parse_args(list(words))
    arguments = dict(pair.partition("=")[::2] for pair in options.build_arg)
    folder = (context.folder / options.path).resolve()
    # `-f` is relative to where the command is typed (docs.docker.com/reference/cli/docker/buildx/build, "--file").
    recipe = os.path.relpath((context.folder / options.file).resolve(), folder) if options.file else "Dockerfile"

    def build(watch: Watcher) -> None:
        context.engine.build(folder, options.tag, recipe, arguments, watch)

    return build


def _push(words: Sequence[str], context: Context) -> Action:
    (reference,) = _only(words)

    def push(watch: Watcher) -> None:
        context.engine.push(reference, watch)

    return push


def _pull(words: Sequence[str], context: Context) -> Action:
    (reference,) = _only(words)

    def pull(watch: Watcher) -> None:
        context.engine.pull(reference, watch)

    return pull


def _only(words: Sequence[str]) -> Sequence[str]:
    if len(words) != 1 or words[0].startswith("-"):
        raise _UnknownError
    return words


def _login(words: Sequence[str], context: Context, password: Callable[[], str]) -> Action:
    parser = _Parser(add_help=False)
    parser.add_argument("-u", "--username", required=True)
    parser.add_argument("--password-stdin", action="store_true", required=True)
    parser.add_argument("registry", nargs="?", default="")
    options = parser.parse_args(list(words))
    registry = options.registry or DOCKER_HUB

    def login(watch: Watcher) -> None:
        context.engine.login(registry, options.username, password())
        watch(Line("Login Succeeded"))

    return login


def _drill(words: Sequence[str], context: Context) -> Action:
    """Open a case or undo one, as `labs/cli/clinic.py` reads it."""
    case = [word for word in words if word != "--undo"]
    if len(case) > 1 or any(word.startswith("-") for word in case):
        raise _UnknownError

    def run(watch: Watcher) -> None:
        from labs.clinic import command as drill
        from labs.seams.world import World

        world = World(context.settings, context.engine, context.cloud)
        drill.run(world, lambda text: watch(Line(text)), *case, undo="--undo" in words)

    return run


_DOCKER: dict[str, Callable[[Sequence[str], Context], Action]] = {"build": _build, "push": _push, "pull": _pull}


def _aws(words: Sequence[str], context: Context) -> Action:
    _aws_options(words)  # refuse early what only the real CLI understands

    def call(watch: Watcher) -> None:
        answer, options = _aws_answer(words, context)
        for line in _printed(answer, options).splitlines():
            watch(Line(line))

    return call


def _aws_options(words: Sequence[str]) -> dict[str, str]:
    """`--name value` pairs, as the CLI reads them."""
    options, rest = {}, list(words[2:])
    while rest:
        name = rest.pop(0)
        if not name.startswith("--"):
            raise _UnknownError
        options[name[2:]] = rest.pop(0) if rest and not rest[0].startswith("--") else "true"
    if options.get("output", "json") not in ("json", "text"):
        raise _UnknownError
    return options


def _aws_answer(words: Sequence[str], context: Context) -> tuple[Any, dict[str, str]]:
    options = _aws_options(words)
    shown: dict[str, str] = {name: options.pop(name) for name in ("query", "output") if name in options}
    profile, region = options.pop("profile", "default"), options.pop("region", "")
    answer = context.cloud.call(words[0], words[1], options, profile, region, context.folder)
    return answer, shown


def _printed(answer: Any, options: dict[str, str]) -> str:
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


# bash -------------------------------------------------------------------------------------------


def _bash(part: str, context: Context, watch: Watcher) -> None:
    process = subprocess.Popen(
        ["bash", "-o", "pipefail", "-c", part],
        cwd=_existing(context.folder),
        env=without_foreign(os.environ) | context.settings.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    seen: list[str] = []
    try:
        assert process.stdin and process.stdout
        _type(process.stdin, context.answers)
        for text in _lines(process.stdout, context.cancel):
            seen.append(text)
            watch(Line(text))
        code = process.wait()
    except BaseException:
        _stop(process)
        raise
    if code:
        observed = "\n".join(seen[-8:]) or f"o comando terminou com o código {code}"
        explanation = explain(observed)
        raise CommandError(explanation.what or "O comando falhou.", observed, explanation.next_command)


def _existing(folder: Path) -> Path:
    if not folder.is_dir():
        raise CommandError("A pasta de trabalho deste passo não existe.", str(folder), "python3 -m labs up")
    return folder


def _type(stdin: IO[str], answers: str) -> None:
    with contextlib.suppress(BrokenPipeError), stdin:  # the command ended without asking
        stdin.write(answers)


def _lines(stdout: IO[str], cancel: threading.Event) -> Any:
    """Lines as they come; raises `Interrupted` soon after the cancel button, even while the command is silent."""
    lines: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        with stdout:
            for text in stdout:
                lines.put(text.rstrip("\n"))
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    while True:
        try:
            text = lines.get(timeout=POLL)
        except queue.Empty:
            if cancel.is_set():
                raise Interrupted("Passo interrompido a seu pedido.") from None
            continue
        if text is None:
            return
        yield text


def _stop(process: subprocess.Popen[str]) -> None:
    """End the command and what it started."""
    try:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=3)
    except ProcessLookupError:
        return
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
