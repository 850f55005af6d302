"""Image names taken apart, by the rules of github.com/distribution/reference and Docker's own defaults.

`parse` is strict and says in Portuguese what is wrong with a name; `split_tag`, `with_tag` and `registry_of` take any
text as the engine does, which refuses by itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

DOCKER_HUB = "docker.io"
_PATH = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"\w[\w.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_ECR = re.compile(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com")


@dataclass(frozen=True)
class Reference:
    """A name's parts. `registry` is where push and pull go; `explicit` says whether the name spells it.

    `repository` is what the registry calls it ("library/postgres"); `namespace` its first part, if it has two.
    """

    text: str
    registry: str
    repository: str
    tag: str
    digest: str
    explicit: bool

    @property
    def namespace(self) -> str:
        return self.repository.rpartition("/")[0]

    @property
    def name(self) -> str:
        return self.repository.rpartition("/")[2]

    @property
    def ecr(self) -> tuple[str, str] | None:
        """Account and region, where the registry is an ECR address."""
        found = _ECR.fullmatch(self.registry)
        return (found[1], found[2]) if found else None


def split_tag(reference: str) -> tuple[str, str]:
    """Repository and tag (or digest) of a reference; the tag defaults to `latest`, as in the Docker CLI."""
    repository, at, digest = reference.partition("@")
    if at:
        return repository, digest
    repository, colon, tag = reference.rpartition(":")
    return (reference, "latest") if not colon or "/" in tag else (repository, tag)


def with_tag(reference: str) -> str:
    """The name as the engine lists it: with `latest` where neither tag nor digest is written."""
    return reference if "@" in reference or ":" in reference.rpartition("/")[2] else f"{reference}:latest"


def registry_of(name: str) -> str:
    """Where push and pull of a name go: Docker Hub, unless its first part is a host (distribution/reference)."""
    return _host(name) or DOCKER_HUB


def _host(name: str) -> str:
    """The registry that a name spells; empty where it spells none."""
    first, slash, _ = name.partition("/")
    return first if slash and ("." in first or ":" in first or first == "localhost") else ""


def parse(text: str) -> Reference:
    """Take a name apart.

    Raises:
        ValueError: the name is not valid; the message says why, in Portuguese.
    """
    rest, _, digest = text.partition("@")
    if digest and not _DIGEST.fullmatch(digest):
        raise ValueError("o digest depois de “@” precisa ser sha256: e 64 dígitos hexadecimais")
    host = _host(rest)
    path, colon, tag = rest.removeprefix(f"{host}/" if host else "").partition(":")
    if colon and not _TAG.fullmatch(tag):
        raise ValueError("a tag aceita letras, números, “_”, “.” e “-”, sem começar por “.” ou “-”, até 128 caracteres")
    if path != path.lower():
        raise ValueError("o nome do repositório só aceita letras minúsculas")
    if not _PATH.fullmatch(path):
        raise ValueError(
            "o nome do repositório aceita minúsculas, números e os separadores “.”, “_”, “-” e “/”, sem espaços"
        )
    registry = host or DOCKER_HUB
    repository = f"library/{path}" if registry == DOCKER_HUB and "/" not in path else path
    return Reference(text, registry, repository, tag or ("" if digest else "latest"), digest, bool(host))
