"""What every hostile test asserts afterwards, and a client that speaks bytes, signs anything, and never re-tries."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import HealthCheck, Phase, settings

from labs.base.settings import Settings
from labs.sandbox.gateway.memory.console_session import console_credentials
from labs.seams.unix_http import request

from ..sandbox.gateway_kit import Lab, digest_of

ACCOUNT = "123456789012"
ALUNO, ACME = ("aluno", "token-aluno"), ("acme", "token-acme")
TARGETS = {"ecr": "AmazonEC2ContainerRegistry_V20150921", "budgets": "AWSBudgetServiceGateway"}
MOST_KIB = 200 * 1024
"""Resident memory that no input may push the gateway beyond; idle it has some 85 MB."""
EXAMPLES = int(os.environ.get("LABS_HOSTILE_EXAMPLES", "25"))
bounded = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),  # an example costs a real request: show the first that fails
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
"""Hypothesis for tests that talk to a process: few examples, the same in every run."""
tally: dict[str, int] = {"inputs": 0}


@dataclass(frozen=True)
class Said:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")


class Attacker:
    """Requests as a hostile client makes them."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.ports = lab.settings.ports

    def raw(self, port: int, data: bytes, *, hang_up: bool = False, seconds: float = 10.0) -> bytes:
        """Send bytes and read all until the gateway closes; with `hang_up` after closing our side first."""
        tally["inputs"] += 1
        received = bytearray()
        with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
            try:
                connection.sendall(data)
                if hang_up:
                    connection.shutdown(socket.SHUT_WR)
                while chunk := connection.recv(65536):
                    received += chunk
            except (ConnectionResetError, BrokenPipeError):
                pass
        return bytes(received)

    def http(
        self, port: int, method: str, target: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Said:
        """One exchange, written without any client's own checks of the target or the headers."""
        sent = {"Host": f"127.0.0.1:{port}", "Content-Length": str(len(body)), "Connection": "close", **(headers or {})}
        lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items())]
        head = "\r\n".join(lines).encode("utf-8", "surrogateescape")
        return parse(self.raw(port, head + b"\r\n\r\n" + body))

    def hub(self, method: str, target: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Said:
        return self.http(self.ports.hub, method, target, body, headers)

    def ecr(self, method: str, target: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Said:
        return self.http(self.ports.ecr, method, target, body, headers)

    def aws(
        self, service: str, action: str, body: bytes, *, change: Callable[[dict[str, str]], None] | None = None
    ) -> Said:
        """A request signed by the console session; `change` spoils the headers after the signing."""
        form = service in ("iam", "sts")
        headers = {"Content-Type": "application/x-www-form-urlencoded" if form else "application/x-amz-json-1.1"}
        if not form:
            headers["X-Amz-Target"] = f"{TARGETS[service]}.{action}"
        made = AWSRequest("POST", f"http://127.0.0.1:{self.ports.aws}/", data=body, headers=headers)
        known = console_credentials(self.lab.settings)
        session = Credentials(
            *(known[f"aws_{name}"] for name in ("access_key_id", "secret_access_key", "session_token"))
        )
        SigV4Auth(session, service, "us-east-2").add_auth(made)
        signed = {name: str(value) for name, value in made.headers.items()}
        if change:
            change(signed)
        return self.http(self.ports.aws, "POST", "/", body, signed)

    def admin(self, method: str, target: str, body: bytes = b"") -> Said:
        tally["inputs"] += 1
        reply = request(f"unix://{self.lab.settings.admin_socket}", method, target, body=body or None)
        return Said(reply.status, dict(reply.headers), reply.body)

    def resident_kib(self) -> int:
        with open(f"/proc/{self.lab.pid()}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def parse(received: bytes) -> Said:
    """An HTTP answer; status 0 where there was none."""
    head, _, body = received.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1."):
        return Said(0, {}, received)
    lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
    return Said(int(lines[0].split()[1]), {name.lower(): value for name, value in headers.items()}, body)


def assert_registry_form(said: Said) -> None:
    """Below 500, and an error is the distribution specification's JSON."""
    assert 0 < said.status < 500, said
    if said.status >= 400 and said.body and "json" in said.headers.get("content-type", ""):
        content = json.loads(said.body)
        assert content.get("errors") or content.keys() & {"details", "message", "detail", "is_private", "error"}, said


def assert_aws_form(said: Said) -> None:
    """Below 500, and an error names its code in the service's protocol."""
    assert 0 < said.status < 500, said
    if said.status < 400:
        return
    if "xml" in said.headers["content-type"]:
        assert ElementTree.fromstring(said.body).find(".//{*}Code") is not None, said
    else:
        content = json.loads(said.body)
        assert content.get("__type") or content.get("error") or content.get("errors") or "message" in content, said


def picture(lab: Lab) -> dict[str, Any]:
    """Everything that the APIs show of the state, without times of use."""
    iam, ecr, budgets = (lab.cloud.client(name, "console") for name in ("iam", "ecr", "budgets"))
    names = [one["repositoryName"] for one in ecr.describe_repositories()["repositories"]]
    return {
        "users": [user["UserName"] for user in iam.list_users()["Users"]],
        "images": {name: images(ecr, name) for name in names},
        "budgets": budgets.describe_budgets(AccountId=ACCOUNT).get("Budgets", []),
        "hub": {user: hub_tags(lab, user, token) for user, token in (ALUNO, ACME)},
        "clock": lab.admin.clock()["offset_seconds"],
    }


def images(ecr: Any, name: str) -> list[tuple[str, int, list[str]]]:
    found = ecr.describe_images(repositoryName=name)["imageDetails"]
    return sorted((one["imageDigest"], one["imageSizeInBytes"], sorted(one.get("imageTags") or ())) for one in found)


def hub_tags(lab: Lab, user: str, token: str) -> dict[str, list[tuple[str, str, int]]]:
    def read(path: str) -> list[dict[str, Any]]:
        url = f"{lab.hub}/api/v2/repositories/{user}/{path}?page_size=100"
        content: dict[str, Any] = lab.http.get(url, auth=(user, token)).json()
        assert content["next"] is None
        found: list[dict[str, Any]] = content["results"]
        return found

    tags = {one["name"]: read(f"{one['name']}/tags/") for one in read("")}
    return {name: sorted((one["name"], one["digest"], one["full_size"]) for one in held) for name, held in tags.items()}


def assert_planes_agree(lab: Lab) -> None:
    """What the APIs show is what the stores hold: same digests, and sizes that are the blobs' own."""
    seen = picture(lab)
    for name, held in seen["images"].items():
        for digest, size, _ in held:
            assert true_size(lab.settings, "ecr", name, digest) == size, (name, digest)
    for (user, _), repositories in zip((ALUNO, ACME), seen["hub"].values(), strict=True):
        for name, tags in repositories.items():
            for tag, digest, size in tags:
                assert true_size(lab.settings, "hub", f"{user}/{name}", digest) == size, (name, tag)


def true_size(settings: Settings, registry: str, name: str, digest: str) -> int:
    """Bytes of an image's blobs in the store itself, past the gateway."""
    address = f"unix://{settings.run / f'{registry}.sock'}"
    accept = {
        "Accept": "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json"
    }
    reply = request(address, "GET", f"/v2/{name}/manifests/{digest}", headers=accept)
    assert reply.status == 200 and digest_of(reply.body) == digest, (reply.status, reply.body[:200])
    manifest = json.loads(reply.body)
    sizes = []
    for blob in (manifest["config"], *manifest.get("layers", ())):
        head = request(address, "HEAD", f"/v2/{name}/blobs/{blob['digest']}")
        assert head.status == 200, blob
        sizes.append(int(head.headers["Content-Length"]))
    return sum(sizes)


@pytest.fixture
def attacker(gateway: Lab) -> Iterator[Attacker]:
    """An attacker; after the test the gateway is the same process, small, silent, with the state it had."""
    hostile = Attacker(gateway)
    log = gateway.settings.home / "gateway.log"
    pid, before, size = gateway.pid(), picture(gateway), log.stat().st_size
    yield hostile
    assert gateway.admin.health()
    assert gateway.pid() == pid
    assert b"Traceback" not in (said := log.read_bytes()[size:]), said.decode()
    assert picture(gateway) == before
    assert hostile.resident_kib() < MOST_KIB
    assert_planes_agree(gateway)
