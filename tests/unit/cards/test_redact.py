"""No secret leaves the kernel."""

from __future__ import annotations

import json
from typing import Any

import pytest
import trustme

from labs.base.errors import CommandError
from labs.base.events import Line
from labs.base.files import write_atomic
from labs.base.settings import Settings
from labs.base.verdict import Verdict
from labs.secrecy.redact import HIDDEN, Redactor
from labs.secrecy.values import known

from .kit import FakeRunner, card_of, click, wait_for


@pytest.fixture
def with_secrets(settings: Settings) -> Settings:
    write_atomic(settings.hub_token_file, "hub-token-value\n")
    write_atomic(settings.secrets / "hub-netrc", "machine x login aluno password netrc-password\n")
    key = {"AccessKey": {"AccessKeyId": "AKIAABCDEFGH1234", "SecretAccessKey": "very/secret+key"}}
    write_atomic(settings.secrets / "widget-dev.json", json.dumps(key))
    write_atomic(
        settings.aws_credentials_file, "[sso]\naws_secret_access_key = sso-secret-key\naws_session_token=tok-123456\n"
    )
    auth = "QVdTOmRvY2tlci1wYXNzd29yZA=="  # AWS:docker-password
    write_atomic(settings.docker_config / "config.json", json.dumps({"auths": {"x": {"auth": auth}}}))
    return settings


SECRETS = (
    *("hub-token-value", "netrc-password", "very/secret+key", "sso-secret-key", "tok-123456"),
    *("QVdTOmRvY2tlci1wYXNzd29yZA==", "docker-password"),
)


@pytest.mark.parametrize("secret", SECRETS)
def test_the_labs_secrets_are_hidden(with_secrets: Settings, secret: str) -> None:
    assert Redactor(with_secrets)(f"a {secret} b") == f"a {HIDDEN} b"


def test_each_line_of_a_private_key_is_hidden_and_no_certificates(settings: Settings) -> None:
    authority = trustme.CA()
    key, public = authority.private_key_pem.bytes().decode(), authority.cert_pem.bytes().decode()
    write_atomic(settings.authority_key_file, key)
    write_atomic(settings.secrets / "public.pem", public)
    lines = key.splitlines()[1:-1]
    assert len(lines) > 1 and all(Redactor(settings)(f"a {line} b") == f"a {HIDDEN} b" for line in lines)
    assert not any(line in Redactor(settings)(json.dumps(key)) for line in lines)
    assert Redactor(settings)(public) == public, "a certificate is for everybody"
    assert set(known(settings).values()) == {"secrets/authority-key.pem"}


def test_a_value_that_names_itself_secret_is_hidden(settings: Settings) -> None:
    said = Redactor(settings)('{"SecretAccessKey": "new/one", "SessionToken":"abc", "AccessKeyId": "AKIA1"}')
    assert "new/one" not in said and "abc" not in said and "AKIA1" in said


def test_damaged_files_hide_nothing_and_break_nothing(settings: Settings) -> None:
    write_atomic(settings.aws_credentials_file, "not = a section\n[")
    write_atomic(settings.docker_config / "config.json", "[1")
    assert Redactor(settings)("text") == "text"


def test_no_secret_leaves_the_kernel(with_secrets: Settings, sent: list[Any]) -> None:
    everything = " ".join(SECRETS)
    runner = FakeRunner(with_secrets, lambda watch, _cancel: watch(Line(everything)))
    runner.transcript, runner.verdict = (everything,), Verdict(False, everything, everything)
    runner.error = CommandError("x", f"other {everything}")
    card = card_of(runner)
    click(card, do="run", runs=0)
    wait_for(lambda: card.status["state"] == "failed", "the step ended")
    click(card, do="log")
    left = json.dumps([sent, card.get_state(["card", "status"]), card.text()], default=str)
    assert [secret for secret in SECRETS if secret in left] == []
