"""JSON files of the state folder, read with types: a wrong type or an unknown name is damage, told with its place.

Typed      what a file holds; also the tables of the course
read/write one document
Entries    a document of entries by key, changed under its lock; a damaged entry costs no other
Lines      JSON lines, appended durably

What a store does about damage is its own to say; here it is a `Damaged`.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, Generic, TypeVar

from labs.base.errors import MissingDependency, StateError
from labs.base.files import lock, locked, write_atomic

try:
    import msgspec
except ImportError as error:  # a bare machine: the verbs that work there ask no more of the records than that
    raise MissingDependency(
        "O ambiente do curso não está pronto, e sem ele o registro e as aulas não podem ser lidos.",
        str(error),
        "python3 -m labs up",
    ) from error

T = TypeVar("T")
_WORDS = (
    (r"Object missing required field `(.+?)`", r"falta o campo `\1`"),
    (r"Object contains unknown field `(.+?)`", r"campo desconhecido: `\1`"),
    (r"Expected `(.+?)`, got `(.+?)`", r"esperado `\1`, e veio `\2`"),
    (r"Expected `array` of (?:at (?:least|most) )?length (\d+).*, got (\d+)", r"esperados \1 itens, e vieram \2"),
    (r"Input data was truncated", r"termina no meio"),
    (r"JSON is malformed: (.+)", r"não é JSON: \1"),
)
"""msgspec's messages, in Portuguese."""


class Typed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a file holds, by name and type. A `__post_init__` may refuse a value (ValueError)."""


class Damaged(ValueError):
    """A file is not what the kit writes, or a table not what the course may say. The text says where, in Portuguese."""


def typed(value: object, kind: type[T]) -> T:
    """A value of JSON or TOML as this type.

    Raises:
        Damaged: it is not one.
    """
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise Damaged(_said(error)) from error


def decode(content: bytes, kind: type[T]) -> T:
    """JSON text as this type.

    Raises:
        Damaged: it is not one, or no JSON.
    """
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Damaged(_said(error)) from error


def read(path: Path, kind: type[T]) -> T:
    """A document.

    Raises:
        OSError: the file is not there, or cannot be read.
        Damaged: it is not of this type.
    """
    return decode(path.read_bytes(), kind)


def write(path: Path, value: object) -> None:
    """Write a document whole or not at all.

    Raises:
        StateError: the folder cannot be written, or the disk is full.
    """
    write_atomic(path, msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


def _said(error: Exception) -> str:
    text, _, where = str(error).partition(" - at `$")
    for pattern, words in _WORDS:
        text = re.sub(pattern, words, text)
    place = where.rstrip("`").lstrip(".")
    return f"`{place}`: {text}" if place else text


class Entries(Generic[T]):
    """A document {"version": 1, NAME: {key: entry}}; safe for several kernels at once.

    A damaged file counts as empty. A damaged entry is left out, and its key noted in the file (`missing`) until it is
    settled. Either way what was found is kept beside the file, as `….danificado.json`. That the file was lost is noted
    too (`lost`), so that an entry written since does not hide it; the lock holds a mark once there was a file to lose.
    """

    def __init__(self, path: Path, lock: Path, name: str, kind: type[T], unreadable: str) -> None:
        """`unreadable` is what a learner reads where the file is there and cannot be read."""
        self.path, self.lock = path, lock
        self._name, self._kind, self._unreadable = name, kind, unreadable

    @property
    def aside(self) -> Path:
        """Where a damaged file is kept."""
        return self.path.with_suffix(".danificado.json")

    def all(self) -> dict[str, T]:
        """The entries by key.

        Raises:
            StateError: the file is there and cannot be read.
        """
        entries, _, broken = self._read()
        if broken:
            with contextlib.suppress(StateError), locked(self.lock):  # a folder that cannot be written still is read
                self._mended()
        return entries

    def missing(self) -> tuple[str, ...]:
        """Keys of the entries that were damaged and that nobody has settled since."""
        self.all()
        return self._read()[1]

    def lost(self) -> bool:
        """Whether the file, once written, is gone or was damaged as a whole, and nobody has settled it since."""
        try:
            return bool(read(self.path, dict[str, msgspec.Raw]).get("lost"))
        except FileNotFoundError:
            return self._was_written()
        except (OSError, Damaged):
            return False

    @contextlib.contextmanager
    def changing(self, *, settled: bool = False) -> Iterator[dict[str, T]]:
        """The entries, to be changed and then written, under the lock. `settled`: nothing is missing or lost any more.

        Raises:
            StateError: the state folder cannot be written; nothing was.
        """
        with locked(self.lock):
            entries, missing = self._mended()
            lost = self.lost()
            before = dict(entries)
            yield entries
            if settled or entries != before:
                still = () if settled else tuple(key for key in missing if key not in entries)
                self._write(entries, still, lost=lost and not settled)

    def _mended(self) -> tuple[dict[str, T], tuple[str, ...]]:
        """What can be read, and the keys of what cannot; a damaged file is set aside. Only under the lock."""
        entries, missing, broken = self._read()
        if broken:
            with contextlib.suppress(OSError):
                if entries:
                    shutil.copyfile(self.path, self.aside)
                    self.aside.chmod(0o600)
                    self._write(entries, missing, lost=self.lost())
                else:
                    self.path.replace(self.aside)
        return entries, missing

    def _read(self) -> tuple[dict[str, T], tuple[str, ...], bool]:
        """Entries, missing keys, and whether the file must be mended."""
        entries: dict[str, T] = {}
        try:
            content = read(self.path, dict[str, msgspec.Raw])
            found = decode(bytes(content[self._name]), dict[str, msgspec.Raw])
            missing = decode(bytes(content.get("missing", b"[]")), tuple[str, ...])
        except FileNotFoundError:
            return entries, (), False
        except OSError as error:
            observed, command = f"{self.path}: {error.strerror}", f"ls -l '{self.path}'"
            raise StateError(self._unreadable, observed, command) from error
        except (Damaged, KeyError):
            return entries, (), True
        broken = []
        for key, raw in found.items():
            try:
                entries[key] = decode(bytes(raw), self._kind)
            except Damaged:
                broken.append(key)
        return entries, (*missing, *broken), bool(broken)

    def _was_written(self) -> bool:
        try:
            return self.lock.stat().st_size > 0
        except OSError:
            return False

    def _write(self, entries: dict[str, T], missing: tuple[str, ...], *, lost: bool) -> None:
        """Only under the lock."""
        content: dict[str, Any] = {"version": 1, self._name: entries}
        write(self.path, content | ({"missing": missing} if missing else {}) | ({"lost": True} if lost else {}))
        if not self._was_written():
            with contextlib.suppress(OSError):
                self.lock.write_text(f"{self.path.name}\n")


class Lines(Generic[T]):
    """A file of JSON lines, append-only, each on the disk before `append` returns; safe for several kernels at once.

    A last line that a power cut tore never counted as written, and is dropped.
    """

    def __init__(self, path: Path, kind: type[T]) -> None:
        self.path, self._kind = path, kind
        self._stamp: tuple[int, int] | None = None
        self._known: tuple[T, ...] = ()

    def all(self) -> tuple[T, ...]:
        """All lines, oldest first.

        Raises:
            OSError: the file cannot be read.
            Damaged: a line before the last is not of the type.
        """
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return ()
        stamp = (found.st_mtime_ns, found.st_size)
        if self._stamp != stamp:
            self._known, self._stamp = self._parsed(self.path.read_bytes()), stamp
        return self._known

    def append(self, values: Iterable[T]) -> None:
        """Write these at the end, durably.

        Raises:
            OSError: they cannot be written.
        """
        content = b"".join(msgspec.json.encode(value) + b"\n" for value in values)
        with self._open() as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def _parsed(self, content: bytes) -> tuple[T, ...]:
        whole, _, _torn = content.rpartition(b"\n")
        found = []
        for number, line in enumerate(whole.split(b"\n") if whole else (), start=1):
            try:
                found.append(decode(line, self._kind))
            except Damaged as error:
                raise Damaged(f"linha {number}: {error}") from error
        return tuple(found)

    @contextlib.contextmanager
    def _open(self) -> Iterator[IO[bytes]]:
        """The file at its end, locked, without a torn last line."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(handle, "r+b") as file:
            lock(file)
            content = file.read()
            if content and not content.endswith(b"\n"):
                file.truncate(content.rfind(b"\n") + 1)
            file.seek(0, os.SEEK_END)
            yield file
