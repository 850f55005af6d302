"""The certificate: issued from the state of now, or not at all; signed, and verified in any lab."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

import labs
from labs.base.errors import StateError
from labs.base.settings import Settings
from labs.cli.main import main
from labs.clinic.open_case import OpenCase
from labs.course import target_words
from labs.course.catalog import Case, CheckSpec, Course, Lesson, Option, Question, Step
from labs.course.progress import Progress
from labs.course.tries import Tries
from labs.pages import certificate, statement
from labs.seams import world as seams_world
from labs.secrecy.values import known

from .fakes import FakeWorld, image


def step(id: str, ref: str, **changes: object) -> Step:
    return Step(id, f"Título {id}", "true", CheckSpec("image_exists", {"ref": ref}), **changes)  # type: ignore[arg-type]


COURSE = Course(
    (
        Lesson("00-a", "Começo", 5, "", (), (step("one", "one:1"), step("undone", "gone:1", lasting=False))),
        Lesson("01-b", "Depois", 5, "", (), (step("two", "two:1"),)),
    )
)


@pytest.fixture
def proven(world: FakeWorld) -> FakeWorld:
    """What lasts is there, and what was undone on purpose was proven in its time."""
    world.engine.held += [image("a", "one:1"), image("b", "two:1")]
    Progress(world.settings).record("00-a/undone", passed=True, observed="Foi.", seconds=1, evidence={})
    return world


def test_what_is_proven_now_is_listed_with_its_evidence(proven: FakeWorld) -> None:
    said: list[str] = []
    assert certificate.issue(COURSE, proven, "Ana <b>Lima</b>", said.append)
    page = (proven.settings.home / "certificado.html").read_text("utf-8")
    assert str(proven.settings.home / "certificado.html") in said[-1]
    assert "Ana &lt;b&gt;Lima&lt;/b&gt;" in page
    assert f"id: {image('a', 'one:1').id}" in page and f"id: {image('b', 'two:1').id}" in page
    assert page.count("· comprovado em") == 1, "what was never recorded has no date of its own"
    assert "os 3 passos" in page and "Título undone" in page
    assert "Carga horária estimada destas aulas: 10 min." in page
    assert "://" not in page, "nothing from outside"


def test_a_failing_check_means_no_certificate_and_names_the_lesson(proven: FakeWorld) -> None:
    said: list[str] = []
    Progress(proven.settings).record("01-b/two", passed=True, observed="", seconds=1, evidence={})
    proven.engine.held.pop()
    assert not certificate.issue(COURSE, proven, "", said.append)
    assert not (proven.settings.home / "certificado.html").exists()
    assert "Falta comprovar: 01-b/two" in said
    assert "Volte à aula 01, passo 1 · Título two, e peça de novo." in said[-1]


def test_the_name_is_optional_and_one_line(proven: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target_words, "course", lambda _: COURSE)
    monkeypatch.setattr(seams_world, "World", lambda _settings: proven)
    assert main(["certificate"]) == 0
    page = (proven.settings.home / "certificado.html").read_text("utf-8")
    assert '<p class="name">Conta aluno</p>' in page
    assert main(["certificate", "--nome", "  Ana\n  Lima "]) == 0
    assert '<p class="name">Ana Lima</p>' in (proven.settings.home / "certificado.html").read_text("utf-8")


def test_the_page_is_written_where_it_is_asked_for(
    proven: FakeWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(target_words, "course", lambda _: COURSE)
    monkeypatch.setattr(seams_world, "World", lambda _settings: proven)
    assert main(["certificate", "--nome", "ana", "--output", str(tmp_path / "class" / "ana.html")]) == 0
    assert statement.Certificate.open(tmp_path / "class" / "ana.html").statement.name == "ana"
    assert not proven.settings.certificate_file.exists()


@pytest.mark.parametrize("issuing", [["--nome", "Ana"], ["--nome", ""], ["--output", "x.html"]])
@pytest.mark.parametrize("asking", [["--verify", "ana.html"], ["--key"], ["--verify", "ana.html", "--key"]])
def test_an_option_that_would_be_left_out_is_refused(
    issuing: list[str], asking: list[str], settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["certificate", *issuing, *asking])
    assert refused.value.code == 2 and f"{issuing[0]} não combina com {asking[0]}" in capsys.readouterr().err
    assert not settings.certificate_key_file.exists()


def test_what_was_undone_on_purpose_must_have_been_proven(world: FakeWorld) -> None:
    world.engine.held += [image("a", "one:1"), image("b", "two:1")]
    said: list[str] = []
    assert not certificate.issue(COURSE, world, "", said.append)
    assert "Falta comprovar: 00-a/undone" in said


def with_more(required: bool) -> Course:
    """The course with a challenge, a step that comes after the certificate, a quiz, and the clinic."""
    right, wrong = Option("a", "b", right=True), Option("c", "d")
    challenge = step("challenge", "gone:1", required=required)
    final = Lesson(
        "02-c",
        "Fim",
        5,
        "",
        (),
        (step("cleanup", "gone:1", closing=True),),
        (Question("q", (right, wrong)),),
        challenge,
    )
    case = Case("k", "K", "", Question("p", (right, wrong)), ("k",), 1)
    clinic = Lesson("03-d", "Clínica", 5, "", (), (step("k", "gone:1", case="k"), step("end", "gone:1")), cases=(case,))
    return Course((*COURSE.lessons, final, clinic))


def test_a_required_challenge_is_asked_for(proven: FakeWorld) -> None:
    said: list[str] = []
    assert not certificate.issue(with_more(required=True), proven, "", said.append)
    assert "Falta comprovar: 02-c/challenge" in said


def test_what_is_not_asked_for_is_told_with_its_count(proven: FakeWorld) -> None:
    said: list[str] = []
    course = with_more(required=False)
    Tries(proven.settings).add("02-c", course.lesson("02-c").quiz[0], 0)
    assert certificate.issue(course, proven, "", said.append)
    told = [
        "Não pedido: clínica de erros, 0 de 2 passos feitos.",
        "Não pedido: quizzes, 1 de 1 acertos na primeira resposta.",
    ]
    assert [line for line in said if line.startswith("Não pedido")] == told
    page = (proven.settings.home / "certificado.html").read_text("utf-8")
    assert all(line in page for line in told)


def test_an_open_case_of_the_clinic_is_told_first(proven: FakeWorld) -> None:
    OpenCase("sem-login", 0, 0, {}, 0).save(proven.settings)
    said: list[str] = []
    assert not certificate.issue(COURSE, proven, "", said.append)
    assert said == [
        "O caso 1 da clínica está aberto, e muda o laboratório.",
        "Próximo comando: python3 -m labs.drill --undo",
    ]


# Signed ------------------------------------------------------------------------------------------

Verify = Callable[..., tuple[int, str, str]]
NAME = "Ana <b>Lima</b> </script><script>alert(1)</script> &amp; Ó"


@pytest.fixture
def issued(proven: FakeWorld) -> Path:
    """A certificate of this lab."""
    assert certificate.issue(COURSE, proven, NAME, lambda _: None)
    return proven.settings.certificate_file


@pytest.fixture
def verify(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Verify:
    """Verify a file in another lab; gives the exit code and what was said on both streams."""

    def run(file: Path, *more: str) -> tuple[int, str, str]:
        monkeypatch.setenv("LABS_HOME", str(tmp_path / "teacher"))
        code = main(["certificate", "--verify", str(file), *more])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


def changed(file: Path, old: str, new: str) -> Path:
    """The certificate with something in it written otherwise."""
    page = file.read_text("utf-8")
    assert old in page
    file.write_text(page.replace(old, new), "utf-8")
    return file


def signed_by(settings: Settings, **other: str) -> str:
    """A page that this lab signed and drew, of a statement that says some things otherwise."""
    made = statement.Statement(
        **{
            "version": labs.__version__,
            "drawn_by": statement.drawn_by(),
            "name": "Ana",
            "by": "",
            "account": "aluno",
            "hours": "10 min",
            **other,
        },
        issued=datetime.fromisoformat("2026-11-26T17:30:00-03:00"),
        not_asked=(),
        lessons=(),
    )
    return statement.page(statement.sign(made, settings.certificate_key_file))


def test_a_certificate_is_verified_in_another_lab(issued: Path, verify: Verify, proven: FakeWorld) -> None:
    code, out, err = verify(issued)
    assert (code, err) == (0, "")
    assert f"Nome: {NAME}\nConta no laboratório: aluno\n" in out
    assert f"Curso: versão {labs.__version__}" in out and "Passos comprovados: 3" in out
    assert f"  00-a/one  id: {image('a', 'one:1').id}\n" in out
    assert f"Impressão digital da chave: {statement.own_fingerprint(proven.settings)}\n" in out
    assert "A assinatura confere, e a página é a que foi assinada." in out
    assert "Não prova quem o usou" in out
    assert not (proven.settings.home / "teacher").exists(), "nothing is written to verify"


def test_the_key_is_compared(issued: Path, verify: Verify, proven: FakeWorld) -> None:
    own = statement.own_fingerprint(proven.settings)
    for spelled in (own, own.upper(), own.replace("-", " ")):
        code, out, err = verify(issued, "--key", spelled)
        assert (code, err) == (0, "") and "A impressão digital é a esperada." in out
    code, out, err = verify(issued, "--key", "0123-4567-89ab-cdef-0123")
    assert code == 1 and "Nome: " in out and "A assinatura confere" not in out
    assert err == (
        "O certificado é de outro laboratório: a impressão digital da chave não é a esperada.\n"
        f"Observado: esperada 0123-4567-89ab-cdef-0123, e veio {own}\n"
        "Próximo comando: compare com a que a pessoa ou a turma anotou; `python3 -m labs reset` no laboratório dela"
        " faz outra\n"
    )


def test_the_labs_own_key_is_told_and_kept(
    proven: FakeWorld, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["certificate", "--key"]) == 0
    own = capsys.readouterr().out
    assert re.fullmatch(r"([0-9a-f]{4}-){4}[0-9a-f]{4}\n", own)
    assert proven.settings.certificate_key_file.stat().st_mode & 0o777 == 0o600
    for name in ("Ana", "Bia"):
        assert certificate.issue(COURSE, proven, name, lambda _: None)
        assert own.strip() in proven.settings.certificate_file.read_text("utf-8")
        assert main(["certificate", "--verify", str(proven.settings.certificate_file), "--key"]) == 0
    capsys.readouterr()
    monkeypatch.setenv("LABS_HOME", str(proven.settings.home / "other"))
    assert main(["certificate", "--verify", str(proven.settings.certificate_file), "--key"]) == 1
    assert "O certificado é de outro laboratório" in capsys.readouterr().err


@pytest.mark.parametrize("damaged", ["", "ab" * 31, "AB" * 32, "não é chave"])
def test_a_damaged_key_is_told_and_never_replaced(
    proven: FakeWorld, damaged: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another one would have another fingerprint, and people wrote down the one that was."""
    key = proven.settings.certificate_key_file
    key.parent.mkdir(parents=True, exist_ok=True)
    key.write_text(damaged, "utf-8")
    told = (
        "A chave que assina os certificados está danificada. Nenhuma outra foi feita: ela teria outra impressão"
        " digital.\n"
        f"Observado: {key}: não são 64 dígitos, de 0 a 9 e de a até f\n"
        f"Próximo comando: ponha de volta a cópia dela, se houver; sem cópia: mv '{key}' '{key}.danificada', repita o"
        " que pediu e anote a impressão digital nova\n"
    )
    assert main(["certificate", "--key"]) == 1
    assert capsys.readouterr().err == told
    with pytest.raises(StateError, match="Nenhuma outra foi feita"):
        certificate.issue(COURSE, proven, "Ana", lambda _: None)
    assert key.read_text("utf-8") == damaged and not proven.settings.certificate_file.exists()


def test_a_key_that_cannot_be_read_is_told(settings: Settings) -> None:
    settings.certificate_key_file.mkdir(parents=True)
    with pytest.raises(StateError, match="Uma chave do laboratório não pode ser lida"):
        statement.own_fingerprint(settings)


@pytest.mark.parametrize("slip", ["0123", "0123-4567-89ab-cdef-01234", "0123-4567-89ab-cdef-012g", "x"])
def test_what_is_no_fingerprint_is_said(issued: Path, verify: Verify, slip: str) -> None:
    code, out, err = verify(issued, "--key", slip)
    assert (code, out) == (1, "")
    assert err == (
        "Isto não é a impressão digital de uma chave.\n"
        f"Observado: {slip}, e ela tem 20 dígitos, de 0 a 9 e de a até f\n"
        "Próximo comando: python3 -m labs certificate --key\n"
    )


def test_a_key_is_compared_with_a_certificates(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["certificate", "--key", "0123-4567-89ab-cdef-0123"]) == 1
    assert capsys.readouterr().err == (
        "Falta o certificado com que comparar esta impressão digital.\n"
        "Próximo comando: python3 -m labs certificate --verify ARQUIVO --key 0123-4567-89ab-cdef-0123\n"
    )
    assert not settings.certificate_key_file.exists()


def test_a_name_closes_no_tag(issued: Path) -> None:
    page = issued.read_text("utf-8")
    assert page.count("<script") == page.count("</script>") == 1
    assert "alert(1)<" not in page and "<b>" not in page


ALTERED = (
    "O certificado foi alterado depois de assinado.\n"
    "Observado: a assinatura não confere com o que está escrito\n"
    "Próximo comando: peça o arquivo de novo, e compare a impressão digital da chave\n"
)
REDRAWN = (
    "A página foi alterada: não é a que foi assinada.\n"
    "Observado: a assinatura confere, e a página que ela dá é outra\n"
    "Próximo comando: vale o texto acima, que é o assinado; peça o arquivo de novo\n"
)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"account":"aluno"', '"account":"maria"'),
        ("Ana \\u003cb", "Eva \\u003cb"),
        ('"lessons":[', '"lessons": ['),
        ('"hours":"10 min"', '"hours":"99 h"'),
    ],
)
def test_an_altered_statement_is_refused(issued: Path, verify: Verify, old: str, new: str) -> None:
    assert verify(changed(issued, old, new)) == (1, "", ALTERED)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('<p class="name">Ana', '<p class="name">Eva'),
        ("os 3 passos", "os 9 passos"),
        ("</body>", "<!-- --></body>"),
        ('{"key":', '{ "key":'),
        ("\n", "\r\n"),
    ],
)
def test_an_altered_page_is_refused_and_what_was_signed_is_told(
    issued: Path, verify: Verify, old: str, new: str
) -> None:
    page = issued.read_bytes().replace(old.encode(), new.encode())
    assert page != issued.read_bytes()
    issued.write_bytes(page)
    code, out, err = verify(issued)
    assert (code, err) == (1, REDRAWN)
    assert "Nome: Ana" in out and "A assinatura confere" not in out


def test_a_signature_of_another_certificate_is_refused(issued: Path, verify: Verify, proven: FakeWorld) -> None:
    signatures = re.findall(r'"signature":"(\w+)"', issued.read_text("utf-8") + signed_by(proven.settings))
    assert verify(changed(issued, *signatures)) == (1, "", ALTERED)


def test_the_key_of_another_lab_is_refused(issued: Path, verify: Verify, tmp_path: Path) -> None:
    other = signed_by(Settings(home=tmp_path / "other"))
    keys = re.findall(r'"key":"(\w+)"', issued.read_text("utf-8") + other)
    assert verify(changed(issued, *keys)) == (1, "", ALTERED)


@pytest.mark.parametrize("field", ["key", "signature"])
@pytest.mark.parametrize("value", ["", "zz", "00", "AB" * 32, "ab " * 32, 'ab", "x": "'])
def test_a_damaged_key_or_signature_is_refused(issued: Path, verify: Verify, field: str, value: str) -> None:
    issued.write_text(re.sub(f'"{field}":"\\w+"', f'"{field}":"{value}"', issued.read_text("utf-8")), "utf-8")
    code, out, err = verify(issued)
    assert (code, out) == (1, "") and err.startswith("Este arquivo não é um certificado inteiro deste curso.\n")


NO_CERTIFICATE = {
    "empty": (b"", "não há nele a parte assinada"),
    "page": (b"<!doctype html><p>Certificado</p>", "não há nele a parte assinada"),
    "binary": (b"\x89PNG\r\n\xff\x00", "não é texto em UTF-8"),
    "huge": (b" " * (statement.LARGEST + 1), "tem mais de 4 MB"),
    "json": (b'<script type="application/json" id="assinado">{</script>', "a parte assinada está danificada"),
    "list": (b'<script type="application/json" id="assinado">[]</script>', "a parte assinada está danificada"),
    "deep": (
        b'<script type="application/json" id="assinado">%s</script>' % (b'{"statement":' * 100_000),
        "a parte assinada está danificada",
    ),
}


@pytest.mark.parametrize(("content", "observed"), NO_CERTIFICATE.values(), ids=NO_CERTIFICATE)
def test_what_is_no_certificate_is_said(tmp_path: Path, verify: Verify, content: bytes, observed: str) -> None:
    file = tmp_path / "x.html"
    file.write_bytes(content)
    assert verify(file) == (
        1,
        "",
        "Este arquivo não é um certificado inteiro deste curso.\n"
        f"Observado: {file}: {observed}\n"
        "Próximo comando: peça o `certificado.html` de novo, como anexo: o papel e o PDF não trazem a assinatura\n",
    )


@pytest.mark.parametrize("end", [0.1, 0.5, 0.9, 0.99])
def test_a_truncated_certificate_is_refused(issued: Path, verify: Verify, end: float) -> None:
    content = issued.read_bytes()
    issued.write_bytes(content[: int(len(content) * end)])
    code, _, err = verify(issued)
    assert code == 1 and err.startswith(("Este arquivo não é um certificado inteiro", "A página foi alterada"))


@pytest.mark.parametrize("there", [False, True])
def test_a_file_that_cannot_be_read_is_said(tmp_path: Path, verify: Verify, there: bool) -> None:
    file = tmp_path / "x.html"
    if there:
        file.mkdir()
    observed = "Is a directory" if there else "No such file or directory"
    assert verify(file) == (
        1,
        "",
        f"Não consegui ler o certificado.\nObservado: {file}: {observed}\nPróximo comando: ls -l '{file}'\n",
    )


@pytest.mark.parametrize("other", [{"version": "0.9.0"}, {"drawn_by": "0" * 64}])
def test_a_page_of_another_version_is_not_called_altered(
    proven: FakeWorld, verify: Verify, tmp_path: Path, other: dict[str, str]
) -> None:
    file = tmp_path / "x.html"
    file.write_text(signed_by(proven.settings, **other), "utf-8")
    assert verify(file)[0] == 0, "the same page all the same"
    code, out, err = verify(changed(file, "<h1>Certificado</h1>", "<h1>Diploma</h1>"))
    assert code == 1 and "Nome: Ana" in out
    assert err == (
        "A assinatura confere, e a página não pôde ser comparada: outra versão do curso a desenhou.\n"
        f"Observado: versão {other.get('version', labs.__version__)}; a deste laboratório é {labs.__version__}\n"
        "Próximo comando: vale o texto acima, que é o assinado; para comparar a página, confira com a versão que a"
        " emitiu\n"
    )


def test_a_statement_that_this_version_cannot_read_is_said(
    proven: FakeWorld, verify: Verify, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Later(statement.Statement, frozen=True):
        more: str = "x"

    file = tmp_path / "x.html"
    with monkeypatch.context() as later:
        later.setattr(statement, "Statement", Later)
        file.write_text(signed_by(proven.settings), "utf-8")
    assert verify(file) == (
        1,
        "",
        "A assinatura confere, e este laboratório não sabe ler o que ela assina: é de outra versão do curso.\n"
        "Observado: campo desconhecido: `more`\n"
        "Próximo comando: confira com a versão que emitiu o certificado; a deste laboratório:"
        " python3 -m labs --version\n",
    )


def test_a_statement_of_before_classes_vouched_is_of_another_version(
    proven: FakeWorld, verify: Verify, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_by(value: object, **more: Any) -> bytes:
        stated = msgspec.to_builtins(value)
        del stated["by"]
        return encode(stated, **more)

    file, encode = tmp_path / "x.html", msgspec.json.encode
    with monkeypatch.context() as earlier:
        earlier.setattr(statement, "page", lambda signed: encode(signed).decode())
        earlier.setattr(msgspec.json, "encode", without_by)
        text = signed_by(proven.settings)
    file.write_text(f'<script type="application/json" id="assinado">{text}</script>', "utf-8")
    code, out, err = verify(file)
    assert (code, out) == (1, "") and "é de outra versão do curso" in err and "falta o campo `by`" in err


def test_a_hostile_name_does_not_write_to_the_terminal(proven: FakeWorld, verify: Verify, tmp_path: Path) -> None:
    file = tmp_path / "x.html"
    file.write_text(signed_by(proven.settings, name="A\x1b[2J\u202eB\nPassos comprovados: 99"), "utf-8")
    code, out, _ = verify(file)
    assert code == 0 and "Nome: A?[2J?B?Passos comprovados: 99\n" in out


def test_the_page_has_the_time_of_its_lab_wherever_it_is_verified(
    proven: FakeWorld, verify: Verify, tmp_path: Path
) -> None:
    file = tmp_path / "x.html"
    file.write_text(signed_by(proven.settings), "utf-8")
    assert "Checks refeitos em 26/11/2026 às 17:30" in file.read_text("utf-8")
    assert "Emitido em 26/11/2026 às 17:30 (UTC-03:00)" in verify(file)[1]


def test_the_key_is_a_known_secret(issued: Path, proven: FakeWorld) -> None:
    key = proven.settings.certificate_key_file.read_text()
    assert known(proven.settings)[key] == "secrets/certificate-key"
    assert key not in issued.read_text("utf-8")
