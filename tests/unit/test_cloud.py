"""The cloud seam's rules: only the lab's endpoint, only the lab's files, the CLI's own option names."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from botocore.parsers import ResponseParserError

from labs.base.errors import CloudError, CommandError
from labs.base.files import write_atomic
from labs.base.settings import Settings
from labs.seams.cloud import AwsCloud, UnknownOptionError, _parameters


@pytest.fixture
def cloud(settings: Settings) -> AwsCloud:
    write_atomic(settings.aws_credentials_file, "[default]\naws_access_key_id = AKIALAB\naws_secret_access_key = s\n")
    write_atomic(settings.aws_config_file, "[default]\nregion = us-east-1\noutput = json\n")
    return AwsCloud(settings)


def test_clients_use_the_labs_endpoint_and_the_profiles_region(cloud: AwsCloud, settings: Settings) -> None:
    client = cloud.client("ecr")
    assert client.meta.endpoint_url == settings.aws_endpoint
    assert client.meta.region_name == "us-east-1"
    assert cloud.client("ecr", region="us-west-2").meta.region_name == "us-west-2"


def test_the_machines_own_credentials_are_never_used(cloud: AwsCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREAL")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "real")
    monkeypatch.setenv("AWS_PROFILE", "empresa")
    assert cloud.client("sts")._request_signer._credentials.access_key == "AKIALAB"


def test_the_guard_refuses_any_other_address(cloud: AwsCloud, settings: Settings) -> None:
    cloud._guard(SimpleNamespace(url=settings.aws_endpoint + "/"))
    with pytest.raises(CloudError):
        cloud._guard(SimpleNamespace(url="https://ecr.us-east-2.amazonaws.com/"))


def test_new_credentials_are_seen_without_a_restart(cloud: AwsCloud, settings: Settings) -> None:
    before = cloud.client("sts")
    assert cloud.client("sts") is before
    write_atomic(settings.aws_credentials_file, "[default]\naws_access_key_id = AKIANEW\naws_secret_access_key = s\n")
    assert cloud.client("sts")._request_signer._credentials.access_key == "AKIANEW"


def test_a_missing_profile_or_credential_is_said_in_portuguese(cloud: AwsCloud, settings: Settings) -> None:
    with pytest.raises(CloudError) as caught:
        cloud.read("sts", "get_caller_identity", "nao-existe")
    assert "perfil" in caught.value.what
    write_atomic(settings.aws_credentials_file, "")
    with pytest.raises(CloudError) as caught:
        cloud.read("sts", "get_caller_identity", "default")
    assert caught.value.next_command == "aws configure list"


def test_a_silent_endpoint_is_said_in_portuguese(cloud: AwsCloud) -> None:
    with pytest.raises(CloudError) as caught:
        cloud.read("sts", "get_caller_identity", "default")
    assert caught.value.next_command == "python3 -m labs up"


def test_options_become_parameters(cloud: AwsCloud, tmp_path: Path) -> None:
    model = cloud.client("ecr").meta.service_model
    (tmp_path / "rules.json").write_text('{"rules": []}')
    shape = model.operation_model("PutLifecyclePolicy").input_shape
    options = {"repository-name": "x", "lifecycle-policy-text": "file://rules.json"}
    assert _parameters(shape, options, tmp_path, "aws") == {
        "repositoryName": "x",
        "lifecyclePolicyText": '{"rules": []}',
    }
    delete = model.operation_model("DeleteRepository").input_shape
    assert _parameters(delete, {"force": "true"}, tmp_path, "aws") == {"force": True}
    images = model.operation_model("BatchDeleteImage").input_shape
    assert _parameters(images, {"image-ids": '[{"imageTag": "v1"}]'}, tmp_path, "aws") == {
        "imageIds": [{"imageTag": "v1"}]
    }


@pytest.mark.parametrize(
    "options", [{"nope": "x"}, {"tags": "{"}, {"tags": "file://missing.json"}], ids=["option", "json", "file"]
)
def test_wrong_options_are_said(cloud: AwsCloud, tmp_path: Path, options: dict[str, str]) -> None:
    shape = cloud.client("ecr").meta.service_model.operation_model("CreateRepository").input_shape
    with pytest.raises(CommandError):
        _parameters(shape, options, tmp_path, "aws ecr create-repository")


@pytest.mark.parametrize(
    ("operation", "options"),
    [
        ("DescribeImages", {"repository-name": "x", "max-items": "3"}),
        ("DescribeImages", {"cli-input-json": "file://x"}),
        ("DeleteRepository", {"repository-name": "x", "no-force": "true"}),
        ("DescribeImages", {"repository-name": "true"}),
        ("BatchGetImage", {"repository-name": "x", "image-ids": "imageTag=v1"}),
        ("PutImageScanningConfiguration", {"repository-name": "x", "image-scanning-configuration": "scanOnPush=true"}),
    ],
)
def test_what_the_aws_cli_alone_understands_is_left_to_it(
    operation: str, options: dict[str, str], cloud: AwsCloud, tmp_path: Path
) -> None:
    """Options, abbreviations and a way of writing values of its own."""
    shape = cloud.client("ecr").meta.service_model.operation_model(operation).input_shape
    with pytest.raises(UnknownOptionError):
        _parameters(shape, options, tmp_path, "aws ecr")


def test_no_variable_and_no_model_of_the_machine_changes_a_client(
    cloud: AwsCloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in (
        ("AWS_MAX_ATTEMPTS", "muitas"),
        ("AWS_USE_FIPS_ENDPOINT", "true"),
        ("AWS_USE_DUALSTACK_ENDPOINT", "true"),
        ("AWS_DEFAULTS_MODE", "auto"),
        ("AWS_DEFAULT_REGION", "sa-east-1"),
        ("AWS_DATA_PATH", str(tmp_path)),
        ("AWS_CREDENTIAL_FILE", str(tmp_path / "keys")),
        ("BOTO_CONFIG", str(tmp_path / "boto")),
    ):
        monkeypatch.setenv(name, value)
    (tmp_path / "ecr" / "2015-09-21").mkdir(parents=True)
    (tmp_path / "ecr" / "2015-09-21" / "service-2.json").write_text("{}")
    (tmp_path / "keys").write_text("AWSAccessKeyId=AKIAREAL\nAWSSecretKey=real\n")
    (tmp_path / "boto").write_text("[Credentials]\naws_access_key_id = AKIAREAL\naws_secret_access_key = real\n")
    client = cloud.client("ecr")
    assert client.meta.region_name == "us-east-1" and "describe_repositories" in dir(client)
    assert not client.meta.config.use_fips_endpoint and client.meta.config.defaults_mode != "auto"
    write_atomic(cloud._settings.aws_credentials_file, "")
    assert cloud.client("sts")._request_signer._credentials is None, "no key but the lab's"


def test_an_answer_that_cannot_be_parsed_is_said_in_portuguese(
    cloud: AwsCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(**_: object) -> None:
        raise ResponseParserError("Unable to parse response, invalid XML received: b'{}'")

    monkeypatch.setattr(cloud.client("sts"), "get_caller_identity", unreadable)
    with pytest.raises(CloudError, match="não se entende") as said:
        cloud.call("sts", "get-caller-identity", {})
    assert said.value.code == "ResponseParserError" and said.value.next_command == "python3 -m labs status"
