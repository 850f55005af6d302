"""The clinic's cases: linted both ways, closed cases prove nothing, what a case changes comes back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest

from labs.base.errors import CatalogError, CommandError, StateError
from labs.base.settings import CLONE, Settings
from labs.base.things import IMAGE, Thing
from labs.cli.main import main
from labs.clinic import belongings, cases, command
from labs.clinic.open_case import Case
from labs.course.catalog import CheckSpec, Drill, Step, load_course
from labs.course.command_line import CommandLine
from labs.course.progress import Progress
from labs.course.tries import Tries
from labs.ownership import inventory
from labs.ownership.ledger import KIT, Ledger
from labs.running.commands import Context, seam_action
from labs.running.judge import judge
from labs.running.runner import Runner
from labs.seams.docker_files import forget_login
from labs.widgets import changes
from labs.widgets.drill import DiagnosisCard

from .fakes import FakeWorld, image

LESSON = load_course().lesson(command.LESSON)
CASES = pytest.mark.parametrize("drill", LESSON.drills, ids=lambda drill: drill.id)
ASKED = {
    *("sem-login", "senha-errada", "conta-alheia", "sem-credencial", "token-vencido", "outra-regiao"),
    *("repositorio-inexistente", "tag-imutavel", "chave-desativada", "sem-permissao", "limite-de-pulls", "maiusculas"),
    *("sem-contexto", "segredo-na-layer", "segredo-no-arg", "porta-ocupada", "variavel-faltando", "tag-trocada"),
}


def case(drill: str = "sem-login", **changes: Any) -> Case:
    fields: dict[str, Any] = {"began": 0, "ready": 0, "logins": {}, "clock": 0, **changes}
    return Case(drill=drill, **fields)


# The catalogue ------------------------------------------------------------------------------------


def test_every_case_has_a_fault_and_every_fault_a_case() -> None:
    assert {drill.id for drill in LESSON.drills} == ASKED
    assert LESSON.challenge and set(cases.FAULTS) == {*ASKED, LESSON.challenge.drill}


@CASES
def test_a_diagnosis_has_one_right_answer_and_explains_all(drill: Drill) -> None:
    options = drill.diagnosis.options
    assert len(options) >= 3 and sum(option.right for option in options) == 1
    assert all(option.because for option in options)
    assert len({option.text for option in options}) == len(options)


def test_the_right_answer_is_not_always_in_the_same_place() -> None:
    places = [[option.right for option in drill.diagnosis.options].index(True) for drill in LESSON.drills]
    assert {places.count(place) for place in (0, 1, 2)} <= set(range(4, 9))


@CASES
def test_a_case_is_opened_met_and_repaired_in_this_order(drill: Drill) -> None:
    steps = [LESSON.step(name) for name in drill.steps]
    assert len(steps) >= 3 and drill.story
    assert steps[0].command == f"python3 -m labs.drill {drill.id}"
    assert steps[0].check.kind == "fault"
    assert steps[1].expect or steps[1].check.kind in ("fault", "container_exited", "history_contains")
    assert not any(step.expect for step in steps[2:])
    assert all(step.drill == drill.id and not step.lasting for step in steps)


@CASES
def test_the_notebook_tells_the_story_and_asks_after_the_symptom(drill: Drill) -> None:
    cells = nbformat.read(CLONE / "notebooks" / f"{LESSON.id}.ipynb", as_version=4).cells
    sources = [cell.source for cell in cells]
    assert any(f"> {drill.story}" in source for source in sources)
    asked = sources.index(f'lab.diagnose("{drill.id}")')
    assert sources[asked - 1] == f'lab.step("{drill.steps[1]}")'
    assert asked < sources.index(f'lab.step("{drill.steps[-1]}")')


def test_an_unknown_case_says_which_exist() -> None:
    with pytest.raises(CatalogError, match="não tem o caso"):
        LESSON.drill("nope")


# The open case ------------------------------------------------------------------------------------


@pytest.mark.parametrize("opened", [None, "outra-regiao"])
def test_a_step_of_a_case_that_is_not_open_proves_nothing(
    world: FakeWorld, settings: Settings, opened: str | None
) -> None:
    world.engine.held.append(image("a", "x:1"))
    step = Step(id="s", title="s", command="c", drill="sem-login", check=CheckSpec("image_exists", {"ref": "x:1"}))
    if opened:
        case(opened).save(settings)
    verdict = judge(step, world)
    assert not verdict.passed and verdict.hint == "python3 -m labs.drill sem-login"
    case("sem-login").save(settings)
    assert judge(step, world).passed


@pytest.mark.parametrize("opened", [None, "outra-regiao"])
def test_a_button_of_a_case_that_is_not_open_runs_nothing_and_says_so(
    world: FakeWorld, settings: Settings, opened: str | None
) -> None:
    if opened:
        case(opened).save(settings)
    for name in ("sem-login-sintoma", "sem-login-conserto"):
        outcome = Runner(settings, world).run(LESSON.id, name)
        assert not outcome.verdict.passed and not outcome.ran
        assert "O caso sem-login não está aberto" in outcome.verdict.observed
        assert outcome.verdict.hint == "python3 -m labs.drill sem-login"
    assert world.engine.calls == []


def test_what_was_proven_before_is_said_to_count_where_the_case_is_closed(world: FakeWorld, settings: Settings) -> None:
    runner = Runner(settings, world)
    runner.progress.record(f"{LESSON.id}/sem-login-conserto", passed=True, observed="", seconds=0, evidence={})
    assert "continua valendo" in runner.verify(LESSON.id, "sem-login-conserto").observed
    assert runner.done(LESSON.id, "sem-login-conserto")


def test_a_check_of_the_clinic_gives_no_repair_away(world: FakeWorld, settings: Settings) -> None:
    case("conta-alheia").save(settings)
    step = LESSON.step("conta-alheia-conserto")
    verdict = judge(step, world)
    assert not verdict.passed and verdict.hint == step.hint


def test_the_card_takes_over_what_a_terminal_answered(settings: Settings) -> None:
    drill = LESSON.drills[0]
    card = DiagnosisCard(drill, Tries(settings))
    Tries(settings).add(drill.id, drill.diagnosis, 1)
    assert card.tries == []
    changes.announce()
    assert card.tries == [1]


def test_the_case_file_is_private_and_a_damaged_one_still_counts_as_open(settings: Settings) -> None:
    case().save(settings)
    path = settings.secrets / "clinica-caso.json"
    assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700
    assert Case.load(settings) == case()
    for damage in ("{", '{"drill": "sem-login"}', "[]"):
        path.write_text(damage)
        assert cases.current(settings) == "desconhecido"
    case().forget(settings)
    assert Case.load(settings) is None and cases.current(settings) == ""


def test_logins_come_back_as_they_were(world: FakeWorld, settings: Settings) -> None:
    config = settings.docker_config / "config.json"
    config.parent.mkdir()
    auths = {settings.hub_registry: {"auth": "aHVi"}, "other.example": {"auth": "eA=="}}
    config.write_text(json.dumps({"auths": auths, "detachKeys": "ctrl-q"}))
    kept = case(logins={settings.hub_registry: "aHVi", settings.ecr_registry: None})
    forget_login(settings, settings.hub_registry)
    changed = json.loads(config.read_text())
    assert settings.hub_registry not in changed["auths"]
    changed["auths"][settings.ecr_registry] = {"auth": "bmV3"}
    config.write_text(json.dumps(changed))
    kept.restore(world)
    assert json.loads(config.read_text()) == {"auths": auths, "detachKeys": "ctrl-q"}


def test_only_refusals_after_the_fault_count(world: FakeWorld, settings: Settings) -> None:
    event = {"kind": "refused", "service": "hub", "repository": "a/b", "reference": "", "code": "DENIED", "message": ""}
    arguments = {"service": "hub", "repository": "a/b", "code": "DENIED"}
    step = Step(id="s", title="s", command="c", drill="sem-login", check=CheckSpec("met", arguments))
    world.admin.seen.append({"seq": 5, **event})
    case(ready=5).save(settings)
    assert not judge(step, world).passed
    world.admin.seen.append({"seq": 6, **event, "reference": "v1"})
    assert not judge(step, world).passed  # a check's own reading of a manifest is no push
    world.admin.seen.append({"seq": 7, **event})
    assert judge(step, world).passed


def test_only_what_the_ledger_names_is_the_clinics(world: FakeWorld, settings: Settings) -> None:
    base = image("0", "labs/python-base:3")
    ledger = Ledger(settings)
    ledger.list_before(ledger.place(IMAGE), [])
    ledger.saw([Thing(IMAGE, "", base.id)], KIT)
    ecr = f"{settings.ecr_registry}/clinica:v1"
    ledger.note([Thing(IMAGE, name) for name in ("clinica:v1", "clinica-web:v1", ecr)], "10-clinica-de-erros/caso")
    world.cloud.answers["ecr", "describe_repositories"] = {"repositories": []}
    world.cloud.answers["iam", "list_users"] = {"Users": []}
    ours = {inventory.CLINIC_LABEL: "arg"}
    version = {"org.opencontainers.image.version": "clinica-1"}
    world.engine.held += [
        base,
        image("a", "clinica:v1", "clinica:meu", labels=ours),
        image("b", "clinica-outra:v1", "minha/clinica:v1"),
        image("c", labels=ours, layers=(*base.layers, "sha256:1")),
        image("d", labels=ours, layers=("sha256:9",)),
        image("e", "clinica-web:v1", labels=version),
        image("f", "clinica-web:v0"),
        image("1", "widget-server:v2", ecr),
        image("2", labels={"org.opencontainers.image.version": "clinica-veterinaria-2.0"}),
    ]
    assert [item.name.removeprefix("imagem ") for item in belongings.items(world)] == [
        "clinica:v1",
        world.engine.held[3].id,
        "clinica-web:v1",
        ecr,
    ]
    assert "imagem clinica-web:v1" not in {item.name for item in belongings.items(world, belongings.WEB)}
    assert {"imagem clinica:meu", "imagem clinica-web:v0"} < {item.name for item in belongings.named(world)}


# Diagnosis and command line -----------------------------------------------------------------------


def test_the_card_keeps_what_was_chosen_and_explains_only_where_asked(settings: Settings) -> None:
    drill = LESSON.drills[0]
    card = DiagnosisCard(drill, Tries(settings))
    because = drill.diagnosis.options[0].because
    assert because not in card.text() and "Tentativas" not in card.text()
    for content in ({"choose": 1}, {"choose": 9}, {"choose": "x"}, "junk", {"choose": 0}):
        card._on_message(card, content, [])
    assert card.tries == [1, 0] and card.text().endswith("Tentativas: b, a")
    assert DiagnosisCard(drill, Tries(settings)).tries == [1, 0]
    assert because in DiagnosisCard(drill, Tries(settings), explained=True).text()


def test_a_choice_is_not_lost_where_nothing_can_be_written(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> list[int]:
        raise StateError("O disco está cheio.")

    card = DiagnosisCard(LESSON.drills[0], Tries(settings))
    monkeypatch.setattr(Tries, "add", full)
    card.choose(2)
    assert card.tries == [2]


def test_the_terminal_asks_explains_and_counts(world: FakeWorld) -> None:
    said: list[str] = []
    command.run(world, said.append, "sem-login", letter="?")
    assert said[0] == LESSON.drills[0].diagnosis.question and said[-1].endswith("--diagnose LETRA")
    said.clear()
    for letter in "aB":
        command.run(world, said.append, "sem-login", letter=letter)
    assert said[0].startswith("✗ Ainda não") and said[2].startswith("✓ Certo") and said[3].endswith("2.")
    with pytest.raises(CommandError, match="Não há a opção"):
        command.run(world, said.append, "sem-login", letter="z")


@pytest.mark.parametrize("words", [["nope"], ["nope", "--undo"]])
def test_a_wrong_case_says_which_is_right(
    settings: Settings, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["drill", *words], "python3 -m labs.drill") == 1
    assert capsys.readouterr().err.endswith("Próximo comando: python3 -m labs.drill\n")


@pytest.mark.parametrize("words", [["a", "b"], ["--what"]])
def test_a_wrong_command_says_how_to_see_which_is_right(
    settings: Settings, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["drill", *words], "python3 -m labs.drill")
    assert ended.value.code == 2
    assert capsys.readouterr().err.endswith("Próximo comando: python3 -m labs.drill --help\n")


def test_a_button_leaves_what_it_does_not_know_to_the_terminals_command(world: FakeWorld) -> None:
    context = Context(world.settings, world.engine, world.cloud, world.settings.work)
    for known in ("", " sem-login", " --undo", " sem-login --undo"):
        assert seam_action(CommandLine.of(f"python3 -m labs.drill{known}").parts[0], context)
    for unknown in (" a b", " --what", " sem-login --diagnose"):
        assert seam_action(CommandLine.of(f"python3 -m labs.drill{unknown}").parts[0], context) is None


def test_the_list_marks_the_open_case(world: FakeWorld, settings: Settings) -> None:
    said: list[str] = []
    command.run(world, said.append)
    assert len(said) == len(ASKED) + 1 and said[-1].startswith("Nenhum caso aberto")
    assert not any(line.startswith("✓") for line in said)
    for step in LESSON.drill("maiusculas").steps:
        Progress(settings).record(f"{LESSON.id}/{step}", passed=True, observed="", seconds=0, evidence={})
    case("tag-imutavel").save(settings)
    said.clear()
    command.run(world, said.append)
    assert next(line for line in said[:-1] if line.startswith("→")).split()[1] == "tag-imutavel"
    assert [line.split()[1] for line in said[:-1] if line.startswith("✓")] == ["maiusculas"]


def test_help_and_errors_of_the_program(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["drill", "--help"])
    assert ended.value.code == 0 and "--undo" in capsys.readouterr().out
    assert main(["drill", "nope"]) == 1 and "não tem o caso" in capsys.readouterr().err
    assert main(["drill", "sem-login"]) == 1  # no sandbox
    assert "Traceback" not in capsys.readouterr().err


def test_the_scripts_of_the_patients_are_valid_and_wrong_as_told() -> None:
    files = Path(cases.__file__).with_name("files")
    assert "/Clinica:" in (files / "maiusculas" / "publicar.sh").read_text()
    assert (files / "sem-contexto" / "construir.sh").read_text().rstrip().endswith("clinica:contexto")
    assert "COPY . ." in (files / "segredo-na-layer" / "Dockerfile").read_text()
    assert not (files / "segredo-na-layer" / ".dockerignore").exists()
