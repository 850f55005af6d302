"""The learner's sandbox accounts, and the two ready-made images that lesson 01 finds on the Hub."""

from __future__ import annotations

import io
import secrets
import tarfile
from collections.abc import Callable
from pathlib import Path

from labs.base.errors import RegistryError, SandboxError
from labs.base.files import write_atomic, write_if_changed
from labs.base.reference import familiar
from labs.base.settings import FALLBACK_BASE_IMAGE, Settings
from labs.sandbox.gateway.memory.console_session import write_console_profile
from labs.seams import engine_api
from labs.seams.gateway_admin import GatewayAdmin
from labs.seams.registry import HttpRegistry
from labs.seams.unix_http import request

PUBLIC = ("library", "ola-registry")
PRIVATE = ("acme", "segredo")
TAG = "1.0"
BASE, BASE_TAG = ("library", "python"), FALLBACK_BASE_IMAGE.partition(":")[2]
MESSAGES = {
    PUBLIC: "Olá! Esta imagem veio de um registry.",
    PRIVATE: "Segredo da ACME: se você lê isto, tem acesso ao repositório.",
}


def ensure_accounts(settings: Settings) -> None:
    """The learner's Hub account with its access token, and the profile `console`; the same at every call."""
    token = _token(settings.hub_token_file)
    netrc = f"machine 127.0.0.1 login {settings.hub_user} password {token}\n"
    write_if_changed(settings.secrets / "hub-netrc", netrc)
    GatewayAdmin(settings).hub_account(settings.hub_user, token)
    write_console_profile(settings)


def _token(path: Path) -> str:
    try:
        kept = path.read_text("ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        kept = ""
    if not kept or not kept.isprintable():  # a damaged token is no token: the account gets another
        kept = secrets.token_urlsafe(24)
        write_atomic(path, kept)
    return kept


def seed_hub(settings: Settings, base: str, report: Callable[[str], None]) -> None:
    """Make sure that the Hub holds a public and a private image of others; both survive in the registry's store.

    Raises:
        EngineError: the engine refused to make or push one.
        SandboxError: the Hub refused.
    """
    for repository in (PUBLIC, PRIVATE):
        namespace, name = repository
        if not _has_tag(settings, repository, TAG):
            report(f"Publicando {namespace}/{name}:{TAG} no Hub do laboratório …")
            _publish(settings, base, repository)
    if _is_listed(settings, PRIVATE):  # its layers came with the image, and this gateway has not been told yet
        _make_private(settings, PRIVATE, _account_of(settings, PRIVATE[0]))
    if settings.names_proxy and not _has_tag(settings, BASE, BASE_TAG):
        report(f"Publicando {FALLBACK_BASE_IMAGE} no Hub do laboratório …")
        _publish_base(settings, base)


def _publish_base(settings: Settings, base: str) -> None:
    """The base image under its real-life name; its layers are in the registry since the other images came."""
    namespace, _ = BASE
    password = _account_of(settings, namespace)
    engine_api.tag(settings.engine_host, base, FALLBACK_BASE_IMAGE)
    engine_api.push(settings.engine_host, FALLBACK_BASE_IMAGE, namespace, password)


def _account_of(settings: Settings, namespace: str) -> str:
    """Make sure of somebody else's account; returns its password."""
    password = _token(settings.secrets / f"hub-{namespace}")
    GatewayAdmin(settings).hub_account(namespace, password)
    return password


def image_name(settings: Settings, repository: tuple[str, str]) -> str:
    """The name under which one of the images is made and pushed, as the engine lists it."""
    return familiar(f"{settings.hub_registry}/{'/'.join(repository)}:{TAG}")


def _publish(settings: Settings, base: str, repository: tuple[str, str]) -> None:
    namespace, name = repository
    password = _account_of(settings, namespace)
    image = image_name(settings, repository)
    changes = (
        'CMD ["cat", "/mensagem.txt"]',
        f"LABEL org.opencontainers.image.title={namespace}/{name}",
        f"LABEL org.opencontainers.image.version={TAG}",
    )
    host = settings.engine_host
    try:
        engine_api.derive(host, base, image, _one_file("mensagem.txt", MESSAGES[repository] + "\n"), changes)
        engine_api.push(host, image, namespace, password)
    finally:
        engine_api.remove_image(host, image)
    if repository == PRIVATE:
        _make_private(settings, repository, password)


def _make_private(settings: Settings, repository: tuple[str, str], password: str) -> None:
    namespace, name = repository
    try:
        _hub(settings, (namespace, password)).hub_private(namespace, name)
    except RegistryError as error:
        raise SandboxError(
            "O Hub do laboratório não tornou um repositório privado.", error.observed, "python3 -m labs up"
        ) from error


def _is_listed(settings: Settings, repository: tuple[str, str]) -> bool:
    """Whether somebody without a login sees a repository in its account's list."""
    namespace, name = repository
    try:
        return any(one.name == name for one in _hub(settings, None).hub_repositories(namespace))
    except RegistryError as error:
        what = "O Hub do laboratório não listou uma conta."
        raise SandboxError(what, error.observed, "python3 -m labs up") from error


def _hub(settings: Settings, login: tuple[str, str] | None) -> HttpRegistry:
    hub = settings.hub_registry
    return HttpRegistry(hub, lambda: login, url=settings.registry_url(hub))


def _has_tag(settings: Settings, repository: tuple[str, str], tag: str) -> bool:
    """Asked of the registry's own store, behind the gateway: no login, no journalled event, 1 ms."""
    address = f"unix://{settings.run / 'hub.sock'}"
    headers = {
        "Accept": "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json"
    }
    return request(address, "HEAD", f"/v2/{'/'.join(repository)}/manifests/{tag}", headers=headers).status == 200


def _one_file(name: str, text: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        member = tarfile.TarInfo(name)
        member.size = len(text.encode())
        member.mode = 0o644
        tar.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()
