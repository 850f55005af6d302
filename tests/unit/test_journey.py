"""Where the learner stands, lost progress, and the page of the course's map."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from labs.base.settings import Settings
from labs.base.verdict import Verdict
from labs.course.catalog import CheckSpec, Course, Lesson, Step, load_course
from labs.course.progress import Progress, Record
from labs.pages import render
from labs.running import journey

from .fakes import FakeWorld, image


def step(id: str, **changes: object) -> Step:
    return Step(id, f"Título {id}", "true", CheckSpec("image_exists", {"ref": f"{id}:1"}), **changes)  # type: ignore[arg-type]


FIRST = Lesson("00-a", "Começo", 5, "Ao final, <b>sim</b>.", (), (step("one"), step("two", lasting=False)))
SECOND = Lesson("01-b", "Depois", 10, "", (), (step("three"),), (), step("free"))
COURSE = Course((FIRST, SECOND))


def record(at: str = "2026-01-02T10:00:00+00:00", passed: bool = True, **changes: object) -> Record:
    return Record(passed, "visto", at, **changes)  # type: ignore[arg-type]


def test_a_beginner_is_told_nothing_and_begins_at_the_beginning() -> None:
    assert journey.opening(COURSE, {}, FIRST) == ""
    assert journey.go_on(COURSE, {}) == (FIRST, FIRST.steps[0])


def test_one_goes_on_after_the_step_proven_last() -> None:
    records = {"00-a/one": record()}
    assert journey.go_on(COURSE, records) == (FIRST, FIRST.steps[1])
    assert journey.opening(COURSE, records, FIRST).endswith("Continue de onde parou: passo 2 · Título two.")
    assert journey.opening(COURSE, records, SECOND) == (
        "Nesta aula: 0 de 2 passos comprovados. Você parou na aula 00 (Começo), passo 2 · Título two."
    )


def test_what_was_skipped_waits_until_nothing_follows() -> None:
    records = {"01-b/three": record()}
    assert journey.go_on(COURSE, records) == (SECOND, SECOND.challenge)
    records["01-b/free"] = record("2026-01-02T11:00:00+00:00")
    assert journey.go_on(COURSE, records) == (FIRST, FIRST.steps[0])
    records |= {"00-a/one": record(), "00-a/two": record()}
    assert journey.go_on(COURSE, records) is None
    assert "O curso inteiro está comprovado" in journey.opening(COURSE, records, FIRST)


def test_what_was_prepared_for_a_lesson_leads_to_that_lesson() -> None:
    third = Lesson("02-c", "Mais", 10, "", (), (step("four"), step("five")))
    course = Course((*COURSE.lessons, third))
    records = {"00-a/one": record(made_for="02-c")}
    assert journey.go_on(course, records) == (third, third.steps[0])
    records["02-c/four"] = record("2026-01-02T11:00:00+00:00")
    assert journey.go_on(course, records) == (third, third.steps[1])
    assert journey.go_on(course, {"00-a/one": record(made_for="gone")}) == (FIRST, FIRST.steps[1])


def test_a_failed_try_is_no_proof() -> None:
    records = {"00-a/one": record(passed=False)}
    assert journey.opening(COURSE, records, FIRST) == ""
    assert journey.standings(COURSE, records)[0].done == 0


def test_a_lessons_time_is_from_the_first_try_to_the_last_proof() -> None:
    records = {
        "00-a/one": record("2026-01-02T10:00:10+00:00", began="2026-01-02T10:00:00+00:00", spent=70.0),
        "00-a/two": record("2026-01-02T10:40:00+00:00", began="2026-01-02T10:30:00+00:00", spent=5.0),
    }
    first, second = journey.standings(COURSE, records)
    assert first.complete and (first.running, first.span) == (75.0, 2400.0)
    assert journey.time_words(first) == "40 min do primeiro ao último passo, com as pausas; 1 min de comandos rodando"
    assert journey.time_words(second) == ""


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.2, "1 s"), (59, "59 s"), (61, "1 min"), (3720, "1 h 02 min"), (90000, "1 dia"), (2e5, "2 dias")],
)
def test_a_duration_in_words(seconds: float, said: str) -> None:
    assert journey.duration(seconds) == said


def test_time_is_added_up_over_tries(settings: Settings) -> None:
    progress = Progress(settings)
    first = progress.record("a/b", passed=False, observed="", seconds=2, evidence={})
    second = progress.record("a/b", passed=True, observed="", seconds=3, evidence={})
    third = progress.record("a/b", passed=False, observed="", seconds=4, evidence={})
    assert (first.spent, second.spent, third.spent) == (2, 5, 9)
    assert first.began == second.began == third.began and third.at == second.at


def test_an_older_file_without_times_is_read(settings: Settings) -> None:
    (settings.home / "progress.json").write_text(
        '{"version": 1, "steps": {"00-a/one": {"passed": true, "observed": "x", "at": "2026-01-02T10:00:00+00:00",'
        ' "seconds": 2.5, "tries": 1, "evidence": {}}}}'
    )
    assert Progress(settings).all()["00-a/one"].passed
    again = Progress(settings).record("00-a/one", passed=True, observed="x", seconds=1, evidence={})
    assert (again.began, again.spent) == ("2026-01-02T10:00:00+00:00", 3.5)


# Lost progress -------------------------------------------------------------------------------------


def test_the_first_day_is_not_a_loss(settings: Settings, world: FakeWorld) -> None:
    world.engine.held.append(image("b", "one:1"))
    assert journey.recover(COURSE, world, Progress(settings)) == ""
    assert Progress(settings).all() == {}


def test_lost_progress_is_read_anew_from_the_state(settings: Settings, world: FakeWorld) -> None:
    progress = Progress(settings)
    progress.record("01-b/three", passed=True, observed="", seconds=1, evidence={})
    (settings.home / "progress.json").unlink()
    world.engine.held += [image("b", "one:1"), image("c", "two:1")]
    assert "O estado de agora comprova 1 passo." in journey.recover(COURSE, world, progress)
    assert {path for path, one in progress.all().items() if one.passed} == {"00-a/one"}, "`two` does not last"
    assert journey.recover(COURSE, world, progress) == "", "once is enough"


def test_a_slow_recovery_goes_on_in_the_background(
    settings: Settings, world: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    progress, go = Progress(settings), threading.Event()
    progress.record("01-b/three", passed=True, observed="", seconds=1, evidence={})
    (settings.home / "progress.json").unlink()

    def slow(step: Step, _world: object) -> Verdict:
        assert go.wait(10)
        return Verdict(True, "visto")

    monkeypatch.setattr("labs.running.judge.judge", slow)
    monkeypatch.setattr(journey, "RECOVERY_SECONDS", 0.01)
    before = set(threading.enumerate())
    assert "estão sendo refeitos" in journey.recover(COURSE, world, progress)
    (worker,) = set(threading.enumerate()) - before
    go.set()
    worker.join(10)
    assert set(progress.all()) == {"00-a/one", "01-b/three", "01-b/free"}


def test_what_was_recorded_meanwhile_is_kept(settings: Settings) -> None:
    progress = Progress(settings)
    progress.record("a/b", passed=True, observed="agora", seconds=1, evidence={})
    progress.restore({"a/b": ("antes", {}), "a/c": ("antes", {"digest": "d"})})
    found = progress.all()
    assert found["a/b"].observed == "agora" and found["a/c"].evidence == {"digest": "d"}


# The map's page ------------------------------------------------------------------------------------


def test_the_map_says_where_to_go_on_and_escapes_what_it_shows() -> None:
    page, policy = render.course_map(COURSE, {"00-a/one": record()}, "/hub/ana/")
    assert "Continue de onde parou: aula 00, passo 2 · Título two" in page
    assert 'href="/hub/ana/lab/tree/notebooks/00-a.ipynb"' in page
    assert "&lt;b&gt;sim&lt;/b&gt;" in page and "<b>sim" not in page
    assert "1 de 4 passos comprovados" in page
    nonce = policy.partition("'nonce-")[2].partition("'")[0]
    assert page.count(f'nonce="{nonce}"') == 2 and "default-src 'none'" in policy


def test_the_map_of_a_whole_course_points_to_the_certificate() -> None:
    records = {f"{lesson.id}/{one.id}": record() for lesson in COURSE.lessons for one in journey.steps_of(lesson)}
    page, _ = render.course_map(COURSE, records, "/")
    assert "python3 -m labs.certificate" in page and "Continue" not in page
    assert "python3 -m labs.certificate" in journey.text(COURSE, records)


def test_a_step_of_the_clinic_is_named_by_its_case_and_not_counted_over_all_of_them() -> None:
    clinic = load_course().lesson("10")
    words = [journey.step_words(clinic, step) for step in clinic.steps]
    assert words[4] == "caso 2, passo 2 de 3 · Veja o sintoma"
    assert not [one for one in words if one.startswith("passo")] and words[-1] == "fim · Feche a clínica"
    assert journey.step_words(clinic, clinic.challenge or clinic.steps[0]).startswith("desafio")


def test_the_progress_for_programs_has_every_step_whether_it_is_done_and_when(settings: Settings) -> None:
    progress = Progress(settings)
    proven = progress.record("00-a/one", passed=True, observed="feito", seconds=2.0, evidence={})
    progress.record("00-a/two", passed=False, observed="não", seconds=1.0, evidence={})
    told = journey.table(Course((FIRST, SECOND)), progress.all())
    assert [told[name] for name in ("done", "total", "continue", "lost")] == [
        *(1, 4),
        {"lesson": "00-a", "step": "two"},
        "",
    ]
    steps: Any = told["steps"]
    first, second, *others = steps
    assert first == {
        **{"lesson": "00-a", "step": "one", "title": "Título one"},
        **{"done": True, "when": proven.at, "tries": 1, "seconds": 2.0},
    }
    assert (second["done"], second["when"], second["tries"]) == (False, None, 1)
    assert [(row["lesson"], row["step"], row["tries"]) for row in others] == [
        ("01-b", "three", 0),
        ("01-b", "free", 0),
    ]
