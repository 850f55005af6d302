"""The few requests of Docker's HTTP API that the sandbox itself makes (https://docs.docker.com/engine/api/v1.40/).

Learner's steps go through `labs/seams/engine.py`; this module starts, fills and stops the engine, with the standard
library.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Container, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urlencode

from labs.base.errors import EngineError
from labs.base.marks import KIT_LABELS
from labs.seams.unix_http import Reply, request

LAST_LINES = "stdout=1&stderr=1&tail=10000"


def ping(host: str, timeout: float = 2.0) -> str:
    """ "" when an engine answers at `host`, else what was observed."""
    try:
        reply = request(host, "GET", "/_ping", timeout=timeout)
    except OSError as error:
        return f"{host}: {error}"
    return "" if reply.status == 200 else f"{host}: HTTP {reply.status} {reply.text}"


def architecture(host: str) -> str:
    """The processor of the engine's machine, in the words of `seams/architecture.py` (`GET /version`)."""
    return str(_call(host, "GET", "/version").json()["Arch"])


def image_exists(host: str, image: str) -> bool:
    """Whether the engine has that image."""
    return _call(host, "GET", f"/images/{image}/json", accept=(200, 404)).status == 200


def image_id(host: str, image: str) -> str:
    """The id of the engine's image of that name."""
    return str(_call(host, "GET", f"/images/{image}/json").json()["Id"])


def import_image(host: str, archive: Path, image: str, changes: Iterable[str]) -> None:
    """`docker import`: a root file system's tar becomes an image; `changes` are Dockerfile instructions."""
    repository, _, tag = image.rpartition(":")
    query = urlencode([("fromSrc", "-"), ("repo", repository), ("tag", tag), *(("changes", line) for line in changes)])
    with archive.open("rb") as body:
        _stream(_call(host, "POST", f"/images/create?{query}", body=body, length=archive.stat().st_size, timeout=300))


def pull(host: str, image: str, seconds: float = 900) -> None:
    """`docker pull` without a login."""
    repository, _, tag = image.rpartition(":")
    query = urlencode({"fromImage": repository, "tag": tag})
    _stream(_call(host, "POST", f"/images/create?{query}", timeout=seconds))


def derive(host: str, base: str, image: str, files: bytes, changes: Iterable[str]) -> None:
    """One more layer on `base` from a tar, without running anything: create, copy in, commit, remove."""
    body = {"Image": base, "Cmd": ["true"]}
    container = _call(host, "POST", "/containers/create", json_body=body, accept=(201,)).json()["Id"]
    try:
        _call(host, "PUT", f"/containers/{container}/archive?path=/", body=files)
        repository, _, tag = image.rpartition(":")
        query = urlencode(
            [("container", container), ("repo", repository), ("tag", tag), *(("changes", line) for line in changes)]
        )
        _call(host, "POST", f"/commit?{query}", json_body={}, accept=(201,), timeout=60)
    finally:
        _call(host, "DELETE", f"/containers/{container}?force=true", accept=(204, 404))


def push(host: str, image: str, user: str, password: str) -> None:
    """`docker push` as that user."""
    repository, _, tag = image.rpartition(":")
    login = base64.urlsafe_b64encode(json.dumps({"username": user, "password": password}).encode()).decode()
    path = f"/images/{repository}/push?{urlencode({'tag': tag})}"
    _stream(_call(host, "POST", path, headers={"X-Registry-Auth": login}, timeout=300))


def tag(host: str, image: str, name: str) -> None:
    """`docker tag`."""
    repository, _, word = name.rpartition(":")
    _call(host, "POST", f"/images/{image}/tag?{urlencode({'repo': repository, 'tag': word})}", accept=(201,))


def remove_image(host: str, image: str) -> None:
    """Remove one name of an image; no error when it is not there."""
    _call(host, "DELETE", f"/images/{image}", accept=(200, 404))


def everything(host: str) -> list[tuple[str, str, str]]:
    """Kind, name and identity of all that an engine holds, but for the kit's own containers; an image once per name,
    with an empty one if it has none.
    """
    things = []
    for container in _call(host, "GET", "/containers/json?all=1").json():
        if any(label in KIT_LABELS for label in container.get("Labels") or ()):
            continue
        things += [("container", str(name).lstrip("/"), str(container["Id"])) for name in container["Names"]]
    for image, names in images(host).items():
        things += [("image", name, image) for name in names or [""]]
    for network in _call(host, "GET", "/networks").json():
        things.append(("network", str(network["Name"]), str(network["Id"])))
    for volume in _call(host, "GET", "/volumes").json().get("Volumes") or ():
        things.append(("volume", str(volume["Name"]), str(volume.get("CreatedAt", ""))))
    return things


def images(host: str) -> dict[str, list[str]]:
    """Names of each image by its id; none for one that lost them."""
    named = {}
    for image in _call(host, "GET", "/images/json").json() or []:
        named[str(image["Id"])] = [str(tag) for tag in image.get("RepoTags") or () if tag != "<none>:<none>"]
    return named


def builder_cache(host: str) -> int:
    """Bytes that BuildKit keeps of earlier builds (`GET /system/df`, whose answer has another form since API 1.52); the
    classic builder keeps images instead.
    """
    usage = _call(host, "GET", "/system/df?type=build-cache", timeout=60).json()
    if "BuildCacheUsage" in usage:
        return int(usage["BuildCacheUsage"].get("TotalSize", 0))
    return sum(int(one["Size"]) for one in usage.get("BuildCache") or () if not one.get("Shared"))


def published_ports(host: str) -> dict[str, set[int]]:
    """Host ports that each container publishes, by the container's name."""
    containers = _call(host, "GET", "/containers/json").json() or []
    return {
        str(one["Names"][0]).lstrip("/"): {int(port["PublicPort"]) for port in one["Ports"] if "PublicPort" in port}
        for one in containers
    }


def told_by_containers(host: str, images: Container[str]) -> Iterator[tuple[str, bytes]]:
    """Name of each container of these images (ids), with its configuration and what it printed last."""
    for container in _call(host, "GET", "/containers/json?all=1").json() or []:
        if container["ImageID"] in images:
            asked = [f"/containers/{container['Id']}/{what}" for what in ("json", f"logs?{LAST_LINES}")]
            answers = [_call(host, "GET", path, accept=(200, 404)).body for path in asked]
            yield str(container["Names"][0]).lstrip("/"), b"\n".join(answers)


def stop_containers(host: str, seconds: int = 2) -> int:
    """Stop everything that runs in an engine, side by side; returns how many. Only for the private engine."""
    running = [str(item["Id"]) for item in _call(host, "GET", "/containers/json").json()]

    def stop(container: str) -> None:
        _call(host, "POST", f"/containers/{container}/stop?t={seconds}", accept=(204, 304, 404), timeout=seconds + 20)

    with ThreadPoolExecutor(max_workers=8) as workers:
        list(workers.map(stop, running))
    return len(running)


def create_container(host: str, name: str, wanted: Mapping[str, Any]) -> str:
    """A container of this name, not started (`POST /containers/create`); returns its id."""
    path = f"/containers/create?{urlencode({'name': name})}"
    return str(_call(host, "POST", path, json_body=wanted, accept=(201,)).json()["Id"])


def start_container(host: str, container: str) -> None:
    """`docker start`."""
    _call(host, "POST", f"/containers/{container}/start", accept=(204, 304))


def run_to_end(host: str, name: str, wanted: Mapping[str, Any], seconds: float) -> int:
    """`docker run --rm`: make a container of this name, start it, wait; returns its exit code.

    Raises:
        EngineError: the engine refused, or the container did not end in time.
    """
    container = create_container(host, name, wanted)
    try:
        start_container(host, container)
        return int(_call(host, "POST", f"/containers/{container}/wait", timeout=seconds).json()["StatusCode"])
    finally:
        remove_container(host, container)


def container_labels(host: str, name: str) -> Mapping[str, str] | None:
    """A container's labels, running or not; None where there is none of that name."""
    reply = _call(host, "GET", f"/containers/{name}/json", accept=(200, 404))
    return dict(reply.json()["Config"].get("Labels") or {}) if reply.status == 200 else None


def remove_container(host: str, name: str) -> None:
    """`docker rm -f`; no error where it is gone, or just going (409)."""
    _call(host, "DELETE", f"/containers/{name}?force=true&v=true", accept=(204, 404, 409))


def default_publishing(host: str) -> str:
    """The address on which the engine publishes a port that names none (its `--ip`, an option of its bridge network);
    empty where it does not say.
    """
    network = _call(host, "GET", "/networks/bridge", accept=(200, 404)).json() or {}
    return str((network.get("Options") or {}).get("com.docker.network.bridge.host_binding_ipv4", ""))


def proxy(host: str) -> str:
    """The proxy by which the engine gets to registries; "" where it has none (Docker Engine API, `SystemInfo`)."""
    return str(_call(host, "GET", "/info").json().get("HttpsProxy") or "")


def _call(
    host: str,
    method: str,
    path: str,
    *,
    body: bytes | IO[bytes] | None = None,
    json_body: Any = None,
    headers: dict[str, str] | None = None,
    length: int = 0,
    accept: tuple[int, ...] = (200,),
    timeout: float = 30,
) -> Reply:
    sent = dict(headers or {})
    if json_body is not None:
        body, sent["Content-Type"] = json.dumps(json_body).encode(), "application/json"
    elif body is not None:
        sent["Content-Type"] = "application/x-tar"
    if length:
        sent["Content-Length"] = str(length)
    try:
        reply = request(host, method, quote(path, safe="/?&=:%+-_.~"), body=body, headers=sent, timeout=timeout)
    except OSError as error:
        raise EngineError(
            "O engine Docker não respondeu.", f"{method} {path}: {error}", "python3 -m labs status"
        ) from error
    if reply.status not in accept:
        answer = reply.json()
        said = answer.get("message", "") if isinstance(answer, dict) else reply.text
        raise _refused(f"HTTP {reply.status} em {method} {path}: {said}")
    return reply


def _stream(reply: Reply) -> None:
    """Pull, push and import answer 200 and tell failures inside the stream."""
    for line in reply.body.splitlines():
        message = json.loads(line) if line.strip() else {}
        if "error" in message:
            raise _refused(str(message["error"]))


def _refused(observed: str) -> EngineError:
    full = "no space left on device" in observed
    what = "O disco está cheio: o engine Docker não conseguiu gravar." if full else "O engine Docker recusou o pedido."
    return EngineError(what, observed, "df -h" if full else "python3 -m labs doctor")
