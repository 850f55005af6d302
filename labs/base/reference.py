"""Image names taken apart, by the grammar of github.com/distribution/reference and Docker's own defaults.

`parse` is strict and says in Portuguese what is wrong with a name; `split_tag`, `with_tag` and `registry_of` take any
text as the engine does, which refuses by itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

DOCKER_HUB = "docker.io"
ECR_PUBLIC = "public.ecr.aws"
"""Its own address (ECR Public user guide, "Public registries")."""
_LONGEST = 255
"""Characters of a repository with its namespace (reference.go, `RepositoryNameTotalLengthMax`)."""

# The pieces of regexp.go, in its order. Go's `\w` is ASCII.
_WORD = "[a-z0-9]+"
_COMPONENT = rf"{_WORD}(?:(?:[._]|__|-+){_WORD})*"
_PATH = rf"{_COMPONENT}(?:/{_COMPONENT})*"
_LABEL = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_TAG = r"\w[\w.-]{0,127}"
_DIGEST = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"
_REFERENCE = re.compile(rf"(?:({_HOST})/)?({_PATH})(?::({_TAG}))?(?:@({_DIGEST}))?", re.ASCII)
_IDENTIFIER = re.compile("[a-f0-9]{64}")
_DIGEST_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}
"""The algorithms that go-digest registers, with the hexadecimal digits of each (opencontainers/go-digest)."""
_ECR = re.compile(
    r"(\d{12})\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.(?:aws|amazonwebservices\.com\.cn))"
)
"""An ECR registry in all its spellings (docs.aws.amazon.com/general/latest/gr/ecr.html)."""


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


def names_ecr(text: str) -> bool:
    """Whether an ECR address stands anywhere in a text, as a message or a command has it."""
    return bool(_ECR.search(text))


def split_tag(reference: str) -> tuple[str, str]:
    """Repository and tag (or digest) of a reference; the tag defaults to `latest`, as in the Docker CLI."""
    repository, at, digest = reference.partition("@")
    if at:
        return repository, digest
    repository, colon, tag = reference.rpartition(":")
    return (reference, "latest") if not colon or "/" in tag else (repository, tag)


def with_tag(reference: str) -> str:
    """The name as the engine lists it: `familiar`, and with `latest` where neither tag nor digest is written."""
    name = familiar(reference)
    return name if "@" in name or ":" in name.rpartition("/")[2] else f"{name}:latest"


def registry_of(name: str) -> str:
    """Where push and pull of a name go: Docker Hub, unless its first part is a host (distribution/reference)."""
    return _split(name)[0]


def familiar(name: str) -> str:
    """A name as the engine lists it: without Docker Hub's address, and without its `library/` (normalize.go)."""
    registry, rest, _ = _split(name)
    if registry != DOCKER_HUB:
        return name
    inner = rest.removeprefix("library/")
    return rest if "/" in inner else inner


def _split(name: str) -> tuple[str, str, bool]:
    """Registry, the rest, and whether the name spells the registry (normalize.go, `splitDockerDomain`)."""
    first, slash, rest = name.partition("/")
    if not slash or not (first == "localhost" or "." in first or ":" in first or first.lower() != first):
        return DOCKER_HUB, name, False
    return DOCKER_HUB if first == "index.docker.io" else first, rest, True


def parse(text: str) -> Reference:
    """Take a name apart.

    Raises:
        ValueError: the name is not valid; the message says why, in Portuguese.
    """
    if _IDENTIFIER.fullmatch(text):
        raise ValueError("o nome do repositório não pode ser só 64 dígitos hexadecimais: isso é um id")
    registry, rest, explicit = _split(text)
    official = "library/" if registry == DOCKER_HUB and "/" not in rest else ""
    found = _REFERENCE.fullmatch(f"{registry}/{official}{rest}")
    if found is None:
        raise ValueError(_flaw(registry, rest))
    # A first part with a "." that is no host after all, as in `a_b.com/c`, is a namespace to that grammar.
    host, repository, tag, digest = found[1] or DOCKER_HUB, found[2], found[3] or "", found[4] or ""
    if len(repository) > _LONGEST:
        raise ValueError(f"o nome do repositório passa de {_LONGEST} caracteres")
    algorithm, _, digits = digest.partition(":")
    if digest and (len(digits) != _DIGEST_LENGTHS.get(algorithm) or digits.lower() != digits):
        raise ValueError(_BAD_DIGEST)
    tag = tag or ("" if digest else "latest")
    return Reference(text, host, repository, tag, digest, explicit and found[1] is not None)


_BAD_DIGEST = "o digest depois de “@” precisa ser sha256: e 64 dígitos hexadecimais"


def _flaw(registry: str, rest: str) -> str:
    """Which part of a name the grammar refuses, in Portuguese."""
    name, at, digest = rest.partition("@")
    path, colon, tag = name.partition(":")
    if registry in ("http:", "https:"):
        return "o nome do repositório não leva “http://” nem “https://”"
    if not re.fullmatch(_HOST, registry):
        return (
            "o endereço do registry, antes da primeira “/”, aceita letras, números, “.” e “-”, e depois de “:” "
            "uma porta, só com dígitos"
        )
    if path != path.lower():
        return "o nome do repositório só aceita letras minúsculas"
    if not re.fullmatch(_PATH, path):
        return (
            "o nome do repositório aceita minúsculas sem acento, números e os separadores “.”, “_”, “-” e “/”, "
            "sem espaços"
        )
    if colon and not re.fullmatch(_TAG, tag, re.ASCII):
        return "a tag aceita letras sem acento, números, “_”, “.” e “-”, sem começar por “.” ou “-”, até 128 caracteres"
    return _BAD_DIGEST if at and not re.fullmatch(_DIGEST, digest) else "o nome do repositório não tem a forma certa"
