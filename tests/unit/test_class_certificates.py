"""The certificates of a class: what the board asks of labs, believes of their answers, signs and hands out."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import sys
import zipfile
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tornado import web
from tornado.httpclient import AsyncHTTPClient, HTTPRequest, HTTPResponse
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port

from labs.base.errors import LabError
from labs.base.settings import Settings
from labs.base.version import version
from labs.classroom.board import certificates as board
from labs.classroom.board import rows
from labs.classroom.board.learners import Answer, Learners
from labs.classroom.board.requests import MOST_BYTES
from labs.cli.main import main
from labs.course import target_words
from labs.course.catalog import CheckSpec, Course, Lesson, Step
from labs.jupyter import classroom
from labs.pages import statement

STEPS = tuple(Step(id, f"Título {id}", "true", CheckSpec("image_exists", {"ref": "a:1"})) for id in ("one", "two"))
COURSE = Course((Lesson("00-a", "Começo", 5, "", (), STEPS),))
WHOLE = statement.Statement(
    version=version(),
    drawn_by=statement.drawn_by(),
    name="ana",
    by="",
    account="aluno",
    issued=datetime(2026, 11, 26, tzinfo=UTC),
    hours="5 min",
    not_asked=(),
    lessons=(
        statement.Proven("00-a", "Começo", "", tuple(statement.Proof(s.id, s.title, "Há.", (), None) for s in STEPS)),
    ),
)


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def voucher(tmp_path: Path) -> board.Voucher:
    return board.Voucher(tmp_path / "class" / "certificate-key", "192.0.2.7:8000", COURSE)


@pytest.fixture
def page(tmp_path: Path) -> Callable[..., str]:
    """A page that a learner's lab issues now, of a statement that says some things otherwise."""

    def make(**other: Any) -> str:
        made = msgspec.structs.replace(WHOLE, issued=now().replace(microsecond=0))
        made = msgspec.structs.replace(made, **other)
        return statement.page(statement.sign(made, tmp_path / "lab" / "key"))

    return make


# What the class signs -----------------------------------------------------------------------------


def test_the_class_states_anew_what_a_lab_showed_and_any_lab_verifies_it(
    voucher: board.Voucher, page: Callable[..., str], settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    made = voucher.vouched(page(), "ana")
    assert "<p>Conferido pela turma 192.0.2.7:8000</p>" in made and "Assinado pela turma 192.0.2.7:8000" in made
    file = settings.home / "ana.html"
    file.write_text(made, "utf-8")
    own = statement.kept_fingerprint(voucher.key_file)
    assert main(["certificate", "--verify", str(file), "--key", own]) == 0
    told = capsys.readouterr().out
    assert "Nome: ana\nConferido pela turma: 192.0.2.7:8000\n" in told and f"da chave: {own}" in told
    assert "desde que a turma desta impressão digital o assinou" in told and "Não prova quem digitou" in told
    file.write_text(page(), "utf-8")
    assert main(["certificate", "--verify", str(file), "--key", own]) == 1
    assert "O certificado é de outro laboratório" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"name":"ana"', '"name":"bia"', "O certificado foi alterado depois de assinado."),
        ('"by":"192.0.2.7:8000"', '"by":"x"', "O certificado foi alterado depois de assinado."),
        ('<p class="name">ana', '<p class="name">bia', "A página foi alterada: não é a que foi assinada."),
        ("<p>Conferido pela turma 192.0.2.7", "<p>Conferido pela turma 192.0.2.8", "A página foi alterada"),
    ],
)
def test_an_altered_page_of_the_class_is_refused(
    voucher: board.Voucher,
    page: Callable[..., str],
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
    old: str,
    new: str,
    told: str,
) -> None:
    made = voucher.vouched(page(), "ana")
    assert old in made
    (settings.home / "ana.html").write_text(made.replace(old, new), "utf-8")
    own = statement.kept_fingerprint(voucher.key_file)
    assert main(["certificate", "--verify", str(settings.home / "ana.html"), "--key", own]) == 1
    assert capsys.readouterr().err.startswith(told)


WRONG: dict[str, tuple[Callable[[Callable[..., str]], str], str]] = {
    "name": (lambda page: page(name="bia"), "O certificado é de outra pessoa.\nObservado: esperado ana, e veio bia\n"),
    "no name": (lambda page: page(name=""), "O certificado é de outra pessoa."),
    "future": (
        lambda page: page(issued=now() + timedelta(minutes=5)),
        "O certificado tem uma data que ainda não chegou.\nObservado: emitido em ",
    ),
    "nothing": (lambda page: page(lessons=()), "O certificado não tem todos os passos que o curso pede.\n"),
    "altered": (lambda page: page(name="bia").replace('"name":"bia"', '"name":"ana"'), "O certificado foi alterado"),
    "page": (lambda page: page().replace("2 passos", "9 passos"), "A página foi alterada"),
    "empty": (lambda _: "", "Este arquivo não é um certificado inteiro deste curso.\nObservado: laboratório de ana: "),
    "deep": (lambda _: statement.OPENS + '{"a":' * 50_000 + statement.CLOSES, "Este arquivo não é um certificado"),
    "never ends": (lambda _: statement.OPENS * 8_000, "Este arquivo não é um certificado inteiro"),
}


@pytest.mark.parametrize(("made", "told"), WRONG.values(), ids=WRONG)
def test_the_class_signs_nothing_else(
    voucher: board.Voucher, page: Callable[..., str], made: Callable[[Callable[..., str]], str], told: str
) -> None:
    with pytest.raises(LabError) as refused:
        voucher.vouched(made(page), "ana")
    assert str(refused.value).startswith(told) and refused.value.next_command


def test_a_step_that_is_missing_is_named(voucher: board.Voucher, page: Callable[..., str]) -> None:
    one = msgspec.structs.replace(WHOLE.lessons[0], proofs=WHOLE.lessons[0].proofs[:1])
    with pytest.raises(LabError) as refused:
        voucher.vouched(page(lessons=(one,)), "ana")
    assert refused.value.observed == "00-a/two" and refused.value.next_command == board.AGAIN


def test_a_class_is_called_by_its_address() -> None:
    assert board.class_name("http://192.0.2.7:8000/") == "192.0.2.7:8000"
    assert board.class_name("https://curso.example/turma/") == "curso.example/turma"
    assert board.class_name("sala:8000") == "sala:8000"


def test_the_page_of_the_board_says_the_fingerprint_or_why_there_is_none(voucher: board.Voucher) -> None:
    own = statement.kept_fingerprint(voucher.key_file)
    assert voucher.key_words() == f"Anote esta impressão digital, que vale para todos: {own}"
    assert voucher.key_file.stat().st_mode & 0o777 == 0o600
    voucher.key_file.write_text("")
    assert voucher.key_words().startswith("A chave que assina os certificados está danificada.")


# The order ----------------------------------------------------------------------------------------

NAMES = ("ana", "bia", "caio", "duda")


class Labs:
    """Labs that prove until they are let go: ana has a certificate, the others fail in ways of their own."""

    def __init__(self, page: Callable[..., str]) -> None:
        self.page, self.most, self.asked = page, 0, list[str]()
        self.going, self.go = set[str](), asyncio.Event()

    async def prove(self, name: str) -> Answer:
        self.asked.append(name)
        self.going.add(name)
        self.most = max(self.most, len(self.going))
        await self.go.wait()
        self.going.discard(name)
        match name:
            case "ana":
                return Answer(True, "", self.page(name=name))
            case "bia":
                return Answer(False, "=1+1\nFalta comprovar: 00-a/one\x1b[2J\n")
            case "caio":
                raise OSError("HTTP 503: Service Unavailable")
        raise RuntimeError("ninguém contava com isto")


Work = Callable[[board.Certificates, Labs], Coroutine[Any, Any, None]]


def run(voucher: board.Voucher, page: Callable[..., str], work: Work) -> None:
    async def go() -> None:
        labs = Labs(page)
        await work(board.Certificates(lambda: NAMES, voucher, labs.prove), labs)

    asyncio.run(go())


async def ended(certificates: board.Certificates) -> dict[str, Any]:
    async with asyncio.timeout(30):
        while certificates.state()["left"]:
            await asyncio.sleep(0)
    return certificates.state()


def test_two_labs_prove_at_a_time_and_no_error_is_another_ones(
    voucher: board.Voucher, page: Callable[..., str]
) -> None:
    async def work(certificates: board.Certificates, labs: Labs) -> None:
        certificates.order([])
        for _ in range(3):
            await asyncio.sleep(0)
        assert certificates.state() == {"now": ["ana", "bia"], "left": 4, "rows": []}
        labs.go.set()
        state = await ended(certificates)
        assert labs.most == board.AT_ONCE == 2 and labs.asked == list(NAMES) and state["now"] == []
        made, *none = state["rows"]
        assert made == {"name": "ana", "made": True, "why": ""}
        assert [(row["name"], row["made"], row["why"]) for row in none] == [
            ("bia", False, "=1+1 · Falta comprovar: 00-a/one [2J"),
            (
                "caio",
                False,
                "O laboratório não responde: HTTP 503: Service Unavailable. Peça que a pessoa o abra de novo.",
            ),
            ("duda", False, "O painel não entendeu a resposta do laboratório: RuntimeError: ninguém contava com isto"),
        ]

    run(voucher, page, work)


def test_the_archive_has_the_pages_and_says_who_has_none_and_why(
    voucher: board.Voucher, page: Callable[..., str]
) -> None:
    async def work(certificates: board.Certificates, labs: Labs) -> None:
        labs.go.set()
        certificates.order(["ana", "bia"])
        await ended(certificates)
        labs.go.clear()
        certificates.order(["caio"])
        packed = zipfile.ZipFile(io.BytesIO(certificates.archive()))
        assert sorted(packed.namelist()) == ["ana.html", "resumo.csv"]
        text = packed.read("ana.html").decode()
        found = statement.Certificate.read(text, "ana.html")
        found.require_page()
        found.require_key(statement.kept_fingerprint(voucher.key_file))
        assert found.statement.by == voucher.by
        table = list(csv.reader(io.StringIO(packed.read("resumo.csv").decode("utf-8-sig")), delimiter=";"))
        assert table == [
            ["nome", "certificado", "observação"],
            ["ana", "ana.html", ""],
            ["bia", "", "'=1+1 · Falta comprovar: 00-a/one [2J"],
            ["caio", "", "pedido, e ainda sem resposta"],
        ]
        labs.go.set()
        await ended(certificates)

    run(voucher, page, work)


def test_nobody_is_asked_twice_at_once_and_a_new_order_costs_no_others_result(
    voucher: board.Voucher, page: Callable[..., str]
) -> None:
    async def work(certificates: board.Certificates, labs: Labs) -> None:
        for _ in range(2):
            certificates.order(["ana"])
            await asyncio.sleep(0)
        labs.go.set()
        await ended(certificates)
        assert labs.asked == ["ana"]
        certificates.order(["bia"])
        assert [row["name"] for row in (await ended(certificates))["rows"]] == ["ana", "bia"]
        certificates.order(["ana"])
        assert [row["name"] for row in certificates.state()["rows"]] == ["bia"]
        await ended(certificates)
        assert labs.asked == ["ana", "bia", "ana"]

    run(voucher, page, work)


@pytest.mark.parametrize("stranger", ["zeca", "../ana", ""])
def test_only_names_of_the_class_are_asked(voucher: board.Voucher, page: Callable[..., str], stranger: str) -> None:
    async def work(certificates: board.Certificates, labs: Labs) -> None:
        with pytest.raises(LabError, match="Há um nome que não é da turma") as refused:
            certificates.order(["ana", stranger])
        assert refused.value.observed == stranger and certificates.state()["left"] == 0

    run(voucher, page, work)


def test_a_damaged_key_is_the_reason_that_is_told(voucher: board.Voucher, page: Callable[..., str]) -> None:
    async def work(certificates: board.Certificates, labs: Labs) -> None:
        labs.go.set()
        voucher.key_file.parent.mkdir()
        voucher.key_file.write_text("x")
        certificates.order(["ana"])
        (row,) = (await ended(certificates))["rows"]
        assert not row["made"] and row["why"].startswith("A chave que assina os certificados está danificada.")

    run(voucher, page, work)


def test_a_lab_that_says_nothing_or_too_much(voucher: board.Voucher) -> None:
    async def prove(name: str) -> Answer:
        return Answer(False, "" if name == "ana" else "x" * 100_000)

    async def go() -> list[str]:
        certificates = board.Certificates(lambda: ["ana", "bia"], voucher, prove)
        certificates.order([])
        return [row["why"] for row in (await ended(certificates))["rows"]]

    nothing, much = asyncio.run(go())
    assert nothing == "o laboratório não disse por quê" and len(much) == rows.LONGEST_SAID + 2


# The hub's side -----------------------------------------------------------------------------------

ANSWERS: dict[str, bytes] = {
    "good": b'{"done": true, "said": "", "page": "<html>"}',
    "more": b'{"done": true, "said": "", "more": 1}',
    "type": b'{"done": "yes", "said": ""}',
    "list": b"[]",
    "none": b"",
    "text": b"\xff",
    "deep": b"[" * 100_000,
    "huge": b'{"done": true, "said": "%s"}' % (b"x" * MOST_BYTES),
}


class FakeLab(web.RequestHandler):
    """A learner's server that answers as its name says."""

    def post(self, name: str) -> None:
        assert json.loads(self.request.body) == {"certificate": name}
        self.finish(ANSWERS[name])


class FakeTokens(web.RequestHandler):
    """The hub, which makes a token for each learner."""

    def post(self, name: str) -> None:
        self.finish({"token": name})


def served(application: web.Application, work: Callable[[str], Coroutine[Any, Any, Any]]) -> Any:
    """What is found out in front of it."""

    async def go() -> Any:
        socket, port = bind_unused_port()
        server = HTTPServer(application)
        server.add_socket(socket)
        try:
            return await work(f"http://127.0.0.1:{port}")
        finally:
            server.stop()
            await server.close_all_connections()

    return asyncio.run(go())


def test_an_answer_is_read_strictly_and_up_to_a_size() -> None:
    async def work(address: str) -> dict[str, Answer | OSError]:
        known = Learners(f"{address}/hub/api", address, "secret")
        found = await asyncio.gather(*(known.certificate(name) for name in ANSWERS), return_exceptions=True)
        return dict(zip(ANSWERS, found, strict=True))  # type: ignore[arg-type]

    found = served(
        web.Application([(r"/user/(\w+)/turma/pedido", FakeLab), (r"/hub/api/users/(\w+)/tokens", FakeTokens)]), work
    )
    assert found.pop("good") == Answer(True, "", "<html>")
    assert all(isinstance(one, OSError) for one in found.values()), found


def test_the_boards_pages_take_the_order_and_give_the_archive(
    server: Any, voucher: board.Voucher, page: Callable[..., str]
) -> None:
    async def ask(address: str, body: str | None = None) -> HTTPResponse:
        headers = {"Cookie": "_xsrf=x", "X-XSRFToken": "x"}
        wanted = HTTPRequest(address, "GET" if body is None else "POST", headers, body)
        return await AsyncHTTPClient(force_instance=True).fetch(wanted, raise_error=False)

    async def prove(name: str) -> Answer:
        return Answer(name == "ana", "não deu", page(name=name))

    async def work(address: str) -> None:
        shown = (await ask(f"{address}/")).body.decode()
        assert statement.kept_fingerprint(voucher.key_file) in shown and 'id="certify"' in shown
        for wrong in ('{"names": ["zeca"]}', '{"names": [1]}', '{"names": [], "more": 1}', "[", ""):
            assert (await ask(f"{address}/certificados", wrong)).code == 400, wrong
        for wrong in ("x", "99999"):
            assert (await ask(f"{address}/turma.csv?minutos={wrong}")).code == 400, wrong
        begun = await ask(f"{address}/certificados", '{"names": []}')
        assert json.loads(begun.body)["left"] == 2
        async with asyncio.timeout(30):
            while json.loads((state := await ask(f"{address}/certificados")).body)["left"]:
                pass
        assert [row["made"] for row in json.loads(state.body)["rows"]] == [True, False]
        answer = await ask(f"{address}/certificados.zip")
        assert answer.headers["Content-Disposition"] == 'attachment; filename="certificados.zip"'
        assert zipfile.ZipFile(io.BytesIO(answer.body)).namelist() == ["resumo.csv", "ana.html"]

    certificates = board.Certificates(lambda: ["ana", "bia"], voucher, prove)
    served(server.application("/", Learners("", "", ""), certificates, {}), work)


def test_pages_of_one_lab_or_of_the_same_proofs_are_told(
    voucher: board.Voucher, page: Callable[..., str], tmp_path: Path
) -> None:
    """A learner may hand a friend page and key, or the page alone, signed anew."""
    copied = msgspec.structs.replace(WHOLE, issued=now().replace(microsecond=0), name="bia")
    signed_anew = statement.page(statement.sign(copied, tmp_path / "bias-lab" / "key"))
    told = copied.lessons[0]
    own = msgspec.structs.replace(told, proofs=tuple(msgspec.structs.replace(one, observed="x") for one in told.proofs))
    pages = {
        "ana": page(name="ana"),
        "bia": signed_anew,
        "caio": page(name="caio", lessons=(own, *copied.lessons[1:])),
    }

    async def prove(name: str) -> Answer:
        return Answer(True, "", pages[name])

    async def all_of_them() -> dict[str, Any]:
        certificates = board.Certificates(lambda: list(pages), voucher, prove)
        certificates.order([])
        async with asyncio.timeout(30):
            while certificates.state()["left"]:
                await asyncio.sleep(0)
        return {row["name"]: row for row in certificates.state()["rows"]}

    rows = asyncio.run(all_of_them())
    assert all(row["made"] for row in rows.values())
    assert "são as mesmas do laboratório de bia, caio: converse" in rows["ana"]["why"]
    assert "são as mesmas do laboratório de ana: converse" in rows["bia"]["why"]


def test_a_page_that_was_made_stays_where_a_second_order_brings_none(
    voucher: board.Voucher, page: Callable[..., str]
) -> None:
    answers = [Answer(True, "", page()), Answer(False, "Falta comprovar: 00-a/one")]

    async def prove(name: str) -> Answer:
        return answers.pop(0)

    async def twice() -> dict[str, Any]:
        certificates = board.Certificates(lambda: ["ana"], voucher, prove)
        for _ in range(2):
            certificates.order([])
            async with asyncio.timeout(30):
                while certificates.state()["left"]:
                    await asyncio.sleep(0)
        return certificates.state()

    assert asyncio.run(twice())["rows"] == [{"name": "ana", "made": True, "why": ""}] and answers == []


# The learner's side -------------------------------------------------------------------------------


def answered(settings: Settings, monkeypatch: pytest.MonkeyPatch, done: bool, said: str) -> tuple[Any, tuple[str, ...]]:
    """What a lab answers where its command ends so, and the command's words."""
    asked: tuple[str, ...] = ()

    async def labs(_: Settings, *words: str) -> tuple[bool, str]:
        nonlocal asked
        asked = words
        if done:
            (settings.class_folder / "certificado.html").write_text("<html>")
        return done, said

    settings.class_folder.mkdir(exist_ok=True)
    monkeypatch.setattr(classroom, "_labs", labs)
    return asyncio.run(classroom._done("certificate", "ana")), asked


def test_a_lab_gives_its_page_and_keeps_the_learners_own(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    told, words = answered(settings, monkeypatch, True, "Curso comprovado.")
    assert told == {"done": True, "said": "", "page": "<html>"}
    output = settings.class_folder / "certificado.html"
    assert words == ("certificate", "--nome=ana", f"--output={output}") and output != settings.certificate_file


def test_a_certificate_from_before_the_clean_up_serves_with_its_time_and_no_other(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, voucher: board.Voucher, page: Callable[..., str]
) -> None:
    """Lesson 09 issues it and then cleans up: nothing could be proven anew."""
    monkeypatch.setattr(target_words, "course", lambda _: COURSE)
    then = now().replace(microsecond=0) - timedelta(hours=2)
    own = msgspec.structs.replace(WHOLE, name="Ana Lima", issued=then)
    good = statement.page(statement.sign(own, settings.certificate_key_file))
    short = statement.sign(msgspec.structs.replace(own, lessons=()), settings.certificate_key_file)
    for kept in ("", page(), good.replace("Ana Lima", "Bia Lima"), statement.page(short)):
        settings.certificate_file.write_text(kept, "utf-8")
        assert answered(settings, monkeypatch, False, "Falta comprovar: 00-a/one\nVolte.")[0]["done"] is False, kept
    settings.certificate_file.write_text(good, "utf-8")
    told, asked = answered(settings, monkeypatch, False, "nada disto é perguntado")
    assert told["done"] and asked == ()
    stated = statement.Certificate.read(voucher.vouched(told["page"], "ana"), "ana").statement
    assert (stated.name, stated.issued, stated.by) == ("ana", then, voucher.by)
    assert settings.certificate_file.read_text("utf-8") == good


def test_a_lab_says_what_is_missing_and_where_to_return_to(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = ", ".join(f"00-a/{number}" for number in range(200))
    back = "Sem certificado ainda. Volte à aula 00, passo 1 · Título, e peça de novo."
    told, _ = answered(settings, monkeypatch, False, f"  ✗ um: nada\nFalta comprovar: {missing}\n{back}\n")
    assert not told["done"] and told["said"].startswith(f"{back}\nFalta comprovar 200 passos: 00-a/0,")
    assert told["said"].endswith(" …") and len(told["said"]) < 400
    told, _ = answered(settings, monkeypatch, False, "O caso 1 da clínica está aberto.\n")
    assert told == {"done": False, "said": "O caso 1 da clínica está aberto.\n"}


def test_a_command_of_the_lab_is_run_and_ends_with_who_waits(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert asyncio.run(classroom._labs(settings, "--version")) == (True, f"{version()}\n")
    assert asyncio.run(classroom._labs(settings, "nada"))[0] is False
    slow = tmp_path / "slow"
    slow.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 600\n")
    slow.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(slow))
    monkeypatch.setattr(classroom, "CERTIFICATE_SECONDS", 2.0)
    with pytest.raises(LabError, match="Os checks do certificado não terminaram a tempo") as told:
        asyncio.run(classroom._certified("ana"))
    assert told.value.observed == "esperei 2 s" and "painel" in told.value.next_command
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()
