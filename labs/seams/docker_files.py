"""The Docker client's own configuration in this lab, with its logins: the one place that reads and writes it.

Standard library only. Logins are read, kept and forgotten as the docker client does it (docker/cli, `cli/config`): in
the file, in one of the forms that it knows, or with the credential helper that the file names
(docs.docker.com/reference/cli/docker/login, "Credential stores").
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from labs.base.errors import EngineError
from labs.base.files import write_atomic
from labs.base.reference import DOCKER_HUB
from labs.base.settings import Settings
from labs.seams import credential_helper

HUB_KEY = "https://index.docker.io/v1/"
"""Under this address the docker CLI keeps and sends Docker Hub's login (docker/cli, `registry.IndexServer`)."""
NOBODY = "nenhum.invalid"
"""An address without a login (RFC 2606, ".invalid"). A file that names no address and no helper lets the client choose
a helper by itself, the first that it finds on the PATH (docker/cli, `LoadDefaultConfigFile`, `DetectDefaultStore`)."""
TOKEN_USER = "<token>"
"""The user of a login that is a token (docker/cli, `native_store.go`, `tokenUsername`)."""


def prepare(settings: Settings) -> None:
    """Make the configuration say what the client would otherwise choose by itself: logins stand in this file. Plugins
    are the machine's own, as they are programs (`~/.docker/cli-plugins`, where Docker Desktop puts buildx); what the
    machine got since the last `up` is added. What somebody has chosen in the file stays.

    Raises:
        StateError: it cannot be written.
    """
    try:
        config = _config(settings)
    except EngineError:
        return  # what first needs a login says so
    wanted = dict(config)
    if not (config.get("auths") or config.get("credsStore") or config.get("credHelpers")):
        wanted["auths"] = {NOBODY: {}}
    kept = config.get("cliPluginsExtraDirs") or []
    if new := [one for one in _plugin_folders(settings) if isinstance(kept, list) and one not in kept]:
        wanted["cliPluginsExtraDirs"] = [*kept, *new]
    if wanted != config:
        _write(settings, wanted)


def key(registry: str) -> str:
    """The address under which a registry's login is kept and sent."""
    return HUB_KEY if registry == DOCKER_HUB else registry


def logins(settings: Settings) -> dict[str, str]:
    """What is kept for each address that the file names, packed; empty where nobody has logged in yet.

    Raises:
        EngineError: the file cannot be read, or a helper does not answer.
    """
    config = _config(settings)
    addresses = [*_auths(config), *(config.get("credHelpers") or {})]
    kept = {address: _kept(settings, config, address) for address in addresses}
    return {address: auth for address, auth in kept.items() if auth}


def login(settings: Settings, registry: str) -> str | None:
    """What is kept for a registry, packed, or None.

    Raises:
        EngineError: the file cannot be read, or the helper does not answer.
    """
    return _kept(settings, _config(settings), key(registry))


def set_login(settings: Settings, registry: str, auth: str) -> None:
    """Keep a login where the client would; others stay, and so does all else in the file.

    Raises:
        EngineError: the file cannot be read, or the helper refused.
        StateError: it cannot be written.
    """
    config, address = _config(settings), key(registry)
    user, password = unpacked(auth) or ("", "")
    entry = {"identitytoken": password} if user == TOKEN_USER else {"auth": auth}
    if helper := _helper(config, address):
        credential_helper.store(settings, helper, address, user, password)
        entry = {}
    config["auths"] = {**_auths(config), address: entry}
    _write(settings, config)


def forget_login(settings: Settings, registry: str) -> None:
    """What `docker logout` does, without asking whether there was a login.

    Raises:
        EngineError: the file cannot be read, or the helper refused.
        StateError: it cannot be written.
    """
    config, address = _config(settings), key(registry)
    if helper := _helper(config, address):
        credential_helper.erase(settings, helper, address)
    names = [name for name in _auths(config) if name == address or _host(name) == address]
    if names:
        config["auths"] = {name: entry for name, entry in _auths(config).items() if name not in names} or {NOBODY: {}}
        _write(settings, config)


def packed(user: str, password: str) -> str:
    """User and password as they are kept."""
    return base64.b64encode(f"{user}:{password}".encode()).decode()


def unpacked(auth: str) -> tuple[str, str] | None:
    """User and password of what is kept, or None where it is neither."""
    try:
        user, _, password = base64.b64decode(auth).decode().partition(":")
    except ValueError:
        return None
    return (user, password.strip("\0")) if user else None


# How Docker reads its file ------------------------------------------------------------------------


def _kept(settings: Settings, config: dict[str, Any], address: str) -> str | None:
    """A login as the client finds it: from the helper of this address where there is one, else from the file, where an
    older client may have written the address with a scheme and a path.
    """
    if helper := _helper(config, address):
        found = credential_helper.get(settings, helper, address)
        return packed(*found) if found else None
    auths = _auths(config)
    if address in auths:
        return _packed_entry(auths[address])
    return next((_packed_entry(entry) for name, entry in auths.items() if _host(name) == address), None)


def _packed_entry(entry: Any) -> str | None:
    """What an entry of `auths` holds: `auth`, else user and password by their names, else a token."""
    if not isinstance(entry, dict):
        return None
    auth, user, password, token = (entry.get(name) for name in ("auth", "username", "password", "identitytoken"))
    if isinstance(token, str) and token:
        return packed(TOKEN_USER, token)
    if isinstance(auth, str) and auth:
        return auth
    if isinstance(user, str) and user and isinstance(password, str):
        return packed(user, password)
    return None


def _helper(config: dict[str, Any], address: str) -> str:
    """The helper for an address; an empty name in `credHelpers` means this file (`getConfiguredCredentialStore`)."""
    own = config.get("credHelpers") or {}
    return str(own[address] if address in own else config.get("credsStore") or "")


def _auths(config: dict[str, Any]) -> dict[str, Any]:
    return config.get("auths") or {}


def _host(address: str) -> str:
    """An address without scheme and path (docker/cli, `ConvertToHostname`)."""
    return address.rpartition("://")[2].partition("/")[0]


def _plugin_folders(settings: Settings) -> list[str]:
    """Where the machine's own Docker looks for plugins beside the system's folders (docker/cli, `getPluginDirs`): every
    client since 19.03, the first with plugins, reads this list, and passes over a folder that is gone.
    """
    chosen = os.environ.get("DOCKER_CONFIG")  # in a terminal of this lab, the lab's own
    labs_own = chosen and Path(chosen).is_relative_to(settings.home)
    folder = Path(chosen) if chosen and not labs_own else Path.home() / ".docker"
    try:
        own = json.loads((folder / "config.json").read_text("utf-8"))["cliPluginsExtraDirs"]
    except (OSError, ValueError, KeyError, TypeError):
        own = []
    named: Iterator[Any] = iter(own if isinstance(own, list) else [])
    folders = [*(one for one in named if isinstance(one, str)), str(folder / "cli-plugins")]
    # One that cannot be read would end the client's search with an error.
    usable = (one for one in dict.fromkeys(folders) if Path(one).is_absolute() and os.access(one, os.R_OK | os.X_OK))
    return [one for one in usable if Path(one).is_dir()]


def _config(settings: Settings) -> dict[str, Any]:
    path = settings.docker_config / "config.json"
    try:
        config = json.loads(path.read_text("utf-8"))
        if not isinstance(config, dict) or not all(
            isinstance(config.get(name) or {}, dict) for name in ("auths", "credHelpers")
        ):
            raise ValueError("não é um objeto JSON com logins")
        return config
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise EngineError(
            "A configuração do Docker deste laboratório está danificada.",
            f"{path}: {error}",
            f"mv '{path}' '{path}.danificado' && docker login",
        ) from error


def _write(settings: Settings, config: dict[str, Any]) -> None:
    write_atomic(settings.docker_config / "config.json", json.dumps(config, indent=2) + "\n")
