"""A gateway process of the tests' own, real registries behind it, and a small client that pushes without Docker."""

from __future__ import annotations

import hashlib
import json
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
import requests

from labs.base.settings import CLONE, Ports, Settings
from labs.sandbox import parts
from labs.sandbox.gateway.memory.console_session import write_console_profile
from labs.sandbox.registry_program import registry_program as find_registry_program
from labs.seams.cloud import AwsCloud
from labs.seams.gateway_admin import GatewayAdmin

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
ENGINE = {"User-Agent": "docker/20.10.24 go/go1.19.8 os/linux arch/amd64 UpstreamClient(Docker-Client/20.10.24)"}
Auth = tuple[str, str] | None


def poll(what: str, look: Callable[[], Any], seconds: float = 60.0) -> Any:
    """Look until the result is true; fails with the last thing seen."""
    until, last = time.monotonic() + seconds, None
    while time.monotonic() < until:
        if last := look():
            return last
        time.sleep(0.01)
    raise AssertionError(f"{what}: not within {seconds} s, last {last!r}")


class Lab:
    """One state folder with a gateway and two registries."""

    def __init__(self, home: Path, program: Path) -> None:
        held = [socket.create_server(("127.0.0.1", 0)) for _ in range(4)]
        hub, ecr, aws, ecr_public = (one.getsockname()[1] for one in held)
        for one in held:
            one.close()
        self.settings = Settings(home=home, ports=Ports(hub=hub, ecr=ecr, aws=aws, ecr_public=ecr_public)).save()
        self.admin = GatewayAdmin(self.settings)
        self.cloud = AwsCloud(self.settings)
        self.hub, self.ecr, self.ecr_public = (f"http://127.0.0.1:{port}" for port in (hub, ecr, ecr_public))
        self.http = requests.Session()
        self.http.trust_env = False
        self._program = program
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    # Processes ---------------------------------------------------------------------------------

    def start(self) -> None:
        for folder in (self.settings.run, self.settings.sandbox, self.settings.secrets):
            folder.mkdir(parents=True, exist_ok=True)
        write_console_profile(self.settings)
        for name in parts.REGISTRIES:
            self.start_registry(name)
        self.start_gateway()

    def start_registry(self, name: str) -> None:
        config = parts.write_registry_config(self.settings, name)
        (self.settings.run / f"{name}.sock").unlink(missing_ok=True)
        self._spawn(name, [str(self._program), "serve", str(config)])

    def start_gateway(self, *, wait: bool = True) -> None:
        self._spawn("gateway", [sys.executable, "-m", "labs.sandbox.gateway"])
        if wait:
            self.healthy()

    def healthy(self) -> None:
        poll("a healthy gateway", lambda: self._alive("gateway") and self.admin.health())

    def _alive(self, name: str) -> bool:
        code = self._processes[name].poll()
        assert code is None, f"{name} ended with {code}: {self.log(name)}"
        return True

    def log(self, name: str) -> str:
        return (self.settings.home / f"{name}.log").read_text(errors="replace")[-3000:]

    def _spawn(self, name: str, command: list[str]) -> None:
        environment = {
            **parts.clean_environment(self.settings),
            "LABS_HOME": str(self.settings.home),
            "PYTHONPATH": str(CLONE),
        }
        with (self.settings.home / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment
            )

    def end(self, name: str = "gateway", number: int = signal.SIGKILL) -> int:
        process = self._processes[name]
        process.send_signal(number)
        return process.wait(10)

    def pid(self, name: str = "gateway") -> int:
        return self._processes[name].pid

    def stop(self) -> None:
        self.http.close()
        for process in self._processes.values():
            with suppress(ProcessLookupError):
                process.kill()
            process.wait(10)

    # Client ------------------------------------------------------------------------------------

    def hub_token(self, scope: str, auth: Auth = None) -> requests.Response:
        return self.http.get(f"{self.hub}/token", params={"scope": scope, "service": "registry.docker.io"}, auth=auth)

    def bearer(self, name: str, auth: Auth = None, actions: str = "pull,push") -> dict[str, str]:
        token = self.hub_token(f"repository:{name}:{actions}", auth).json()["token"]
        return {"Authorization": f"Bearer {token}"}

    def password(self, profile: str = "console", region: str = "") -> tuple[str, str]:
        import base64

        token = self.cloud.client("ecr", profile, region).get_authorization_token()["authorizationData"][0]
        user, _, password = base64.b64decode(token["authorizationToken"]).decode().partition(":")
        return user, password

    def push(
        self, base: str, name: str, tag: str, data: bytes, *, headers: dict[str, str] | None = None, auth: Auth = None
    ) -> requests.Response:
        """Push an image of one layer; returns the first answer that is no success, else the manifest's."""
        blobs = (b'{"architecture":"amd64","os":"linux","made":"' + data[:8].hex().encode() + b'"}', data)
        for blob in blobs:
            reply = self.push_blob(base, name, blob, headers, auth)
            if reply.status_code != 201:
                return reply
        url = f"{base}/v2/{name}/manifests/{tag}"
        kind = {"Content-Type": MANIFEST, **(headers or {})}
        return self.http.put(url, data=manifest(*blobs), headers=kind, auth=auth)

    def push_blob(self, base: str, name: str, blob: bytes, headers: Any, auth: Auth) -> requests.Response:
        reply = self.http.post(f"{base}/v2/{name}/blobs/uploads/", headers=headers, auth=auth)
        if reply.status_code != 202:
            return reply
        assert reply.headers["Location"].startswith(f"{base}/"), "the client must stay on the gateway"
        parts_of_it = (blob[at : at + 65536] for at in range(0, len(blob), 65536))
        reply = self.http.patch(reply.headers["Location"], data=parts_of_it, headers=headers, auth=auth)
        digest = {"digest": digest_of(blob)}
        return self.http.put(reply.headers["Location"], params=digest, headers=headers, auth=auth)

    def events(self, since: int = 0, **wanted: Any) -> list[dict[str, Any]]:
        """Events whose fields are as given."""
        found = self.admin.events(since)
        return [one for one in found if all(one[name] == value for name, value in wanted.items())]

    def last(self) -> int:
        return max((event["seq"] for event in self.admin.events()), default=0)

    def user(self, name: str, actions: list[str] | None = None, resource: str = "*") -> dict[str, str]:
        """Make an IAM user with one access key, as a profile of its name."""
        from labs.seams.aws_files import write_profile

        iam = self.cloud.client("iam", "console")
        iam.create_user(UserName=name)
        if actions is not None:
            statement = [{"Effect": "Allow", "Action": actions, "Resource": resource}]
            document = json.dumps({"Version": "2012-10-17", "Statement": statement})
            iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        kept = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
        write_profile(self.settings, name, kept, {"region": "us-east-2", "output": "json"})
        return kept


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def manifest(config: bytes, *layers: bytes) -> bytes:
    def part(kind: str, blob: bytes) -> dict[str, Any]:
        return {"mediaType": kind, "size": len(blob), "digest": digest_of(blob)}

    content = {"schemaVersion": 2, "mediaType": MANIFEST, "config": part(CONFIG, config)}
    return json.dumps({**content, "layers": [part(LAYER, layer) for layer in layers]}).encode()


def image_of(data: bytes) -> bytes:
    """The manifest that `Lab.push` makes of this layer."""
    return manifest(b'{"architecture":"amd64","os":"linux","made":"' + data[:8].hex().encode() + b'"}', data)


@pytest.fixture(scope="session")
def registry_program(lab_homes: Path) -> Path:
    """The CNCF registry: from the PATH, else from Debian's package, fetched once for the whole run."""
    return find_registry_program(Settings(home=lab_homes / "registry"), print)


@pytest.fixture(scope="module")
def gateway(lab_homes: Path, registry_program: Path) -> Iterator[Lab]:
    """A running gateway with two Hub accounts: aluno and acme."""
    with ExitStack() as stack:
        home = Path(tempfile.mkdtemp(prefix="gw-", dir=lab_homes))
        stack.callback(shutil.rmtree, home)
        lab = Lab(home, registry_program)
        stack.callback(lab.stop)
        lab.start()
        for name in ("aluno", "acme"):
            lab.admin.hub_account(name, f"token-{name}")
        yield lab
