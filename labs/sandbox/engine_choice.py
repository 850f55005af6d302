"""Which Docker engine the lab uses: the learner's own when one answers, else a private one.

Order, as the docker CLI's own (https://docs.docker.com/engine/context/working-with-contexts/): `DOCKER_HOST`, the
current context, the default socket; then a private `dockerd` (Linux, root). `LABS_ENGINE=private` forces the last.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from labs.base.errors import EngineUnavailable, MissingDependency, StateError
from labs.base.events import Report
from labs.base.settings import Settings
from labs.seams import engine_api
from labs.seams.unix_http import address

DEFAULT_SOCKET = "unix:///var/run/docker.sock"
CONTEXT = "contexto"
SOCKET_PATH_LIMIT = 107
"""Bytes in a Unix socket's path on Linux (unix(7))."""


def choose(settings: Settings, say: Report = lambda _: None) -> str:
    """`DOCKER_HOST` of the engine to use from now on.

    Args:
        say: told which of the learner's own were named and cannot be used, and why.

    Raises:
        EngineUnavailable: none answers and none can be started here, or the learner's own, in which the lab is, does
            not answer.
        StateError: the state folder's path is too long for the private engine's sockets.
    """
    if os.environ.get("LABS_ENGINE") == "private":
        return _private(settings, [])
    chosen = settings.engine_host
    own = settings.private_engine
    if not (settings.has_private_engine or (chosen and answers(chosen))):
        before = chosen
        chosen = next((one.host for one in learners_hosts() if one.host != own and not why_not(one)), own)
        if before and chosen == own:
            raise _away(before)
    unusable = passed_over(chosen)
    if chosen == own:
        chosen = _private(settings, unusable)
    for words in unusable:
        say(f"⚠ {words} Uso {chosen}.")
    return chosen


def _away(host: str) -> EngineUnavailable:
    """The learner's own engine, in which the lab is, is switched off: to start a private one in its place would leave
    images and proofs behind.
    """
    return EngineUnavailable(
        "O seu Docker, em que este laboratório está, não responde. Nada foi mudado.",
        f"{host}: {why_not(Host(host))}",
        "ligue o seu Docker e repita: python3 -m labs up   (sem ele para sempre: LABS_ENGINE=private antes)",
    )


class Host(NamedTuple):
    """Where an engine may be: its address as the docker CLI reads it, who names it, and whether it is to be TLS."""

    host: str
    named_by: str = ""
    tls: bool = False


def learners_hosts() -> Iterator[Host]:
    """Where the learner's own engine may be, in the docker CLI's order."""
    if host := os.environ.get("DOCKER_HOST", "").strip():
        tls = bool(os.environ.get("DOCKER_TLS_VERIFY") or os.environ.get("DOCKER_TLS"))
        yield Host(_as_the_client_reads(host), "DOCKER_HOST", tls)
    if context := _context():
        yield context
    if sys.platform != "win32":
        yield Host(DEFAULT_SOCKET)


def passed_over(chosen: str) -> list[str]:
    """In words, which hosts the learner named that come before the chosen one, why they are not it, and what then.

    Without them a lab would use another engine than the docker of the terminal beside it, and nobody would know why.
    """
    named = [one for one in takewhile(lambda one: one.host != chosen, learners_hosts()) if one.named_by]
    return [f"O Docker de {one.named_by} ({one.host}) {_unused(why_not(one))}." for one in named]


def _unused(why: str) -> str:
    if why:
        return f"não serve ao laboratório: {why}"
    return "responde, e este laboratório nasceu com outro. Para começar do zero com ele: python3 -m labs reset"


def answers(host: str) -> bool:
    """Whether an engine answers there, in clear, as the kit talks to it."""
    return not why_not(Host(host))


def why_not(one: Host) -> str:
    """Why the lab cannot use an engine; empty where it can. It speaks HTTP over a Unix socket or plain TCP: nothing is
    sent in clear to where SSH or TLS was meant.
    """
    scheme = one.host.partition("://")[0]
    if scheme == "ssh":
        server = urlsplit(one.host)
        port = f"-p {server.port} " if server.port else ""
        user = f"{server.username}@" if server.username else ""
        socket = "$HOME/docker-remoto.sock"
        return (
            "ele não fala ssh com um engine. Abra o caminho em outro terminal, ssh -nNT "
            f'{port}-L "{socket}":/var/run/docker.sock {user}{server.hostname}, e neste: '
            f'export DOCKER_HOST="unix://{socket}"'
        )
    if scheme not in ("unix", "tcp"):
        return f"ele fala com um engine por unix:// ou tcp://, e não por {scheme}://"
    if one.tls and scheme == "tcp":
        other = "docker context use default" if one.named_by.startswith(CONTEXT) else "unset DOCKER_HOST"
        return f"ele não fala TLS com um engine, e sem TLS não fala com este. Para outro: {other}"
    try:
        address(one.host)
    except OSError:
        return "este endereço não é unix:///caminho nem tcp://máquina:porta"
    return engine_api.ping(one.host)


def _as_the_client_reads(host: str) -> str:
    """An address in full (docker/cli, `opts/hosts.go`): without a scheme it is TCP, and what lacks has a default."""
    scheme, separator, rest = host.partition("://")
    if not separator:
        scheme, rest = "tcp", host
    if scheme == "unix":
        return f"unix://{rest}" if rest else DEFAULT_SOCKET
    if scheme != "tcp":
        return host
    name, colon, port = rest.rpartition(":") if not rest.endswith("]") else (rest, "", "")
    if not colon:
        name, port = rest, ""
    return f"tcp://{name or '127.0.0.1'}:{port or 2375}"


def _context() -> Host | None:
    """The current docker context, read from the CLI's own files (faster than the CLI by 50 ms): its metadata, and its
    certificates beside them (docker/cli, `cli/context/store`).
    """
    folder = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
        name = os.environ.get("DOCKER_CONTEXT") or config.get("currentContext", "default")
        own = hashlib.sha256(name.encode()).hexdigest()
        meta = folder / "contexts" / "meta" / own / "meta.json"
        endpoint = json.loads(meta.read_text("utf-8"))["Endpoints"]["docker"]
        tls = any((folder / "contexts" / "tls" / own / "docker").glob("*.pem")) or bool(endpoint.get("SkipTLSVerify"))
        return Host(_as_the_client_reads(str(endpoint["Host"])), f"{CONTEXT} {name}", tls)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _private(settings: Settings, unusable: Sequence[str]) -> str:
    """The private engine's host, where one runs or can be started; `unusable`: what was said of the learner's own."""
    if sys.platform != "linux":
        raise EngineUnavailable(
            "Nenhum engine Docker respondeu.",
            "\n".join(unusable) or "docker version não alcança nenhum servidor",
            "Abra o Docker Desktop, espere ele ficar verde e repita: python3 -m labs up",
        )
    if os.geteuid() != 0:
        raise EngineUnavailable(
            "Nenhum engine Docker respondeu, e só o root pode iniciar um.",
            "\n".join([*unusable, f"usuário {os.geteuid()}; {DEFAULT_SOCKET} não responde ou não permite acesso"]),
            "sudo python3 -m labs up   (ou inicie o Docker da máquina: sudo systemctl start docker)",
        )
    if dockerd() is None:
        raise MissingDependency(
            "Nenhum engine Docker respondeu e o programa dockerd não está instalado.",
            "\n".join([*unusable, "dockerd: não encontrado no PATH"]),
            "apt-get install -y docker.io && python3 -m labs up",
        )
    check_path_length(settings)
    return settings.private_engine


def dockerd() -> str | None:
    """Where `dockerd` is; the system folders count even when a user's PATH lacks them."""
    return shutil.which("dockerd", path=f"{os.environ.get('PATH', os.defpath)}:/usr/local/sbin:/usr/sbin:/sbin")


def check_path_length(settings: Settings) -> None:
    """The engine's longest socket must fit into a Unix socket address.

    Raises:
        StateError: it does not.
    """
    longest = settings.run / "exec" / "containerd" / "containerd.sock.ttrpc"
    if len(os.fsencode(longest)) > SOCKET_PATH_LIMIT:
        raise StateError(
            "O caminho da pasta do laboratório é longo demais para os sockets do engine.",
            f"{longest}: {len(os.fsencode(longest))} bytes, o limite é {SOCKET_PATH_LIMIT}",
            'export LABS_HOME="$HOME/labs" && python3 -m labs up',
        )
