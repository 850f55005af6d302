"""The registry seam: reads what a registry holds, over the OCI distribution API (/v2) and Docker Hub's own API.

It never writes an image: pushing and pulling is the engine's work. Deleting is for the clean-up.
"""

from __future__ import annotations

import contextlib
import os
import re
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests

from labs.base.errors import RegistryError
from labs.base.explain import explain
from labs.base.foreign import LOOPBACK
from labs.base.marks import KIT_MARK
from labs.base.reference import DOCKER_HUB
from labs.seams.architecture import of_this_machine

REPLY_SECONDS = 10.0  # seconds
HUB_HOST, HUB_API = "registry-1.docker.io", "https://hub.docker.com/v2"
MANIFEST_TYPES = ", ".join(
    (
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.index.v1+json",
    )
)
REFUSED = (401, 403)
Credentials = Callable[[], "tuple[str, str] | None"]


@dataclass(frozen=True)
class Layer:
    """A blob of a manifest. `size` in bytes, compressed."""

    digest: str
    size: int


@dataclass(frozen=True)
class Manifest:
    """An image as a registry holds it. `layers` oldest first; `size` counts layers and config, in bytes, compressed.

    `digest` is what its name gives: an index's, where the image is kept for several platforms or with attestations;
    then `platform` is the digest of this platform's own manifest.
    """

    digest: str
    media_type: str
    config: Layer
    layers: tuple[Layer, ...]
    platform: str = ""

    @property
    def identity(self) -> frozenset[str]:
        """Every digest that stands for this image (`Image.same_as` of the engine seam)."""
        return frozenset(filter(None, (self.digest, self.platform, self.config.digest)))

    @property
    def size(self) -> int:
        return self.config.size + sum(layer.size for layer in self.layers)


@dataclass(frozen=True)
class HubRepository:
    """A repository's entry in Docker Hub's API."""

    name: str
    private: bool


class Registry(Protocol):
    """What the kit needs of a registry."""

    address: str

    def answers(self) -> bool: ...
    def accepts_login(self) -> bool: ...
    def tags(self, repository: str) -> tuple[str, ...]: ...
    def manifest(self, repository: str, reference: str) -> Manifest | None: ...
    def public(self, repository: str) -> bool: ...
    def has_blob(self, repository: str, digest: str) -> bool: ...
    def diff_ids(self, repository: str, config: str) -> tuple[str, ...]: ...


class Hub(Registry, Protocol):
    """A registry with Docker Hub's own API of repositories beside it."""

    def hub_repositories(self, namespace: str) -> tuple[HubRepository, ...]: ...
    def hub_account_works(self, namespace: str) -> bool: ...
    def hub_create(self, namespace: str, name: str) -> None: ...
    def hub_private(self, namespace: str, name: str) -> None: ...
    def hub_delete(self, namespace: str, name: str) -> None: ...


class HttpRegistry:
    """A registry over HTTP, with the login that the engine also has.

    Args:
        address: host:port, a name, or `docker.io`.
        url: where it is, where that is another place than its name says.
        credentials: gives user and password, or None for anonymous; asked each time: learners log in and out.
        renewed: gives new ones where those were refused.
        hides: this registry answers an owner that it is denied what does not exist, as Docker Hub does ("pull access
            denied, repository does not exist or may require docker login"). Elsewhere a refusal says nothing.
        marked: the requests bear the kit's mark; not where they stand for somebody else's.
        architecture: which image of several platforms is the one: the engine's.
    """

    def __init__(
        self,
        address: str,
        credentials: Credentials = lambda: None,
        *,
        renewed: Credentials | None = None,
        hides: bool = False,
        marked: bool = True,
        architecture: Callable[[], str] = of_this_machine,
        url: str = "",
    ) -> None:
        self.address = address
        self._architecture = architecture
        self._credentials = credentials
        self._renewed = renewed
        self._hides = hides
        local = bool(url) or address.partition(":")[0] in LOOPBACK
        self._url = url or f"{'http' if local else 'https'}://{HUB_HOST if address == DOCKER_HUB else address}"
        self._api = f"{self._url}/api/v2" if local else HUB_API
        self._way_out = "python3 -m labs up" if local else "curl -I https://hub.docker.com   (confira a sua internet)"
        self._session = requests.Session()
        if marked:
            self._session.headers["User-Agent"] = f"{KIT_MARK} {requests.utils.default_user_agent()}"
        self._session.trust_env = False  # neither a proxy for loopback traffic, nor the machine's ~/.netrc
        if not local:
            self._session.proxies = dict(urllib.request.getproxies())
            self._session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE") or True

    def answers(self) -> bool:
        """Whether the registry speaks /v2 at all (200, or 401 which asks for a login)."""
        with contextlib.suppress(requests.RequestException):
            return self._session.get(f"{self._url}/v2/", timeout=REPLY_SECONDS).status_code in (200, 401)
        return False

    def accepts_login(self) -> bool:
        """Whether the kept login is accepted now.

        Raises:
            RegistryError: the registry does not answer, or has no time for the question.
        """
        return self._credentials() is not None and self._granted(self._request("GET", ""))

    def tags(self, repository: str) -> tuple[str, ...]:
        """Tags of a repository, sorted, of all pages (distribution spec, "Listing Tags"); none where it does not exist.

        Raises:
            RegistryError: the registry does not answer, or refuses: that says nothing of what it has.
        """
        tags: list[str] = []
        page = f"{repository}/tags/list"
        while page:
            response = self._request("GET", page, f"repository:{repository}:pull")
            if self._absent(response):
                return ()
            with self._translated():
                tags += self._ok(response).json().get("tags") or ()
            following = urlsplit(response.links.get("next", {}).get("url", ""))
            page = f"{following.path.removeprefix('/v2/')}?{following.query}" if following.path else ""
        return tuple(sorted(tags))

    def manifest(self, repository: str, reference: str) -> Manifest | None:
        """The manifest behind a tag or digest, or None where the registry has none.

        Raises:
            RegistryError: the registry does not answer, answers something else, or refuses: that says nothing of what
                it has.
        """
        response = self._request(
            "GET", f"{repository}/manifests/{reference}", f"repository:{repository}:pull", {"Accept": MANIFEST_TYPES}
        )
        if self._absent(response):
            return None
        with self._translated():
            body = self._ok(response).json()
            if "manifests" in body:
                return self._of_index(repository, response, body)
            return manifest_of(body, response.headers["Docker-Content-Digest"])

    def has_blob(self, repository: str, digest: str) -> bool:
        """Whether the repository holds this layer (distribution spec, "Checking if content exists in the registry").

        Raises:
            RegistryError: the registry does not answer, or refuses.
        """
        response = self._request("HEAD", f"{repository}/blobs/{digest}", f"repository:{repository}:pull")
        return not self._absent(response) and bool(self._ok(response))

    def diff_ids(self, repository: str, config: str) -> tuple[str, ...]:
        """The layers by their unpacked content, oldest first, from an image's config (OCI image specification).

        Raises:
            RegistryError: the registry does not answer, or has no such config.
        """
        response = self._request("GET", f"{repository}/blobs/{config}", f"repository:{repository}:pull")
        with self._translated():
            return tuple(self._ok(response).json()["rootfs"]["diff_ids"])

    def _of_index(self, repository: str, response: requests.Response, body: dict[str, Any]) -> Manifest | None:
        """An image for several platforms: the one for the engine's, under the digest that its name gives."""
        mine = of_this_platform(body, self._architecture())
        found = self.manifest(repository, mine) if mine else None
        digest = response.headers["Docker-Content-Digest"]
        return replace(found, digest=digest, platform=found.platform or found.digest) if found else None

    def public(self, repository: str) -> bool:
        """Whether someone without a login can read the repository's tags.

        Raises:
            RegistryError: the registry does not answer, or has no time for the question.
        """
        path = f"{repository}/tags/list"
        return self._granted(self._request("GET", path, f"repository:{repository}:pull", anonymous=True))

    def hub_repositories(self, namespace: str) -> tuple[HubRepository, ...]:
        """Repositories of an account, of all pages of Docker Hub's API; private ones only with that account's login."""
        found: list[HubRepository] = []
        page = f"repositories/{namespace}/?page_size=100"
        while page:
            response = self._ok(self._hub("GET", page))
            with self._translated():
                content = response.json()
                found += (HubRepository(item["name"], bool(item["is_private"])) for item in content["results"])
            page = str(content.get("next") or "").removeprefix(f"{self._api}/")
        return tuple(found)

    def hub_account_works(self, namespace: str) -> bool:
        """Whether Docker Hub's API accepts the login for this account.

        Raises:
            RegistryError: Docker Hub does not answer, or has no time for the question.
        """
        credentials = self._credentials()
        return credentials is not None and credentials[0] == namespace and self._granted(self._sign_in(credentials))

    def hub_delete(self, namespace: str, name: str) -> None:
        """Delete a repository through Docker Hub's API; a missing one is no error."""
        response = self._hub("DELETE", f"repositories/{namespace}/{name}/")
        if response.status_code != 404:
            self._ok(response)

    def hub_create(self, namespace: str, name: str) -> None:
        """Create a private repository, so that a push never makes a public one (Docker Hub API, CreateRepository)."""
        content = {"namespace": namespace, "name": name, "registry": DOCKER_HUB, "is_private": True}
        self._ok(self._hub("POST", f"namespaces/{namespace}/repositories", content))

    def hub_private(self, namespace: str, name: str) -> None:
        """Make a repository private."""
        self._ok(self._hub("POST", f"repositories/{namespace}/{name}/privacy/", {"is_private": True}))

    # HTTP --------------------------------------------------------------------------------------

    def _hub(self, method: str, path: str, content: Mapping[str, Any] | None = None) -> requests.Response:
        credentials, headers = self._credentials(), {}
        if credentials:
            token = self._ok(self._sign_in(credentials)).json()["access_token"]
            headers = {"Authorization": f"Bearer {token}"}
        with self._translated():
            return self._session.request(
                method, f"{self._api}/{path}", headers=headers, json=content, timeout=REPLY_SECONDS
            )

    def _sign_in(self, credentials: tuple[str, str]) -> requests.Response:
        """Ask for a token of Docker Hub's API, which lives for minutes (Docker Hub API, AuthCreateAccessToken)."""
        asked = {"identifier": credentials[0], "secret": credentials[1]}
        with self._translated():
            return self._session.post(f"{self._api}/auth/token", json=asked, timeout=REPLY_SECONDS)

    def _request(
        self, method: str, path: str, scope: str = "", headers: dict[str, str] | None = None, anonymous: bool = False
    ) -> requests.Response:
        """One request, answering the registry's challenge (distribution spec, token authentication)."""
        url = f"{self._url}/v2/{path}"
        credentials = None if anonymous else self._credentials()
        with self._translated():
            response = self._session.request(method, url, headers=headers, timeout=REPLY_SECONDS)
            if response.status_code != 401:
                return response
            challenge = response.headers.get("WWW-Authenticate", "")
            if challenge.lower().startswith("basic"):
                response = self._session.request(method, url, headers=headers, auth=credentials, timeout=REPLY_SECONDS)
                if response.status_code not in REFUSED or anonymous or not self._renewed:
                    return response
                auth = self._renewed()
                return self._session.request(method, url, headers=headers, auth=auth, timeout=REPLY_SECONDS)
            token = self._token(challenge, scope, credentials)
            if not token:
                return response
            bearer = {**(headers or {}), "Authorization": f"Bearer {token}"}
            return self._session.request(method, url, headers=bearer, timeout=REPLY_SECONDS)

    def _token(self, challenge: str, scope: str, credentials: tuple[str, str] | None) -> str:
        fields = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
        parameters = {"service": fields.get("service", ""), **({"scope": scope} if scope else {})}
        response = self._session.get(fields["realm"], params=parameters, auth=credentials, timeout=REPLY_SECONDS)
        return str(response.json().get("token", "")) if self._granted(response) else ""

    def _absent(self, response: requests.Response) -> bool:
        """Whether the answer says that there is no such thing."""
        if response.status_code in REFUSED and self._hides:
            return self.accepts_login()
        return response.status_code == 404

    def _granted(self, response: requests.Response) -> bool:
        """Whether the answer is yes; a refusal is a no, and anything else (a limit, a failure) is no answer."""
        return response.status_code not in (*REFUSED, 404) and bool(self._ok(response))

    def _ok(self, response: requests.Response) -> requests.Response:
        if response.status_code < 400:
            return response
        basic = str(response.request.headers.get("Authorization", "")).startswith("Basic ")  # ECR's way, not the Hub's
        explanation = explain(response.text, ["ecr" if basic else "hub"])
        raise RegistryError(
            explanation.after(f"O registry {self.address} recusou."),
            f"{response.status_code} {response.text[:300]}",
            explanation.next_command,
        )

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            what = f"Quem respondeu no endereço {self.address} não falou como um registry."
            raise RegistryError(what, f"{type(error).__name__}: {error}", "python3 -m labs status") from error
        except requests.RequestException as error:
            raise RegistryError(f"O registry {self.address} não responde.", str(error), self._way_out) from error


def of_this_platform(index: Mapping[str, Any], architecture: str) -> str:
    """The digest of the manifest for Linux on this architecture in an index (OCI image index specification), or of the
    only image that is there, for whatever platform it was built; "" for none. An entry for an unknown platform is an
    attestation (docs.docker.com/build/metadata/attestations/attestation-storage).
    """
    found = {}
    for entry in index["manifests"]:
        where = entry.get("platform") or {}
        if where.get("os") != "unknown":
            found[entry["digest"]] = (where.get("os"), where.get("architecture"))
    mine = [digest for digest, where in found.items() if where == ("linux", architecture)]
    return str(next(iter(mine or (found if len(found) == 1 else ())), ""))


def manifest_of(body: Mapping[str, Any], digest: str) -> Manifest:
    """A manifest from its JSON (OCI image manifest specification)."""
    kind = body.get("mediaType", "application/vnd.oci.image.manifest.v1+json")  # optional in OCI's own
    return Manifest(digest, kind, _layer(body["config"]), tuple(_layer(layer) for layer in body["layers"]))


def _layer(blob: dict[str, Any]) -> Layer:
    return Layer(blob["digest"], int(blob["size"]))
