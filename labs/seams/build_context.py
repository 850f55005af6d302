"""The build context as Docker's own client sends it: a folder without what its `.dockerignore` leaves out.

The SDK reads that file by rules of its own, and a secret went into an image that a terminal's build kept out. These are
the client's: github.com/moby/patternmatcher (`ignorefile.go`, `patternmatcher.go`), and for the walk
github.com/moby/go-archive (`TarWithOptions`). `Dockerfile.dockerignore` is BuildKit's alone.
"""

from __future__ import annotations

import contextlib
import io
import os
import posixpath
import re
import secrets
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

IGNORE = ".dockerignore"


class BadPatternError(ValueError):
    """A line of `.dockerignore` that Docker's client refuses; the text is the client's."""


@dataclass(frozen=True)
class Pattern:
    """One line of the file. `back`: it takes back what a line before it left out (`!`)."""

    text: str
    expression: re.Pattern[str]
    back: bool

    @staticmethod
    def of(line: str) -> Pattern:
        """Read a line.

        Raises:
            BadPatternError: Docker's client refuses it.
        """
        back = line.startswith("!")
        text = line.removeprefix("!").strip()
        if not text:
            raise BadPatternError('illegal exclusion pattern: "!"')
        text = posixpath.normpath(text)
        text = text.lstrip("/") or text
        try:
            return Pattern(text, re.compile(_translated(text)), back)
        except re.error as error:
            raise BadPatternError(f"{line}: syntax error in pattern") from error


@contextlib.contextmanager
def packed(folder: Path, dockerfile: str) -> Iterator[tuple[IO[bytes], str]]:
    """The context as an archive, and the Dockerfile's name inside it; one from outside the folder gets a new name.

    Raises:
        BadPatternError: a line of `.dockerignore` is none.
        OSError: a file cannot be read.
    """
    lines = patterns_in(folder)
    name = os.path.relpath(folder / dockerfile, folder)
    extra = {}
    if name.startswith(".."):
        content, name = (folder / dockerfile).read_bytes(), f".dockerfile.{secrets.token_hex(10)}"
        said = (folder / IGNORE).read_bytes() if (folder / IGNORE).is_file() else IGNORE.encode()
        extra = {
            IGNORE: said + f"\n{name}\n".encode(),
            name: content,
        }  # by it the engine takes the Dockerfile out again
    else:
        lines += [Pattern.of(f"!{needed}") for needed in (IGNORE, name) if _is_left_out(needed, lines)]
    with tempfile.TemporaryFile() as archive:
        with tarfile.open(fileobj=archive, mode="w") as members:
            for path in sorted(set(kept(folder, lines)) - extra.keys()):
                members.add(folder / path, path, recursive=False, filter=_as_the_client)
            for path, content in extra.items():
                member = tarfile.TarInfo(path)
                member.size = len(content)
                members.addfile(member, io.BytesIO(content))
        archive.seek(0)
        yield archive, name


def _as_the_client(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Nobody's files, of a whole second: else the engine's cache tells a button's build from a terminal's."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mtime = int(member.mtime)
    return member


def patterns_in(folder: Path) -> list[Pattern]:
    """The lines of a folder's `.dockerignore`, as the client reads them; none where there is no such file."""
    try:
        text = (folder / IGNORE).read_bytes().removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return []
    lines = (line.removesuffix("\r") for line in text.split("\n"))
    return [Pattern.of(line.strip()) for line in lines if line.strip() and not line.startswith("#")]


def kept(folder: Path, lines: Sequence[Pattern]) -> Iterator[str]:
    """The paths below a folder that the context holds, relative to it."""
    yield from _below(folder, "", lines, [False] * len(lines))


def _below(folder: Path, inside: str, lines: Sequence[Pattern], parent: Sequence[bool]) -> Iterator[str]:
    for entry in os.scandir(folder / inside):
        path = f"{inside}{entry.name}"
        left_out, found = _left_out(path, lines, parent)
        if not left_out:
            yield path
        if entry.is_dir(follow_symlinks=False) and not (left_out and not _may_come_back(path, lines)):
            yield from _below(folder, f"{path}/", lines, found)


def _left_out(path: str, lines: Sequence[Pattern], parent: Sequence[bool]) -> tuple[bool, list[bool]]:
    """Whether a path is left out, and which lines fit it: one that fits a folder fits all below it."""
    left_out, found = False, []
    for line, above in zip(lines, parent, strict=True):
        fits = above or (line.back == left_out and bool(line.expression.fullmatch(path)))
        found.append(fits)
        left_out = not line.back if fits else left_out
    return left_out, found


def _is_left_out(path: str, lines: Sequence[Pattern]) -> bool:
    """As `_left_out`, of one path alone."""
    left_out, found = False, [False] * len(lines)
    parts = path.split("/")
    for end in range(1, len(parts) + 1):
        left_out, found = _left_out("/".join(parts[:end]), lines, found)
    return left_out


def _may_come_back(path: str, lines: Sequence[Pattern]) -> bool:
    """Whether a line takes back something inside a folder that is left out; the client looks at its first letters."""
    return any(line.back and f"{line.text}/".startswith(f"{path}/") for line in lines)


_WILD = re.compile(r"[*?\[\]\\]")


def _translated(pattern: str) -> str:
    """A pattern as a regular expression for a whole path (patternmatcher.go, `compile`)."""
    expression, rest = "", pattern
    while rest:
        letter, rest = rest[0], rest[1:]
        if letter == "*" and rest.startswith("*"):
            rest = rest[1:].removeprefix("/")
            expression += "(?:.*/)?" if rest else ".*"
        elif letter == "\\":
            expression, rest = expression + (re.escape(rest[:1]) or letter), rest[1:]  # a last one is refused
        else:
            expression += {"*": "[^/]*", "?": "[^/]"}.get(letter, f"\\{letter}" if letter in ".+()$" else letter)
    if pattern.startswith("**") and not _WILD.search(pattern[2:]):
        return f"(?:.*{re.escape(pattern[2:])}|{re.escape(pattern[2:].removeprefix('/'))})"
    if pattern.endswith("**") and not _WILD.search(pattern[:-2]):
        return f"{re.escape(pattern[:-2])}.*"
    return expression if _WILD.search(pattern) else re.escape(pattern)
