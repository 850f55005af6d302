"""Files of the state folder: written whole or not at all, and locked over all kernels and terminals."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, TextIO, TypeGuard

from labs.base.errors import LabError, StateError
from labs.base.wait import Look, until

LOCK_INTERVAL = 0.1
"""Seconds between two tries to take a lock that somebody else has."""


def kept_key(path: Path) -> str:
    """The random key that a 0600 file keeps, made where there is none, or where the file was damaged: an empty or short
    key would let anybody sign.

    Raises:
        StateError: the file cannot be read or written.
    """
    found = _key_file(path)
    return found if _is_key(found) else _new_key(path)


def lasting_key(path: Path) -> str:
    """The same, for a key that people know by its fingerprint: a damaged one is told, and never replaced.

    Raises:
        StateError: the file is damaged, or cannot be read or written.
    """
    found = _key_file(path)
    if found is None:
        return _new_key(path)
    if not _is_key(found):
        raise StateError(
            "A chave que assina os certificados está danificada. Nenhuma outra foi feita: ela teria outra impressão"
            " digital.",
            f"{path}: não são 64 dígitos, de 0 a 9 e de a até f",
            f"ponha de volta a cópia dela, se houver; sem cópia: mv '{path}' '{path}.danificada', repita o que pediu e"
            " anote a impressão digital nova",
        )
    return found


def _key_file(path: Path) -> str | None:
    try:
        return path.read_bytes().strip().decode("ascii", "replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StateError(
            "Uma chave do laboratório não pode ser lida.", f"{path}: {error}", f"ls -l '{path}'"
        ) from error


def _is_key(found: str | None) -> TypeGuard[str]:
    return found is not None and re.fullmatch(r"[0-9a-f]{64}", found) is not None


def _new_key(path: Path) -> str:
    made = secrets.token_hex(32)
    write_atomic(path, made)
    return made


def write_if_changed(path: Path, text: str, mode: int = 0o600) -> None:
    """`write_atomic`, where the file does not say so already: a durable write costs a disk flush, which a second `up`
    need not pay.

    Raises:
        StateError: as `write_atomic`.
    """
    if not path.is_file() or path.read_bytes() != text.encode():
        write_atomic(path, text, mode)


def write_atomic(path: Path, text: str, mode: int = 0o600) -> None:
    """Write a whole file or nothing, durably: a reader never sees half of it, and a power cut leaves old or new.

    Raises:
        StateError: the folder cannot be written, or the disk is full.
    """
    temporary = ""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except OSError as error:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        raise StateError(
            "Não consegui gravar na pasta de estado do laboratório.",
            f"{path}: {error.strerror or error}",
            f"df -h '{path.parent}' && ls -ld '{path.parent}'",
        ) from error


def lock(file: IO[Any], *, wait: bool = True) -> bool:
    """Take the lock that an open file is; the kernel gives it back when the file is closed or its process dies.

    Args:
        wait: until nobody else has it; otherwise False is returned where somebody has.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock that this file is, over all kernels and terminals; waits for it.

    Raises:
        StateError: the folder cannot be written.
    """
    with lock_file(path) as file:
        lock(file)
        yield


@contextlib.contextmanager
def locked_now(path: Path, busy: LabError) -> Iterator[None]:
    """Hold the lock that this file is; whoever comes while another has it is told at once.

    Raises:
        LabError: `busy`, where another has it.
        StateError: the folder cannot be written.
    """
    with lock_file(path) as file:
        if not lock(file, wait=False):
            raise busy
        yield


@contextlib.contextmanager
def locked_within(
    path: Path, seconds: float, what: str, *, next_command: str = "", say: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """Hold the lock that this file is, waiting for it up to a deadline.

    Args:
        what: Portuguese name of what is awaited, with its verb (`wait.until`).
        say: called once, where another has it.

    Raises:
        SandboxError: the deadline passed.
        StateError: the folder cannot be written.
    """
    with lock_file(path) as file:
        if not lock(file, wait=False):
            say()

            def take() -> Look:
                return Look(lock(file, wait=False), f"{path} está com outro processo (fuser '{path}')")

            until(what, take, seconds, next_command=next_command, interval=LOCK_INTERVAL)
        yield


def lock_file(path: Path) -> TextIO:
    """Open the file that a lock is, with its folder.

    Raises:
        StateError: the state folder cannot be written.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path.open("a")
    except OSError as error:
        raise StateError(
            "Não consegui gravar na pasta de estado do laboratório.",
            f"{path}: {error.strerror}",
            f"ls -ld '{path.parent}'",
        ) from error
