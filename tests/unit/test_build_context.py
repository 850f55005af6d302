"""What a build sends: by the lines of `.dockerignore`, and as the docker client of this machine sends it."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import socketserver
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from labs.base.errors import EngineError
from labs.base.settings import Settings
from labs.seams.build_context import BadPatternError, Pattern, kept, packed, patterns_in
from labs.seams.engine import DockerEngine

FILES = (
    *("Dockerfile", ".env", "README.md", "main.py", "segredo.txt", "SEGREDO.TXT", "a b.txt", "#x", "!x", "ação.txt"),
    *("app/main.py", "app/.env", "app/cache/x.pyc", "app/cache/keep.txt", "docs/README.md", "docs/deep/.env"),
    *("a*b", "aXb", "[x]", "x", "tests/Dockerfile.test", "node_modules/p/index.js"),
)
BOM = b"\xef\xbb\xbf"
IGNORES = {
    "none": None,
    "empty": b"",
    "plain": b".env\n",
    "byte order mark": BOM + b".env\n",
    "byte order mark and CR LF": BOM + b".env\r\nsegredo.txt\r\n",
    "CR LF": b".env\r\n*.md\r\n",
    "byte order mark and comment": BOM + b"# nada\n.env\n",
    "no last newline": b".env",
    "spaces": b"  .env  \n\tsegredo.txt\t\n",
    "comment with a space before it": b" #x\n",
    "comment": b"#x\n.env\n",
    "escaped comment": b"\\#x\n",
    "escaped exclamation": b"\\!x\n",
    "escaped star": b"a\\*b\n",
    "class": b"[x]\n",
    "escaped class": b"\\[x\\]\n",
    "negated class": b"a[^*]b\n",
    "class with an exclamation": b"a[!*]b\n",
    "case": b"SEGREDO.TXT\n",
    "a name with a space": b"a b.txt\n",
    "accents": "ação.txt\n".encode(),
    "accents of another encoding": "ação.txt\n".encode("latin-1"),
    "question mark": b"a?b\n",
    "root": b"/.env\n/app\n",
    "dots": b"./app/../.env\n",
    "slash behind": b"app/\n",
    "any depth": b"**/.env\n",
    "any depth of a folder": b"**/cache\n",
    "two stars without a slash": b"**env\n",
    "two stars behind": b"app/**\n",
    "two stars within": b"docs/**/.env\n",
    "all": b"*\n",
    "all but one": b"*\n!main.py\n",
    "all but one in a folder": b"*\n!app/main.py\n",
    "all but a folder": b"**\n!app\n",
    "all but a folder's part": b"*\n!app/cache/*.txt\n",
    "taken back at any depth": b"app\n!**/keep.txt\n",
    "taken back before": b"!main.py\n*.py\n",
    "taken back with a space": b"app\n! app/main.py\n",
    "taken back and out again": b"*\n!app\napp/cache\n",
    "the file itself": b".dockerignore\nDockerfile\n",
    "all and the file itself": b"**\n",
    "dot star": b".*\n",
    "signs of expressions": b"a+b\n(x)\n$x\n{x}\nx|y\n^x\n",
}


def fill(folder: Path, ignore: bytes | None) -> Path:
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"FROM scratch\n# {name}\n", "utf-8")
    (folder / "link").symlink_to("app")
    if ignore is not None:
        (folder / ".dockerignore").write_bytes(ignore)
    return folder


class Listener(BaseHTTPRequestHandler):
    """An engine that keeps what a build sends and says that it is done."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self._say("")

    do_GET = do_HEAD  # noqa: N815 - http.server's own spelling

    def do_POST(self) -> None:
        body = b""
        while size := int(self.rfile.readline() or b"0", 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.server.sent.append((self.path, body))  # type: ignore[attr-defined]
        self._say(json.dumps({"stream": "Successfully built 0123456789ab\n"}) + "\n")

    def _say(self, text: str) -> None:
        self.send_response(200)
        self.send_header("Api-Version", "1.41")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())


class Engine(socketserver.ThreadingUnixStreamServer):
    def __init__(self, socket: Path) -> None:
        self.sent: list[tuple[str, bytes]] = []
        super().__init__(str(socket), Listener)

    def get_request(self) -> tuple[Any, Any]:
        request, _ = super().get_request()
        return request, ("here", 0)


@contextlib.contextmanager
def listening(socket: Path) -> Iterator[Engine]:
    with Engine(socket) as engine:
        thread = threading.Thread(target=engine.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield engine
        engine.shutdown()
        thread.join()


def typed(folder: Path, *words: str) -> tuple[set[tuple[object, ...]], str]:
    """What the docker client sends for `docker build` in this folder, and what it says."""
    with listening(folder.parent / "s") as engine:
        answer = subprocess.run(
            ["docker", "build", *words, str(folder)],
            env={**os.environ, "DOCKER_HOST": f"unix://{folder.parent / 's'}", "DOCKER_BUILDKIT": "0"},
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        return (members_of(io.BytesIO(engine.sent[0][1])) if engine.sent else set()), answer.stderr


def names(archive: Any) -> set[str]:
    return {str(name) for name, *_ in members_of(archive)}


def members_of(archive: Any) -> set[tuple[object, ...]]:
    """What the engine's cache looks at: name, kind, mode, owner, second, content."""
    with tarfile.open(fileobj=archive) as members:
        return {
            (one.name, one.type, one.mode & 0o7777, one.uid, one.gid, one.uname, int(one.mtime), one.linkname, content)
            for one in members
            if one.name not in ("", ".")
            for content in [(members.extractfile(one) or io.BytesIO()).read() if one.isfile() else b""]
        }


@pytest.mark.skipif(not shutil.which("docker"), reason="needs the docker client, and no engine")
@pytest.mark.parametrize("name", IGNORES)
def test_a_button_sends_what_the_docker_client_sends(name: str, tmp_path: Path) -> None:
    folder = fill(tmp_path / "c", IGNORES[name])
    by_hand, _ = typed(folder)
    with packed(folder, "Dockerfile") as (archive, recipe):
        assert members_of(archive) == by_hand != set()
    assert recipe == "Dockerfile"


@pytest.mark.skipif(not shutil.which("docker"), reason="needs the docker client, and no engine")
@pytest.mark.parametrize("ignore", [b"!\n", b"[\n", b"a\\\n", b"! \n", b"x[a\n"])
def test_a_line_that_the_client_refuses_is_refused(ignore: bytes, tmp_path: Path, settings: Settings) -> None:
    folder = fill(tmp_path / "c", ignore)
    sent, said = typed(folder)
    assert not sent and "error" in said.lower()
    with pytest.raises(EngineError) as caught:
        DockerEngine(settings.with_changes(engine_host="unix:///nowhere")).build(folder)
    assert ".dockerignore" in caught.value.what and "error checking context" in caught.value.observed


def test_a_dockerfile_in_a_folder_that_is_left_out_is_sent_all_the_same(tmp_path: Path) -> None:
    folder = fill(tmp_path / "c", b"tests\n")
    with packed(folder, "tests/Dockerfile.test") as (archive, recipe):
        assert {name for name in names(archive) if name.startswith("tests")} == {"tests/Dockerfile.test"}
    assert recipe == "tests/Dockerfile.test"


def test_a_dockerfile_from_outside_gets_a_name_that_the_engine_takes_out_again(tmp_path: Path) -> None:
    folder = fill(tmp_path / "c", None)
    (tmp_path / "Outside").write_text("FROM scratch\n")
    with packed(folder, "../Outside") as (archive, recipe), tarfile.open(fileobj=archive) as members:
        ignored = members.extractfile(".dockerignore")
        assert ignored and ignored.read().decode().split() == [".dockerignore", recipe]
        assert recipe.startswith(".dockerfile.") and recipe in members.getnames()


def test_a_file_that_cannot_be_read_is_no_silent_engine(tmp_path: Path, settings: Settings) -> None:
    folder = fill(tmp_path / "c", None)
    (folder / ".dockerignore").mkdir()
    with pytest.raises(EngineError) as caught:
        DockerEngine(settings.with_changes(engine_host="unix:///nowhere")).build(folder)
    assert "não pôde ser lido" in caught.value.what


@pytest.mark.parametrize(
    ("lines", "path", "left_out"),
    [
        (["**/foo/bar"], "dir/dir2/foo/bar", True),
        (["**/**/*.txt2"], "dir/dir/file.txt", False),
        (["a**/*.txt"], "a/dir/dir/file.txt", True),
        (["a/*.txt"], "a/dir/file.txt", False),
        (["abc.def"], "abcZdef", False),
        (["a(b)c/def"], "a(b)c/def", True),
        (["**/.foo"], "bar.foo", False),
        (["dist/*.whl"], "dist/x-2.4.0rc3.dev36+g08acad9-py3-none-any.whl", True),
        (["**", "!util/docker/web"], "util/docker/web/foo", False),
        (["**", "!util/docker/web", "util/docker/web/foo"], "util/docker/web/foo", True),
        (["docs", "!docs/README.md"], "docs/README.md", False),
    ],
)
def test_the_lines_of_a_file(lines: list[str], path: str, left_out: bool, tmp_path: Path) -> None:
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).touch()
    assert (path not in set(kept(tmp_path, [Pattern.of(line) for line in lines]))) == left_out


def test_a_folder_without_the_file_leaves_nothing_out(tmp_path: Path) -> None:
    assert patterns_in(tmp_path) == []
    with pytest.raises(BadPatternError):
        Pattern.of("!")
