"""The device flow of IAM Identity Center, as `aws configure sso` goes through it.

The calls are those of the AWS CLI: RegisterClient, StartDeviceAuthorization and CreateToken of `sso-oidc`, then
ListAccounts, ListAccountRoles and GetRoleCredentials of `sso` (AWS CLI user guide, "Configuring IAM Identity Center
authentication"). Only the place of the credentials differs: the lab's own file.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from labs.base.errors import CloudError
from labs.base.settings import Settings
from labs.seams.aws_files import write_profile
from labs.seams.cloud import AwsCloud

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
SLOWER = 5  # seconds that a client adds after `slow_down` (RFC 8628, section 3.5)
NO_ROLE = "O seu portal de SSO não dá nenhum role nesta conta: peça acesso a quem cuida dela."
Clients = Callable[[str], Any]
Show = Callable[[str, str], None]
"""Gets the address where a person approves, and the code to compare."""


@dataclass(frozen=True)
class Session:
    """Temporary credentials and what they are for."""

    account: str
    role: str
    offered: tuple[str, ...]
    """The account's roles, of which `role` is one."""
    credentials: dict[str, str]
    expires: datetime


def device_login(
    clients: Clients,
    start_url: str,
    show: Show,
    wait: Callable[[float], None] = time.sleep,
    account: str = "",
    role: str = "",
) -> Session:
    """Go through the device flow; `show(address, code)` is called once a person has to approve.

    Args:
        clients: gives the unsigned botocore client of a service: `sso-oidc`, `sso`.
        account: the account to enter; empty for the first that the portal offers.
        role: the role in it; empty for the first.

    Raises:
        CloudError: nobody approved in time, or AWS refused.
    """
    try:
        token = _token(clients("sso-oidc"), start_url, show, wait)
        return _session(clients("sso"), token, account, role)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        what = "O código venceu antes de ser aprovado." if code == "ExpiredTokenException" else "O SSO recusou o login."
        raise CloudError(what, str(error), "python3 -m labs.sso --profile sso", code) from error
    except BotoCoreError as error:
        raise CloudError("A requisição não chegou ao SSO.", str(error), "python3 -m labs up") from error


def _token(oidc: Any, start_url: str, show: Show, wait: Callable[[float], None]) -> str:
    client = oidc.register_client(clientName="registry-labs", clientType="public")
    known = {"clientId": client["clientId"], "clientSecret": client["clientSecret"]}
    device = oidc.start_device_authorization(startUrl=start_url, **known)
    show(device["verificationUriComplete"], device["userCode"])
    interval = float(device.get("interval", SLOWER))
    while True:
        try:
            answer = oidc.create_token(grantType=GRANT, deviceCode=device["deviceCode"], **known)
            return str(answer["accessToken"])
        except oidc.exceptions.AuthorizationPendingException:
            wait(interval)
        except oidc.exceptions.SlowDownException:
            interval += SLOWER
            wait(interval)


def _session(portal: Any, token: str, account: str, role: str) -> Session:
    accounts = [one["accountId"] for one in portal.list_accounts(accessToken=token)["accountList"]]
    if account and account not in accounts:
        raise CloudError("O seu portal de SSO não dá acesso à conta confirmada.", f"{account} não está na lista")
    account = account or accounts[0]
    listed = portal.list_account_roles(accessToken=token, accountId=account)["roleList"]
    roles = tuple(str(one["roleName"]) for one in listed)
    if not roles or (role and role not in roles):
        what = "O seu portal de SSO não oferece este role nesta conta." if role else NO_ROLE
        raise CloudError(what, ", ".join(roles) or account, f"python3 -m labs.sso --role {roles[0]}" if roles else "")
    role = role or roles[0]
    found = portal.get_role_credentials(accessToken=token, accountId=account, roleName=role)["roleCredentials"]
    credentials = {
        "aws_access_key_id": str(found["accessKeyId"]),
        "aws_secret_access_key": str(found["secretAccessKey"]),
        "aws_session_token": str(found["sessionToken"]),
    }
    return Session(account, role, roles, credentials, datetime.fromtimestamp(found["expiration"] / 1000).astimezone())


def login(settings: Settings, profile: str, show: Show, role: str = "") -> Session:
    """Log in and keep the credentials as a profile of the lab.

    Args:
        role: as in `device_login`.

    Raises:
        LabError: the flow failed, or the file cannot be written.
    """
    cloud = AwsCloud(settings)
    portal = settings.live.start_url if settings.live else f"{settings.aws_endpoint}/sso/start"
    account = settings.account if settings.live else ""
    session = device_login(
        lambda service: cloud.client(service, signed=False), portal, show, account=account, role=role
    )
    write_profile(settings, profile, session.credentials, {"region": settings.region, "output": "json"})
    return session
