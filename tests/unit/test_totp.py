"""The codes of a second factor: against RFC 6238's own, and by the command that stands for a phone."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from labs.base import totp
from labs.base.settings import Settings
from labs.cli.main import main
from labs.sandbox.gateway.aws import mfa
from labs.sandbox.gateway.memory.calls import Call, Reply

SEED = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
"""`12345678901234567890` in base32: the key of RFC 6238, appendix B."""
NOW = 1_111_111_109
SERIAL = "arn:aws:iam::123456789012:mfa/maria"


@pytest.mark.parametrize(
    ("moment", "code"),
    [(59, "287082"), (NOW, "081804"), (1_111_111_111, "050471"), (2_000_000_000, "279037"), (20_000_000_000, "353130")],
)
def test_the_codes_are_those_of_the_standard(moment: int, code: str) -> None:
    assert totp.code(SEED, totp.window(moment)) == code
    assert totp.code(f" {SEED.lower()}\n", totp.window(moment)) == code


@pytest.mark.parametrize("seed", ["não é", "12345678", "ABC1"])
def test_what_is_no_seed_is_refused(seed: str) -> None:
    with pytest.raises(ValueError):
        totp.code(seed, 1)


def kept(settings: Settings, text: str) -> Path:
    path = settings.learner_secrets / totp.SEED_FILE
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def test_the_command_prints_the_code_of_now_and_the_one_before(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LABS_VENV", str(settings.home / "venv"))  # not made: nothing leaves this process
    monkeypatch.setattr(time, "time", lambda: float(NOW))
    kept(settings, SEED)
    assert main(["mfa"]) == 0 and main(["mfa", "antes"]) == 0
    before = totp.code(SEED, totp.window(NOW) - 1)
    assert capsys.readouterr().out.splitlines() == ["081804", before]


@pytest.mark.parametrize("text", [None, "não é uma semente"])
def test_without_a_seed_the_command_says_so(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str | None
) -> None:
    monkeypatch.setenv("LABS_VENV", str(settings.home / "venv"))
    if text:
        kept(settings, text)
    assert main(["mfa"]) == 1
    said = capsys.readouterr()
    assert said.out == "" and "Ainda não há uma semente de MFA em widget-dev-mfa.txt." in said.err


def asked(first: str, second: str, action: str = "EnableMFADevice") -> Reply | None:
    """What the gateway refuses at `NOW`, of a device with the seed."""
    parameters = {"SerialNumber": SERIAL, "AuthenticationCode1": first, "AuthenticationCode2": second}
    seeds = {SERIAL: SEED}
    call = Call("iam", "us-east-1", action, parameters)
    return mfa.refusal(call, lambda serial: seeds.get(serial, ""), lambda: float(NOW))


def ago(number: int) -> str:
    return totp.code(SEED, totp.window(NOW) - number)


@pytest.mark.parametrize(("first", "second"), [(1, 0), (2, 1), (2, 0), (4, 3)])
def test_two_codes_one_after_the_other_are_taken(first: int, second: int) -> None:
    assert asked(ago(first), ago(second)) is None


@pytest.mark.parametrize(("first", "second"), [(0, 1), (0, 0), (3, 0), (20, 19)])
def test_other_codes_are_refused(first: int, second: int) -> None:
    refused = asked(ago(first), ago(second))
    assert refused and (refused.status, refused.code) == (403, "InvalidAuthenticationCode")
    assert b"Authentication code for device is not valid." in refused.body


def test_a_device_that_is_not_there_is_refused_and_other_calls_are_not_looked_at() -> None:
    refused = mfa.refusal(Call("iam", "us-east-1", "EnableMFADevice", {"SerialNumber": SERIAL}), lambda _: "")
    assert refused and refused.code == "NoSuchEntity" and SERIAL.encode() in refused.body
    assert asked("1", "2", "DeactivateMFADevice") is None
