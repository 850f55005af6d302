"""Docker's SDK, kept from everything that it reads from outside: the engine seam's client."""

from __future__ import annotations

import contextlib
import threading
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
    the first (docker/docker-py, `api/client.py`): while a client is made no file is found.

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
        self._auth_configs: Any = _NoLogins({"auths": {}})
        self._version = self._retrieve_server_version()

    def __del__(self) -> None:
        """A lab's client lives as long as its `World`, which nobody closes: its sockets go with it."""
        with contextlib.suppress(Exception):
            self.close()

    def inspect(self, image: str) -> dict[str, Any]:
        """`GET /images/{name}/json` with the manifests of an index, which docker-py's `inspect_image` cannot ask for;
        an engine before API 1.48 leaves them out.

        Raises:
            docker.errors.ImageNotFound: there is no such image.
        """
        answer = self._get(self._url("/images/{0}/json", image), params={"manifests": 1})
        found: dict[str, Any] = self._result(answer, True)
        return found


class _NoLogins(AuthConfig):
    """No logins at all: docker-py would look for files again where it has none."""

    is_empty = False
