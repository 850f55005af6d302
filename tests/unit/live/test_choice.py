"""Choosing the live target: what is kept, what stands apart, which names are refused, and nothing is sent."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from labs.base.errors import CommandError, LabError, LiveLocked
from labs.base.settings import Settings
from labs.cli import target
from labs.cli.hub import choose
from labs.cli.main import main
from labs.live import accounts, guard

from .kit import ACCOUNTS


def test_the_choice_is_kept_and_the_sandboxs_names_come_back(real: Settings) -> None:
    loaded = Settings.load(real.home)
    assert (loaded.target, loaded.hub_user, loaded.account) == ("live", "maria", "210987654321")
    assert (loaded.sandboxed().hub_user, loaded.sandboxed().account) == ("aluno", "123456789012")
    assert Settings.load(accounts.choose_sandbox(loaded).home).target == "sandbox"


def test_saving_live_never_writes_the_live_names_into_the_sandboxs_file(real: Settings) -> None:
    real.with_changes(engine_host="unix:///x").save()
    stored = json.loads((real.home / "settings.json").read_text())
    assert (stored["hub_user"], stored["account"], stored["engine_host"]) == ("aluno", "123456789012", "unix:///x")


def test_logins_secrets_and_progress_of_the_targets_stand_apart(real: Settings) -> None:
    sandboxed = real.sandboxed()
    for name in ("docker_config", "aws_config_file", "aws_credentials_file", "hub_token_file", "progress_file"):
        assert getattr(real, name) != getattr(sandboxed, name)
        assert getattr(real, name).is_relative_to(real.live_folder)
    assert real.hub_token_file.read_text() == "dckr_pat_canary\n"
    assert stat.S_IMODE(real.hub_token_file.stat().st_mode) == 0o600
    assert "canary" not in real.live_file.read_text()


def test_the_account_files_carry_the_learners_account_and_email(real: Settings) -> None:
    folder = real.work / "widget-server" / "aws-live"
    assert "210987654321" in (folder / "ecr-policy.json").read_text()
    assert "maria@example.com" in (folder / "alerts.json").read_text()
    assert "123456789012" in (real.work / "widget-server" / "aws" / "ecr-policy.json").read_text()


@pytest.mark.parametrize(
    ("field", "value"),
    [("hub_user", "Maria!"), ("account", "123"), ("region", "ohio"), ("email", "x"), ("start_url", "http://x")],
)
def test_names_that_cannot_be_are_refused(settings: Settings, field: str, value: str) -> None:
    with pytest.raises(CommandError):
        accounts.choose_live(settings, replace(ACCOUNTS, **{field: value}), "t")
    assert not settings.live_file.exists()


def test_a_damaged_choice_is_said(real: Settings) -> None:
    real.live_file.write_text("{")
    with pytest.raises(LabError, match="contas de verdade"):
        Settings.load(real.home)


def test_choosing_again_locks_again(real: Settings) -> None:
    guard.write_session(real)
    accounts.choose_live(real, ACCOUNTS, "")
    with pytest.raises(LiveLocked):
        guard.require_session(real)


def test_live_no_account_is_created(real: Settings) -> None:
    with pytest.raises(CommandError, match="escolheu com"):
        choose(real, "outra")


def test_the_token_is_read_from_a_file_and_never_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "token").write_text("dckr_pat_x\n")
    assert target._token(str(tmp_path / "token")) == "dckr_pat_x"
    with pytest.raises(SystemExit):
        main(["target", "live", "--help"])
    options = [word for word in capsys.readouterr().out.split() if word.startswith("--")]
    assert "--token-file" in options
    assert not any("token" in option and "file" not in option for option in options)
