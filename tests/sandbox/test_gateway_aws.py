"""The AWS API as boto3 and the AWS CLI see it: signatures, keys, policies, budgets, single sign-on."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from labs.base.errors import CloudError
from labs.base.settings import Settings
from labs.cli.main import main
from labs.seams.aws_files import write_profile
from labs.seams.cloud import AwsCloud
from labs.seams.sso_login import device_login

from .gateway_kit import Lab
from .gateway_kit import gateway as gateway
from .gateway_kit import registry_program as registry_program

ACCOUNT = "123456789012"


def code_of(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def profile(lab: Lab, name: str, key: dict[str, str]) -> None:
    write_profile(lab.settings, name, key, {"region": "us-east-2", "output": "json"})


def test_the_console_session_is_an_administrator(gateway: Lab) -> None:
    found = gateway.cloud.client("sts", "console").get_caller_identity()
    assert found["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/Administrador/console"
    assert found["Account"] == ACCOUNT


def test_a_user_without_policies_may_only_ask_who_it_is(gateway: Lab) -> None:
    gateway.user("nova")
    arn = f"arn:aws:iam::{ACCOUNT}:user/nova"
    assert gateway.cloud.client("sts", "nova").get_caller_identity()["Arn"] == arn
    with pytest.raises(ClientError) as error:
        gateway.cloud.client("ecr", "nova").create_repository(repositoryName="app")
    code, message = code_of(error)
    assert code == "AccessDeniedException"
    assert message == (
        f"User: {arn} is not authorized to perform: ecr:CreateRepository on resource: "
        f"arn:aws:ecr:us-east-2:{ACCOUNT}:repository/app because no identity-based policy allows the "
        "ecr:CreateRepository action"
    )
    with pytest.raises(ClientError) as error:
        gateway.cloud.client("iam", "nova").list_users()
    assert code_of(error)[0] == "AccessDenied"
    with pytest.raises(ClientError) as error:
        gateway.cloud.client("budgets", "nova").describe_budgets(AccountId=ACCOUNT)
    assert "budgets:ViewBudget" in code_of(error)[1]


def test_managed_policies_of_aws_can_be_attached(gateway: Lab) -> None:
    gateway.user("auditoria")
    arn = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly"
    gateway.cloud.client("iam", "console").attach_user_policy(UserName="auditoria", PolicyArn=arn)
    api = gateway.cloud.client("ecr", "auditoria")
    assert "repositories" in api.describe_repositories()
    with pytest.raises(ClientError, match="ecr:CreateRepository"):
        api.create_repository(repositoryName="nao")


def test_an_inactive_a_deleted_and_an_unknown_key_are_refused(gateway: Lab) -> None:
    key = gateway.user("trocada", ["iam:*", "ecr:*"])
    iam, who = gateway.cloud.client("iam", "console"), {"UserName": "trocada", "AccessKeyId": key["aws_access_key_id"]}
    sts, ecr = gateway.cloud.client("sts", "trocada"), gateway.cloud.client("ecr", "trocada")
    sts.get_caller_identity()
    for change in (partial(iam.update_access_key, **who, Status="Inactive"), partial(iam.delete_access_key, **who)):
        change()
        with pytest.raises(ClientError) as error:
            sts.get_caller_identity()
        assert code_of(error) == ("InvalidClientTokenId", "The security token included in the request is invalid.")
        with pytest.raises(ClientError) as error:
            ecr.describe_repositories()
        assert code_of(error)[0] == "UnrecognizedClientException"
    refused = gateway.events(kind="refused", service="aws", reference="sts:GetCallerIdentity")
    assert refused[-1]["code"] == "InvalidClientTokenId"


def test_a_wrong_secret_is_a_wrong_signature(gateway: Lab) -> None:
    key = gateway.user("errada")
    profile(gateway, "torta", {**key, "aws_secret_access_key": "x" * 40})
    with pytest.raises(ClientError) as error:
        gateway.cloud.client("sts", "torta").get_caller_identity()
    code, message = code_of(error)
    assert code == "SignatureDoesNotMatch"
    assert message.startswith("The request signature we calculated does not match the signature you provided.")


def test_a_changed_body_breaks_the_signature(gateway: Lab) -> None:
    client = gateway.cloud.client("iam", "console")

    def change(request: object, **_: object) -> None:
        request.body = request.body.replace("boa", "mal")  # type: ignore[attr-defined]

    client.meta.events.register("before-send.iam.CreateUser", change)
    try:
        with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
            client.create_user(UserName="boa")
    finally:
        client.meta.events.unregister("before-send.iam.CreateUser", change)


def test_an_unsigned_request_needs_a_token(gateway: Lab) -> None:
    form = {"Action": "ListUsers", "Version": "2010-05-08"}
    assert gateway.http.post(gateway.settings.aws_endpoint, data=form).status_code in (400, 403)


CALLS = (("sts", "get_caller_identity"), ("iam", "list_users"), ("ecr", "describe_repositories"))
SECRET = "abc/def+ghiJKLmnopQRSTuvwxYZ0123456789abc"
WRONG = {
    "keys swapped": (SECRET, "AKIAX", "IncompleteSignature"),
    "a space in the key": ("AKIA X", "s", "IncompleteSignature"),
    "no such key": ("AKIA+X=", "s", "InvalidClientTokenId|UnrecognizedClientException"),
}
"""Key id and secret with which no signature can be right, and AWS's code (`…Exception` where a service speaks JSON)."""


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_profile_is_refused_in_each_services_own_protocol(gateway: Lab, wrong: str) -> None:
    key, secret, code = WRONG[wrong]
    profile(gateway, "errado", {"aws_access_key_id": key, "aws_secret_access_key": secret})
    for service, method in CALLS:
        with pytest.raises(ClientError, match=code) as error:
            getattr(gateway.cloud.client(service, "errado"), method)()
        assert code_of(error)[0].endswith("Exception") == (service == "ecr")
        assert SECRET[8:] not in str(error.value)


def test_a_wrong_region_is_no_region(gateway: Lab) -> None:
    for service, method in CALLS:
        with pytest.raises(ClientError, match="should be scoped to a valid region, not 'us-east-2a'") as error:
            getattr(gateway.cloud.client(service, "console", "us-east-2a"), method)()
        assert code_of(error)[0] == ("InvalidSignatureException" if service == "ecr" else "SignatureDoesNotMatch")


def test_an_unsigned_call_is_refused_in_each_services_own_protocol(gateway: Lab) -> None:
    others = (("s3", "list_buckets"), ("ec2", "describe_instances"), ("lambda", "list_functions"))
    for service, method in (*CALLS, *others):
        with pytest.raises(ClientError, match="MissingAuthenticationToken"):
            getattr(gateway.cloud.client(service, signed=False), method)()


def test_an_address_without_a_region_is_answered_in_the_callers_protocol(gateway: Lab) -> None:
    header = f"AWS4-HMAC-SHA256 Credential=AKIAX/20260101//sts/aws4_request, SignedHeaders=host, Signature={'0' * 64}"
    form = {"Action": "GetCallerIdentity", "Version": "2011-06-15"}
    answer = gateway.http.post(gateway.settings.aws_endpoint, data=form, headers={"Authorization": header})
    assert answer.text.startswith("<ErrorResponse>") and "<Code>InvalidClientTokenId</Code>" in answer.text
    target = {"X-Amz-Target": "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories", "Authorization": header}
    answer = gateway.http.post(gateway.settings.aws_endpoint, data="{}", headers=target)
    assert answer.json()["__type"] == "UnrecognizedClientException"


def test_the_last_use_of_a_key_is_kept(gateway: Lab) -> None:
    key = gateway.user("usada")["aws_access_key_id"]
    iam = gateway.cloud.client("iam", "console")
    assert "LastUsedDate" not in iam.get_access_key_last_used(AccessKeyId=key)["AccessKeyLastUsed"]
    gateway.cloud.client("sts", "usada").get_caller_identity()
    used = iam.get_access_key_last_used(AccessKeyId=key)["AccessKeyLastUsed"]
    assert (used["ServiceName"], used["Region"]) == ("sts", "us-east-2")


def test_a_user_manages_its_own_keys_without_naming_itself(gateway: Lab) -> None:
    gateway.user("propria", ["iam:*AccessKey*", "iam:GetUser"], f"arn:aws:iam::{ACCOUNT}:user/propria")
    iam = gateway.cloud.client("iam", "propria")
    assert iam.get_user()["User"]["UserName"] == "propria"
    assert len(iam.list_access_keys()["AccessKeyMetadata"]) == 1
    with pytest.raises(ClientError, match="userName"):
        gateway.cloud.client("iam", "console").create_access_key()


def test_a_third_key_is_beyond_the_limit(gateway: Lab) -> None:
    gateway.user("tres")
    iam = gateway.cloud.client("iam", "console")
    iam.create_access_key(UserName="tres")
    with pytest.raises(ClientError, match="LimitExceeded"):
        iam.create_access_key(UserName="tres")


def test_other_services_are_refused_clearly(gateway: Lab) -> None:
    for service, method in (
        *(("s3", "list_buckets"), ("ec2", "describe_instances"), ("dynamodb", "list_tables")),
        *(("lambda", "list_functions"), ("route53", "list_hosted_zones"), ("cloudwatch", "list_metrics")),
    ):
        with pytest.raises(ClientError, match="does not offer the service"):
            getattr(gateway.cloud.client(service, "console"), method)()


def test_budget_alerts_fire_once_per_crossing(gateway: Lab) -> None:
    budgets = gateway.cloud.client("budgets", "console")
    budget = {"BudgetName": "curso", "BudgetLimit": {"Amount": "5", "Unit": "USD"}}
    alerts = [
        {
            "Notification": {
                "NotificationType": "ACTUAL",
                "ComparisonOperator": "GREATER_THAN",
                "Threshold": level,
                "ThresholdType": "PERCENTAGE",
            },
            "Subscribers": [{"SubscriptionType": "EMAIL", "Address": "aluno@example.com"}],
        }
        for level in (50, 80, 100)
    ]
    budgets.create_budget(
        AccountId=ACCOUNT,
        Budget={**budget, "TimeUnit": "MONTHLY", "BudgetType": "COST"},
        NotificationsWithSubscribers=alerts,
    )
    fired = []
    for amount in ("3.00", "4.50", "4.50", "6", "0", "3.00"):
        last = gateway.last()
        gateway.admin.spend(amount)
        fired.append([event["reference"] for event in gateway.events(last, kind="alert", repository="curso")])
    assert fired == [["50"], ["80"], [], ["100"], [], ["50"]]
    shown = budgets.describe_budget(AccountId=ACCOUNT, BudgetName="curso")["Budget"]
    assert shown["CalculatedSpend"]["ActualSpend"] == {"Amount": "3.00", "Unit": "USD"}
    who = {"AccountId": ACCOUNT, "BudgetName": "curso"}
    states = [one["NotificationState"] for one in budgets.describe_notifications_for_budget(**who)["Notifications"]]
    assert states == ["ALARM", "OK", "OK"]
    told = budgets.describe_subscribers_for_notification(**who, Notification=alerts[0]["Notification"])
    assert told["Subscribers"][0]["Address"] == "aluno@example.com"
    with pytest.raises(ClientError, match="DuplicateRecord"):
        budgets.create_budget(AccountId=ACCOUNT, Budget={**budget, "TimeUnit": "MONTHLY", "BudgetType": "COST"})


def test_budgets_have_tags_that_need_their_own_permission(gateway: Lab) -> None:
    budgets = gateway.cloud.client("budgets", "console")
    budget = {
        "BudgetName": "com-tags",
        "BudgetLimit": {"Amount": "5", "Unit": "USD"},
        "TimeUnit": "MONTHLY",
        "BudgetType": "COST",
    }
    budgets.create_budget(AccountId=ACCOUNT, Budget=budget, ResourceTags=[{"Key": "dono", "Value": "maria"}])
    arn = f"arn:aws:budgets::{ACCOUNT}:budget/com-tags"
    budgets.tag_resource(ResourceARN=arn, ResourceTags=[{"Key": "curso", "Value": "x"}])
    assert len(budgets.list_tags_for_resource(ResourceARN=arn)["ResourceTags"]) == 2
    budgets.untag_resource(ResourceARN=arn, ResourceTagKeys=["dono"])
    assert budgets.list_tags_for_resource(ResourceARN=arn)["ResourceTags"] == [{"Key": "curso", "Value": "x"}]
    for absent, code in ((f"{arn}-outro", "NotFoundException"), (arn.replace("1234", "9999"), "AccessDenied")):
        with pytest.raises(ClientError, match=code):
            budgets.tag_resource(ResourceARN=absent, ResourceTags=[{"Key": "a", "Value": "b"}])
    gateway.user("so-le", ["budgets:ViewBudget"])
    with pytest.raises(ClientError, match="budgets:TagResource"):
        gateway.cloud.client("budgets", "so-le").tag_resource(ResourceARN=arn, ResourceTags=[])


def approve(lab: Lab, address: str) -> None:
    page = lab.http.get(address)
    assert 'lang="pt-BR"' in page.text
    code = re.search(r'name="user_code" value="([A-Z-]{9})"', page.text)
    assert code
    done = lab.http.post(f"{lab.settings.aws_endpoint}/sso/device", data={"user_code": code[1]})
    assert done.status_code == 200
    assert "Acesso autorizado" in done.text


def test_the_device_flow_gives_credentials_that_expire(gateway: Lab) -> None:
    waits: list[float] = []
    seen: list[str] = []

    def show(address: str, code: str) -> None:
        seen.append(address)
        assert code in address

    def wait(seconds: float) -> None:
        waits.append(seconds)
        approve(gateway, seen[0])

    session = device_login(
        lambda service: gateway.cloud.client(service, signed=False), "http://127.0.0.1/sso/start", show, wait
    )
    assert waits, "the first poll comes before the approval"
    profile(gateway, "sso", session.credentials)
    arn = gateway.cloud.client("sts", "sso").get_caller_identity()["Arn"]
    assert re.fullmatch(rf"arn:aws:sts::{ACCOUNT}:assumed-role/AWSReservedSSO_ECRPowerUser_\w+/aluno", arn)
    assert gateway.http.get(f"{gateway.ecr}/v2/", auth=gateway.password("sso")).status_code == 200
    with pytest.raises(ClientError, match="AccessDenied"):
        gateway.cloud.client("iam", "sso").list_users()
    gateway.admin.set_clock(3700)
    try:
        with pytest.raises(ClientError) as error:
            gateway.cloud.client("sts", "sso").get_caller_identity()
        assert code_of(error) == ("ExpiredToken", "The security token included in the request is expired")
    finally:
        gateway.admin.set_clock(0)
    profile(gateway, "meia", {**session.credentials, "aws_session_token": "outro"})
    with pytest.raises(ClientError):
        gateway.cloud.client("sts", "meia").get_caller_identity()


def test_the_portal_offers_roles_and_says_which(gateway: Lab) -> None:
    def clients(service: str) -> Any:
        return gateway.cloud.client(service, signed=False)

    def show(address: str, _: str) -> None:
        approve(gateway, address)

    start = "http://127.0.0.1/sso/start"
    session = device_login(clients, start, show, role="ECRPowerUser")
    assert (session.role, session.offered) == ("ECRPowerUser", ("ECRPowerUser",))
    with pytest.raises(CloudError, match="não oferece este role") as error:
        device_login(clients, start, show, role="AdministratorAccess")
    assert error.value.observed == "ECRPowerUser" and error.value.next_command.endswith("--role ECRPowerUser")
    with pytest.raises(CloudError, match="não dá acesso à conta"):
        device_login(clients, start, show, account="210987654321")


def test_a_device_code_expires_and_a_hurried_client_is_slowed(gateway: Lab) -> None:
    oidc = gateway.cloud.client("sso-oidc", signed=False)
    client = oidc.register_client(clientName="t", clientType="public")
    known = {"clientId": client["clientId"], "clientSecret": client["clientSecret"]}
    device = oidc.start_device_authorization(startUrl="http://x/start", **known)
    ask = {**known, "grantType": "urn:ietf:params:oauth:grant-type:device_code", "deviceCode": device["deviceCode"]}
    with pytest.raises(oidc.exceptions.AuthorizationPendingException):
        oidc.create_token(**ask)
    with pytest.raises(oidc.exceptions.SlowDownException):
        oidc.create_token(**ask)
    gateway.admin.set_clock(700)
    try:
        with pytest.raises(oidc.exceptions.ExpiredTokenException):
            oidc.create_token(**ask)
        assert gateway.http.get(device["verificationUriComplete"]).status_code == 404
    finally:
        gateway.admin.set_clock(0)
    with pytest.raises(oidc.exceptions.InvalidClientException):
        oidc.create_token(**{**ask, "clientSecret": "x"})


def test_the_sso_command_writes_a_profile(gateway: Lab) -> None:
    environment = {**gateway.settings.environment(), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "labs.sso", "--profile", "terminal"],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    killer = threading.Timer(30, process.kill)
    killer.start()
    try:
        assert process.stdout
        said = []
        for line in process.stdout:
            said.append(line)
            if found := re.search(r"http://\S+/sso/\S+", line):
                approve(gateway, found[0])
        assert process.wait() == 0, "".join(said)
    finally:
        killer.cancel()
        process.stdout.close()  # type: ignore[union-attr]
    assert AwsCloud(gateway.settings).client("sts", "terminal").get_caller_identity()["Account"] == ACCOUNT
    assert gateway.settings.aws_credentials_file.stat().st_mode & 0o777 == 0o600


def test_the_aws_cli_reads_the_same(gateway: Lab) -> None:
    command = [str(Path(sys.executable).parent / "aws"), "sts", "get-caller-identity", "--profile", "console"]
    done = subprocess.run(
        command, env=gateway.settings.environment(os.environ), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["Account"] == ACCOUNT


def test_the_learners_commands(
    gateway: Lab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LABS_HOME", str(gateway.settings.home))
    assert main(["sandbox", "clock", "+13h"]) == 0
    assert gateway.admin.clock()["offset_seconds"] == 13 * 3600
    assert "13 h adiantado" in capsys.readouterr().out
    assert main(["sandbox", "clock", "now"]) == 0
    assert gateway.admin.clock()["offset_seconds"] == 0
    assert main(["sandbox", "clock", "amanhã"]) == 1
    assert main(["sandbox", "spend", "1,50"]) == 0
    assert "US$ 1,50" in capsys.readouterr().out
    assert main(["sandbox", "spend", "-1"]) == 1
    with pytest.raises(SystemExit) as ended:
        main(["sandbox"])
    assert ended.value.code == 2


def test_without_a_sandbox_the_commands_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LABS_HOME", str(tmp_path))
    assert main(["sandbox", "clock"]) == 1
    assert "python3 -m labs up" in capsys.readouterr().err
    assert Settings.load().home == tmp_path
