"""Fakes at the seams: small classes with the seams' own methods, holding state in memory."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from labs.base.errors import CloudError, EngineError
from labs.base.events import Line, Progress, Watcher
from labs.base.settings import Settings
from labs.seams.architecture import of_this_machine
from labs.seams.engine import Container, HistoryEntry, Image
from labs.seams.registry import HubRepository, Layer, Manifest
from labs.seams.world import World


def digest(character: str) -> str:
    return f"sha256:{character * 64}"


def image(character: str, *tags: str, **changes: Any) -> Image:
    """An image whose id is made of one repeated hexadecimal digit."""
    defaults: dict[str, Any] = {
        "digests": (),
        "layers": (digest("1"), digest("2")),
        "environment": {},
        "labels": {},
    }
    return Image(id=digest(character), tags=tags, identity=frozenset({digest(character)}), **{**defaults, **changes})


def container(name: str, image_id: str = "", **changes: Any) -> Container:
    """A running container, of `image("a")` unless told otherwise."""
    defaults: dict[str, Any] = {"image": "x", "status": "running", "exit_code": None, "ports": ()}
    return Container(id=name, name=name, **{**defaults, "image_id": image_id or digest("a"), **changes})


@dataclass
class FakeEngine:
    """An engine without Docker. `refuse` makes the next action fail with those words."""

    held: list[Image] = field(default_factory=list)
    running: list[Container] = field(default_factory=list)
    told: list[HistoryEntry] = field(default_factory=list)
    logins: dict[str, tuple[str, str]] = field(default_factory=dict)
    log: str = ""
    refuse: str = ""
    calls: list[tuple[Any, ...]] = field(default_factory=list)

    def _act(self, *call: Any) -> None:
        self.calls.append(call)
        if self.refuse:
            raise EngineError("Não consegui.", self.refuse, "docker login")

    def version(self) -> str:
        return "20.10.24"

    def architecture(self) -> str:
        return of_this_machine()

    def push(self, reference: str, watch: Watcher) -> str:
        self._act("push", reference)
        watch(Line("abc: Pushed"))
        return digest("d")

    def pull(self, reference: str, watch: Watcher) -> str:
        self._act("pull", reference)
        watch(Progress("abc", "abc Pull complete", 1, 1))
        watch(Line("abc: Pull complete"))
        watch(Line("from a mirror", detail=True))
        self.held.append(image("a", reference))
        return digest("d")

    def login(self, registry: str, user: str, password: str) -> None:
        self._act("login", registry, user, password)
        self.logins[registry] = (user, password)

    def credentials(self, registry: str) -> tuple[str, str] | None:
        return self.logins.get(registry)

    def image(self, reference: str) -> Image | None:
        return next((one for one in self.held if reference in (*one.tags, *one.digests, one.id)), None)

    def images(self) -> tuple[Image, ...]:
        return tuple(self.held)

    def history(self, reference: str) -> tuple[HistoryEntry, ...]:
        return tuple(self.told)

    def containers(self) -> tuple[Container, ...]:
        return tuple(self.running)

    def logs(self, container: str) -> str:
        return self.log


@dataclass
class FakeRegistry:
    """A registry without a network: manifests by (repository, tag); with Docker Hub's own API beside it.

    Attributes:
        diffs: each config's layers by their unpacked content (`diff_ids`).
        created: what was made, made private or deleted over the Hub's API.
    """

    address: str
    manifests: dict[tuple[str, str], Manifest] = field(default_factory=dict)
    open_repositories: set[str] = field(default_factory=set)
    diffs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    up: bool = True
    login_ok: bool = True
    account_ok: bool = True
    hub: list[HubRepository] = field(default_factory=list)
    created: list[str] = field(default_factory=list)

    def answers(self) -> bool:
        return self.up

    def accepts_login(self) -> bool:
        return self.login_ok

    def tags(self, repository: str) -> tuple[str, ...]:
        return tuple(tag for name, tag in self.manifests if name == repository)

    def manifest(self, repository: str, reference: str) -> Manifest | None:
        return self.manifests.get((repository, reference))

    def public(self, repository: str) -> bool:
        return repository in self.open_repositories

    def has_blob(self, repository: str, digest: str) -> bool:
        held = (one for (name, _), one in self.manifests.items() if name == repository)
        return any(digest == layer.digest for one in held for layer in one.layers)

    def diff_ids(self, repository: str, config: str) -> tuple[str, ...]:
        return self.diffs[config]

    def hub_repositories(self, namespace: str) -> tuple[HubRepository, ...]:
        return tuple(self.hub)

    def hub_account_works(self, namespace: str) -> bool:
        return self.account_ok

    def hub_create(self, namespace: str, name: str) -> None:
        self.created.append(f"{namespace}/{name}")

    def hub_private(self, namespace: str, name: str) -> None:
        self.created.append(f"private {namespace}/{name}")

    def hub_delete(self, namespace: str, name: str) -> None:
        self.created.append(f"deleted {namespace}/{name}")


def manifest(name: str, config: str, *layers: str) -> Manifest:
    return Manifest(digest(name), "m", Layer(digest(config), 10), tuple(Layer(digest(layer), 5) for layer in layers))


def archive(*layers: Mapping[str, str], config: str = "{}") -> bytes:
    """What `docker save` writes for an image: its configuration and its layers' files, oldest layer first (Docker Image
    Specification v1.2).
    """
    names = [f"{number}/layer.tar" for number in range(len(layers))]
    members = {name: _tar(files) for name, files in zip(names, layers, strict=True)}
    described = json.dumps([{"Config": "config.json", "RepoTags": ["x:1"], "Layers": names}])
    return _tar({**members, "config.json": config, "manifest.json": described})


def _tar(files: Mapping[str, str | bytes]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return made.getvalue()


@dataclass
class FakeCloud:
    """AWS without a network: answers by (service, method); an exception is raised, a value returned."""

    answers: dict[tuple[str, str], Any] = field(default_factory=dict)
    profiles: dict[str, dict[str, str]] = field(default_factory=dict)
    calls: list[tuple[Any, ...]] = field(default_factory=list)

    def client(self, service: str, profile: str = "default", region: str = "", *, signed: bool = True) -> Any:
        raise NotImplementedError

    def call(
        self,
        service: str,
        operation: str,
        options: Mapping[str, str],
        profile: str = "default",
        region: str = "",
        folder: Path | None = None,
    ) -> Any:
        self.calls.append((service, operation, dict(options), profile, region))
        return self._answer(service, operation)

    def read(self, service: str, method: str, profile: str = "console", **parameters: Any) -> dict[str, Any]:
        self.calls.append((service, method, profile, parameters))
        answer: dict[str, Any] = self._answer(service, method)
        return answer

    def profile(self, name: str) -> dict[str, str]:
        return self.profiles.get(name, {})

    def _answer(self, service: str, name: str) -> Any:
        answer = self.answers.get((service, name), CloudError("A AWS recusou.", "NoSuchEntity", "", "NoSuchEntity"))
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class FakeAdmin:
    """The gateway's witness and dials, without a gateway. `offset` is the lab's clock against the machine's."""

    seen: list[dict[str, Any]] = field(default_factory=list)
    up: bool = True
    offset: int = 0
    now: str = "2026-01-31T12:00:00.000000Z"
    pulls: int | None = None
    spent: str = ""

    def health(self) -> bool:
        return self.up

    def events(self, since: int = 0) -> list[dict[str, Any]]:
        return [event for event in self.seen if event["seq"] > since]

    def removing(self, subject: str) -> None:
        self.seen.append({"seq": len(self.seen) + 1, "kind": "removing", "subject": subject, "kit": True})

    def withdraw(self, seq: int) -> None:
        self.seen = [event for event in self.seen if event["seq"] != seq]

    def clock(self) -> dict[str, Any]:
        return {"offset_seconds": self.offset, "now": self.now}

    def set_clock(self, offset_seconds: int) -> None:
        self.offset = offset_seconds

    def spend(self, amount: str) -> None:
        self.spent = amount

    def hub_limits(self, pulls: int | None) -> None:
        self.pulls = pulls


class FakePage(ThreadingHTTPServer):
    """widget-server's page, as far as checks read it. Without `health` it answers with an error."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.health: dict[str, Any] | None = {"version": "v2", "environment": "homologacao", "keys": {"KEY_1": True}}
        self.text = "<h1>Olá</h1>"
        self.port = int(self.server_address[1])


class _Answer(BaseHTTPRequestHandler):
    server: FakePage

    def do_GET(self) -> None:
        self.send_response(200 if self.server.health else 503)
        self.end_headers()
        self.wfile.write((json.dumps(self.server.health) if self.path == "/health" else self.server.text).encode())

    def log_message(self, format: str, *args: Any) -> None:
        pass


class FakeWorld(World):
    """A world whose outside systems are fakes: one Hub for the learner's login and the owner's."""

    engine: FakeEngine
    cloud: FakeCloud
    hub: FakeRegistry
    hub_owner: FakeRegistry
    ecr: FakeRegistry
    ecr_public: FakeRegistry
    admin: FakeAdmin

    def __init__(
        self,
        settings: Settings,
        *,
        hub: FakeRegistry | None = None,
        ecr: FakeRegistry | None = None,
        admin: FakeAdmin | None = None,
    ) -> None:
        hub = hub or FakeRegistry(settings.hub_registry)
        ecr = ecr or FakeRegistry(settings.ecr_registry)
        public = FakeRegistry(settings.ecr_public_registry)
        admin = admin or FakeAdmin()
        super().__init__(
            settings,
            FakeEngine(),
            FakeCloud(),
            hub=hub,
            hub_owner=hub,
            ecr=ecr,
            ecr_owner=ecr,
            ecr_public=public,
            admin=admin,
        )
