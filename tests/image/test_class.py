"""A class: a hub, a lab for each learner, and nothing of one within another's reach."""

from __future__ import annotations

import http.cookiejar
import ipaddress
import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from labs.base.settings import CLONE
from labs.base.wait import Look, until
from labs.classroom import accounts, room

from .conftest import DEBIAN, IMAGE, Outer

PORT = 9879
ADDRESS = f"http://127.0.0.1:{PORT}"
LEARNERS = ("ana", "bia", "caio")
START_SECONDS = 300.0


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

    def _open(self, asked: urllib.request.Request, seconds: float) -> tuple[int, str, str]:
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self.cookies)
        )
        try:
            with opener.open(asked, timeout=seconds) as answer:
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
            status, last, _ = self.ask(f"/user/{self.name}/")
            return Look(status == 200 and "/lab/tree/" in last, f"{status} {last}")

        until(f"o laboratório de {self.name} abrir", look, START_SECONDS, interval=0.5)
        return last


@dataclass
class Class:
    """The class under test."""

    outer: Outer
    environment: dict[str, str]
    codes: dict[str, str]

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


@pytest.fixture(scope="module")
def school(outer: Outer, given: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Class]:
    folder = tmp_path_factory.mktemp("class")
    contexts = {"additional_contexts": {"given": str(given)}}
    lab = {"image": IMAGE, "build": {"args": {"BASE": DEBIAN}, **contexts}}
    hubs = {"build": {"args": {"LAB": IMAGE}, **contexts}}
    override = folder / "override.json"
    override.write_text(json.dumps({"services": {"lab": lab, "learner": hubs, "hub": hubs}}))
    names = folder / "names.txt"
    names.write_text("\n".join(LEARNERS))
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("LABS_", "DOCKER_"))},
        **outer.environment,
        "COMPOSE_FILE": f"{room.COMPOSE}{os.pathsep}{override}",
        room.FOLDER: str(folder / "class"),
    }
    made = Class(outer, environment, {})
    try:
        up = made.command("up", "--names", str(names), "--listen", "127.0.0.1", "--port", str(PORT))
        assert up.returncode == 0, up.stdout + up.stderr
        made.codes = accounts.read(folder / "class" / "codes.json")
        assert f"{ADDRESS}/" in up.stdout and all(code in up.stdout for code in made.codes.values())
        yield made
    finally:
        down = made.command("down", "--yes")
        assert down.returncode == 0, down.stdout + down.stderr
        for kind in ("container", "network", "volume"):
            assert outer.docker(kind, "ls", "-q", "--filter", f"label={room.LABEL}").stdout == ""


@pytest.fixture(scope="module")
def learners(school: Class) -> dict[str, Person]:
    """Three who logged in at the same time."""
    people = {name: school.person(name) for name in LEARNERS}
    with ThreadPoolExecutor() as workers:
        opened = dict(zip(people, workers.map(Person.enter, people.values()), strict=True))
    for name, address in opened.items():
        assert address.startswith(f"{ADDRESS}/user/{name}/lab/tree/notebooks/00-comece-aqui.ipynb")
    return people


def test_a_wrong_code_opens_nothing(school: Class) -> None:
    stranger = Person("ana", "0000-0000")
    assert "Invalid username or password" in stranger.log_in()[2]
    assert "/hub/login" in stranger.ask("/user/ana/")[1]


def test_each_learner_has_pages_and_a_course_of_their_own(school: Class, learners: dict[str, Person]) -> None:
    """The literal commands: each has an own `widget-v1` on an own port 3000."""
    for name in ("ana", "bia"):
        done = school.inside(name, "python3", "-m", "labs", "run", "02")
        assert done.returncode == 0, done.stdout + done.stderr
        running = 'eval "$(python3 -m labs env)"; docker run -d --rm -p 3000:3333 --name mine widget-server:v1'
        assert school.inside(name, "bash", "-c", running).returncode == 0
    for name, person in learners.items():
        assert person.ask(f"/user/{name}/mapa/")[0] == 200
        until(
            f"a página do container de {name}",
            lambda name=name, person=person: Look(  # type: ignore[misc]
                person.ask(f"/user/{name}/widget-server/")[0] == (502 if name == "caio" else 200)
            ),
            30,
            interval=0.3,
        )


def test_an_attacking_learner_gets_nothing_of_another(school: Class, learners: dict[str, Person]) -> None:
    """Neither by the hub, nor by the network, as root of an own container and with a route of an own making."""
    for path in ("/user/bia/lab", "/user/bia/api/contents", "/user/bia/widget-server/", "/user/bia/files/notebooks/"):
        status, address, _ = learners["ana"].ask(path)
        assert status in (403, 404) or "/hub/" in address, (path, status, address)
    assert learners["ana"].ask("/hub/admin")[0] == 403
    shown = "{{range .NetworkSettings.Networks}}{{.IPAddress}}/{{.IPPrefixLen}}{{end}}"
    own, others = (
        ipaddress.ip_interface(school.outer.docker("inspect", "-f", shown, f"{room.PREFIX}-{name}").stdout.strip())
        for name in ("ana", "bia")
    )
    gateway, other = own.network[1], others.ip
    at_other = f"curl -s -m 3 -o /dev/null http://{other}"
    tried = [
        f"{at_other}:8888/user/bia/api",
        f"ip route add {other} via {gateway} dev eth0 && {at_other}:8888/user/bia/api",
        f"{at_other}:3000/",
        "curl -s -m 3 -o /dev/null http://hub:8001/api/routes",
        'curl -s -m 3 -f -o /dev/null http://hub:8081/hub/api/users -H "Authorization: token $JUPYTERHUB_API_TOKEN"',
        "ls /run/secrets/codes",
        "ls /run/secrets/key",
        "ls /var/run/docker.sock",
    ]
    for command in tried:
        assert school.inside("ana", "sh", "-c", command).returncode != 0, command


BOARD = "/services/painel/"


@pytest.fixture(scope="module")
def teacher(school: Class) -> Person:
    """Logged in, with the board open."""
    made = school.person(accounts.TEACHER)
    made.log_in()
    status, _, page = made.ask(BOARD)
    assert status == 200 and "<h1>Painel da turma</h1>" in page
    return made


def rows(teacher: Person) -> dict[str, dict[str, Any]]:
    """What the board shows, by name."""
    return {row["name"]: row for row in json.loads(teacher.ask(f"{BOARD}linhas")[2])["rows"]}


def test_the_board_is_the_teachers_alone(learners: dict[str, Person]) -> None:
    for path in (BOARD, f"{BOARD}linhas", f"{BOARD}turma.csv"):
        status, _, page = learners["ana"].ask(path)
        assert status == 403 and "caio" not in page, (path, status)


def test_the_teacher_sees_who_is_where_and_who_calls_for_help(teacher: Person, learners: dict[str, Person]) -> None:
    seen = rows(teacher)
    assert set(seen) == set(LEARNERS) and all(row["known"] for row in seen.values())
    assert seen["ana"]["done"] > 0 == seen["caio"]["done"] and seen["caio"]["lesson"] == "00-comece-aqui"
    assert learners["bia"].send("/user/bia/turma/ajuda", {"wanted": True})[0] == 200
    assert rows(teacher)["bia"]["help"] and not rows(teacher)["ana"]["help"]
    assert learners["bia"].send("/user/bia/turma/ajuda", {"wanted": False})[0] == 200
    assert not rows(teacher)["bia"]["help"]
    table = teacher.ask(f"{BOARD}turma.csv")[2]
    assert table.count("\n") == len(LEARNERS) + 1 and "ana" in table


def test_a_message_reaches_who_was_meant_and_a_lesson_is_prepared_and_undone(
    school: Class, teacher: Person, learners: dict[str, Person]
) -> None:
    assert json.loads(
        teacher.send(f"{BOARD}pedido", {"names": ["caio"], "order": {"message": "Pausa de 10 min"}})[1]
    ) == {"wrong": {}}
    for name in ("caio", "ana"):
        told = json.loads(learners[name].ask(f"/user/{name}/curso/estado?aula=00-comece-aqui")[2])
        assert told["class"]["message"] == ("Pausa de 10 min" if name == "caio" else "")
    prepared = teacher.send(f"{BOARD}pedido", {"names": ["caio"], "order": {"prepare": "02/3"}})
    assert json.loads(prepared[1]) == {"wrong": {}}, prepared
    after = rows(teacher)["caio"]
    assert after["lesson"] == "02-build" and after["done"] >= 2
    undone = teacher.send(f"{BOARD}pedido", {"names": ["caio"], "order": {"reset": "02"}})
    assert json.loads(undone[1]) == {"wrong": {}}, undone
    assert rows(teacher)["caio"]["done"] < after["done"]
    wrong = json.loads(teacher.send(f"{BOARD}pedido", {"names": ["caio"], "order": {"prepare": "99"}})[1])["wrong"]
    assert list(wrong) == ["caio"] and "99" in wrong["caio"]


def test_who_has_not_finished_has_no_certificate_and_is_told_why(
    school: Class, teacher: Person, learners: dict[str, Person]
) -> None:
    fingerprint = re.search(r"anote esta impressão digital, (\S+)", school.command("codes").stdout)
    assert fingerprint and fingerprint[1] in teacher.ask(BOARD)[2]
    assert teacher.send(f"{BOARD}certificados", {"names": ["zeca"]})[0] == 400
    assert teacher.send(f"{BOARD}certificados", {"names": []})[0] == 200
    state: dict[str, Any] = {}

    def look() -> Look:
        nonlocal state
        state = json.loads(teacher.ask(f"{BOARD}certificados")[2])
        return Look(state["left"] == 0, str(state))

    until("os laboratórios responderem", look, 900, interval=1)
    assert [(row["name"], row["made"]) for row in state["rows"]] == [(name, False) for name in sorted(learners)]
    for row in state["rows"]:
        assert row["why"].startswith("Falta comprovar: ") and "Volte à aula" in row["why"], row
    assert learners["ana"].ask(f"{BOARD}certificados.zip")[0] == 403
    assert teacher.ask(f"{BOARD}certificados.zip")[0] == 200
