"""A registry's refusals: only "there is no such thing" is an absence, and the kit asks as the owner."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from labs.base.errors import CloudError, RegistryError
from labs.base.settings import Settings
from labs.seams.ecr_token import OwnerToken
from labs.seams.registry import HttpRegistry
from labs.seams.world import World

from .fakes import FakeCloud, digest

MANIFEST = {"config": {"digest": digest("c"), "size": 1}, "layers": []}
Answer = tuple[int, str]


class Server:
    """A registry whose answers a test gives: by path, else 404. It asks for a token (`bearer`) or for a password."""

    def __init__(self, *, bearer: bool) -> None:
        self.answers: dict[str, Answer] = {}
        self.passwords = {"certa"}
        self.asked: list[str] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path, authorization = self.path.partition("?")[0], self.headers.get("Authorization", "")
                server.asked.append(path)
                if path == "/token":
                    allowed = not authorization or server.accepts(authorization)
                    self._say(*((200, '{"token": "t"}') if allowed else (401, '{"details": "incorrect"}')))
                elif bearer and authorization != "Bearer t":
                    self._say(401, "", f'Bearer realm="http://{server.address}/token",service="s"')
                elif not bearer and not server.accepts(authorization):
                    self._say(401 if not authorization else 403, '{"errors": [{"code": "DENIED"}]}', 'Basic realm="x"')
                else:
                    self._say(*server.answers.get(path, (200, "{}") if path == "/v2/" else (404, "{}")))

            do_HEAD = do_POST = do_GET  # noqa: N815 - http.server's own names

            def _say(self, status: int, text: str, challenge: str = "") -> None:
                self.send_response(status)
                if challenge:
                    self.send_header("WWW-Authenticate", challenge)
                self.send_header("Docker-Content-Digest", digest("d"))
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def accepts(self, authorization: str) -> bool:
        password = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")[2]
        return password in self.passwords

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def serve() -> Iterator[Callable[[bool], Server]]:
    made: list[Server] = []

    def start(bearer: bool) -> Server:
        made.append(Server(bearer=bearer))
        return made[-1]

    yield start
    for server in made:
        server.stop()


def login(password: str) -> Callable[[], tuple[str, str]]:
    return lambda: ("aluno", password)


READS: dict[str, Callable[[HttpRegistry], object]] = {
    "manifest": lambda registry: registry.manifest("app", "v1"),
    "tags": lambda registry: registry.tags("app"),
    "blob": lambda registry: registry.has_blob("app", digest("b")),
}
PATHS = {"manifest": "manifests/v1", "tags": "tags/list", "blob": f"blobs/{digest('b')}"}


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("password", ["velha", ""])
def test_a_login_that_is_refused_says_nothing_of_what_is_there(
    serve: Callable[[bool], Server], read: str, password: str
) -> None:
    for bearer in (False, True):
        server = serve(bearer)
        server.answers[f"/v2/app/{PATHS[read]}"] = (401, "{}") if bearer else (200, json.dumps(MANIFEST))
        registry = HttpRegistry(server.address, login(password) if password else lambda: None)
        with pytest.raises(RegistryError, match="recusou"):
            READS[read](registry)


@pytest.mark.parametrize("read", READS)
def test_what_is_not_there_is_absent(serve: Callable[[bool], Server], read: str) -> None:
    for bearer in (False, True):
        assert not READS[read](HttpRegistry(serve(bearer).address, login("certa")))


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_registry_that_cannot_answer_now_gives_no_answer(
    serve: Callable[[bool], Server], read: str, status: int
) -> None:
    server = serve(True)
    server.answers[f"/v2/app/{PATHS[read]}"] = server.answers["/v2/"] = (status, "{}")
    registry = HttpRegistry(server.address, login("certa"), hides=True)
    for ask in (READS[read], HttpRegistry.accepts_login):
        with pytest.raises(RegistryError):
            ask(registry)
    server.answers["/v2/app/tags/list"] = (status, "{}")
    with pytest.raises(RegistryError):  # nobody has said that it is private
        registry.public("app")


@pytest.mark.parametrize("read", READS)
def test_the_hub_hides_what_is_not_there_from_its_owner_too(serve: Callable[[bool], Server], read: str) -> None:
    server = serve(True)
    server.answers[f"/v2/app/{PATHS[read]}"] = (401, '{"errors": [{"code": "DENIED"}]}')
    assert not READS[read](HttpRegistry(server.address, login("certa"), hides=True))
    with pytest.raises(RegistryError):
        READS[read](HttpRegistry(server.address, login("velha"), hides=True))


@pytest.mark.parametrize("text", ["<html>Entre na rede do hotel</html>", "[]", '{"config": 7, "layers": 1}'])
def test_somebody_else_at_the_address_is_no_registry(serve: Callable[[bool], Server], text: str) -> None:
    server = serve(False)
    server.answers["/v2/app/manifests/v1"] = (200, text)
    with pytest.raises(RegistryError, match="não falou como um registry"):
        HttpRegistry(server.address, login("certa")).manifest("app", "v1")


def token(password: str) -> dict[str, object]:
    return {"authorizationData": [{"authorizationToken": base64.b64encode(f"AWS:{password}".encode()).decode()}]}


def test_ecr_is_read_as_its_owner_whatever_docker_keeps(serve: Callable[[bool], Server], settings: Settings) -> None:
    server, cloud = serve(False), FakeCloud()
    server.answers["/v2/app/manifests/v1"] = (200, json.dumps(MANIFEST))
    cloud.answers["ecr", "get_authorization_token"] = token("certa")
    port = int(server.address.partition(":")[2])
    world = World(settings.with_changes(ports=settings.ports.__class__(ecr=port)), cloud=cloud)
    for _ in range(3):
        assert world.registry(server.address).manifest("app", "v1")
    assert len(cloud.calls) == 1, "one token for several questions"
    assert not world.ecr.accepts_login(), "Docker has no login"


def test_a_token_that_is_refused_is_asked_for_once_more(serve: Callable[[bool], Server]) -> None:
    """After the lab's clock was moved by thirteen hours, say."""
    server, cloud = serve(False), FakeCloud()
    server.answers["/v2/app/manifests/v1"] = (200, json.dumps(MANIFEST))
    owner = OwnerToken(cloud)
    registry = HttpRegistry(server.address, owner.kept, renewed=owner.asked)
    cloud.answers["ecr", "get_authorization_token"] = token("certa")
    assert registry.manifest("app", "v1")
    server.passwords = {"nova"}
    cloud.answers["ecr", "get_authorization_token"] = token("nova")
    assert registry.manifest("app", "v1") and registry.manifest("app", "v1")
    server.passwords = set()
    with pytest.raises(RegistryError):
        registry.manifest("app", "v1")
    cloud.answers["ecr", "get_authorization_token"] = CloudError("Não.", code="InvalidClientTokenId")
    with pytest.raises(CloudError):
        registry.manifest("app", "v1")
