"""The profile `console` in the learner's AWS files."""

from __future__ import annotations

from pathlib import Path

import pytest

from labs.base.errors import StateError
from labs.base.settings import Settings
from labs.sandbox.gateway.memory.console_session import console_credentials, write_console_profile
from labs.seams.aws_files import write_profile


def test_the_console_profile_leaves_others_alone(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    write_profile(settings, "default", {"aws_access_key_id": "A", "aws_secret_access_key": "B%"}, {"region": "x"})
    write_console_profile(settings)
    made = console_credentials(settings)
    assert made == console_credentials(settings)
    text = settings.aws_credentials_file.read_text()
    assert "[default]" in text
    assert "aws_secret_access_key = B%" in text
    assert f"aws_session_token = {made['aws_session_token']}" in text
    assert "[profile console]\nregion = us-east-2\noutput = json" in settings.aws_config_file.read_text()
    for file in (
        settings.aws_credentials_file,
        settings.aws_config_file,
        settings.sandbox / "gateway" / "console.json",
    ):
        assert file.stat().st_mode & 0o777 == 0o600
    before = settings.aws_credentials_file.stat().st_mtime_ns
    write_console_profile(settings)
    assert settings.aws_credentials_file.stat().st_mtime_ns == before


def test_a_damaged_credentials_file_is_said(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    settings.aws_credentials_file.parent.mkdir()
    settings.aws_credentials_file.write_text("no section\n")
    with pytest.raises(StateError):
        write_console_profile(settings)
