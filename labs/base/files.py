"""Files of the state folder: written whole or not at all, and locked over all kernels and terminals."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from labs.base.errors import StateError


def kept_key(path: Path) -> str:
    """The random key that a 0600 file keeps, made where there is none, or where the file was damaged: an empty or short
    key would let anybody sign.

    Raises:
        StateError: the file cannot be read or written.
    """
    try:
        found = path.read_bytes().strip()
        if re.fullmatch(rb"[0-9a-f]{64}", found):
            return found.decode()
    except FileNotFoundError:
        pass
    except OSError as error:
        raise StateError(
            "Uma chave do laboratório não pode ser lida.", f"{path}: {error}", f"ls -l '{path}'"
        ) from error
    made = secrets.token_hex(32)
    write_atomic(path, made)
    return made


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


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock that this file is, over all kernels and terminals.

    Raises:
        StateError: the state folder cannot be written.
    """
    with lock_file(path) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def lock_file(path: Path) -> TextIO:
    """Open the file that a lock is, with its folder.

    Raises:
        StateError: the state folder cannot be written.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path.open("w")
    except OSError as error:
        raise StateError(
            "Não consegui gravar na pasta de estado do laboratório.",
            f"{path}: {error.strerror}",
            f"ls -ld '{path.parent}'",
        ) from error
