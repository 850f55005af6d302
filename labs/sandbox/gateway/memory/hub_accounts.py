"""Docker Hub's accounts and what belongs to them: hashed access tokens, private repositories, the pull limit."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

NAME_RULE = re.compile(r"[a-z0-9]{4,30}")
"""Docker Hub's rule for a Docker ID; the kit's own `library` and `acme` follow it too."""
_SCRYPT = {"n": 2**12, "r": 8, "p": 1, "dklen": 32}  # 4 MiB, some 10 ms: tokens are random, not guessable words


def hashed(token: str, salt: bytes = b"") -> str:
    """`salt$hash`, both hexadecimal (scrypt, RFC 7914)."""
    salt = salt or secrets.token_bytes(16)
    return f"{salt.hex()}${hashlib.scrypt(_bytes(token), salt=salt, **_SCRYPT).hex()}"


def _bytes(token: str) -> bytes:
    # JSON may carry a lone surrogate, which UTF-8 does not have: a wrong password, and no error.
    return token.encode("utf-8", "surrogatepass")


class Accounts:
    """Names, hashed tokens, private repositories, and the pull limit in force."""

    def __init__(self) -> None:
        self.hashes: dict[str, str] = {}
        self.private: set[str] = set()
        self.pull_limit: int | None = None
        self.limit_since = 0.0
        self._session_key = secrets.token_bytes(32)
        self._accepted: dict[str, bytes] = {}

    def clear(self) -> None:
        self.hashes.clear()
        self.private.clear()
        self._accepted.clear()
        self.pull_limit, self.limit_since = None, 0.0

    def put(self, name: str, token_hash: str) -> None:
        self.hashes[name] = token_hash
        self._accepted.pop(name, None)

    def exists(self, name: str) -> bool:
        return name in self.hashes

    def accepts(self, name: str, token: str) -> bool:
        """Whether this is the account's access token. The last accepted one is remembered as a keyed digest."""
        stored = self.hashes.get(name)
        if stored is None:
            return False
        mark = hmac.digest(self._session_key, _bytes(token), "sha256")
        if hmac.compare_digest(self._accepted.get(name, b""), mark):
            return True
        good = hmac.compare_digest(stored, hashed(token, bytes.fromhex(stored.partition("$")[0])))
        if good:
            self._accepted[name] = mark
        return good

    def set_private(self, repository: str, private: bool) -> None:
        if private:
            self.private.add(repository)
        else:
            self.private.discard(repository)

    def set_limit(self, pulls: int | None, moment: float) -> None:
        self.pull_limit, self.limit_since = pulls, moment
