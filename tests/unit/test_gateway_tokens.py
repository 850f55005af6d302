"""Access tokens and signed tokens: kept as hashes, each for one purpose."""

from __future__ import annotations

from pathlib import Path

import pytest
from itsdangerous import URLSafeSerializer

from labs.sandbox.gateway.memory.hub_accounts import Accounts, hashed
from labs.sandbox.gateway.memory.tokens import Signer


def test_account_tokens_are_kept_as_salted_hashes() -> None:
    accounts = Accounts()
    assert hashed("t") != hashed("t")
    accounts.put("aluno", hashed("t"))
    assert accounts.accepts("aluno", "t")
    assert accounts.accepts("aluno", "t"), "the remembered digest"
    assert not accounts.accepts("aluno", "u")
    assert not accounts.accepts("outro", "t")


@pytest.mark.parametrize("damaged", [b"", b"\n", b"00", b"\x00\xff{[ not a key", b"a" * 32])
def test_a_damaged_key_signs_nothing(tmp_path: Path, damaged: bytes) -> None:
    """An empty one above all: with it anybody could sign."""
    (tmp_path / "key").write_bytes(damaged)
    signer = Signer(tmp_path / "key")
    kept = (tmp_path / "key").read_text()
    assert len(kept) == 64 and Signer(tmp_path / "key").read("p", signer.sign("p", {"a": 1})) == {"a": 1}
    forged = URLSafeSerializer(damaged.decode("latin-1").strip(), salt="p").dumps({"user": "aluno"})
    assert signer.read("p", str(forged)) is None


def test_tokens_are_for_one_purpose(tmp_path: Path) -> None:
    signer = Signer(tmp_path / "key")
    token = signer.hub("aluno", {"aluno/a": ["pull"]})
    assert Signer(tmp_path / "key").read_hub(token)["user"] == "aluno"  # type: ignore[index]
    assert signer.read("ecr", token) is None
    assert Signer(tmp_path / "other").read_hub(token) is None
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
