"""What programs read of the machine's environment and of the home's files, and what of it reaches the lab: one table.

A lab's terminal, its steps, its JupyterLab and the kit's own calls take nothing by default: each row says who reads a
variable, and so why it stays out. Whatever the lab sets itself (`Settings.environment`) wins over the table. What
programs read from files is pointed elsewhere: `DOCKER_CONFIG`, `AWS_CONFIG_FILE`, `CURL_HOME` … there.

What stays on purpose: how this machine reaches the outside (`HTTP_PROXY`, `AWS_CA_BUNDLE`, `SSL_CERT_FILE`, pip's and
uv's own), because installing and the live target need it; and language, time zone and screen.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

LOOPBACK = ("127.0.0.1", "localhost")
TABLE = (
    # docs.docker.com/reference/cli/docker, "Environment variables"; docker/cli: DOCKER_TLS*, DOCKER_CONTENT_TRUST*,
    # DOCKER_DEFAULT_PLATFORM, DOCKER_AUTH_CONFIG … DOCKER_HOST is the lab's own once `up` has chosen an engine.
    r"DOCKER_(?!HOST$)\w+",
    # docs.docker.com/build/building/variables: another builder, another output; SOURCE_DATE_EPOCH makes other digests.
    r"(BUILDX|BUILDKIT|EXPERIMENTAL_BUILDKIT)_\w+|SOURCE_DATE_EPOCH",
    r"COMPOSE_\w+",  # docs.docker.com/compose/how-tos/environment-variables/envvars: another project, other files
    r"CONTAINER_(HOST|CONNECTION|SSHKEY)|CONTAINERS_\w+|REGISTRY_AUTH_FILE",  # podman(1), where it stands for docker
    r"OTEL_\w+",  # docker and buildx would send traces to somebody's collector
    # SDKs and Tools reference guide, "Environment variables list"; botocore: AWS_DATA_PATH, AWS_CREDENTIAL_FILE …
    r"AWS_(?!CA_BUNDLE$)\w+",
    r"BOTO_\w+",  # keys of boto 2
    r"PYTHON\w+",  # docs.python.org/3/using/cmdline: other modules, another home, an interpreter that does not end
    # Jupyter's own folders are the lab's (`labs/jupyter/server.py`); these would add others to them.
    r"JUPYTER_(PATH|CONFIG_PATH|NO_CONFIG|TOKEN|TOKEN_FILE|PLATFORM_DIRS|ALLOW_INSECURE_WRITES)|JUPYTERLAB_DIR",
    # bash(1), "Shell variables": files and functions that every bash reads first, and `cd` to another place.
    r"BASH_ENV|ENV|SHELLOPTS|BASHOPTS|BASH_COMPAT|BASH_FUNC_.*|CDPATH|GLOBIGNORE|POSIXLY_CORRECT",
    r"TAR_OPTIONS|GZIP",  # tar(1), gzip(1): what they are told before their arguments
    r"NETRC|CURL_HOME",  # curl(1): `~/.curlrc` may hold a proxy, a user, a file to write to
)
"""Patterns of names that stay out, by who reads them."""
_FOREIGN = re.compile("|".join(TABLE))
HOME_OF_PYTHON = "PYTHONHOME"
"""With it an environment's Python is none: it has the other one's packages, and would start itself again and again."""
_READ_ONLY = ("SHELLOPTS", "BASHOPTS")
SHADOWED = ("docker", "aws", "python3", "curl")
"""Programs of the lessons: an alias or a function of that name (`sudo docker`, podman) would go past the variables."""


def is_foreign(name: str) -> bool:
    """Whether a variable of the machine stays out of the lab."""
    return bool(_FOREIGN.fullmatch(name))


def without_foreign(variables: Mapping[str, str]) -> dict[str, str]:
    """The machine's variables that may stay in the lab."""
    return {name: value for name, value in variables.items() if not is_foreign(name)}


def leaving(variables: Mapping[str, str], own: Mapping[str, str]) -> list[str]:
    """What a shell that becomes the lab's runs first, in bash as in zsh: variables, aliases and functions go.

    Args:
        variables: what the shell has.
        own: what the lab sets.
    """
    seen = {*variables, HOME_OF_PYTHON}  # that one is gone before anybody in the environment can see it
    foreign = sorted(name for name in seen if is_foreign(name) and name.isidentifier() and name not in own)
    return [
        *(f"unset {name}" for name in foreign if name not in _READ_ONLY),
        *(f"{{ unalias {program}; unset -f {program}; }} 2>/dev/null || true" for program in SHADOWED),
    ]


def past_the_proxy(base: Mapping[str, str]) -> dict[str, str]:
    """A proxy of the machine must not see loopback: curl and the AWS CLI would send it the lab's passwords."""
    spared = base.get("no_proxy") or base.get("NO_PROXY") or ""
    hosts = dict.fromkeys([*filter(None, (host.strip() for host in spared.split(","))), *LOOPBACK])
    return dict.fromkeys(("NO_PROXY", "no_proxy"), ",".join(hosts))


PROGRAMS = "labs-bin"
"""Name of the folder in which a lab has fronts of its own for programs of the machine."""


def without_labs(path: str) -> str:
    """A PATH without any lab's fronts. A command for one lab may be typed in a terminal of another: a front that found
    the other's in the machine's place would lead to the other's registries.
    """
    return os.pathsep.join(folder for folder in path.split(os.pathsep) if os.path.basename(folder) != PROGRAMS)


def with_programs_first(path: str, programs: str) -> str:
    """A PATH on which the lab's programs are found before the machine's of the same name (an `aws` of version 2, …)."""
    return os.pathsep.join(dict.fromkeys([programs, *path.split(os.pathsep)]))
