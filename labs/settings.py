"""Where everything of the lab lives, and the environment that makes a terminal the lab's.

Read once with `Settings.load()`; frozen afterwards. The only place that knows the state folder's layout.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from labs.errors import StateError

CLONE = Path(__file__).resolve().parent.parent
DEFAULT_ACCOUNT = "123456789012"  # the account number that AWS's own documentation uses
DEFAULT_REGION = "us-east-2"
DEFAULT_HUB_USER = "aluno"
FOREIGN_VARIABLES = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_DEFAULT_OUTPUT",
    "AWS_ROLE_ARN",
    "AWS_CA_BUNDLE",
    "DOCKER_CONTEXT",
)
"""Variables of the machine that would win over the lab's own files; a lab terminal unsets them."""
LIVE = "live"
"""The target that is the real Docker Hub and AWS; the other is `sandbox`."""
HUB_USER_RULE = re.compile(r"[a-z0-9]{4,30}")
"""Docker Hub's rule for a Docker ID: 4 to 30 lower-case letters and digits."""


@dataclass(frozen=True)
class Ports:
    """Loopback ports of the sandbox; 0 means not chosen yet."""

    hub: int = 0
    ecr: int = 0
    aws: int = 0


@dataclass(frozen=True)
class Settings:
    """What was decided for one lab: its folder, its account names, its addresses."""

    home: Path
    hub_user: str = DEFAULT_HUB_USER
    account: str = DEFAULT_ACCOUNT
    region: str = DEFAULT_REGION
    ports: Ports = field(default_factory=Ports)
    engine_host: str = ""
    """`DOCKER_HOST` of the engine in use, decided at `up`; empty before."""

    @classmethod
    def load(cls, home: Path | None = None) -> Settings:
        """Read `settings.json` of the state folder; defaults where it does not exist.

        Raises:
            StateError: the file exists and is not what `save` writes.
        """
        home = home or default_home()
        path = home / "settings.json"
        try:
            stored: dict[str, Any] = json.loads(path.read_text("utf-8"))
            return cls(home=home, ports=Ports(**stored.pop("ports")), **stored)
        except FileNotFoundError:
            return cls(home=home)
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise StateError(
                "O arquivo de configuração do laboratório está danificado ou não pode ser lido.",
                f"{path}: {error}",
                f"mv '{path}' '{path}.danificado' && python3 -m labs up",
            ) from error

    def save(self) -> Settings:
        """Write `settings.json` atomically; returns self.

        Raises:
            StateError: the state folder cannot be written.
        """
        stored = {name: value for name, value in asdict(self).items() if name != "home"}
        write_atomic(self.home / "settings.json", json.dumps(stored, indent=2) + "\n")
        return self

    def with_changes(self, **changes: Any) -> Settings:
        """A copy with some fields changed (not saved)."""
        return replace(self, **changes)

    # Folders and files -------------------------------------------------------------------------

    @property
    def work(self) -> Path:
        """The learner's working copies: `notebooks/` and `widget-server/`."""
        return self.home / "work"

    @property
    def secrets(self) -> Path:
        """Files with passwords and keys: 0600 in a 0700 folder."""
        return self.home / "secrets"

    @property
    def hub_token_file(self) -> Path:
        """The Hub account's access token, nothing else in the file."""
        return self.secrets / "hub-token"

    @property
    def run(self) -> Path:
        """Sockets and pid files; short, since a Unix socket's path holds 107 bytes (unix(7))."""
        return self.home / "run"

    @property
    def sandbox(self) -> Path:
        """Data of the sandbox's parts: engine, hub, ecr, gateway, logs, tools, cache."""
        return self.home / "sandbox"

    @property
    def docker_config(self) -> Path:
        return self.home / "docker"

    @property
    def aws_config_file(self) -> Path:
        return self.home / "aws" / "config"

    @property
    def aws_credentials_file(self) -> Path:
        return self.home / "aws" / "credentials"

    @property
    def admin_socket(self) -> Path:
        """The gateway's administration socket, for the kit alone."""
        return self.run / "admin.sock"

    @property
    def place(self) -> str:
        """Where repositories, users and budgets are made now, as the ledger names it."""
        return "sandbox"

    # Addresses ---------------------------------------------------------------------------------

    @property
    def hub_registry(self) -> str:
        """host:port of the Hub registry."""
        return f"127.0.0.1:{self.ports.hub}"

    @property
    def ecr_registry(self) -> str:
        """host:port of the ECR registry."""
        return f"127.0.0.1:{self.ports.ecr}"

    @property
    def aws_endpoint(self) -> str:
        """URL of the AWS API."""
        return f"http://127.0.0.1:{self.ports.aws}"

    def environment(self, base: Mapping[str, str] | None = None) -> dict[str, str]:
        """The variables that make a terminal the lab's. `base` gives the PATH to extend (default: `os.environ`)."""
        path = (base if base is not None else os.environ).get("PATH", os.defpath)
        programs = str(Path(sys.prefix) / "bin")
        if programs not in path.split(os.pathsep):
            path = f"{programs}{os.pathsep}{path}"
        variables = {
            "LABS_HOME": str(self.home),
            "DOCKER_CONFIG": str(self.docker_config),
            "AWS_CONFIG_FILE": str(self.aws_config_file),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.aws_credentials_file),
            "AWS_ENDPOINT_URL": self.aws_endpoint,
            "AWS_ACCOUNT_ID": self.account,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
            "HUB_REGISTRY": self.hub_registry,
            "HUB_USER": self.hub_user,
            "HUB_API": f"http://{self.hub_registry}/api",
            "HUB_TOKEN_FILE": str(self.hub_token_file),
            "HUB_NETRC": str(self.secrets / "hub-netrc"),
            "ECR_REGISTRY": self.ecr_registry,
            "LAB_SECRETS": str(self.secrets),
            "PYTHONPATH": str(CLONE),
            "PATH": path,
        }
        if self.engine_host:
            variables["DOCKER_HOST"] = self.engine_host
        return variables


def default_home() -> Path:
    """`LABS_HOME`, else the platform's folder for a user's data (XDG base directory specification on Linux)."""
    if chosen := os.environ.get("LABS_HOME"):
        return Path(chosen).expanduser().absolute()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "registry-labs"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", str(Path.home()))) / "registry-labs"
    data = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(data) / "registry-labs"


def write_atomic(path: Path, text: str, mode: int = 0o600) -> None:
    """Write a whole file or nothing, durably: a reader never sees half of it, and a power cut leaves old or new.

    Raises:
        StateError: the folder cannot be written, or the disk is full.
    """
    temporary = ""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except OSError as error:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        raise StateError(
            "Não consegui gravar na pasta de estado do laboratório.",
            f"{path}: {error.strerror or error}",
            f"df -h '{path.parent}' && ls -ld '{path.parent}'",
        ) from error
