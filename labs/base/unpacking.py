"""Compressed files by their content, whatever they are called: what layers of images come in, and older logs.

Layers are plain, gzip or zstd (OCI image layer specification, "Layer Media Types"); engines read bzip2 and xz, too.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import sys
import zlib
from collections.abc import Callable
from typing import IO, Any, cast

try:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    _ZSTD: Any = zstd
except ModuleNotFoundError:  # on a bare Python, before anything is installed
    _ZSTD = None


class UnknownCompressionError(Exception):
    """It is compressed in a way that this Python cannot undo. Its text says in which."""


def _zstd(file: IO[bytes]) -> Any:
    if _ZSTD is None:
        raise UnknownCompressionError("zstd")
    return _ZSTD.ZstdFile(file)


_OPENERS: tuple[tuple[re.Pattern[bytes], Callable[[IO[bytes]], Any]], ...] = (
    (re.compile(rb"\x1f\x8b\x08"), lambda file: gzip.GzipFile(fileobj=file, mode="rb")),
    (re.compile(rb"BZh[1-9]1AY&SY"), bz2.BZ2File),
    (re.compile(rb"\xfd7zXZ\0"), lzma.LZMAFile),
    # A frame, or one to skip, with which chunked layers may begin (RFC 8878, sections 3.1.1 and 3.1.2).
    (re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18", re.DOTALL), _zstd),
)
ERRORS: tuple[type[Exception], ...] = (
    *(OSError, EOFError, zlib.error, lzma.LZMAError),
    *((_ZSTD.ZstdError,) if _ZSTD else ()),
)
"""What reading raises where the content is damaged or breaks off."""


def unpacked(file: IO[bytes]) -> IO[bytes] | None:
    """What a compressed file holds, to be read from its beginning; None where it is not compressed. The file itself is
    at its beginning afterwards.

    Raises:
        UnknownCompressionError: this Python cannot read it.
    """
    file.seek(0)
    head = file.read(10)
    file.seek(0)
    opener = next((opener for magic, opener in _OPENERS if magic.match(head)), None)
    return cast(IO[bytes], opener(file)) if opener else None
