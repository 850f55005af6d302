"""Image names taken apart, by the rules of github.com/distribution/reference and Docker's own defaults."""

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


def parse(text: str) -> Reference:
    """Take a name apart.

    Raises:
        ValueError: the name is not valid; the message says why, in Portuguese.
    """
    rest, _, digest = text.partition("@")
    if digest and not _DIGEST.fullmatch(digest):
        raise ValueError("o digest depois de “@” precisa ser sha256: e 64 dígitos hexadecimais")
    first, slash, remainder = rest.partition("/")
    explicit = bool(slash) and ("." in first or ":" in first or first == "localhost")
    path = remainder if explicit else rest
    path, colon, tag = path.partition(":")
    if colon and not _TAG.fullmatch(tag):
        raise ValueError("a tag aceita letras, números, “_”, “.” e “-”, sem começar por “.” ou “-”, até 128 caracteres")
    if path != path.lower():
        raise ValueError("o nome do repositório só aceita letras minúsculas")
    if not _PATH.fullmatch(path):
        raise ValueError(
            "o nome do repositório aceita minúsculas, números e os separadores “.”, “_”, “-” e “/”, sem espaços"
        )
    registry = first if explicit else DOCKER_HUB
    repository = f"library/{path}" if registry == DOCKER_HUB and "/" not in path else path
    return Reference(text, registry, repository, tag or ("" if digest else "latest"), digest, explicit)
