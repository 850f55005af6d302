"""A line in `bash`, as in the learner's terminal: its lines as they come, its answers typed, its end on request."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import threading
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import IO

from labs.base.errors import CommandError, Interrupted
from labs.base.events import Line, Watcher
from labs.base.explain import explain
from labs.base.foreign import without_foreign
from labs.base.settings import Settings
from labs.base.text import plain
from labs.course.command_line import CommandLine

POLL = 0.1  # seconds between two looks at the cancel button
SAID, MOST_SAID = 8, 30
"""Lines of a command's end that an error shows."""
BUILDKIT_FAILED = " > ["


def run(text: str, settings: Settings, folder: Path, answers: str, cancel: threading.Event, watch: Watcher) -> None:
    """Run a line with the lab's environment.

    Args:
        folder: where; `answers`: what is typed when it asks; `cancel`: set by whoever wants it stopped.

    Raises:
        CommandError: it failed; `observed` holds its last lines.
        Interrupted: it was cancelled.
    """
    process = subprocess.Popen(
        ["bash", "-o", "pipefail", "-c", text],
        cwd=_existing(folder),
        env=without_foreign(os.environ) | settings.environment(),
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
        _type(process.stdin, answers)
        for line in _lines(process.stdout, cancel):
            seen.append(plain(line))
            watch(Line(seen[-1], coloured=line if line != seen[-1] else ""))
        code = process.wait()
    except BaseException:
        _stop(process)
        raise
    if code:
        raise _failed(seen, code, CommandLine.of(text).asked(settings.environment()))


def _failed(seen: Sequence[str], code: int, asked: Collection[str]) -> CommandError:
    if not seen:
        return CommandError("O comando falhou sem dizer por quê.", f"o comando terminou com o código {code}")
    observed = "\n".join(_telling(seen))
    explanation = explain(observed, asked)
    return CommandError(explanation.what or explanation.after("O comando falhou."), observed, explanation.next_command)


def _telling(seen: Sequence[str]) -> Sequence[str]:
    """The last lines; BuildKit shows what failed once more, with its own last lines, before the Dockerfile's."""
    begin = next((number for number, line in enumerate(seen) if line.startswith(BUILDKIT_FAILED)), len(seen))
    return seen[max(0, min(begin, len(seen) - SAID)) :][-MOST_SAID:]


def _existing(folder: Path) -> Path:
    if not folder.is_dir():
        raise CommandError("A pasta de trabalho deste passo não existe.", str(folder), "python3 -m labs up")
    return folder


def _type(stdin: IO[str], answers: str) -> None:
    with contextlib.suppress(BrokenPipeError), stdin:  # the command ended without asking
        stdin.write(answers)


def _lines(stdout: IO[str], cancel: threading.Event) -> Iterator[str]:
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
