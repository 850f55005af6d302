"""Whether the engine runs containers: it is made to run one of the base image, as every lesson will.

An engine may answer and hold images where no container can start: control groups that cannot be written, a kernel or a
profile that refuses what runc asks for, another processor. What it then says is the tool's; each cause that is known
gets its own words here.
"""

from __future__ import annotations

import re
import secrets
from typing import NamedTuple

from labs.base.errors import EngineError, LabError
from labs.base.marks import PROOF_LABEL
from labs.base.settings import Settings
from labs.sandbox import base_image
from labs.seams import engine_api

SECONDS = 60.0
"""A first container on a slow disk takes some."""
CODE = 42
"""With which the container ends: Python ran, and nothing else did in its place."""
COMMAND = ("python3", "-c", f"raise SystemExit({CODE})")
ANEW = "python3 -m labs down; python3 -m labs up"
AS_IMAGE = "num container, ligue o laboratório pelo compose.yaml deste clone: docker compose up"


class Cause(NamedTuple):
    """What an engine says (a pattern), what it means, and what to do."""

    said: str
    means: str
    next_command: str


CAUSES = (
    Cause(r"no space left on device", "o disco está cheio.", "df -h"),
    Cause(
        r"cgroup.*(read-only file system|permission denied|no such file)|cgroup mountpoint|cgroup.*isn't mounted",
        "os grupos de controle (cgroups) desta máquina não podem ser gravados.",
        AS_IMAGE,
    ),
    Cause(r"session keyring", "um perfil de seccomp proíbe o que o runc pede ao sistema.", AS_IMAGE),
    Cause(
        r"failed to (configure|disable) ipv6|/proc/sys/net.*read-only",
        "a rede do container não pode ser configurada: /proc/sys não pode ser gravado.",
        AS_IMAGE,
    ),
    Cause(
        r"exec format error",
        "a imagem base é de outro processador.",
        "docker rmi -f labs/python-base:3; python3 -m labs up",
    ),
    Cause(
        r"veth|add interface|network namespace|create endpoint|iptables",
        "a rede do container não pôde ser criada.",
        ANEW,
    ),
    Cause(
        r"operation not permitted|permission denied",
        "o sistema não dá ao engine os direitos que um container precisa.",
        AS_IMAGE,
    ),
)
"""The first that fits; a special one stands before a general one."""


def require(settings: Settings, image: str) -> None:
    """Run one container to its end; nothing of it stays.

    Args:
        image: the base image's name in the engine.

    Raises:
        EngineError: no container runs; in the words of the cause, where it is known.
    """
    wanted = {
        "Image": image,
        "Cmd": list(COMMAND),
        "Labels": {PROOF_LABEL: ""},
        "HostConfig": {"LogConfig": {"Type": "none"}},
    }
    name = f"labs-prova-{secrets.token_hex(3)}"
    try:
        code = engine_api.run_to_end(settings.engine_host, name, wanted, SECONDS)
    except EngineError as error:
        raise _explained(error) from error
    if code != CODE:
        raise EngineError(
            "O engine rodou um container da imagem base, e o Python dele não funcionou.",
            f"código {code}, e devia ser {CODE}",
            f"docker run --rm {image} python3 -c 'print(42)'",
        )


def why_not(settings: Settings) -> LabError | None:
    """The error that `require` would raise, for who lists what is wrong; None where containers run."""
    try:
        image = base_image.present(settings.engine_host)
        if not image:
            return EngineError("O engine não tem a imagem base do laboratório.", settings.engine_host, ANEW)
        require(settings, image)
    except LabError as error:
        return error
    return None


def _explained(error: EngineError) -> EngineError:
    what = "O engine responde, mas nenhum container roda nele"
    for cause in CAUSES:
        if re.search(cause.said, error.observed, re.IGNORECASE):
            return EngineError(f"{what}: {cause.means}", error.observed, cause.next_command)
    if "timed out" in error.observed:
        return EngineError(f"{what}: o de prova não terminou em {SECONDS:.0f} s.", error.observed, ANEW)
    return EngineError(f"{what}.", error.observed, f"docker run --rm labs/python-base:3 true; {ANEW}")
