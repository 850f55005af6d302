"""The engine seam: with `engine_client` the only module that imports `docker`.

What it returns are plain frozen values; what it raises are `EngineError`s in Portuguese with the engine's own words.
"""

from __future__ import annotations

import contextlib
import ipaddress
import itertools
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import requests
import urllib3
from docker import errors as docker_errors

from labs.base.errors import EngineError, EngineUnavailable, LabError
from labs.base.events import Line, Watcher, ignore
from labs.base.explain import explain
from labs.base.foreign import LOOPBACK
from labs.base.marks import KIT_LABELS
from labs.base.reference import registry_of, split_tag
from labs.base.settings import Settings
from labs.base.text import plain
from labs.seams import docker_files
from labs.seams.architecture import of_this_machine
from labs.seams.engine_client import EngineClient
from labs.seams.engine_stream import follow_layers

STREAM_TIMEOUT = 600.0  # seconds without a byte from the engine before a push or pull is given up


@dataclass(frozen=True)
class HistoryEntry:
    """One line of `docker history`, oldest first. `size` in bytes; 0 for metadata such as ENV."""

    command: str
    size: int


@dataclass(frozen=True)
class Image:
    """An image as the engine describes it. `layers` are diff ids, oldest first.

    `id` is the digest of the image's config where the engine keeps images by itself (graph drivers), and that of its
    manifest or index in containerd's store; `identity` is every digest that is known to stand for this image.
    """

    id: str
    tags: tuple[str, ...]
    digests: tuple[str, ...]
    layers: tuple[str, ...]
    environment: Mapping[str, str]
    labels: Mapping[str, str]
    identity: frozenset[str]
    parent: str = ""
    """Id of the image from which the classic builder made it, by one instruction; empty where BuildKit built."""

    def same_as(self, identity: Collection[str]) -> bool:
        """Whether digests that stand for an image elsewhere, in a registry or another store, stand for this one."""
        return not self.identity.isdisjoint(identity)


@dataclass(frozen=True)
class Container:
    """A container. `ports` are host ports published on it, `exposed` those that more than the engine's machine reaches;
    `exit_code` is None while it runs.
    """

    id: str
    name: str
    image: str
    image_id: str
    status: str
    exit_code: int | None
    ports: tuple[int, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    exposed: frozenset[int] = frozenset()


class Engine(Protocol):
    """What the kit needs of a container engine."""

    def version(self) -> str: ...
    def architecture(self) -> str: ...
    def push(self, reference: str, watch: Watcher) -> str: ...
    def pull(self, reference: str, watch: Watcher) -> str: ...
    def login(self, registry: str, user: str, password: str) -> None: ...
    def credentials(self, registry: str) -> tuple[str, str] | None: ...
    def image(self, reference: str) -> Image | None: ...
    def images(self) -> tuple[Image, ...]: ...
    def history(self, reference: str) -> tuple[HistoryEntry, ...]: ...
    def containers(self) -> tuple[Container, ...]: ...
    def logs(self, container: str) -> str: ...


class DockerEngine:
    """The engine over Docker's SDK."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._api: Any = None
        self._architecture = ""

    @property
    def _client(self) -> Any:
        if self._api is None:
            with _translated("falar com o engine"):
                self._api = EngineClient(self._settings.engine_host, STREAM_TIMEOUT)
        return self._api

    def version(self) -> str:
        """The engine's version.

        Raises:
            EngineUnavailable: no engine answers.
        """
        with _translated("falar com o engine"):
            return str(self._client.version()["Version"])

    def architecture(self) -> str:
        """Of the machine on which the containers run, which may be another than this one; this one's where no engine
        answers.
        """
        if not self._architecture:
            try:
                with _translated("falar com o engine"):
                    self._architecture = str(self._client.version()["Arch"])
            except EngineError:
                return of_this_machine()
        return self._architecture

    # Actions with progress ---------------------------------------------------------------------

    def push(self, reference: str, watch: Watcher = ignore) -> str:
        """Push one tag; returns the manifest's digest as the registry stored it.

        Raises:
            EngineError: the registry refused or is none of the target's, the image does not exist here, or the name
                is invalid.
        """
        repository, tag = split_tag(reference)
        asked = self._require_ours(registry_of(repository), reference)
        with _translated(f"enviar {reference}", asked):
            watch(Line(f"The push refers to repository [{repository}]"))
            stream = self._client.push(
                repository, tag=tag, stream=True, decode=True, auth_config=self._auth(repository)
            )
            return follow_layers(_checked(stream, f"enviar {reference}", asked), watch)

    def pull(self, reference: str, watch: Watcher = ignore) -> str:
        """Pull a tag or digest; returns the manifest's digest.

        Raises:
            EngineError: the registry refused or does not have it.
        """
        repository, tag = split_tag(reference)
        asked = self._require_ours(registry_of(repository), reference)
        with _translated(f"baixar {reference}", asked):
            stream = self._client.pull(
                repository, tag=tag, stream=True, decode=True, auth_config=self._auth(repository)
            )
            return follow_layers(_checked(stream, f"baixar {reference}", asked), watch)

    # Logins ------------------------------------------------------------------------------------

    def login(self, registry: str, user: str, password: str) -> None:
        """Prove the password to the registry through the engine and keep it as `docker login` does.

        Raises:
            EngineError: the registry refused.
        """
        asked = self._require_ours(registry, registry)
        with _translated(f"entrar em {registry}", asked):
            self._client.login(username=user, password=password, registry=docker_files.key(registry), reauth=True)
        docker_files.set_login(self._settings, registry, docker_files.packed(user, password))

    def credentials(self, registry: str) -> tuple[str, str] | None:
        """User and password that the lab's Docker config keeps for a registry, or None."""
        auth = docker_files.login(self._settings, registry)
        return docker_files.unpacked(auth) if auth else None

    def _auth(self, repository: str) -> dict[str, str]:
        return _auth_config(self.credentials(registry_of(repository)))

    def _require_ours(self, registry: str, what: str) -> str:
        """A step talks to the registries of the chosen target alone: in the sandbox never to a real one. Returns which
        one it is, as the explanations name it: `hub`, `ecr`, `ecr-public`, or another.

        Raises:
            EngineError: it would talk to another.
        """
        settings = self._settings
        if named := settings.registries.get(registry):
            return named
        if not settings.live and registry.partition(":")[0] in LOOPBACK:
            return registry
        raise EngineError(
            "Este passo falaria com um registry que não é o do alvo escolhido; nada foi enviado.",
            f"{what}: o registry seria {registry}, e o alvo é {settings.target}",
            "python3 -m labs.target",
        )

    # State -------------------------------------------------------------------------------------

    def image(self, reference: str) -> Image | None:
        """The image with this name, digest or id, or None."""
        with _translated("consultar a imagem"):
            try:
                return _image(self._client.inspect(reference))
            except docker_errors.ImageNotFound:
                return None

    def images(self) -> tuple[Image, ...]:
        """All images that are not intermediate ones."""
        with _translated("listar as imagens"):
            found = []
            for summary in self._client.images():
                # An image can vanish between the two calls.
                with contextlib.suppress(docker_errors.ImageNotFound):
                    found.append(_image(self._client.inspect(summary["Id"])))
            return tuple(found)

    def history(self, reference: str) -> tuple[HistoryEntry, ...]:
        """What made each layer, oldest first."""
        with _translated("ler o histórico da imagem"):
            entries = reversed(self._client.history(reference))
            return tuple(HistoryEntry(entry["CreatedBy"], entry["Size"]) for entry in entries)

    def containers(self) -> tuple[Container, ...]:
        """All containers, running or not, but for the kit's own."""
        with _translated("listar os containers"):
            found = []
            for summary in self._client.containers(all=True):
                if any(label in KIT_LABELS for label in summary.get("Labels") or ()):
                    continue
                with contextlib.suppress(docker_errors.NotFound):
                    found.append(_container(self._client.inspect_container(summary["Id"])))
            return tuple(found)

    def logs(self, container: str) -> str:
        """The last 200 lines that a container printed."""
        with _translated(f"ler os logs de {container}"):
            return bytes(self._client.logs(container, tail=200)).decode("utf-8", "replace")


def _auth_config(kept: tuple[str, str] | None) -> dict[str, str]:
    """A login as the engine's API takes it (`X-Registry-Auth`)."""
    user, secret = kept or ("", "")
    if user == docker_files.TOKEN_USER:
        return {"identitytoken": secret}
    return {"username": user, "password": secret} if user else {}


def _checked(stream: Iterator[dict[str, Any]], doing: str, asked: str) -> Iterator[dict[str, Any]]:
    """The messages of a stream; the engine's `errorDetail` becomes an error."""
    for message in stream:
        if "error" in message:
            observed = message.get("errorDetail", {}).get("message", message["error"])
            raise _explained(f"Não consegui {doing}.", observed, asked)
        yield message


def _image(details: dict[str, Any]) -> Image:
    config = details.get("Config") or {}
    return Image(
        id=details["Id"],
        # containerd's store lists what was pulled by its digest beside the tags.
        tags=tuple(tag for tag in details.get("RepoTags") or () if "@" not in tag),
        digests=tuple(details.get("RepoDigests") or ()),
        layers=tuple(details.get("RootFS", {}).get("Layers") or ()),
        environment=_variables(config.get("Env")),
        labels=dict(config.get("Labels") or {}),
        identity=frozenset(_identity(details)),
        parent=str(details.get("Parent") or ""),
    )


def _identity(details: dict[str, Any]) -> Iterator[str]:
    """The digests of an image's config, manifest and index, as far as the engine tells them: since API 1.48
    containerd's store does (Docker Engine API, `ImageInspect`, "Descriptor" and "Manifests").
    """
    yield details["Id"]
    inside = [one for one in details.get("Manifests") or () if one["Kind"] == "image" and one["Available"]]
    for descriptor in (details.get("Descriptor") or {}, *(one["Descriptor"] for one in inside)):
        if "digest" in descriptor:
            yield descriptor["digest"]
        if config := (descriptor.get("annotations") or {}).get("config.digest"):
            yield config


def _container(details: dict[str, Any]) -> Container:
    state = details["State"]
    bindings = (details.get("HostConfig") or {}).get("PortBindings") or {}
    ports = tuple(int(item["HostPort"]) for items in bindings.values() for item in items or () if item.get("HostPort"))
    return Container(
        id=details["Id"],
        name=details["Name"].lstrip("/"),
        image=details["Config"]["Image"],
        image_id=details["Image"],
        status=state["Status"],
        exit_code=None if state["Running"] else int(state["ExitCode"]),
        ports=ports,
        environment=_variables(details["Config"].get("Env")),
        exposed=frozenset(_exposed((details.get("NetworkSettings") or {}).get("Ports") or {})),
    )


def _exposed(published: Mapping[str, list[dict[str, str]] | None]) -> Iterator[int]:
    """Host ports that are published beyond loopback: every address that the engine really bound is told."""
    for binding in itertools.chain.from_iterable(filter(None, published.values())):
        with contextlib.suppress(ValueError):
            if not ipaddress.ip_address(binding["HostIp"]).is_loopback:
                yield int(binding["HostPort"])


def _variables(pairs: list[str] | None) -> dict[str, str]:
    return dict(pair.partition("=")[::2] for pair in pairs or ())


@contextlib.contextmanager
def _translated(doing: str, asked: str = "") -> Iterator[None]:
    """Turn what the SDK raises into errors a learner can act on. `asked`: as `labs/base/explain.py` takes it."""
    try:
        yield
    except LabError:
        raise
    except docker_errors.APIError as error:
        raise _explained(f"Não consegui {doing}.", str(error.explanation or error), asked) from error
    except (docker_errors.DockerException, requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        if isinstance(error, docker_errors.DockerException) and "invalid" in str(error):
            raise _explained(f"Não consegui {doing}.", str(error), asked) from error
        raise EngineUnavailable(
            f"Não consegui {doing}: o Docker Engine não responde.", _cause(error), "python3 -m labs up"
        ) from error


def _explained(what: str, observed: str, asked: str) -> EngineError:
    observed = plain(observed)
    explanation = explain(observed, [asked])
    return EngineError(explanation.after(what), observed, explanation.next_command)


def _cause(error: BaseException) -> str:
    """The system's own words, which the SDK wraps three times ("Connection aborted.", FileNotFoundError(2, …))."""
    innermost = error
    while deeper := innermost.__cause__ or innermost.__context__:
        innermost = deeper
    if isinstance(innermost, OSError) and innermost.strerror:
        return innermost.strerror
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
