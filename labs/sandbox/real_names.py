"""What makes the lab's own engine and its docker client find the registries' real-life names at the gateway, and
nothing else of the internet (`labs/sandbox/gateway/real_names.py`).

Go's programs read a proxy and the certificates that they trust from the environment
(https://pkg.go.dev/net/http#ProxyFromEnvironment, https://pkg.go.dev/crypto/x509#SystemCertPool). Only these two get
them: pip, curl and the AWS CLI of the same terminal go where they always go.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shlex
import shutil
from collections.abc import Sequence

from labs.base.errors import EngineError
from labs.base.files import write_if_changed
from labs.base.foreign import past_the_proxy, without_labs
from labs.base.settings import Settings
from labs.seams import docker_files, engine_api

CLIENT = "docker"
NOBODY = "127.0.0.254"
"""An address of loopback on which no resolver listens: it refuses at once."""
SCRIPT = """#!/bin/sh
# The docker client of this lab: here the registries' names lead to the lab's own registries.
{exports}
exec {command} "$@"
"""


def environment(settings: Settings) -> dict[str, str]:
    """The variables; none where the lab's names are addresses, or the services' own."""
    if not (proxy := settings.names_proxy):
        return {}
    names = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")
    trusted = {"SSL_CERT_FILE": str(settings.authority_file), "SSL_CERT_DIR": os.devnull}
    return dict.fromkeys(names, proxy) | trusted | past_the_proxy({})


def without_dns(settings: Settings, command: Sequence[str]) -> list[str]:
    """The command in a mount namespace in which names are asked of nobody; as it is, where names are addresses.

    Engine and client look a registry's name up before they ask their proxy (moby, `registry/config.go`,
    `isCIDRMatch`), four times for one of ECR's: where a resolver is silent that takes 40 s, and where it is not, the
    question leaves the machine. Mounts of the machine go on to arrive here, and none of here leaves.
    """
    if not settings.names_proxy:
        return list(command)
    resolver = settings.sandbox / "resolv.conf"
    write_if_changed(resolver, f"nameserver {NOBODY}\n", 0o644)
    script = 'if [ -e /etc/resolv.conf ]; then mount --bind "$0" /etc/resolv.conf; fi && exec "$@"'
    return ["unshare", "--mount", "--propagation", "slave", "sh", "-c", script, str(resolver), *command]


def prepare(settings: Settings) -> None:
    """Put the client's front where the lab's terminals look first, or take it away.

    Raises:
        StateError: it cannot be written.
    """
    front = settings.programs / CLIENT
    program = shutil.which(CLIENT, path=without_labs(os.environ.get("PATH", os.defpath)))
    variables = environment(settings)
    if not (program and variables):
        front.unlink(missing_ok=True)
        return
    exports = "\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables.items())
    text = SCRIPT.format(exports=exports, command=shlex.join(without_dns(settings, [program])))
    write_if_changed(front, text, 0o700)


def adopt(settings: Settings) -> None:
    """Give images and logins that bear this lab's addresses, from before it had real-life names, those names.

    Raises:
        EngineError: the engine refused.
        StateError: the logins cannot be written.
    """
    if not settings.names_proxy:
        return
    names = {settings.registry_url(name).removeprefix("http://"): name for name in settings.registries}
    host = settings.engine_host
    for tag in itertools.chain.from_iterable(engine_api.images(host).values()):
        address, _, rest = tag.partition("/")
        if name := names.get(address):
            engine_api.tag(host, tag, f"{name}/{rest}")
            engine_api.remove_image(host, tag)
    with contextlib.suppress(EngineError):  # a damaged configuration: what first needs a login says so
        for address, name in names.items():
            if auth := docker_files.login(settings, address):
                docker_files.set_login(settings, name, auth)
                docker_files.forget_login(settings, address)
