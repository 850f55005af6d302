"""What is sent, and where: the sandbox's seams never talk to a real service, the live ones to nothing else."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest

from labs.base.errors import CloudError, EngineError
from labs.base.reference import registry_of
from labs.base.settings import Settings
from labs.course.catalog import load_course
from labs.seams.cloud import AwsCloud
from labs.seams.engine import DockerEngine
from labs.seams.registry import HttpRegistry

from ..fakes import digest


def test_live_clients_find_aws_by_themselves_and_nothing_else(real: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    real.aws_credentials_file.parent.mkdir(parents=True)
    real.aws_credentials_file.write_text("[console]\naws_access_key_id = AKIA\naws_secret_access_key = s\n")
    cloud = AwsCloud(real)
    assert cloud.client("ecr", "console").meta.endpoint_url == "https://api.ecr.sa-east-1.amazonaws.com"
    cloud._guard(SimpleNamespace(url="https://sts.sa-east-1.amazonaws.com/"))
    for url in (
        "http://sts.amazonaws.com/",
        "https://127.0.0.1:1/",
        "https://amazonaws.com.evil.example/",
        "https://x/",
    ):
        with pytest.raises(CloudError):
            cloud._guard(SimpleNamespace(url=url))


@pytest.mark.parametrize(
    "name", ["widget-server:v1", "maria/widget-server:v1", "ghcr.io/x/y:1", "1.dkr.ecr.us-east-2.amazonaws.com/x"]
)
def test_the_sandboxs_engine_seam_never_talks_to_a_real_registry(settings: Settings, name: str) -> None:
    engine = DockerEngine(settings.with_changes(engine_host="unix:///nowhere"))
    for act in (engine.push, engine.pull):
        with pytest.raises(EngineError, match="alvo escolhido"):
            act(name)
    with pytest.raises(EngineError, match="alvo escolhido"):
        engine.login(registry_of(name), "maria", "x")


def test_no_command_of_the_sandbox_names_a_real_service(settings: Settings) -> None:
    real = re.compile(r"docker\.(io|com)|amazonaws\.com|awsapps|https://")
    for lesson in load_course().lessons:
        for step in (*lesson.steps, *([lesson.challenge] if lesson.challenge else [])):
            assert not real.search(step.command), step.id
            for words in re.findall(r"docker (?:push|pull|login|logout) ([^|&]+)", step.command):
                assert re.search(r"\$(HUB|ECR|ECR_PUBLIC)_REGISTRY", words), step.command


def test_a_live_registry_is_reached_over_tls_at_its_own_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    hub, ecr, lab = (HttpRegistry(one) for one in ("docker.io", "1.dkr.ecr.us-east-2.amazonaws.com", "127.0.0.1:5"))
    assert (hub._url, hub._api) == ("https://registry-1.docker.io", "https://hub.docker.com/v2")
    assert ecr._url == "https://1.dkr.ecr.us-east-2.amazonaws.com" and ecr._session.proxies["https"]
    assert lab._url == "http://127.0.0.1:5" and not lab._session.proxies
    assert not any(one._session.trust_env for one in (hub, ecr, lab))


def test_the_hubs_login_is_kept_where_the_docker_cli_looks(real: Settings) -> None:
    real.docker_config.mkdir(parents=True, exist_ok=True)
    entry = {"auths": {"https://index.docker.io/v1/": {"auth": "bWFyaWE6cHc="}}}
    (real.docker_config / "config.json").write_text(json.dumps(entry))
    engine = DockerEngine(real)
    assert engine.credentials("docker.io") == ("maria", "pw")
    assert engine._auth("maria/widget-server") == {"username": "maria", "password": "pw"}


@pytest.fixture
def index() -> Iterator[str]:
    """A registry that holds an image for several platforms under one tag; gives its address."""
    entries = [
        {"digest": digest("a"), "platform": {"architecture": "amd64", "os": "linux"}},
        {"digest": digest("b"), "platform": {"architecture": "riscv64", "os": "linux"}},
    ]
    one = {"config": {"digest": digest("c"), "size": 7}, "layers": [{"digest": digest("d"), "size": 5}]}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.rpartition("/")[2]
            found = {"latest": (digest("e"), {"manifests": entries}), digest("b"): (digest("b"), one)}.get(name)
            self.send_response(200 if found else 404)
            self.send_header("Docker-Content-Digest", found[0] if found else "")
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(found[1]).encode() if found else b"")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_an_image_for_several_platforms_is_read_as_the_engine_does(index: str) -> None:
    """Docker Hub's own images are indexes: the engine notes the index's digest, and has its own platform's config."""
    found = HttpRegistry(index, architecture=lambda: "riscv64").manifest("library/hello-world", "latest")
    assert found and (found.digest, found.config.digest, found.size) == (digest("e"), digest("c"), 12)
