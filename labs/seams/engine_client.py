"""Docker's SDK, kept from everything that it reads from outside: the engine seam's client."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping
from typing import Any

import docker
from docker.auth import AuthConfig
from docker.constants import MINIMUM_DOCKER_API_VERSION
from docker.utils import config as files

_MAKING = threading.Lock()


class EngineClient(docker.APIClient):
    """One engine's client.

    Left to itself docker-py reads `$DOCKER_CONFIG/config.json`, and where that is not there `~/.docker/config.json` and
    `~/.dockercfg`: it starts their credential helpers, sends all their passwords with a build, puts their proxies into
    it and adds their `HttpHeaders`; requests, below it, reads `HTTP_PROXY` and `~/.netrc`. It has no argument against
    the first (docker/docker-py, `api/client.py`): while a client is made no file is found. A build gets the lab's
    logins.

    Args:
        host: `DOCKER_HOST` of the engine, empty for the default socket.
        timeout: seconds without a byte after which an answer is given up.

    Raises:
        docker.errors.DockerException, requests.RequestException, OSError: no engine answers.
    """

    def __init__(self, host: str, timeout: float) -> None:
        with _MAKING:
            search, files.find_config_file = files.find_config_file, lambda config_path=None: None
            try:
                super().__init__(base_url=host or None, version=MINIMUM_DOCKER_API_VERSION, timeout=timeout)
            finally:
                files.find_config_file = search
        self.trust_env = False
        self.use_logins({})
        self._version = self._retrieve_server_version()

    def __del__(self) -> None:
        """A lab's client lives as long as its `World`, which nobody closes: its sockets go with it."""
        with contextlib.suppress(Exception):
            self.close()

    def use_logins(self, logins: Mapping[str, Mapping[str, str]]) -> None:
        """What a build sends along, as the docker client does: the engine API's `AuthConfig` by registry address."""
        self._auth_configs: Any = _Logins({"auths": {address: dict(login) for address, login in logins.items()}})


class _Logins(AuthConfig):
    """Logins that are all there are: docker-py would look for files again where it has none."""

    is_empty = False
