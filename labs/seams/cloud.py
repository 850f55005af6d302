"""The cloud seam: the only module that imports `boto3`.

In the sandbox every client is bound to the sandbox's endpoint, and a guard refuses to send anything elsewhere; live,
clients find AWS by themselves, and the guard refuses anything but AWS.
Credentials come from the lab's own files alone: never from the machine's environment, home or instance role.
"""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore import UNSIGNED, xform_name
from botocore import exceptions as aws_errors
from botocore.config import Config
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES as VARIABLES
from botocore.loaders import Loader
from botocore.parsers import ResponseParserError

from labs.base.errors import CloudError, CommandError, LabError
from labs.base.explain import explain
from labs.base.marks import KIT_MARK
from labs.base.settings import ECR_PUBLIC_REGION, Settings

FOREIGN_PROVIDERS = (
    "env",
    "assume-role",
    "assume-role-with-web-identity",
    "boto-config",
    "ec2-credentials-file",
    "container-role",
    "iam-role",
    "login",
)
CLIENT = Config(
    retries={"mode": "standard", "total_max_attempts": 2},
    connect_timeout=5,
    read_timeout=30,
    ignore_configured_endpoint_urls=True,
)
UNSIGNED_CLIENT = CLIENT.merge(Config(signature_version=UNSIGNED))
KITS_CLIENT = CLIENT.merge(Config(user_agent_extra=KIT_MARK))
"""Of what the kit itself asks: the sandbox's gateway tells no event of its reads."""
NO_VARIABLES = {
    name: (option, None, default, convert)
    for name, (option, variables, default, convert) in VARIABLES.items()
    if variables and name != "ca_bundle"
} | {"profile": (None, None, None, None)}
"""Nothing of a session comes from the machine's environment (AWS_PROFILE, AWS_MAX_ATTEMPTS, AWS_USE_FIPS_ENDPOINT …),
but for the certificates with which this machine reaches the outside (AWS_CA_BUNDLE)."""
IN_SANDBOX = Config(proxies={})  # a proxy of the machine must not see loopback traffic
AWS_DOMAIN = ".amazonaws.com"
_INSTEAD = ("cli-input-json", "cli-input-yaml", "generate-cli-skeleton")
"""The AWS CLI's options that stand for all others."""


class UnknownOptionError(CommandError):
    """An option that the operation does not have, or another value of one: nothing was sent, and the AWS CLI, which has
    options and abbreviations of its own, may know it.
    """


class Cloud(Protocol):
    """What the kit needs of the AWS API."""

    def client(self, service: str, profile: str = "default", region: str = "", *, signed: bool = True) -> Any: ...
    def call(
        self,
        service: str,
        operation: str,
        options: Mapping[str, str],
        profile: str = "default",
        region: str = "",
        folder: Path | None = None,
    ) -> Any: ...
    def read(self, service: str, method: str, profile: str = "console", **parameters: Any) -> dict[str, Any]: ...
    def profile(self, name: str) -> dict[str, str]: ...


class AwsCloud:
    """AWS over boto3, with the lab's profiles."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._clients: dict[tuple[Any, ...], Any] = {}
        # One for all sessions: a client made anew after a change of the files need not read its service again.
        # It knows the services that botocore brings, and none of the machine's (`AWS_DATA_PATH`, `~/.aws/models`).
        self._loader = Loader(extra_search_paths=[Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)

    def client(self, service: str, profile: str = "default", region: str = "", *, signed: bool = True) -> Any:
        """A boto3 client with a profile's credentials; kept as long as the credentials file does not change.

        Raises:
            CloudError: the profile does not exist, or the service is unknown.
        """
        return self._client(service, profile, region, CLIENT if signed else UNSIGNED_CLIENT)

    def _client(self, service: str, profile: str, region: str, config: Config) -> Any:
        key = (service, profile, region, id(config), self._stamp())
        if key not in self._clients:
            with _translated(service):
                self._clients[key] = self._make_client(service, profile, region, config)
        return self._clients[key]

    def _make_client(self, service: str, profile: str, region: str, config: Config) -> Any:
        signed = config is not UNSIGNED_CLIENT
        session = self._session(profile if signed else None)
        chosen = region or (session.get_scoped_config().get("region") if signed else "") or self._settings.region
        client = boto3.Session(botocore_session=session).client(
            service,
            region_name=chosen,
            endpoint_url=None if self._settings.live else self._settings.aws_endpoint,
            config=config if self._settings.live else config.merge(IN_SANDBOX),
        )
        client.meta.events.register("before-send", self._guard)
        return client

    def _session(self, profile: str | None) -> botocore.session.Session:
        session = botocore.session.Session(session_vars=NO_VARIABLES, profile=None if profile == "default" else profile)
        session.register_component("data_loader", self._loader)
        session.set_config_variable("config_file", str(self._settings.aws_config_file))
        session.set_config_variable("credentials_file", str(self._settings.aws_credentials_file))
        providers = session.get_component("credential_provider")
        for name in FOREIGN_PROVIDERS:
            providers.remove(name)
        return session

    def _guard(self, request: Any, **_: Any) -> None:
        """Refuse to send a request to any other place than the target's (botocore event `before-send`): the sandbox's
        endpoint alone, or AWS's own hosts over TLS alone.
        """
        address = urlsplit(request.url)
        if self._settings.live:
            ours = address.scheme == "https" and (address.hostname or "").endswith(AWS_DOMAIN)
        else:
            ours = address.netloc == urlsplit(self._settings.aws_endpoint).netloc
        if not ours:
            raise CloudError("Este passo tentou falar com um endereço que não é o do laboratório.", request.url)

    def _stamp(self) -> tuple[int, ...]:
        files = (self._settings.aws_credentials_file, self._settings.aws_config_file)
        return tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in files)

    def read(self, service: str, method: str, profile: str = "console", **parameters: Any) -> dict[str, Any]:
        """One read of the kit's own by its boto3 method name, without metadata; a list is whole, in however many pages
        the service answers it.

        Raises:
            CloudError: AWS refused; `code` is its error code.
        """
        with _translated(service):
            region = ECR_PUBLIC_REGION if service == "ecr-public" else ""
            client = self._client(service, profile, region, KITS_CLIENT)
            if client.can_paginate(method):
                return dict(client.get_paginator(method).paginate(**parameters).build_full_result())
            answer = getattr(client, method)(**parameters)
        answer.pop("ResponseMetadata", None)
        return dict(answer)

    def call(
        self,
        service: str,
        operation: str,
        options: Mapping[str, str],
        profile: str = "default",
        region: str = "",
        folder: Path | None = None,
    ) -> Any:
        """One API call as the AWS CLI names it: `ecr`, `create-repository`, `{"repository-name": "x"}`.

        Values are text as typed; lists and structures are JSON; `file://` is read relative to `folder`.

        Returns:
            The answer as plain data; text for `get-login-password`, as the CLI prints it.

        Raises:
            CloudError: AWS refused.
            CommandError: no such operation, or a value that cannot be read.
            UnknownOptionError: no such option; nothing was sent.
        """
        with _translated(service):
            client = self.client(service, profile, region)
            if service in ("ecr", "ecr-public") and operation == "get-login-password":
                return _login_password(client.get_authorization_token())
            model = client.meta.service_model
            names = {xform_name(name, "-"): name for name in model.operation_names}
            if operation not in names:
                raise CommandError(
                    f"O serviço {service} não tem a operação {operation}.", "Invalid choice", f"aws {service} help"
                )
            shape = model.operation_model(names[operation]).input_shape
            parameters = _parameters(shape, options, folder or Path.cwd(), f"aws {service} {operation}")
            answer = getattr(client, xform_name(names[operation]))(**parameters)
        answer.pop("ResponseMetadata", None)
        return answer

    def profile(self, name: str) -> dict[str, str]:
        """What the lab's files say of a profile: region, output, aws_access_key_id …; empty where it does not exist."""
        with contextlib.suppress(aws_errors.ProfileNotFound):
            return {
                key: value for key, value in self._session(name).get_scoped_config().items() if isinstance(value, str)
            }
        return {}


def _login_password(answer: dict[str, Any]) -> str:
    """The password inside the token (API references, AuthorizationData: base64 of `user:password`): ECR gives a list of
    them, ECR Public one.
    """
    told = answer["authorizationData"]
    data = told[0] if isinstance(told, list) else told
    return base64.b64decode(data["authorizationToken"]).decode().partition(":")[2]


def _parameters(shape: Any, options: Mapping[str, str], folder: Path, command: str) -> dict[str, Any]:
    members = {xform_name(name, "-"): (name, member) for name, member in (shape.members if shape else {}).items()}
    required = {xform_name(name, "-") for name in (shape.required_members if shape else ())}
    parameters = {}
    for option, text in options.items():
        if option not in members:
            kind = UnknownOptionError if option in _INSTEAD or required <= options.keys() else CommandError
            raise kind(f"`{command}` não tem a opção --{option}.", f"Unknown options: --{option}", f"{command} help")
        name, member = members[option]
        if text == "true" and member.type_name != "boolean":
            raise UnknownOptionError(
                f"A opção --{option} pede um valor.", f"--{option}: expected one argument", f"{command} help"
            )
        parameters[name] = _value(member.type_name, text, folder)
    return parameters


def _value(kind: str, text: str, folder: Path) -> Any:
    if text.startswith("file://"):
        try:
            text = (folder / text.removeprefix("file://")).read_text("utf-8")
        except OSError as error:
            raise CommandError(
                "O arquivo citado no comando não pôde ser lido.",
                f"Unable to load paramfile {text}: {error.strerror}",
                "pwd && ls aws",
            ) from error
    if kind in ("structure", "list", "map"):
        if "=" in text and text.lstrip()[:1] not in ("[", "{"):
            raise UnknownOptionError("O valor é da escrita curta do AWS CLI.", text)  # Name=value,Other=value
        try:
            return json.loads(text)
        except ValueError as error:
            if kind == "list" and text.lstrip()[:1] not in ("[", "{"):
                return text.split()
            raise CommandError("O valor não é um JSON válido.", f"Invalid JSON: {error}", "") from error
    if kind in ("integer", "long"):
        return int(text)
    return text == "true" if kind == "boolean" else text


@contextlib.contextmanager
def _translated(service: str) -> Iterator[None]:
    """Turn what botocore raises into errors a learner can act on, with the CLI's own words as the observation."""
    try:
        yield
    except LabError:
        raise
    except aws_errors.ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        explanation = explain(str(error), [service])
        what = explanation.after(f"A AWS ({service}) recusou.")
        raise CloudError(what, str(error), explanation.next_command, code) from error
    except ResponseParserError as error:  # no BotoCoreError
        raise CloudError(
            f"A AWS ({service}) respondeu algo que não se entende.",
            str(error)[:300],
            "python3 -m labs status",
            type(error).__name__,
        ) from error
    except (aws_errors.BotoCoreError, ValueError) as error:
        explanation = explain(str(error), [service])
        what = explanation.what or explanation.after("A requisição não chegou à AWS.")
        raise CloudError(what, str(error), explanation.next_command, type(error).__name__) from error
