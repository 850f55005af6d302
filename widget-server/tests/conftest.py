"""A real widget-server process per test module, spoken to over HTTP."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
DEADLINE = 10.0
SECRETS = {"KEY_1": "segredo-um-9f3a", "KEY_2": "segredo-dois-7c1e"}


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: object) -> None:
        return None


_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)


@dataclass(frozen=True)
class Reply:
    """What came back over HTTP."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Service:
    """One running widget-server."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self._log = log
        self.port = self._wait_for_port()

    @property
    def log_text(self) -> str:
        return self._log.read_text(encoding="utf-8")

    @property
    def log_lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log_text.splitlines()]

    def call(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Reply:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body, named, method=method)
        try:
            answer = _opener.open(request, timeout=DEADLINE)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            return Reply(answer.status, dict(answer.headers), answer.read().decode("utf-8"))

    def post(self, feedback: object) -> Reply:
        return self.call("POST", "/feedbacks", json.dumps(feedback).encode(), Content_Type="application/json")

    def _wait_for_port(self) -> int:
        deadline = time.monotonic() + DEADLINE
        while time.monotonic() < deadline and self.process.poll() is None:
            for line in self.log_text.splitlines(keepends=True):
                if line.endswith("\n") and json.loads(line)["event"] == "started":
                    return int(json.loads(line)["port"])
            time.sleep(0.02)
        self.process.kill()
        raise AssertionError(f"widget-server did not start; its output: {self.log_text!r}")


Launch = Callable[..., "subprocess.Popen[bytes]"]


def environment(folder: Path, **changes: str | None) -> dict[str, str]:
    """Return a whole environment for the process; a change to None leaves the variable out."""
    wanted: dict[str, str | None] = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "BIND_ADDRESS": "127.0.0.1",
        "PORT": "0",
        "DATABASE_PATH": str(folder / "feedbacks.db"),
        "APP_VERSION": "v9",
        "APP_ENV": "homologacao",
        "APP_COLOR": "laranja",
        "LOG_LEVEL": "DEBUG",
        **SECRETS,
        **changes,
    }
    return {name: value for name, value in wanted.items() if value is not None}


@pytest.fixture(scope="module")
def secrets() -> dict[str, str]:
    """The values of the keys, which may appear nowhere."""
    return SECRETS


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Service]]:
    """Start services with changed variables; all of them end with the module."""
    with ExitStack() as stack:

        def start_one(folder: Path | None = None, **changes: str | None) -> Service:
            place = folder or tmp_path_factory.mktemp("service")
            log = place / f"log-{time.monotonic_ns()}.jsonl"
            output = stack.enter_context(log.open("wb"))
            process = subprocess.Popen(
                [sys.executable, "-m", "widget_server"],
                env=environment(place, **changes),
                cwd=place,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            return Service(process, log)

        yield start_one


@pytest.fixture(scope="module")
def service(start: Callable[..., Service]) -> Service:
    """A service that the tests of a module share."""
    return start()


@pytest.fixture
def fail_to_start(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a service that is expected to exit by itself, and return how it did."""

    def run(**changes: str | None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "widget_server"],
            env=environment(tmp_path, **changes),
            cwd=tmp_path,
            capture_output=True,
            encoding="utf-8",
            timeout=DEADLINE,
            check=False,
        )

    return run
