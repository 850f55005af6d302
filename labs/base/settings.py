"""Where everything of the lab lives, and the environment that makes a terminal the lab's.

Read once with `Settings.load()`; frozen afterwards. The only place that knows the state folder's layout.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, get_type_hints

from labs.base.errors import LabError, StateError
from labs.base.files import write_atomic
from labs.base.foreign import PROGRAMS, past_the_proxy, with_programs_first, without_labs
from labs.base.reference import DOCKER_HUB, ECR_PUBLIC

CLONE = Path(__file__).resolve().parents[2]
DEFAULT_ACCOUNT = "123456789012"  # the account number that AWS's own documentation uses
DEFAULT_REGION = "us-east-2"
DEFAULT_HUB_USER = "aluno"
ECR_PUBLIC_REGION = "us-east-1"
"""The one region of ECR Public's logins (ECR Public user guide, "Registry authentication")."""
ECR_PUBLIC_ALIAS = "a1b2c3d4"
"""What a name in ECR Public begins with: each account has its own, this one is the sandbox's."""
SANDBOX, LIVE = "sandbox", "live"
"""The targets: the registries and AWS of the kit, or the real Docker Hub and AWS."""
BASE_IMAGE, FALLBACK_BASE_IMAGE = "labs/python-base:3", "python:3.13-slim"
"""What `widget-server` is built from: made of this machine's packages, or pulled where there is no apt."""
HUB_USER_RULE = re.compile(r"[a-z0-9]{4,30}")
"""Docker Hub's rule for a Docker ID: 4 to 30 lower-case letters and digits."""


@dataclass(frozen=True)
class Ports:
    """Loopback ports of the sandbox; 0 means not chosen yet."""

    hub: int = 0
    ecr: int = 0
    aws: int = 0
    ecr_public: int = 0
    names: int = 0
    """Where the lab's own engine finds the registries by their real-life names (`gateway/real_names.py`)."""

    @property
    def of_registries(self) -> tuple[int, ...]:
        """Those that an engine talks to."""
        return self.hub, self.ecr, self.ecr_public


@dataclass(frozen=True)
class Live:
    """The learner's own accounts: names only, no secret.

    Attributes:
        email: who is told by the budget's alerts.
        start_url: address of the access portal of IAM Identity Center; empty where the learner has none.
    """

    hub_user: str
    account: str
    region: str
    email: str
    start_url: str = ""


FIRST_PORT, PORTS = 3000, 6
"""The host ports of the course's containers, as its texts say them: 3000 to 3005."""
STORED = {"hub_user": str, "account": str, "region": str, "ports": dict, "engine_host": str, "first_port": int}
"""The fields of `settings.json`."""


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
    first_port: int = FIRST_PORT
    """The first of the host ports that the course's containers get on this machine."""
    live: Live | None = None
    """The accounts of the live target, where that is the chosen one. The names above are then theirs."""
    own: tuple[str, str, str] = ("", "", "")
    """`hub_user`, `account` and `region` of the sandbox, while the live target is chosen."""
    beside_live: bool = False
    """These are the sandbox's while the live target is chosen: the real-life names are then the services' own."""

    @classmethod
    def load_or_defaults(cls, report: Callable[[str], None]) -> Settings:
        """Stopping, erasing and diagnosing work with a damaged settings file too; what is wrong with it is reported."""
        try:
            return cls.load()
        except LabError as error:
            report(str(error))
            return cls(home=default_home())

    @classmethod
    def load(cls, home: Path | None = None) -> Settings:
        """The settings of the chosen target: `settings.json`, and `live/target.json` over it; defaults without them.

        Raises:
            StateError: a file exists and is not what the kit writes.
        """
        sandboxed = cls._load_sandbox(home or default_home())
        path = sandboxed.live_file
        try:
            live, chosen = read_live(path)
            return sandboxed.aimed_at(live) if chosen else sandboxed
        except FileNotFoundError:
            return sandboxed
        except (OSError, ValueError) as error:
            raise StateError(
                "A escolha das suas contas de verdade está danificada ou não pode ser lida.",
                f"{path}: {error}",
                f"mv '{path}' '{path}.danificado' && python3 -m labs.target",
            ) from error

    @classmethod
    def _load_sandbox(cls, home: Path) -> Settings:
        path = home / "settings.json"
        try:
            stored = _typed(json.loads(path.read_text("utf-8")), STORED)
            ports = _typed(stored.pop("ports"), get_type_hints(Ports), "ports.")
            return cls(home=home, ports=Ports(**ports), **stored)
        except FileNotFoundError:
            return cls(home=home)
        except (OSError, ValueError, KeyError) as error:
            raise StateError(
                "O arquivo de configuração do laboratório está danificado ou não pode ser lido.",
                f"{path}: {error}",
                f"mv '{path}' '{path}.danificado' && python3 -m labs up",
            ) from error

    def save(self) -> Settings:
        """Write `settings.json` atomically: what concerns the sandbox (`labs/live/accounts.py` writes the rest).

        Returns self.

        Raises:
            StateError: the state folder cannot be written.
        """
        stored = {name: value for name, value in asdict(self.sandboxed()).items() if name in STORED}
        write_atomic(self.home / "settings.json", json.dumps(stored, indent=2) + "\n")
        return self

    def with_changes(self, **changes: Any) -> Settings:
        """A copy with some fields changed (not saved)."""
        return replace(self, **changes)

    @property
    def private_engine(self) -> str:
        """`DOCKER_HOST` of this lab's private engine."""
        return f"unix://{self.run / 'docker.sock'}"

    @property
    def has_private_engine(self) -> bool:
        """Whether the chosen engine is this lab's own: only that one may be stopped or emptied."""
        return self.engine_host == self.private_engine

    @property
    def names_proxy(self) -> str:
        """URL of the proxy by which the lab's own engine finds real-life names in the sandbox; "" where it finds the
        services themselves.
        """
        return self.sandboxs_proxy if self.has_real_names and not self.live else ""

    @property
    def sandboxs_proxy(self) -> str:
        """The same, whatever the target is."""
        return f"http://127.0.0.1:{self.ports.names}"

    @property
    def base_image(self) -> str:
        """What `widget-server` is built from, by the name that this lab's texts and Dockerfiles say."""
        return FALLBACK_BASE_IMAGE if self.names_proxy else BASE_IMAGE

    def course_port(self, port: int) -> int:
        """The host port on this machine that the course's texts call `port`."""
        return port - FIRST_PORT + self.first_port

    def answered_ports(self) -> tuple[int, ...]:
        """The loopback ports of this machine on which the course's containers and the sandbox's parts answer."""
        course = range(self.first_port, self.first_port + PORTS)
        parts = (*self.ports.of_registries, self.ports.aws)
        return (*course, *(port for port in parts if port))

    # Targets -----------------------------------------------------------------------------------

    @property
    def target(self) -> str:
        """`sandbox` or `live`."""
        return LIVE if self.live else SANDBOX

    def aimed_at(self, live: Live) -> Settings:
        """These settings with the live target's accounts in place of the sandbox's."""
        own = self.own if self.live else (self.hub_user, self.account, self.region)
        return replace(self, hub_user=live.hub_user, account=live.account, region=live.region, live=live, own=own)

    def sandboxed(self) -> Settings:
        """These settings as the sandbox's own parts need them, whatever target is chosen."""
        if not self.live:
            return self
        hub_user, account, region = self.own
        sandboxs = replace(self, hub_user=hub_user, account=account, region=region)
        return replace(sandboxs, live=None, own=("", "", ""), beside_live=True)

    @property
    def live_folder(self) -> Path:
        """All that belongs to the live target: logins, profiles, secrets, progress."""
        return self.home / "live"

    @property
    def live_file(self) -> Path:
        """The chosen accounts, written by `labs/live/accounts.py`."""
        return self.live_folder / "target.json"

    @property
    def place(self) -> str:
        """Where repositories, users and budgets are made now, as the ledger names it."""
        return f"{LIVE}:{self.account}/{self.region}/{self.hub_user}" if self.live else SANDBOX

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
    def learner_secrets(self) -> Path:
        """The secrets of the chosen target's accounts: those of the live ones stand apart."""
        return self.live_folder / "secrets" if self.live else self.secrets

    @property
    def hub_token_file(self) -> Path:
        """The Hub account's access token, nothing else in the file."""
        return self.learner_secrets / "hub-token"

    @property
    def progress_file(self) -> Path:
        """What was proven, of the chosen target: a proof of the sandbox says nothing about a real account."""
        return (self.live_folder if self.live else self.home) / "progress.json"

    @property
    def certificate_file(self) -> Path:
        """The page that `labs.certificate` writes."""
        return self.home / "certificado.html"

    @property
    def certificate_key_file(self) -> Path:
        """The key that signs it, made once: the lab's, whatever the target is."""
        return self.secrets / "certificate-key"

    @property
    def on_call_file(self) -> Path:
        """The clinic's shift that goes on (`labs/running/on_call.py`)."""
        return self.home / "on-call.json"

    @property
    def class_folder(self) -> Path:
        """What is said between the learner and who gives a class (`labs/running/situation.py`)."""
        return self.home / "class"

    @property
    def run(self) -> Path:
        """Sockets and pid files; short, since a Unix socket's path holds 107 bytes (unix(7))."""
        return self.home / "run"

    @property
    def sandbox(self) -> Path:
        """Data of the sandbox's parts: engine, hub, ecr, gateway, logs, tools, cache."""
        return self.home / "sandbox"

    @property
    def gateway_events(self) -> Path:
        """What the gateway saw, a line for each event."""
        return self.sandbox / "gateway" / "events.jsonl"

    @property
    def typed(self) -> Path:
        """Written by the lab's terminals after each command: its time says that somebody typed."""
        return self.run / "typed"

    @property
    def docker_config(self) -> Path:
        return (self.live_folder if self.live else self.home) / "docker"

    @property
    def curl_home(self) -> Path:
        """Where curl looks for its file first (curl(1), `--config`); `up` puts an empty one there."""
        return self.home / "curl"

    @property
    def aws_config_file(self) -> Path:
        return (self.live_folder if self.live else self.home) / "aws" / "config"

    @property
    def aws_credentials_file(self) -> Path:
        return (self.live_folder if self.live else self.home) / "aws" / "credentials"

    @property
    def programs(self) -> Path:
        """The lab's own front of a program of the machine, first on its terminals' PATH: `docker`."""
        return self.home / PROGRAMS

    @property
    def authority_file(self) -> Path:
        """The certificate authority that the lab's own engine trusts alone."""
        return self.sandbox / "authority.pem"

    @property
    def authority_key_file(self) -> Path:
        """Its key."""
        return self.secrets / "authority-key.pem"

    @property
    def admin_socket(self) -> Path:
        """The gateway's administration socket, for the kit alone."""
        return self.run / "admin.sock"

    @property
    def names_socket(self) -> Path:
        """Where the gateway answers over TLS, behind its proxy for real-life names."""
        return self.run / "names.sock"

    @property
    def tunnel_socket(self) -> Path:
        """Where the tunnel to the engine says that it stands, where the engine needs one."""
        return self.run / "tunnel.sock"

    # Addresses ---------------------------------------------------------------------------------

    @property
    def has_real_names(self) -> bool:
        """Whether images bear the names that they have in real life: live they do, and in the sandbox where the engine
        is the lab's own, which finds those names at the gateway. Another engine knows the sandbox by its ports alone.
        """
        if self.live:
            return True
        return self.has_private_engine and self.ports.names != 0 and not self.beside_live

    @property
    def hub_registry(self) -> str:
        """What stands for Docker Hub in a name: its own, which may be left out, or the sandbox's host:port."""
        return DOCKER_HUB if self.has_real_names else f"127.0.0.1:{self.ports.hub}"

    @property
    def hub_place(self) -> str:
        """How names of the learner's images on the Hub begin, as an engine lists them."""
        return self.hub_user if self.has_real_names else f"{self.hub_registry}/{self.hub_user}"

    @property
    def ecr_registry(self) -> str:
        """ECR's address in a name: its own, or the sandbox's host:port."""
        return self.real_ecr if self.has_real_names else f"127.0.0.1:{self.ports.ecr}"

    @property
    def ecr_public_registry(self) -> str:
        """ECR Public's address in a name: its own, or the sandbox's host:port."""
        return ECR_PUBLIC if self.has_real_names else f"127.0.0.1:{self.ports.ecr_public}"

    @property
    def real_ecr(self) -> str:
        """ECR's own address (ECR user guide, "Private registries")."""
        return f"{self.account}.dkr.ecr.{self.region}.amazonaws.com"

    def registry_url(self, registry: str) -> str:
        """Where the kit itself reads a registry of the target: the sandbox's by its port, whatever its name is; ""
        where that is the name itself.
        """
        if self.live:
            return ""
        ports = {"hub": self.ports.hub, "ecr": self.ports.ecr, "ecr-public": self.ports.ecr_public}
        return f"http://127.0.0.1:{ports[self.registries[registry]]}"

    @property
    def registries(self) -> dict[str, str]:
        """The target's registries by address: `hub`, `ecr`, `ecr-public`, as a command's registry is told."""
        return {self.hub_registry: "hub", self.ecr_registry: "ecr", self.ecr_public_registry: "ecr-public"}

    @property
    def aws_endpoint(self) -> str:
        """URL of the sandbox's AWS API."""
        return f"http://127.0.0.1:{self.ports.aws}"

    def environment(self, base: Mapping[str, str] | None = None) -> dict[str, str]:
        """The variables that make a terminal the lab's. `base` gives the PATH to extend (default: `os.environ`)."""
        base = os.environ if base is None else base
        path = without_labs(base.get("PATH", os.defpath))
        if sys.prefix != sys.base_prefix:  # bare Python has nothing of the lab's beside it
            path = with_programs_first(path, str(Path(sys.prefix) / "bin"))
        if self.names_proxy:
            path = with_programs_first(path, str(self.programs))
        variables = {
            "LABS_HOME": str(self.home),
            "DOCKER_CONFIG": str(self.docker_config),
            "AWS_CONFIG_FILE": str(self.aws_config_file),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.aws_credentials_file),
            "AWS_ACCOUNT_ID": self.account,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
            "BOTO_CONFIG": os.devnull,
            # A provenance has the time in it: with one, two equal builds are two images in containerd's store.
            "BUILDX_NO_DEFAULT_ATTESTATIONS": "1",
            "CURL_HOME": str(self.curl_home),
            "HUB_REGISTRY": self.hub_registry,
            "HUB_USER": self.hub_user,
            "HUB_API": "https://hub.docker.com" if self.live else f"http://127.0.0.1:{self.ports.hub}/api",
            "HUB_TOKEN_FILE": str(self.hub_token_file),
            "HUB_NETRC": str(self.secrets / "hub-netrc"),
            "ECR_REGISTRY": self.ecr_registry,
            "ECR_PUBLIC_REGISTRY": self.ecr_public_registry,
            "ECR_PUBLIC_ALIAS": ECR_PUBLIC_ALIAS,
            "LAB_SECRETS": str(self.learner_secrets),
            "LAB_WORK": str(self.work),
            "LABS_TARGET": self.target,
            "PYTHONPATH": str(CLONE),
            "PATH": path,
            **past_the_proxy(base),
        }
        if not self.live:
            variables["AWS_ENDPOINT_URL"] = self.aws_endpoint
        if self.engine_host:
            variables["DOCKER_HOST"] = self.engine_host
        return variables


def read_live(path: Path) -> tuple[Live, bool]:
    """The live accounts as `target.json` holds them, and whether they are the chosen target.

    Raises:
        OSError: the file is not there, or cannot be read.
        ValueError: it is not what the kit writes; the text names the field.
    """
    stored = _typed(json.loads(path.read_text("utf-8")), {**get_type_hints(Live), "chosen": bool})
    try:
        chosen = stored.pop("chosen")
        return Live(**stored), chosen
    except (KeyError, TypeError) as error:
        raise ValueError(f"falta um campo: {error}") from error


def _typed(table: Any, kinds: Mapping[str, type], where: str = "") -> dict[str, Any]:
    """A JSON object whose values have these types; by hand, since the bare verbs have the standard library alone.

    Raises:
        ValueError: a field has another type, or is none; the text names it.
    """
    if not isinstance(table, dict):
        raise ValueError(f"`{where.rstrip('.') or 'arquivo'}`: esperado um objeto JSON")
    for name, value in table.items():
        if name not in kinds:
            raise ValueError(f"campo desconhecido: `{where}{name}`")
        if type(value) is not kinds[name]:
            raise ValueError(f"`{where}{name}`: esperado `{kinds[name].__name__}`, e veio `{type(value).__name__}`")
    return table


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
