"""The course itself, linted both ways: everything named exists, and nothing is left over."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from labs.base.errors import CatalogError
from labs.base.settings import CLONE, Live, Ports, Settings
from labs.checks import misfit
from labs.course import target_words
from labs.course.catalog import COURSE, Course, Lesson, Step, changed, load_course, load_overlay
from labs.live import guard
from labs.running.judge import check_names
from labs.running.runner import Runner

SANDBOX = Settings(home=Path("/lab"), ports=Ports(hub=5001, ecr=5002, aws=5003))
ACCOUNTS = Live("maria", "210987654321", "sa-east-1", "m@example.com", "https://d-1.awsapps.com/start")
LIVE = SANDBOX.aimed_at(ACCOUNTS)
LESSONS = load_course().lessons
STEPS = [pytest.param(lesson, step, id=f"{lesson.id}/{step.id}") for lesson in LESSONS for step in lesson.steps]
CHALLENGES = [pytest.param(lesson, lesson.challenge, id=lesson.id) for lesson in LESSONS if lesson.challenge]


def test_the_lessons_are_there_in_order() -> None:
    assert [lesson.id[:2] for lesson in LESSONS] == [f"{number:02}" for number in range(11)]


@pytest.mark.parametrize(("lesson", "step"), [*STEPS, *CHALLENGES])
def test_every_step_can_be_learned_from(lesson: Lesson, step: Step) -> None:
    assert step.title and step.hint and step.command
    assert step.check.kind in check_names()
    if step.open or step is lesson.challenge:
        assert step.text
    else:
        assert step.why


@pytest.mark.parametrize(("lesson", "step"), STEPS)
def test_the_parts_of_a_command_stand_in_it_in_order(lesson: Lesson, step: Step) -> None:
    position = 0
    for part in step.parts:
        found = step.command.find(part.text, position)
        assert found >= 0, f"{part.text!r} is not in {step.command!r} after position {position}"
        assert part.meaning
        position = found + len(part.text)
    assert step.parts or step.open


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.id)
def test_a_quiz_has_one_right_answer_and_explains_all(lesson: Lesson) -> None:
    assert 3 <= len(lesson.quiz) <= 5
    for question in lesson.quiz:
        assert sum(option.right for option in question.options) == 1
        assert all(option.because for option in question.options)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.id)
def test_what_a_lesson_needs_comes_earlier(lesson: Lesson) -> None:
    for path in lesson.needs:
        earlier, step = load_course().step(path)
        assert earlier.id < lesson.id and step


def everything(course: Course) -> list[tuple[Lesson, Step]]:
    """All steps and challenges."""
    return [
        (lesson, step)
        for lesson in course.lessons
        for step in (*lesson.steps, *([lesson.challenge] if lesson.challenge else []))
    ]


TARGETS = [
    pytest.param(settings, step, id=f"{settings.target}:{lesson.id}/{step.id}")
    for settings in (SANDBOX, LIVE)
    for lesson, step in everything(target_words.course(settings))
]


@pytest.mark.parametrize(("settings", "step"), TARGETS)
def test_the_arguments_of_a_check_fit_its_function(settings: Settings, step: Step) -> None:
    arguments = step.check.expanded(settings.environment())
    assert misfit(step.check.kind, arguments) == ""
    assert "$" not in str(arguments), "a variable that the lab does not have"


@pytest.mark.parametrize("settings", [SANDBOX, LIVE], ids=lambda settings: settings.target)
def test_a_step_names_only_what_exists(settings: Settings) -> None:
    variables, answers = settings.environment(), Runner(settings)._answers
    for lesson, step in everything(target_words.course(settings)):
        named = re.findall(r"\$\{?([A-Za-z_]\w*)", "\n".join((step.command, step.cleanup, step.solution)))
        assert set(named) <= set(variables), f"{lesson.id}/{step.id}"
        assert step.stdin in answers, f"{lesson.id}/{step.id}"


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.id)
def test_the_ids_of_a_lesson_are_its_own(lesson: Lesson) -> None:
    steps = [step.id for step in (*lesson.steps, *([lesson.challenge] if lesson.challenge else []))]
    cases = [case.id for case in lesson.cases]
    questions = [question.question for question in (*lesson.quiz, *(case.diagnosis for case in lesson.cases))]
    for names in (steps, cases, questions):
        assert len(set(names)) == len(names)
    assert all(len({option.text for option in question.options}) >= 3 for question in lesson.quiz)
    assert lesson.title and lesson.goal and lesson.minutes > 0


def test_the_ids_of_lessons_are_their_files_and_their_own() -> None:
    assert [lesson.id for lesson in LESSONS] == sorted({path.stem for path in COURSE.iterdir()})


def test_what_a_step_needs_stands_before_it_in_its_lesson() -> None:
    seen: list[str] = []
    for lesson, step in everything(load_course()):
        path = f"{lesson.id}/{step.id}"
        assert all(need in seen and need.startswith(f"{lesson.id}/") for need in step.needs), path
        seen.append(path)


def test_a_refusal_that_the_gateway_must_have_seen_is_expected_from_the_command() -> None:
    for lesson, step in everything(load_course()):
        assert step.expect or step.check.kind not in ("refused", "met"), f"{lesson.id}/{step.id}"


def test_a_case_is_shown_by_its_own_steps() -> None:
    cases = {case.id for lesson in LESSONS for case in lesson.cases}
    challenges = {lesson.challenge.case for lesson in LESSONS if lesson.challenge and lesson.cases}
    for _, step in everything(load_course()):
        if step.check.kind == "fault":
            assert step.check.arguments["case"] in cases | challenges
            assert step.case == step.check.arguments["case"]


def test_what_the_live_target_and_its_guard_name_exists() -> None:
    for path in target_words.SSO_STEPS:
        load_course().step(path)
    for number in guard.BEFORE_BUDGET:
        load_course().lesson(number)
    for path in load_overlay():
        lesson_id, _, step_id = path.partition("/")
        lesson = load_course().lesson(lesson_id)
        assert lesson.id == lesson_id and (not step_id or lesson.step(step_id))


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.id)
def test_the_notebook_shows_every_step_once_and_in_order(lesson: Lesson) -> None:
    book = nbformat.read(CLONE / "notebooks" / f"{lesson.id}.ipynb", as_version=4)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    shown = [cell.source.split('"')[1] for cell in code if cell.source.startswith("lab.step(")]
    assert shown == [step.id for step in lesson.steps]
    assert all(len(cell.source.splitlines()) <= 8 for cell in code)
    assert sum(cell.source.startswith("lab.quiz(") for cell in code) == 1
    assert sum(cell.source.startswith("lab.challenge(") for cell in code) == bool(lesson.challenge)


def test_no_lesson_file_or_notebook_is_stray() -> None:
    ids = {lesson.id for lesson in LESSONS}
    assert {path.stem for path in COURSE.iterdir()} == ids
    assert {path.stem for path in (CLONE / "notebooks").glob("*.ipynb")} == ids


def test_every_check_is_used() -> None:
    used = {step.check.kind for lesson in LESSONS for step in (*lesson.steps, lesson.challenge) if step}
    live = {"refusal_witnessed"}  # nobody watches the real registries (labs/course/target_words.py)
    tests_own = {"image_exists"}  # conftest.py
    assert used | live == set(check_names()) - tests_own


SEED = (
    "docker build -t widget-server:v1 .",
    "docker tag widget-server:v1 arthurgomes/widget-server:v1",
    "docker push arthurgomes/widget-server:v1",
    "docker login",
    "aws configure",
    "aws ecr get-login-password --region us-east-2 | docker login --username AWS --password-stdin",
    "docker run -p 3000:3333 -e KEY_1=XXX -e KEY_2=YYY -d widget-server:v2",
)


@pytest.mark.parametrize("command", SEED)
def test_the_commands_that_the_course_grew_from_are_taught(command: str) -> None:
    texts = [path.read_text("utf-8") for path in (CLONE / "notebooks").glob("*.ipynb")]
    assert any(command in text for text in texts)


def test_an_unknown_lesson_or_step_says_which_exist() -> None:
    with pytest.raises(CatalogError, match="Não existe a aula"):
        load_course().lesson("99")
    with pytest.raises(CatalogError, match="não tem o passo"):
        LESSONS[0].step("nope")
    assert load_course().lesson("04").id == "04-push-docker-hub"


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text("id = ")
    with pytest.raises(CatalogError) as caught:
        load_course(tmp_path)
    assert "x.toml" in caught.value.observed


LESSON = """
id = "x"
title = "X"
minutes = 1
goal = "ver"
needs = []
%s

[[step]]
id = "one"
title = "Um"
command = "true"
%s

[[quiz]]
question = "Qual?"
options = [{ text = "a", because = "sim", right = true }%s]
"""
CHECK = 'check = { kind = "image_exists", ref = "x:1" }'


@pytest.mark.parametrize(
    ("lesson", "step", "option", "told"),
    [
        ("nome = 1", CHECK, "", "campo desconhecido: `nome`"),
        ("", f"{CHECK}\nhnt = 1", "", "passo one: campo desconhecido: `hnt`"),
        ("", f"{CHECK}\nhint = 1", "", "passo one: `hint`: esperado `str`, e veio `int`"),
        ("", f'{CHECK}\nonce = "sim"', "", "passo one: `once`: esperado `bool`, e veio `str`"),
        ("", f'{CHECK}\nneeds = "x/one"', "", "passo one: `needs`: esperado `array`, e veio `str`"),
        ("", f'{CHECK}\nparts = [["true", "diz sim", "x"]]', "", "passo one: `parts[0]`: esperados 2 itens"),
        ("", f'{CHECK}\nparts = [["true"]]', "", "passo one: `parts[0]`: esperados 2 itens"),
        ("", "", "", "passo one: falta o campo `check`"),
        ("", 'check = "image_exists"', "", "passo one: `check`: esperado `object`, e veio `str`"),
        ("", 'check = { ref = "x:1" }', "", "passo one: `check`: falta o campo `kind`"),
        ("", "check = { kind = 3 }", "", "passo one: `check.kind`: esperado `str`, e veio `int`"),
        ("", CHECK, ', { text = "b" }', "`quiz[0].options[1]`: falta o campo `because`"),
        ("", CHECK, ', { text = "b", because = "x", rigth = true }', "`quiz[0].options[1]`: campo desconhecido"),
        ("[challenge]\nid = 'c'", CHECK, "", "passo c: falta o campo `title`"),
    ],
)
def test_what_is_wrong_in_a_lesson_is_told_with_its_place(
    tmp_path: Path, lesson: str, step: str, option: str, told: str
) -> None:
    (tmp_path / "x.toml").write_text(LESSON % (lesson, step, option))
    with pytest.raises(CatalogError) as caught:
        load_course(tmp_path)
    assert "x.toml" in caught.value.observed and told in caught.value.observed


def test_a_whole_lesson_is_read(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(LESSON % ("", CHECK, ""))
    (lesson,) = load_course(tmp_path).lessons
    assert lesson.step("one").check.arguments == {"ref": "x:1"} and lesson.quiz[0].options[0].right


def test_what_is_wrong_in_the_live_overlay_is_told(tmp_path: Path) -> None:
    (tmp_path / "live.toml").write_text('["00-a/b"]\nskip = 1\n[x]\n')
    table = load_overlay(tmp_path / "live.toml")["00-a/b"]
    with pytest.raises(CatalogError) as caught:
        changed(LESSONS[0].steps[0], table)
    assert "live.toml: passo" in caught.value.observed and "`skip`" in caught.value.observed
    (tmp_path / "live.toml").write_text("skip = 1\n")
    with pytest.raises(CatalogError, match="erro"):
        load_overlay(tmp_path / "live.toml")


@pytest.mark.parametrize(("lesson", "step"), [*STEPS, *CHALLENGES])
def test_a_solution_of_its_own_says_more_than_the_command(lesson: Lesson, step: Step) -> None:
    said = [line for line in step.solution.strip().splitlines() if line not in step.command]
    assert said or not step.solution


NAMED = {
    "02": {2: "build-v1", 3: "build-untagged"},
    "03": {1: "tag-account"},
    "04": {2: "push-refused", 4: "push-v1"},
    "05": {2: "create-budget"},
    "06": {8: "deactivate", 10: "new-key", 12: "delete-old"},
    "07": {1: "create-repository", 2: "tag-ecr", 3: "push-no-login", 4: "login-ecr", 6: "push-ecr", 9: "expired-token"},
    "09": {3: "homologacao"},
}
"""The steps that hints, reasons and verdicts name by their number."""


def test_a_step_that_is_named_by_its_number_is_that_one() -> None:
    steps = {lesson.id[:2]: lesson.steps for lesson in load_course().lessons}
    found = {lesson: {number: steps[lesson][number - 1].id for number in named} for lesson, named in NAMED.items()}
    assert found == NAMED


def test_no_other_step_is_named_by_its_number() -> None:
    for path in sorted(COURSE.glob("*.toml")):
        numbers = {int(number) for number in re.findall(r"passos? (\d+)", path.read_text("utf-8"))}
        assert numbers <= NAMED.get(path.name[:2], {}).keys(), f"{path.name}: add it to NAMED"
