"""A class: a hub, a lab for each learner, and nothing of one within another's reach."""

from __future__ import annotations

import io
import ipaddress
import json
import re
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from labs.base.errors import LabError
from labs.base.settings import CLONE
from labs.base.wait import Look, until
from labs.classroom import accounts, room
from labs.course.catalog import load_course
from tests.browser import jupyterlab
from tests.courses import unmeasured

from .outer import Outer, outer_engine
from .school import ADDRESS, START_SECONDS, Class, Person, class_of

LEARNERS = ("ana", "bia", "caio")
FINISHES = "davi"
"""Somebody who comes late, and has the whole course done."""


@pytest.fixture(scope="module")
def outer(lab_homes: Path, given: Path) -> Iterator[Outer]:
    """One whose containers' root is nobody on the machine, as a class asks for."""
    with outer_engine(lab_homes, given, maps_users=True) as made:
        yield made


@pytest.fixture(scope="module")
def school(outer: Outer, given: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Class]:
    with class_of((*LEARNERS, FINISHES), outer, given, tmp_path_factory.mktemp("class")) as made:
        yield made


@pytest.fixture(scope="module")
def learners(school: Class) -> dict[str, Person]:
    """Three who logged in at the same time."""
    people = {name: school.person(name) for name in LEARNERS}
    try:
        with ThreadPoolExecutor() as workers:
            opened = dict(zip(people, workers.map(Person.enter, people.values()), strict=True))
    except LabError as error:
        raise AssertionError(school.outer.said(f"{room.PREFIX}-hub-1")) from error
    for name, address in opened.items():
        assert address.startswith(f"{ADDRESS}/user/{name}/lab/tree/notebooks/00-comece-aqui.ipynb")
    return people


def test_a_wrong_code_opens_nothing(school: Class) -> None:
    stranger = Person("ana", "0000-0000")
    assert "O nome e o código não combinam." in stranger.log_in()[2]
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


BOARD = "/services/painel/"


@pytest.fixture(scope="module")
def teacher(school: Class) -> Person:
    """Logged in, with the board open."""
    made = school.person(accounts.TEACHER)
    assert made.log_in()[1].endswith("/hub/home"), "who gives the class has a choice"
    status, _, page = made.ask(BOARD)
    assert status == 200 and "<h1>Painel da turma</h1>" in page
    return made


def rows(teacher: Person) -> dict[str, dict[str, Any]]:
    """What the board shows, by name."""
    return {row["name"]: row for row in json.loads(teacher.ask(f"{BOARD}linhas")[2])["rows"]}


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
    get, token = "curl -s -m 3 -f -o /dev/null", '-H "Authorization: token $JUPYTERHUB_API_TOKEN"'
    done = [  # what the attempts below are made of works where it is one's own
        "mkdir -p /tmp/own && mount -t tmpfs none /tmp/own && umount /tmp/own",
        f"{get} http://{own.ip}:8888/user/ana/api",
        f"{get} http://127.0.0.1:3000/",
        f"ip route add 192.0.2.1 via {gateway} dev eth0 && ip route del 192.0.2.1",
        f"{get} http://hub:8081/hub/api/ && {get} http://hub:8081/hub/api/user {token}",
    ]
    groups = "mkdir -p /tmp/groups && mount -t cgroup -o rdma none /tmp/groups"
    tried = [
        # Out of the container, by what root of the machine could: no other learner is nearer than the machine is.
        f"{groups} && echo /bin/true > /tmp/groups/release_agent",
        "echo '|/bin/true' > /proc/sys/kernel/core_pattern",
        "echo h > /proc/sysrq-trigger",
        "mknod /tmp/disk b 254 0 && head -c 1 /tmp/disk",
        f"{get} http://{other}:8888/user/bia/api",
        f"ip route add {other} via {gateway} dev eth0 && {get} http://{other}:8888/user/bia/api",
        f"{get} http://{other}:3000/",
        f"{get} http://hub:8001/api/routes",
        f"{get} http://hub:8081/hub/api/users {token}",
        f"{get} http://hub:8081/hub/api/users/bia {token}",
        f"{get} http://hub:8081/hub/api/users/bia/tokens {token} -d {{}}",
        f"{get} http://hub:10101/services/painel/linhas {token}",
        "ls /run/class",
        "ls /var/run/docker.sock",
    ]
    for commands, works in ((done, True), (tried, False)):
        for command in commands:
            ran = school.inside("ana", "sh", "-c", command)
            assert (ran.returncode == 0) is works, (command, ran)


LISTENER = """
import http.server, os, pathlib
pathlib.Path("/tmp/listener.pid").write_text(str(os.getpid()))
class Listener(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open("/tmp/heard", "a") as heard:
            print(self.path, self.headers["Authorization"], file=heard)
        self.send_error(503)
http.server.ThreadingHTTPServer(("0.0.0.0", 9999), Listener).serve_forever()
"""


def test_who_takes_the_place_of_the_own_server_hears_nothing_that_opens_anothers(
    school: Class, teacher: Person, learners: dict[str, Person]
) -> None:
    """Root in a lab may answer in the place of JupyterLab; the board asks there every few seconds."""
    moved = "PREROUTING -t nat -p tcp --dport 8888 -j REDIRECT --to-ports 9999"
    listening = f"(python3 -c '{LISTENER}' &) && iptables -I {moved}"
    assert school.inside("ana", "sh", "-c", listening).returncode == 0
    try:
        until("o painel perguntar", lambda: Look("turma/situacao" in heard(school, teacher)), 30, interval=0.3)
    finally:
        assert school.inside("ana", "sh", "-c", f"iptables -D {moved}; kill $(cat /tmp/listener.pid)").returncode == 0
    tokens = {line.split()[-1] for line in heard(school, teacher).splitlines() if "turma/" in line}
    assert tokens and "None" not in tokens
    for token in tokens:
        found = {
            path: bearing(token, path)
            for path in ("/user/ana/api/contents", "/user/bia/api/contents", "/hub/api/users", "/hub/api/users/bia")
        }
        assert found.pop("/user/ana/api/contents") == 200
        assert all(status in (302, 403, 404) for status in found.values()), found


def heard(school: Class, teacher: Person) -> str:
    """What the listener in ana's lab was asked, with whose token; the board is made to ask once more."""
    teacher.ask(f"{BOARD}linhas")
    return school.inside("ana", "cat", "/tmp/heard").stdout


def bearing(token: str, path: str) -> int:
    """The status of a GET with this token."""

    class Stays(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: Any) -> None:
            return None

    asked = urllib.request.Request(f"{ADDRESS}{path}", headers={"Authorization": f"token {token}"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), Stays)
    try:
        with opener.open(asked, timeout=30) as answer:
            status: int = answer.status
            return status
    except urllib.error.HTTPError as error:
        return error.code


def test_the_board_is_the_teachers_alone(learners: dict[str, Person]) -> None:
    for path in (BOARD, f"{BOARD}linhas", f"{BOARD}turma.csv"):
        status, _, page = learners["ana"].ask(path)
        assert status == 403 and "caio" not in page, (path, status)


def test_the_teacher_sees_who_is_where_and_who_calls_for_help(teacher: Person, learners: dict[str, Person]) -> None:
    seen = rows(teacher)
    assert set(seen) >= set(LEARNERS) and all(row["known"] for row in seen.values())
    assert seen["ana"]["done"] > 0 == seen["caio"]["done"] and seen["caio"]["lesson"] == "00-comece-aqui"
    assert learners["bia"].send("/user/bia/turma/ajuda", {"wanted": True})[0] == 200
    assert rows(teacher)["bia"]["help"] and not rows(teacher)["ana"]["help"]
    assert learners["bia"].send("/user/bia/turma/ajuda", {"wanted": False})[0] == 200
    assert not rows(teacher)["bia"]["help"]
    table = teacher.ask(f"{BOARD}turma.csv")[2]
    assert table.count("\n") == len(seen) + 1 and "ana" in table


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


def test_the_teacher_enters_nobodys_lab(teacher: Person, learners: dict[str, Person]) -> None:
    """A page that a learner serves runs as who opens it: with the teacher's login it would enter every lab."""
    for path in ("/user/ana/api/contents", "/user/ana/lab"):
        assert teacher.ask(path)[0] == 403
    assert teacher.ask("/hub/admin")[0] == 200
    assert teacher.ask("/hub/api/users/ana/tokens")[0] in (403, 404)


def test_a_class_goes_on_while_its_hub_starts_anew_and_who_is_added_gets_in(
    school: Class, teacher: Person, learners: dict[str, Person]
) -> None:
    """`class up` a second time, with labs and the board open."""
    before = rows(teacher)
    added = school.folder / "more.txt"
    added.write_text("eva\n")
    told = school.command("codes", "--names", str(added))
    assert told.returncode == 0 and ADDRESS in told.stdout, told
    eva = Person("eva", school.read_codes()["eva"])
    assert "/hub/home" in eva.log_in()[1] or "/hub/spawn" in eva.log_in()[1], "a running hub knows who is added"
    school.environment["LABS_CLASS_AT_ONCE"] = "2"  # or the hub would go on as it is
    again = school.command("up")
    assert again.returncode == 0 and f"{ADDRESS}/" in again.stdout, again.stdout + again.stderr

    def look() -> Look:
        seen = rows(teacher)
        answering = {name for name in LEARNERS if seen.get(name, {}).get("known")}
        return Look(answering == set(LEARNERS) and seen["eva"]["name"] == "eva", str(seen))

    until("o painel ler os laboratórios de novo", look, 120, interval=1)
    after = rows(teacher)
    assert {name: after[name]["done"] for name in LEARNERS} == {name: before[name]["done"] for name in LEARNERS}
    for name, person in learners.items():
        assert person.ask(f"/user/{name}/api/contents")[0] == 200
        can = school.inside(name, "sh", "-c", "curl -sf -m 5 -o /dev/null http://hub:8081/hub/api/")
        assert can.returncode == 0, "the hub ends a lab that does not reach it"


def test_no_key_or_token_is_two_learners(school: Class, learners: dict[str, Person]) -> None:
    """They share an image, with a first day in it (`deploy/hub/seed.sh`)."""
    listed = "cd /labs && find secrets aws docker jupyter -type f -size +0 -exec sha256sum {} +"
    found = [
        {tuple(line.split()) for line in school.inside(name, "sh", "-c", listed).stdout.splitlines()}
        for name in LEARNERS
    ]
    assert all(any(path.startswith("secrets/") for _, path in one) for one in found)
    shared = {path for _, path in set.intersection(*found)}
    assert not {path for path in shared if path.startswith("secrets/")}, shared
    for name in LEARNERS:
        seeded = school.inside(name, "python3", "-m", "labs", "run", "01")
        assert seeded.returncode == 0, seeded.stdout


THROUGH = {"ana": "03-tag", "bia": "01-o-que-e-um-registry", "caio": "02-build"}
"""The lesson that each one goes through with the mouse."""


def test_learners_and_teacher_see_each_other_in_browsers(school: Class, learners: dict[str, Person]) -> None:
    """Each in a window of an own browser profile, all at once, from the login page on."""
    with unmeasured(), jupyterlab.chromium() as browser:
        windows = {name: browser.new_context(viewport=jupyterlab.VIEWPORT, locale="pt-BR") for name in school.codes}
        try:
            board = logged_in(windows[accounts.TEACHER], school, accounts.TEACHER, BOARD)
            books = {name: lesson_of(windows[name], school, name) for name in LEARNERS}
            go_through(books)
            for name, lesson in THROUGH.items():
                row = board.get_by_role("row").filter(has=board.get_by_role("rowheader", name=name, exact=True))
                expect(row).to_contain_text("segue", timeout=30_000)
                done = len(load_course().lesson(lesson[:2]).steps)
                count = re.compile(rf"(?<!\d)({'|'.join(str(one) for one in range(done, 200))}) de \d+")
                expect(row).to_contain_text(count, timeout=30_000)
            books["bia"].page.get_by_role("button", name="Pedir ajuda").click()
            expect(board.locator("#summary")).to_contain_text("Ajuda pedida por bia.", timeout=30_000)
            board.get_by_label("Recado").fill("Olhem o quadro")
            board.get_by_role("button", name="Enviar").click()
            for book in books.values():
                expect(book.page.get_by_text("Recado da aula: Olhem o quadro").first).to_be_visible(timeout=30_000)
            board.get_by_role("button", name="Retirar o recado").click()
            for book in books.values():
                expect(book.page.get_by_text("Recado da aula: Olhem o quadro")).to_have_count(0, timeout=30_000)
        except BaseException:
            for name, window in windows.items():
                jupyterlab.photograph(window, f"class-{name}")
            raise


def logged_in(window: BrowserContext, school: Class, name: str, path: str, at: str = ADDRESS) -> Page:
    """A page of the class, by way of the login page."""
    page = window.new_page()
    page.goto(f"{at}/hub/login?next={urllib.parse.quote(path)}")
    page.get_by_label("Nome").fill(name)
    page.get_by_label("Código").fill(school.codes[name].upper())  # as who types what is on paper
    page.get_by_role("button", name="Entrar").click()
    page.wait_for_url(f"**{path}*", timeout=jupyterlab.LOADING)
    return page


def lesson_of(window: BrowserContext, school: Class, name: str) -> jupyterlab.Notebook:
    """A learner's lesson, opened and prepared."""
    path = f"/user/{name}/lab/workspaces/aula/tree/notebooks/{THROUGH[name]}.ipynb"
    book = jupyterlab.Notebook(logged_in(window, school, name, path), THROUGH[name])
    book.wait_until_ready()
    book.wait_for_cards()
    book.prepare()
    return book


def go_through(books: dict[str, jupyterlab.Notebook]) -> None:
    """Every step of each one's lesson by its button, side by side."""
    lessons = {name: load_course().lesson(THROUGH[name][:2]) for name in books}
    for number in range(max(len(lesson.steps) for lesson in lessons.values())):
        pressed = []
        for name, lesson in lessons.items():
            if number < len(lesson.steps):
                card = books[name].card(lesson, lesson.steps[number])
                pressed.append(
                    card.press("Solução").press("Executar a solução")
                    if lesson.steps[number].open
                    else card.press("Executar")
                )
        for card in pressed:
            card.expect_passed()


def test_who_has_finished_has_a_certificate_that_holds_and_the_others_are_told_why(
    school: Class, teacher: Person, learners: dict[str, Person], tmp_path: Path
) -> None:
    fingerprint = re.search(r"anote esta impressão digital, (\S+)", school.command("codes").stdout)
    assert fingerprint and fingerprint[1] in teacher.ask(BOARD)[2]
    late = school.person(FINISHES)
    late.log_in()
    late.ask("/hub/spawn?image=nobodys")  # a link that somebody sent: what it asks for starts nothing, now or later
    late.enter()
    whole = school.inside(FINISHES, "python3", "-m", "labs", "run", "--json", seconds=1500)
    assert [step for step in json.loads(whole.stdout) if not step["passed"]] == []
    assert teacher.send(f"{BOARD}certificados", {"names": ["zeca"]})[0] == 400
    assert teacher.send(f"{BOARD}certificados", {"names": []})[0] == 200
    state: dict[str, Any] = {}

    def look() -> Look:
        nonlocal state
        state = json.loads(teacher.ask(f"{BOARD}certificados")[2])
        return Look(state["left"] == 0, str(state))

    until("os laboratórios responderem", look, 1500, interval=1)
    told = {row["name"]: row for row in state["rows"]}
    assert told[FINISHES]["made"], told[FINISHES]["why"]
    for name in learners:
        assert not told[name]["made"]
        assert "Volte à aula" in told[name]["why"] and "Falta comprovar " in told[name]["why"], told
    assert learners["ana"].ask(f"{BOARD}certificados.zip")[0] == 403
    with zipfile.ZipFile(io.BytesIO(teacher.fetch(f"{BOARD}certificados.zip"))) as packed:
        assert packed.namelist() == ["resumo.csv", f"{FINISHES}.html"]
        packed.extractall(tmp_path)
    page = tmp_path / f"{FINISHES}.html"
    assert verified(page, fingerprint[1]) == 0
    assert verified(page, "0" * len(fingerprint[1])) == 1, "another class's key"
    page.write_text(page.read_text("utf-8").replace(FINISHES, "ana"), "utf-8")
    assert verified(page, fingerprint[1]) == 1, "a page that somebody altered"


def verified(page: Path, fingerprint: str) -> int:
    """What `labs certificate --verify` says, by its exit code, on a machine that has nothing of the class."""
    words = ("certificate", "--verify", str(page), "--key", fingerprint)
    return subprocess.run([sys.executable, "-m", "labs", *words], cwd=CLONE, check=False).returncode


NAMED = ADDRESS.replace("127.0.0.1", "turma.localhost")
"""A browser knows each name below `localhost` for this machine (RFC 6761)."""
STATUS = """async (address) => {
  const mark = /_xsrf=([^;]+)/.exec(document.cookie)?.[1] ?? "";
  const asked = { credentials: "include", headers: { "X-XSRFToken": mark } };
  try { return (await fetch(address, asked)).status; } catch (error) { return String(error); }
}"""
"""What a page's script gets of an address, as the lab's own scripts ask."""


def test_with_a_name_for_each_learner_a_page_of_one_reaches_nothing_of_another(
    school: Class, learners: dict[str, Person]
) -> None:
    """The class of the day before, with what everybody had done; now each browser keeps their pages apart."""
    kept = school.command("down", "--keep")
    assert kept.returncode == 0 and "está guardado" in kept.stdout, kept
    again = school.command("up", "--address", f"{NAMED}/", "--subdomains")
    assert again.returncode == 0 and f"{of('painel--service')}{BOARD}" in again.stdout, again
    with unmeasured(), jupyterlab.chromium() as browser:
        windows = {name: browser.new_context(viewport=jupyterlab.VIEWPORT, locale="pt-BR") for name in school.codes}
        try:
            board = logged_in(windows[accounts.TEACHER], school, accounts.TEACHER, "/hub/home", NAMED)
            board.get_by_role("link", name="Painel da turma").click()
            page = entered(windows["bia"], school, "bia")
            assert page.url.startswith(f"{of('bia')}/user/bia/lab/tree/")
            row = board.get_by_role("row").filter(has=board.get_by_role("rowheader", name="bia", exact=True))
            expect(row).to_contain_text(re.compile(r"[1-9]\d* de \d+"), timeout=60_000)
            expect(board.locator("#meant")).to_contain_text(
                "Para bia.", timeout=60_000
            )  # what is shown may be of before
            board.get_by_label("Recado").fill("Bom dia")
            board.get_by_role("button", name="Enviar").click()
            expect(page.get_by_text("Recado da aula: Bom dia").first).to_be_visible(timeout=30_000)
            secrets = [f"{of('bia')}/user/bia/api/contents", f"{NAMED}/hub/api/user"]
            assert page.evaluate(STATUS, secrets[0]) == 200
            entered(windows["ana"], school, "ana")
            served = f"{of('ana')}/user/ana/static/favicons/favicon.ico"  # what ana serves to whoever comes
            secrets.append(f"{of('painel--service')}{BOARD}linhas")
            for name in ("bia", accounts.TEACHER):
                elsewhere = windows[name].new_page()
                elsewhere.goto(served)
                assert elsewhere.evaluate(STATUS, f"{of('ana')}/user/ana/api") == 200
                for address in secrets:
                    assert "TypeError" in str(elsewhere.evaluate(STATUS, address)), (name, address)
        except BaseException:
            for name, window in windows.items():
                jupyterlab.photograph(window, f"names-{name}")
            raise


def of(label: str) -> str:
    """The origin of a learner, or of the board."""
    return NAMED.replace("://", f"://{label}.")


def entered(window: BrowserContext, school: Class, name: str) -> Page:
    """A learner's lab, opened by the buttons of the hub's pages."""
    page = logged_in(window, school, name, "/hub/home", NAMED)
    page.get_by_role("link", name="Abrir o laboratório").click()
    page.wait_for_url(re.compile(rf"/user/{name}/lab/tree/"), timeout=1000 * START_SECONDS)
    return page
