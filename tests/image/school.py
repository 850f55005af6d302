"""A class as its tests and its measurements run it: `labs class up` on an outer engine, and people who log in."""

from __future__ import annotations

import http.cookiejar
import json
import os
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from labs.base.errors import SandboxError
from labs.base.settings import CLONE
from labs.base.wait import Look, until
from labs.classroom import accounts, room

from .outer import DEBIAN, IMAGE, Outer

PORT = 9879
ADDRESS = f"http://127.0.0.1:{PORT}"
START_SECONDS = 600.0
"""Beside four other lanes a lab gets a tenth of a processor and takes four minutes; alone it takes ten seconds."""


@dataclass
class Person:
    """Somebody with a browser's cookies."""

    name: str
    code: str
    cookies: http.cookiejar.CookieJar = field(default_factory=http.cookiejar.CookieJar)

    def ask(self, path: str, form: dict[str, str] | None = None) -> tuple[int, str, str]:
        """Status, address in the end, and page."""
        data = urllib.parse.urlencode(form).encode() if form else None
        return self._open(urllib.request.Request(f"{ADDRESS}{path}", data), 60)

    def _opener(self) -> urllib.request.OpenerDirector:
        """With this person's cookies, and no proxy of the machine's."""
        cookies = urllib.request.HTTPCookieProcessor(self.cookies)
        return urllib.request.build_opener(urllib.request.ProxyHandler({}), cookies)

    def _open(self, asked: urllib.request.Request, seconds: float) -> tuple[int, str, str]:
        try:
            with self._opener().open(asked, timeout=seconds) as answer:
                return answer.status, answer.url, answer.read().decode(errors="replace")
        except urllib.error.HTTPError as error:
            return error.code, error.url, error.read().decode(errors="replace")

    def send(self, path: str, content: object) -> tuple[int, str]:
        """JSON, with the mark that the page's own script sends: the cookie of the server that is asked."""
        marks = [cookie for cookie in self.cookies if cookie.name == "_xsrf" and path.startswith(cookie.path)]
        mark = max(marks, key=lambda cookie: len(cookie.path)).value or ""
        headers = {"Content-Type": "application/json", "X-XSRFToken": mark}
        asked = urllib.request.Request(f"{ADDRESS}{path}", json.dumps(content).encode(), headers)
        status, _, page = self._open(asked, 600)
        return status, page

    def fetch(self, path: str) -> bytes:
        """A file that the class gives."""
        with self._opener().open(f"{ADDRESS}{path}", timeout=60) as answer:
            content: bytes = answer.read()
            return content

    def log_in(self) -> tuple[int, str, str]:
        """As the page's form does."""
        self.ask("/hub/login")
        (token,) = {cookie.value for cookie in self.cookies if cookie.name == "_xsrf"}
        return self.ask("/hub/login", {"username": self.name, "password": self.code, "_xsrf": token or ""})

    def enter(self) -> str:
        """Log in and wait for the lab; returns the address of the lesson."""
        self.log_in()
        self.ask("/hub/spawn")
        last = ""

        def look() -> Look:
            nonlocal last
            status, last, page = self.ask(f"/user/{self.name}/")
            if status == 500:  # the hub has given up; it does not try again by itself
                raise SandboxError(f"O laboratório de {self.name} não abriu.", page)
            return Look(status == 200 and "/lab/tree/" in last, f"{status} {last}")

        until(f"o laboratório de {self.name} abrir", look, START_SECONDS, interval=0.5)
        return last


@dataclass
class Class:
    """The class under test."""

    outer: Outer
    environment: dict[str, str]
    folder: Path
    codes: dict[str, str]

    def read_codes(self) -> dict[str, str]:
        """As the teacher's file has them now."""
        return accounts.read(self.folder / "class" / "codes.json")

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`python3 -m labs class …` as the teacher types it, where nobody can be asked."""
        command = [sys.executable, "-m", "labs", "class", *words]
        return subprocess.run(
            command,
            cwd=CLONE,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=1800,
        )

    def person(self, name: str) -> Person:
        return Person(name, self.codes[name])

    def inside(self, name: str, *words: str, seconds: float = 300) -> subprocess.CompletedProcess[str]:
        """A command in a learner's container."""
        return self.outer.docker("exec", f"{room.PREFIX}-{name}", *words, seconds=seconds, check=False)


@contextmanager
def class_of(names: Sequence[str], outer: Outer, given: Path, folder: Path) -> Iterator[Class]:
    """`labs class up` for these people, and `class down` with all that it made."""
    contexts = {"additional_contexts": {"given": str(given)}}
    lab = {"image": IMAGE, "build": {"args": {"BASE": DEBIAN}, **contexts}}
    hubs = {"build": {"args": {"LAB": IMAGE}, **contexts}}
    override = folder / "override.json"
    override.write_text(json.dumps({"services": {"lab": lab, "learner": hubs, "hub": hubs}}))
    listed = folder / "names.txt"
    listed.write_text("\n".join(names))
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("LABS_", "DOCKER_"))},
        **outer.environment,
        "COMPOSE_FILE": f"{room.COMPOSE}{os.pathsep}{override}",
        room.FOLDER: str(folder / "class"),
    }
    made = Class(outer, environment, folder, {})
    try:
        up = made.command("up", "--names", str(listed), "--listen", "127.0.0.1", "--port", str(PORT))
        assert up.returncode == 0, up.stdout + up.stderr
        made.codes = made.read_codes()
        assert f"{ADDRESS}/" in up.stdout and all(code in up.stdout for code in made.codes.values())
        yield made
    finally:
        down = made.command("down", "--yes")
        assert down.returncode == 0, down.stdout + down.stderr
        for kind in ("container", "network", "volume"):
            assert outer.docker(kind, "ls", "-q", "--filter", f"label={room.LABEL}").stdout == ""
