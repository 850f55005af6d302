"""The AWS CLI's files: a profile goes from both, and the learner's own stay as they are."""

from __future__ import annotations

import pytest

from labs.base.errors import StateError
from labs.base.settings import Settings
from labs.seams import aws_files
from labs.secrecy.values import known


@pytest.fixture
def kept(settings: Settings) -> Settings:
    """Files as a learner may have left them: a section twice, option names in capitals, a profile of their own."""
    settings.aws_credentials_file.parent.mkdir(parents=True)
    settings.aws_credentials_file.write_text(
        "[default]\naws_access_key_id = A\n[meu]\nAWS_Secret_Access_Key = my-own-secret\n"
        "[default]\naws_secret_access_key = secret-of-default\n"
    )
    settings.aws_config_file.write_text("[default]\nregion = us-east-2\n[profile meu]\nOutput = json\n[profile sso]\n")
    return settings


def test_a_profile_goes_from_both_files_and_others_stay(kept: Settings) -> None:
    aws_files.forget_profile(kept, "default")
    assert kept.aws_credentials_file.read_text() == "[meu]\nAWS_Secret_Access_Key = my-own-secret\n\n"
    assert kept.aws_config_file.read_text() == "[profile meu]\nOutput = json\n\n[profile sso]\n\n"
    aws_files.forget_profile(kept, "sso")
    assert "sso" not in kept.aws_config_file.read_text()


def test_a_profile_that_is_not_there_changes_nothing(kept: Settings) -> None:
    before = kept.aws_credentials_file.stat().st_mtime_ns
    aws_files.forget_profile(kept, "clinica")
    assert kept.aws_credentials_file.stat().st_mtime_ns == before


def test_without_files_there_is_nothing_to_forget(settings: Settings) -> None:
    aws_files.forget_profile(settings, "default")
    assert not settings.aws_credentials_file.exists() and aws_files.credentials(settings) == {}


def test_a_damaged_file_is_said_and_left_alone(kept: Settings) -> None:
    kept.aws_config_file.write_text("no section\n")
    with pytest.raises(StateError, match="não pode ser lido"):
        aws_files.forget_profile(kept, "default")
    assert kept.aws_config_file.read_text() == "no section\n"


def test_secrets_are_known_as_far_as_the_file_can_be_read(kept: Settings) -> None:
    assert aws_files.credentials(kept)["default"] == {
        "aws_access_key_id": "A",
        "aws_secret_access_key": "secret-of-default",
    }
    with kept.aws_credentials_file.open("a") as file:
        file.write("a line that is no option\n")
    found = known(kept)
    assert found["secret-of-default"] == "aws/credentials [default]"
    assert found["my-own-secret"] == "aws/credentials [meu]"
