"""What a notebook calls, over fakes at the seams."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from labs.base.errors import CloudError, RegistryError, StateError
from labs.base.settings import CLONE, Settings
from labs.course.catalog import CheckSpec, Course, Lesson, Option, Question, Step
from labs.notebook import lab as notebook_lab
from labs.notebook.lab import Kit, Lab
from labs.running.runner import Runner
from labs.seams.engine import HistoryEntry
from labs.seams.registry import HubRepository
from labs.widgets.picture import PictureCard

from .fakes import FakeRegistry, FakeWorld, image, manifest


def step(id: str, command: str, ref: str, **changes: Any) -> Step:
    return Step(id, f"Passo {id}", command, CheckSpec("image_exists", {"ref": ref}), hint="dica", **changes)


COURSE = Course(
    (
        Lesson("00-a", "Começo", 5, "Ao final, você sabe.", (), (step("make", "docker build -t x:v1 .", "x:v1"),)),
        Lesson(
            "01-b",
            "Depois",
            10,
            "Ao final, você faz.",
            ("00-a/make",),
            (step("tag", "docker build -t y:v1 .", "y:v1"), step("never", "true", "never:1")),
            (Question("Qual?", (Option("a", "sim", True), Option("b", "não"))),),
            step("challenge", "docker build -t z:v1 .", "z:v1", text="Tente.", cleanup="touch cleaned"),
        ),
    )
)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """The cards that a notebook would display."""
    cards: list[Any] = []
    monkeypatch.setattr(notebook_lab, "display", cards.append)
    monkeypatch.delenv("LABS_AUTORUN", raising=False)
    yield cards


@pytest.fixture
def open_lab(world: FakeWorld) -> Callable[[str], Lab]:
    def up(_settings: Settings, report: Callable[[str], None]) -> None:
        report("Iniciando …")
        world.admin.up = True

    kit = Kit(lambda: world.settings, lambda _settings: Runner(world.settings, world, COURSE), up)
    return lambda lesson_id: Lab(lesson_id, kit)


def texts(cards: list[Any]) -> list[str]:
    return [card.text() for card in cards]


def test_a_notebook_gets_a_function(settings: Settings, shown: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    """`from labs import lesson`, as every notebook begins."""
    from labs import lesson

    lab = lesson("00-comece-aqui")
    assert isinstance(lab, Lab) and repr(lab) == "lesson('00-comece-aqui')"
    assert capsys.readouterr().out.startswith("Aula 00 · Comece aqui · 15 min. ")
    code = "from labs import lesson; print(lesson('x'))"
    answer = subprocess.run([sys.executable, "-c", code], cwd=CLONE, capture_output=True, text=True, check=True)
    assert "Não existe a aula “x”" in answer.stdout and answer.stderr == ""


def test_opening_says_one_line_and_shows_nothing_else(
    open_lab: Callable[[str], Lab], shown: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    open_lab("00-a").open()
    assert capsys.readouterr().out == "Aula 00 · Começo · 5 min. Ao final, você sabe.\n"
    assert shown == []


def test_what_a_lesson_needs_is_offered_and_made(open_lab: Callable[[str], Lab], shown: list[Any]) -> None:
    open_lab("01-b").open()
    (card,) = shown
    assert "  - aula 00: Passo make" in card.text()
    card.press("run", wait=True)
    assert "✓ Comprovado: Tudo pronto" in card.text()
    open_lab("01-b").open()
    assert len(shown) == 1, "nothing is missing any more"


def test_a_sandbox_that_is_down_is_offered_and_started(
    open_lab: Callable[[str], Lab], world: FakeWorld, shown: list[Any]
) -> None:
    world.admin.up = False
    open_lab("01-b").open()
    assert "o laboratório de pé" in shown[0].text()
    shown[0].press("run", wait=True)
    assert world.admin.up and shown[0].standing.state == "passed"


def test_a_preparation_that_fails_says_why(
    open_lab: Callable[[str], Lab], world: FakeWorld, shown: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABS_AUTORUN", "1")
    world.engine.refuse = "no space left on device"
    open_lab("01-b").open()
    assert "✗ Ainda não:" in shown[0].text() and "no space left" in shown[0].text()


def test_autorun_prepares_without_a_word(
    open_lab: Callable[[str], Lab],
    shown: list[Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("LABS_AUTORUN", "1")
    open_lab("01-b").open()
    assert shown == [] and capsys.readouterr().out.count("\n") == 1


def test_a_step_waits_for_its_button(open_lab: Callable[[str], Lab], world: FakeWorld, shown: list[Any]) -> None:
    open_lab("00-a").step("make")
    assert texts(shown) == ["Passo 1 · Passo make\n$ docker build -t x:v1 .\n○ Por fazer"]
    assert world.engine.calls == []


def test_a_proven_step_opens_as_done(open_lab: Callable[[str], Lab], shown: list[Any]) -> None:
    lab = open_lab("00-a")
    lab.step("make")
    shown[0].press("run", wait=True)
    lab.step("make")
    assert shown[1].status["state"] == "passed" and "✓ Comprovado: A imagem x:v1" in shown[1].text()


def test_autorun_presses_the_button(
    open_lab: Callable[[str], Lab], shown: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABS_AUTORUN", "1")
    lab = open_lab("01-b")
    lab.step("tag")
    lab.step("never")
    first, second = texts(shown)
    assert first.endswith("Step 1/1 : FROM x\n✓ Comprovado: A imagem y:v1 existe no engine.")
    assert "✗ Ainda não: A imagem never:1 não existe" in second, "and nothing is raised"


def test_autorun_solves_a_challenge_and_tidies(
    open_lab: Callable[[str], Lab], world: FakeWorld, shown: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = open_lab("01-b")
    lab.challenge()
    assert texts(shown) == ["Desafio · Passo challenge\nTente.\n○ Por fazer"]
    monkeypatch.setenv("LABS_AUTORUN", "1")
    lab.challenge()
    assert "✓ Comprovado" in shown[1].text()
    assert (world.settings.work / "widget-server" / "cleaned").exists()


def test_the_quiz_is_explained_in_autorun_alone(
    open_lab: Callable[[str], Lab], shown: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = open_lab("01-b")
    lab.quiz()
    monkeypatch.setenv("LABS_AUTORUN", "1")
    lab.quiz()
    assert "sim" not in shown[0].text() and "sim" in shown[1].text()


def test_quiz_answers_outlive_the_kernel(
    open_lab: Callable[[str], Lab], shown: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    open_lab("01-b").quiz()
    shown[0].tries = [[1]]
    shown[0].tries = [[1, 0]]
    open_lab("01-b").quiz()
    assert shown[1].tries == [[1, 0]] and "certas de primeira: 0" in shown[1].text()
    monkeypatch.setenv("LABS_AUTORUN", "1")
    open_lab("01-b").quiz()
    assert shown[2].tries == [[]], "a stored notebook has nobody's answers"


def test_a_lesson_says_where_one_was(
    open_lab: Callable[[str], Lab], shown: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    lab = open_lab("00-a")
    lab.step("make")
    shown[0].press("run", wait=True)
    lab.open()
    assert "Você parou na aula 01 (Depois), passo 1 · Passo tag." in capsys.readouterr().out


def test_lost_progress_is_read_anew_when_a_lesson_opens(
    open_lab: Callable[[str], Lab],
    world: FakeWorld,
    shown: list[Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    lab = open_lab("00-a")
    lab.step("make")
    shown[0].press("run", wait=True)
    (world.settings.home / "progress.json").unlink()
    world.admin.up = False
    lab.open()
    assert "se perdeu" not in capsys.readouterr().out, "nothing can be proven while the sandbox is down"
    world.admin.up = True
    lab.open()
    said = capsys.readouterr().out
    assert "O seu progresso gravado se perdeu. O estado de agora comprova 1 passo." in said
    assert "Nesta aula: 1 de 1 passos comprovados." in said


def test_the_map_follows_progress(open_lab: Callable[[str], Lab], shown: list[Any]) -> None:
    lab = open_lab("00-a")
    lab.map()
    lab.step("make")
    shown[1].press("run", wait=True)
    assert "○ 00 Começo: 0 de 1" in shown[0].text()
    shown[0].refresh()
    assert "✓ 00 Começo: 1 de 1 (completa) ← você está aqui" in shown[0].text()


def test_names_are_filled_in_and_editable(open_lab: Callable[[str], Lab], shown: list[Any]) -> None:
    open_lab("00-a").name("$HUB_REGISTRY/$HUB_USER/widget-server:v1")
    assert "registry: 127.0.0.1:5001 (o Docker Hub deste laboratório)" in shown[0].text()
    assert shown[0].fields[0]["value"] == "$HUB_REGISTRY/$HUB_USER/widget-server:v1"
    shown[0].refresh({"name": "Errado"})
    assert "só aceita letras minúsculas" in shown[0].text()


def test_layers_of_one_image_and_of_none(open_lab: Callable[[str], Lab], world: FakeWorld, shown: list[Any]) -> None:
    world.engine.held.append(image("a", "x:v1"))
    world.engine.told += [HistoryEntry("", 7), HistoryEntry("RUN x", 3)]
    lab = open_lab("00-a")
    lab.layers("x:v1")
    lab.layers("x:v1", "x:v9")
    assert "x:v1: 2 layers" in shown[0].text()
    assert "A imagem x:v9 ainda não existe" in shown[1].text()


class Hub(FakeRegistry):
    """The owner's Hub: repositories by namespace."""

    def hub_repositories(self, namespace: str) -> tuple[HubRepository, ...]:
        if namespace == "acme":
            raise RegistryError("O registry recusou.", '404 {"message": "object not found"}')
        return (HubRepository("b", True), HubRepository("a", False)) if namespace == "aluno" else ()


def test_the_hub_page(open_lab: Callable[[str], Lab], world: FakeWorld, shown: list[Any]) -> None:
    held = {(f"aluno/{name}", "v1"): manifest("c", "a", "1", "2") for name in "ab"}
    world.hub_owner = Hub("127.0.0.1:5001", held)
    open_lab("00-a").registry("hub")
    assert shown[0].text().splitlines()[1:] == [
        "  aluno/a · público",
        "    v1 · sha256:cccccccccccc · 2 layers · 20 B",
        "  aluno/b · privado",
        "    v1 · sha256:cccccccccccc · 2 layers · 20 B",
    ]


def test_the_ecr_page(open_lab: Callable[[str], Lab], world: FakeWorld, shown: list[Any]) -> None:
    answers = world.cloud.answers
    answers["ecr", "describe_repositories"] = {
        "repositories": [{"repositoryName": "w", "imageTagMutability": "IMMUTABLE"}]
    }
    held = manifest("c", "a", "1")
    answers["ecr", "describe_images"] = {
        "imageDetails": [{"imageDigest": held.digest, "imageTags": ["v2", "v1"], "imageSizeInBytes": 15}]
    }
    body = {
        "mediaType": "m",
        "config": {"digest": held.config.digest, "size": 10},
        "layers": [{"digest": one.digest, "size": one.size} for one in held.layers],
    }
    stored = {"imageManifest": json.dumps(body), "imageId": {"imageDigest": held.digest}}
    answers["ecr", "batch_get_image"] = {"images": [stored]}
    open_lab("00-a").registry("ecr")
    lines = shown[0].text().splitlines()
    assert lines[1] == "  w · privado, tags imutáveis"
    assert lines[2:] == [f"    {tag} · sha256:cccccccccccc · 1 layer · 15 B" for tag in ("v1", "v2")]


def test_costs_take_portuguese_numbers(open_lab: Callable[[str], Lab], world: FakeWorld, shown: list[Any]) -> None:
    no_budget = CloudError("A AWS recusou.", "x", "", "NotFoundException")
    world.cloud.answers["budgets", "describe_budget"] = no_budget
    open_lab("00-a").cost(storage_gb=5, transfer_gb=20)
    assert "Total do mês: US$ 2,30" in shown[0].text()
    shown[0].refresh({"storage": "2,5", "transfer": "0"})
    assert "Armazenamento: US$ 0,25 (2,5 GB" in shown[0].text()
    shown[0].refresh({"storage": "muito"})
    assert "“muito” não é um número" in shown[0].text()
    shown[0].refresh({"storage": "-1"})
    assert "de zero para cima" in shown[0].text()


def test_environments_and_keys(open_lab: Callable[[str], Lab], shown: list[Any]) -> None:
    lab = open_lab("00-a")
    lab.environments()
    lab.keys()
    assert "container ainda não existe" in shown[0].text()
    assert shown[1].text() == "Access keys de widget-dev: nenhuma."


def test_pictures_follow_steps_except_in_autorun(
    open_lab: Callable[[str], Lab], shown: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    followed: list[Any] = []
    monkeypatch.setattr(PictureCard, "follow", lambda card: followed.append(card))
    open_lab("00-a").git()
    monkeypatch.setenv("LABS_AUTORUN", "1")
    open_lab("00-a").git()
    assert followed == shown[:1] and len(shown) == 2


def test_a_preview_needs_a_registry_in_the_name(
    open_lab: Callable[[str], Lab], world: FakeWorld, shown: list[Any]
) -> None:
    world.engine.held.append(image("a", "x:v1", "$HUB"))
    open_lab("00-a").push_preview("x:v1")
    assert "não aponta para um registry do laboratório" in shown[0].text()


def test_every_picture_of_the_notebooks_exists() -> None:
    """What a notebook calls on `lab` is a method of it."""
    for path in (CLONE / "notebooks").glob("*.ipynb"):
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            for called in re.findall(r"^lab\.(\w+)\(", "".join(cell["source"]), re.MULTILINE):
                assert callable(getattr(Lab, called, None)), f"{path.name}: lab.{called}"


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda lab: lab.step("nada"), "não tem o passo “nada”"),
        (lambda lab: lab.challenge(), "Esta aula não tem desafio."),
        (lambda lab: lab.registry("outro"), "Não conheço o registry “outro”."),
    ],
)
def test_what_cannot_be_done_is_text(
    call: Callable[[Lab], None],
    said: str,
    open_lab: Callable[[str], Lab],
    shown: list[Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    call(open_lab("00-a"))
    assert said in capsys.readouterr().out and shown == []


def test_damaged_settings_are_text(shown: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    def load() -> Settings:
        raise StateError("O arquivo está danificado.", "x", "python3 -m labs up")

    lab = Lab("00-a", Kit(load))
    lab.open()
    lab.step("make")
    lab.map()
    assert capsys.readouterr().out.count("O arquivo está danificado.") == 2
    assert "O arquivo está danificado." in shown[0].text()


def test_new_settings_make_a_new_runner(world: FakeWorld) -> None:
    current = [world.settings]
    kit = Kit(lambda: current[0], lambda settings: Runner(settings, FakeWorld(settings), COURSE))
    first = kit.runner()
    assert kit.runner() is first
    current[0] = world.settings.with_changes(hub_user="maria2026")
    assert kit.runner().settings.hub_user == "maria2026"
