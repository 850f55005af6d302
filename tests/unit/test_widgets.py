"""Cards without a browser: traits, messages, guards, and the text that a notebook stores."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from labs.base.errors import CommandError, Interrupted, LabError, StateError, StepBusy
from labs.base.events import Line, Progress, Watcher
from labs.base.files import write_atomic
from labs.base.settings import CLONE, Settings
from labs.base.verdict import Verdict
from labs.course.catalog import CheckSpec, Course, Lesson, Option, Question, Step, load_course
from labs.pictures import Picture
from labs.running.runner import Outcome, Runner
from labs.secrecy.redact import HIDDEN, Redactor
from labs.widgets.action import PrepareCard, StepCard
from labs.widgets.card import FOLDER
from labs.widgets.feed import LOG_LINES, Feed, described
from labs.widgets.picture import PictureCard
from labs.widgets.quiz import QuizCard
from labs.widgets.transcript import Status, output_of, status_after, status_line

from .fakes import FakeWorld, image

EVIL = "</script><img src=x onerror=alert(1)>"
WIDGET = "application/vnd.jupyter.widget-view+json"


def wait_for(test: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 10
    while not test():
        assert time.monotonic() < deadline, f"still not: {what}"
        threading.Event().wait(0.005)


class FakeRunner:
    """A runner whose steps do what the test says; remembers its calls."""

    def __init__(self, settings: Settings, act: Callable[[Watcher, threading.Event], None] = lambda *_: None) -> None:
        self.settings, self.act = settings, act
        self.verdict = Verdict(True, "feito")
        self.error: LabError | None = None
        self.transcript: tuple[str, ...] = ()
        self.calls: list[str] = []

    def run(self, lesson: str, step: str, watch: Watcher, cancel: threading.Event | None = None) -> Outcome:
        self.calls.append(f"run {lesson}/{step}")
        self.act(watch, cancel or threading.Event())
        return Outcome(LESSON, LESSON.steps[0], self.verdict, 1.5, self.transcript, self.error)

    def verify(self, lesson: str, step: str, *, forget: bool = True) -> Verdict:
        self.calls.append(f"{'verify' if forget else 'look'} {lesson}/{step}")
        return self.verdict

    def repair(
        self, lesson: str, step: str, command: str, watch: Watcher, cancel: threading.Event | None = None
    ) -> Outcome:
        self.calls.append(f"repair {lesson}/{step}: {command}")
        self.act(watch, cancel or threading.Event())
        return Outcome(LESSON, LESSON.steps[0], self.verdict, 1.5, (), self.error)


def step(**changes: Any) -> Step:
    fields: dict[str, Any] = {"id": "one", "title": "Faça", "command": "docker build .", "check": CheckSpec("x", {})}
    return Step(**{**fields, **changes})


LESSON = Lesson("02-build", "Build", 5, "", (), (step(),), (), step(id="challenge", title="Sozinho", text="Tente."))


@pytest.fixture
def runner(settings: Settings) -> FakeRunner:
    return FakeRunner(settings)


def card_of(runner: FakeRunner, one: Step = LESSON.steps[0], recorded: str | None = None) -> StepCard:
    lesson = LESSON if one in (LESSON.steps[0], LESSON.challenge) else Lesson("02-build", "B", 5, "", (), (one,))
    return StepCard(lesson, one, lambda: runner, recorded)  # type: ignore[arg-type, return-value]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Custom messages of all cards."""
    messages: list[Any] = []
    monkeypatch.setattr(StepCard, "send", lambda _self, content, _buffers=None: messages.append(content))
    monkeypatch.setattr(PictureCard, "send", lambda _self, content, _buffers=None: messages.append(content))
    yield messages


def click(card: Any, **content: Any) -> None:
    """What the browser's message does."""
    card._on_message(card, content, [])


# The text that is stored --------------------------------------------------------------------------


def bundle(card: Any) -> dict[str, Any]:
    data, _ = card._repr_mimebundle_()
    return dict(data)


def test_the_bundle_is_a_view_and_a_transcript(runner: FakeRunner) -> None:
    runner.transcript = ("Step 1/1 : FROM x", "Successfully built")
    card = card_of(runner)
    assert bundle(card)["text/plain"] == "Passo 1 · Faça\n$ docker build .\n○ Por fazer"
    card.press("run", wait=True)
    data = bundle(card)
    assert set(data) == {"text/plain", WIDGET} and data[WIDGET]["model_id"] == card.model_id
    assert data["text/plain"].splitlines() == [
        "Passo 1 · Faça",
        "$ docker build .",
        "Step 1/1 : FROM x",
        "Successfully built",
        "✓ Comprovado: feito",
    ]


def test_a_recorded_step_opens_as_done(runner: FakeRunner) -> None:
    card = card_of(runner, recorded="a imagem existe")
    assert card.status["state"] == "passed" and "✓ Comprovado: a imagem existe" in card.text()
    assert runner.calls == []


def test_what_failed_says_what_was_observed_and_what_to_type(runner: FakeRunner) -> None:
    runner.verdict = Verdict(False, "nada aqui", "docker image ls")
    card = card_of(runner)
    card.press("run", wait=True)
    assert card.text().endswith("✗ Ainda não: nada aqui\n  Próximo comando: docker image ls")
    assert card.status["command"] is True
    assert status_line(Status("failed", "x", "Olhe o ponto.")) == "✗ Ainda não: x\n  Dica: Olhe o ponto."


def test_a_refusal_stands_in_the_transcript_once() -> None:
    refused = CommandError("Recusado.", "  denied: no\nlast line")
    verdict = Verdict(True, "recusado, como esperado")
    outcome = Outcome(LESSON, LESSON.steps[0], verdict, 0, ("The push refers to x", "  last line"), refused)
    assert output_of(outcome) == ["The push refers to x", "  last line", "denied: no"]


def test_an_expected_refusal_is_announced(runner: FakeRunner) -> None:
    card = card_of(runner, step(expect="denied"))
    assert "Este comando deve ser recusado — é o que queremos ver." in card.text()
    assert card.card["note"]


def test_a_challenge_shows_its_task_and_not_its_solution(runner: FakeRunner) -> None:
    assert LESSON.challenge
    card = card_of(runner, LESSON.challenge)
    assert card.text() == "Desafio · Sozinho\nTente.\n○ Por fazer"
    assert card.card["command"] == "" and card.card["parts"] == [] and card.card["solution"] == "docker build ."
    card.press("run", wait=True)
    assert "docker build" not in card.text() and "✓" in card.text()


def test_endings_that_are_neither_good_nor_bad() -> None:
    def ending(error: LabError) -> Status:
        return status_after(Outcome(LESSON, LESSON.steps[0], Verdict(False, error.what), 0, (), error, ran=False))

    assert ending(Interrupted("Parou.")).state == "stopped"
    assert ending(StepBusy("Já roda.")).state == "pending"
    again = Outcome(LESSON, LESSON.steps[0], Verdict(True, "ok"), 0, ran=False)
    assert status_after(again) == Status("passed", "ok (Já estava feito: não rodei de novo.)")


def test_no_time_and_no_object_reaches_the_text(runner: FakeRunner) -> None:
    card = card_of(runner)
    card.press("run", wait=True)
    assert not re.search(r"\d+[.,]\d+ ?s\b| object at |0x[0-9a-f]+", card.text())
    assert repr(card) == card.text()


# Presses ------------------------------------------------------------------------------------------


def test_two_clicks_run_a_step_once(runner: FakeRunner, sent: list[Any]) -> None:
    go = threading.Event()
    runner.act = lambda _watch, _cancel: go.wait(10)  # type: ignore[assignment]
    card = card_of(runner)
    click(card, do="run", runs=0)
    click(card, do="run", runs=0)
    click(card, do="run", runs=1)
    assert card.status["state"] == "running" and card.runs == 1
    go.set()
    wait_for(lambda: card.status["state"] == "passed", "the step ended")
    click(card, do="run", runs=0)  # a late second click, seen only after the end
    assert runner.calls == ["run 02-build/one"]
    click(card, do="run", runs=1)
    wait_for(lambda: len(runner.calls) == 2 and card.status["state"] == "passed", "a new click runs again")


def test_many_presses_at_once_run_a_step_once(runner: FakeRunner, sent: list[Any]) -> None:
    go = threading.Event()
    runner.act = lambda _watch, _cancel: go.wait(10)  # type: ignore[assignment]
    card = card_of(runner)
    answers: list[bool] = []
    threads = [threading.Thread(target=lambda: answers.append(card.press("run"))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    go.set()
    wait_for(lambda: card.status["state"] == "passed", "the step ended")
    assert sorted(answers) == [False] * 19 + [True] and len(runner.calls) == 1


def test_the_stop_button_stops(runner: FakeRunner, sent: list[Any]) -> None:
    def hang(_watch: Watcher, cancel: threading.Event) -> None:
        assert cancel.wait(10)

    runner.act, runner.error, runner.verdict = hang, Interrupted("Parou."), Verdict(False, "Parou.")
    card = card_of(runner)
    click(card, do="run", runs=0)
    click(card, do="stop")
    wait_for(lambda: card.status["state"] == "stopped", "the step stopped")
    assert "■ Interrompido: Parou." in card.text()


def test_a_click_sent_again_runs_nothing_twice_and_learns_how_things_stand(runner: FakeRunner, sent: list[Any]) -> None:
    card = card_of(runner)
    click(card, do="run", runs=0)
    wait_for(lambda: card.status["state"] == "passed", "the step ends")
    click(card, do="run", runs=0)
    assert len(runner.calls) == 1 and {"standing": card.status} in sent


def test_a_click_is_answered_where_the_secrets_cannot_be_read(
    runner: FakeRunner, sent: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    card = card_of(runner)

    def refuse() -> Any:
        raise StateError("Não consegui ler.", "ilegível", "ls -l")

    monkeypatch.setattr(card, "_redact_now", refuse)
    click(card, do="run", runs=0)
    assert card.status["state"] == "failed" and runner.calls == []
    monkeypatch.undo()
    click(card, do="run", runs=0)
    wait_for(lambda: card.status["state"] == "passed", "the next click runs")


def test_verify_asks_the_state_and_runs_nothing(runner: FakeRunner, sent: list[Any]) -> None:
    card = card_of(runner)
    click(card, do="verify", runs=0)
    wait_for(lambda: card.status["state"] == "passed", "verified")
    assert runner.calls == ["verify 02-build/one"]


@pytest.mark.parametrize("content", [None, [], "run", {"do": "erase"}, {"do": "run"}, {"do": "run", "runs": "0"}])
def test_messages_that_make_no_sense_do_nothing(runner: FakeRunner, content: Any, sent: list[Any]) -> None:
    card = card_of(runner)
    card._on_message(card, content, [])
    assert runner.calls == [] and card.runs == 0


@pytest.mark.parametrize(
    "error", [LabError("Não deu.", "visto", "docker ps"), RuntimeError("bug"), KeyboardInterrupt()]
)
def test_no_error_becomes_a_traceback(runner: FakeRunner, error: BaseException) -> None:
    def fail(_watch: Watcher, _cancel: threading.Event) -> None:
        raise error

    runner.act = fail
    card = card_of(runner)
    assert card.press("run", wait=True)
    assert card.status["state"] in ("failed", "stopped") and "Traceback" not in card.text()
    assert card.press("run", wait=True), "the card can be pressed again"


def test_progress_goes_out_in_few_small_messages(runner: FakeRunner, sent: list[Any]) -> None:
    def chat(watch: Watcher, _cancel: threading.Event) -> None:
        for number in range(5000):
            watch(Line(f"line {number}"))
            watch(Progress("a", "a", number, 5000))

    runner.act = chat
    card = card_of(runner)
    click(card, do="run", runs=0)
    wait_for(lambda: card.status["state"] == "passed", "the step ended")
    assert len(sent) < 100
    assert all(len(message["lines"]) <= LOG_LINES and len(message["bars"]) <= 1 for message in sent)
    assert sent[-1]["lines"][-1] == "line 4999"
    click(card, do="log")
    assert sent[-1]["reset"] and len(sent[-1]["lines"]) == LOG_LINES and card.logged


# What the state already proves --------------------------------------------------------------------


def look(card: StepCard) -> None:
    card.look().join(10)


def test_a_step_that_the_state_proves_shows_as_done_when_its_card_opens(runner: FakeRunner) -> None:
    card = card_of(runner)
    look(card)
    assert card.status["state"] == "passed" and "feito" in card.text()
    assert runner.calls == ["look 02-build/one"]


def test_a_look_leaves_what_was_never_done_as_it_is(runner: FakeRunner) -> None:
    runner.verdict = Verdict(False, "nada", "docker image ls")
    card = card_of(runner)
    look(card)
    assert card.text().endswith("○ Por fazer")


def test_a_look_says_when_a_proof_no_longer_holds(runner: FakeRunner) -> None:
    runner.verdict = Verdict(False, "O Docker Engine não responde.", "python3 -m labs up")
    card = card_of(runner, recorded="a imagem existe")
    look(card)
    assert card.status["state"] == "pending" and card.status["repair"]
    assert "não se vê mais. O Docker Engine não responde." in card.status["observed"]


def test_a_look_leaves_alone_what_a_later_step_undoes_on_purpose(runner: FakeRunner) -> None:
    card = card_of(runner, step(lasting=False), recorded="estava")
    look(card)
    assert runner.calls == [] and card.status["state"] == "passed"


def test_a_look_does_not_speak_into_a_running_step(runner: FakeRunner, sent: list[Any]) -> None:
    go = threading.Event()
    runner.act = lambda _watch, _cancel: go.wait(10)  # type: ignore[assignment]
    card = card_of(runner)
    click(card, do="run", runs=0)
    wait_for(lambda: "run 02-build/one" in runner.calls, "the step runs")
    look(card)
    assert card.status["state"] == "running"
    go.set()
    wait_for(lambda: card.status["state"] == "passed", "the step ended")


def test_a_look_that_breaks_is_silent(runner: FakeRunner) -> None:
    def broken() -> FakeRunner:
        raise RuntimeError("bug")

    card = card_of(runner)
    card._runner = broken  # type: ignore[assignment]
    look(card)
    assert card.text().endswith("○ Por fazer")


# The usual repair ---------------------------------------------------------------------------------


def test_the_usual_repair_runs_and_verifies(runner: FakeRunner, sent: list[Any]) -> None:
    runner.verdict = Verdict(False, "sem login", "docker login $HUB_REGISTRY")
    card = card_of(runner)
    card.press("run", wait=True)
    command = 'docker login $HUB_REGISTRY --username $HUB_USER --password-stdin < "$HUB_TOKEN_FILE"'
    assert card.status["repair"] and card.status["next"] == command
    runner.act = lambda watch, _cancel: watch(Line("Login Succeeded"))
    click(card, do="repair", runs=1)
    wait_for(lambda: card.status["state"] == "pending", "repaired")
    assert runner.calls[1:] == [f"repair 02-build/one: {command}"]
    assert card.status["observed"] == "Conserto feito. Agora execute o passo de novo."
    assert any("Login Succeeded" in message.get("lines", []) for message in sent)


def test_a_repair_that_is_enough_passes_the_step(runner: FakeRunner) -> None:
    runner.verdict = Verdict(False, "parado", "python3 -m labs up")
    card = card_of(runner)
    card.press("run", wait=True)
    runner.verdict = Verdict(True, "feito")
    card.press("repair", wait=True)
    assert card.status["state"] == "passed"


def test_a_repair_that_fails_says_so(runner: FakeRunner) -> None:
    runner.verdict = Verdict(False, "parado", "python3 -m labs up")
    card = card_of(runner)
    card.press("run", wait=True)
    runner.verdict, runner.error = Verdict(False, "Sem disco.", "df -h"), CommandError("Sem disco.")
    card.press("repair", wait=True)
    assert card.text().endswith("✗ Ainda não: O conserto falhou. Sem disco.\n  Próximo comando: df -h")
    assert not card.status["repair"]


@pytest.mark.parametrize("hint", ["docker rm -f x", "aws configure", "Olhe o ponto.", ""])
def test_without_a_usual_repair_there_is_no_button_and_no_message_runs_anything(runner: FakeRunner, hint: str) -> None:
    runner.verdict = Verdict(False, "não", hint)
    card = card_of(runner)
    card.press("run", wait=True)
    assert card.status["repair"] is False and card.status["next"] == hint
    card.press("repair", wait=True)
    assert runner.calls == ["run 02-build/one"] and card.status["state"] == "failed"


# Feed ---------------------------------------------------------------------------------------------


def test_a_batch_holds_only_what_is_new() -> None:
    feed = Feed()
    assert feed.batch() is None
    feed(Line("a\nb"))
    feed(Progress("k", "layer", 1, 2))
    feed(Progress("k", "layer", 2, 2))
    assert feed.batch() == {
        "lines": ["a", "b"],
        "bars": [{"key": "k", "label": "layer", "value": 2, "max": 2, "words": "2 B de 2 B", "seconds": 0}],
    }
    assert feed.batch() is None
    feed(Progress("k", "layer", 2, 2))
    assert feed.batch() is None, "a bar that did not change is not sent"


def test_the_log_is_bounded_in_lines_and_in_width() -> None:
    feed = Feed()
    for number in range(3 * LOG_LINES):
        feed(Line(f"{number} " + "x" * 10_000))
    kept = feed.everything()["lines"]
    assert len(kept) == LOG_LINES and kept[0].startswith(f"{2 * LOG_LINES} ") and max(map(len, kept)) <= 2000


def test_a_line_redrawn_on_a_terminal_shows_its_end() -> None:
    feed = Feed()
    feed(Line("10 %\r50 %\r100 %"))
    assert feed.everything()["lines"] == ["100 %"]


def test_a_layer_that_is_done_keeps_the_size_it_had() -> None:
    half = described(Progress("k", "0123456789ab Pushing", 500_000, 1_000_000))
    assert half["words"] == "500,0 kB de 1,0 MB"
    done = described(Progress("k", "0123456789ab Pushed", 0, 0), half)
    assert (done["value"], done["max"], done["words"]) == (1_000_000, 1_000_000, "1,0 MB")
    known = described(Progress("k", "0123456789ab Layer already exists", 0, 0))
    assert (known["value"], known["max"], known["words"]) == (1, 1, "")
    assert described(Progress("step 3", "3/9 RUN x", 0, 1, "steps"))["words"] == "em andamento"
    assert described(Progress("step 3", "3/9 RUN x", 1, 1, "steps"))["words"] == "pronto"


# Secrets ------------------------------------------------------------------------------------------


@pytest.fixture
def with_secrets(settings: Settings) -> Settings:
    write_atomic(settings.hub_token_file, "hub-token-value\n")
    write_atomic(settings.secrets / "hub-netrc", "machine x login aluno password netrc-password\n")
    key = {"AccessKey": {"AccessKeyId": "AKIAABCDEFGH1234", "SecretAccessKey": "very/secret+key"}}
    write_atomic(settings.secrets / "widget-dev.json", json.dumps(key))
    write_atomic(
        settings.aws_credentials_file, "[sso]\naws_secret_access_key = sso-secret-key\naws_session_token=tok-123456\n"
    )
    auth = "QVdTOmRvY2tlci1wYXNzd29yZA=="  # AWS:docker-password
    write_atomic(settings.docker_config / "config.json", json.dumps({"auths": {"x": {"auth": auth}}}))
    return settings


SECRETS = (
    *("hub-token-value", "netrc-password", "very/secret+key", "sso-secret-key", "tok-123456"),
    *("QVdTOmRvY2tlci1wYXNzd29yZA==", "docker-password"),
)


@pytest.mark.parametrize("secret", SECRETS)
def test_the_labs_secrets_are_hidden(with_secrets: Settings, secret: str) -> None:
    assert Redactor(with_secrets)(f"a {secret} b") == f"a {HIDDEN} b"


def test_a_value_that_names_itself_secret_is_hidden(settings: Settings) -> None:
    said = Redactor(settings)('{"SecretAccessKey": "new/one", "SessionToken":"abc", "AccessKeyId": "AKIA1"}')
    assert "new/one" not in said and "abc" not in said and "AKIA1" in said


def test_damaged_files_hide_nothing_and_break_nothing(settings: Settings) -> None:
    write_atomic(settings.aws_credentials_file, "not = a section\n[")
    write_atomic(settings.docker_config / "config.json", "[1")
    assert Redactor(settings)("text") == "text"


def test_no_secret_leaves_the_kernel(with_secrets: Settings, sent: list[Any]) -> None:
    everything = " ".join(SECRETS)
    runner = FakeRunner(with_secrets, lambda watch, _cancel: watch(Line(everything)))
    runner.transcript, runner.verdict = (everything,), Verdict(False, everything, everything)
    runner.error = CommandError("x", f"other {everything}")
    card = card_of(runner)
    click(card, do="run", runs=0)
    wait_for(lambda: card.status["state"] == "failed", "the step ended")
    click(card, do="log")
    left = json.dumps([sent, card.get_state(["card", "status"]), card.text()], default=str)
    assert [secret for secret in SECRETS if secret in left] == []


# Other cards --------------------------------------------------------------------------------------


def test_the_quiz_explains_only_where_asked() -> None:
    question = Question("Qual?", (Option("esta", "porque sim", True), Option("aquela", "porque não")))
    assert QuizCard([question]).text() == "Quiz · 1 perguntas\n\n1. Qual?\n   a) esta\n   b) aquela"
    card = QuizCard([question], explained=True)
    assert "      porque sim\n" in card.text() and WIDGET in bundle(card)
    card.tries = [[1]]
    assert card.text().endswith("Respondidas: 1 de 1; certas de primeira: 0")


def test_a_picture_draws_again_with_what_was_typed(sent: list[Any]) -> None:
    card = PictureCard(
        lambda values: Picture(values["name"], f"<p>{values['name']}</p>"),
        [{"name": "name", "label": "N", "value": "a"}],
    )
    assert card.text() == "a" and card.html == "<p>a</p>"
    click(card, do="refresh", values={"name": "b", "other": "c"})
    wait_for(lambda: bool(sent), "drawn")
    assert (
        card.html == "<p>b</p>"
        and card.fields[0]["value"] == "b"
        and sent == [{"drawn": True, "changed": True, "said": ""}]
    )
    click(card, do="refresh", values="nonsense")
    wait_for(lambda: len(sent) == 2, "drawn again")
    assert sent[-1] == {"drawn": True, "changed": False, "said": ""}


def test_a_picture_stores_a_still_beside_its_text() -> None:
    stored = PictureCard(lambda _: Picture("palavras", "<p>x</p>", "<svg/>"))._repr_mimebundle_()[0]
    assert stored["text/plain"] == "palavras" and stored["image/svg+xml"] == "<svg/>" and WIDGET in stored
    assert "image/svg+xml" not in PictureCard(lambda _: Picture("palavras", "<p>x</p>"))._repr_mimebundle_()[0]


def test_a_picture_follows_what_cards_have_run(runner: FakeRunner, sent: list[Any]) -> None:
    """After a step's button the page hears that it should look; a picture that does not follow says nothing."""
    followed, apart = (PictureCard(lambda _: Picture("x", "<p>x</p>")) for _ in range(2))
    followed.follow()
    card_of(runner).press("run", wait=True)
    assert [message for message in sent if "look" in message] == [{"look": True}]
    assert apart.text() == "x"


@pytest.mark.parametrize("error", [LabError("Não há imagem.", EVIL, "docker image ls"), ValueError(EVIL)])
def test_a_picture_that_fails_says_so(error: Exception) -> None:
    def fail(_values: object) -> Picture:
        raise error

    card = PictureCard(fail)
    assert "<img" not in card.html and card.text()


def test_the_prepare_card_lists_what_is_missing(settings: Settings) -> None:
    card = PrepareCard(
        ["aula 02: Construa"], lambda _watch: Status("passed", "Tudo pronto."), lambda: Redactor(settings)
    )
    assert "  - aula 02: Construa\n○ Por fazer" in card.text()
    card.press("run", wait=True)
    assert "✓ Comprovado: Tudo pronto." in card.text()


# The whole course ---------------------------------------------------------------------------------

ALL = [
    (lesson, one)
    for lesson in load_course().lessons
    for one in (*lesson.steps, *([lesson.challenge] if lesson.challenge else []))
]


@pytest.mark.parametrize(("lesson", "one"), ALL, ids=[f"{lesson.id}/{one.id}" for lesson, one in ALL])
def test_every_step_of_the_course_has_a_card(lesson: Lesson, one: Step, runner: FakeRunner) -> None:
    card = StepCard(lesson, one, lambda: runner)  # type: ignore[arg-type, return-value]
    text = card.text()
    assert text.startswith(("Passo ", "Desafio · ")) and text.endswith("○ Por fazer")
    json.dumps(card.card)
    if one.open or one is lesson.challenge:
        assert one.text in text and f"$ {one.command.strip()}" not in text and card.card["command"] == ""
    else:
        assert f"$ {one.command.strip()}" in text
        at = 0
        for part, _ in card.card["parts"]:
            at = card.card["command"].find(part, at)
            assert at >= 0, f"“{part}” is not found in order"
            at += len(part)


@pytest.mark.parametrize("lesson", load_course().lessons, ids=lambda lesson: lesson.id)
def test_every_quiz_of_the_course_has_a_card(lesson: Lesson) -> None:
    assert QuizCard(lesson.quiz, explained=True).text().startswith(f"Quiz · {len(lesson.quiz)} perguntas")


def test_a_card_over_the_real_runner(world: FakeWorld) -> None:
    one = Step("make", "Faça", "docker build -t x:v1 .", CheckSpec("image_exists", {"ref": "x:v1"}), hint="dica")
    lesson = Lesson("00-a", "A", 1, "", (), (one,))
    runner = Runner(world.settings, world, Course((lesson,)))
    card = StepCard(lesson, one, lambda: runner)
    card.press("verify", wait=True)
    assert "✗ Ainda não: A imagem x:v1 não existe" in card.text()
    card.press("run", wait=True)
    assert card.text().splitlines()[2:] == ["Step 1/1 : FROM x", "✓ Comprovado: A imagem x:v1 existe no engine."]
    world.engine.held.append(image("b"))


# The browser's side -------------------------------------------------------------------------------


def test_the_scripts_put_text_into_the_page_as_text() -> None:
    for path in FOLDER.glob("*.js"):
        source = path.read_text("utf-8")
        assert not re.search(r"outerHTML|insertAdjacentHTML|document\.write|eval\(|https?://\w", source), path.name
        assert source.count("innerHTML") == (1 if path.name == "picture.js" else 0), path.name


def test_the_look_has_no_fixed_widths_and_no_colour_alone() -> None:
    css = (FOLDER / "card.css").read_text("utf-8")
    assert not re.search(r"[^-]width: \d{3,}px", css) and "prefers-reduced-motion" in css and ":focus-visible" in css


def test_each_card_has_ids_of_its_own(runner: FakeRunner) -> None:
    assert card_of(runner).key != card_of(runner).key


def test_the_pure_parts_do_not_load_the_widget_library() -> None:
    parts = "labs.pictures, labs.pictures.markup, labs.widgets.transcript, labs.widgets.feed, labs.secrecy.redact"
    code = f"import sys, {parts}; print(sorted({{'ipywidgets', 'anywidget'}} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", code], cwd=CLONE, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
