"""Asking a step's check: what becomes a verdict, what is our bug, and the checks of the whole course."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from labs.base.errors import (
    CatalogError,
    CloudError,
    CommandError,
    EngineError,
    EngineUnavailable,
    LabError,
    MissingDependency,
    RegistryError,
    SandboxError,
)
from labs.base.settings import Live
from labs.checks import witness
from labs.clinic.open_case import OpenCase
from labs.course import target_words
from labs.course.catalog import CheckSpec, Course, Lesson, Seen, Step
from labs.course.progress import Progress
from labs.ownership import items
from labs.running import residue
from labs.running.judge import check_names, demanded, judge, seen_event

from .fakes import FakeWorld, image
from .verdicts import line, run, told


def test_a_check_that_does_not_exist_is_our_bug(world: FakeWorld) -> None:
    with pytest.raises(CatalogError):
        run(world, "nope")
    assert len(check_names()) > 25


@pytest.mark.parametrize(
    ("kind", "arguments", "said"),
    [
        ("image_exist", {"ref": "x:1"}, "nenhuma verificação tem esse nome"),
        ("image_exists", {"reff": "x:1"}, "campo"),
        ("image_exists", {}, "falta o campo `ref`"),
        ("image_exists", {"ref": "x:1", "tag": "v1"}, "campo desconhecido: `tag`"),
        ("image_exists", {"ref": 3}, "`ref`: esperado `str`, e veio `int`"),
        ("same_image", {"refs": "x:1"}, "`refs`: esperado `array`, e veio `str`"),
        ("budget", {"name": "x", "limit": "5", "thresholds": ["50"]}, "`thresholds[0]`: esperado `int`"),
        ("page_answers", {"port": "3000", "image": "x"}, "`port`: esperado `int`, e veio `str`"),
        ("course_proven", {"all": True}, "campo desconhecido: `all`"),
    ],
)
def test_what_does_not_fit_a_check_is_our_bug_and_never_a_verdict(
    world: FakeWorld, monkeypatch: pytest.MonkeyPatch, kind: str, arguments: dict[str, Any], said: str
) -> None:
    def asked(*_: object) -> None:
        raise AssertionError("the check ran")

    monkeypatch.setattr(world.engine, "image", asked)
    with pytest.raises(CatalogError) as caught:
        run(world, kind, **arguments)
    assert f"passo s, verificação {kind}: " in caught.value.observed and said in caught.value.observed
    assert "não é culpa sua" in caught.value.what


@pytest.mark.parametrize(
    ("raised", "answered"),
    [
        (RegistryError("O registry recusou."), False),
        (EngineUnavailable("Nada."), False),
        (EngineError("Não."), False),
        (SandboxError("Parado."), False),
        (CommandError("Não."), False),
        (MissingDependency("Falta docker."), False),
        (CloudError("Não.", code="ExpiredTokenException"), False),
        (CloudError("Não.", code="InvalidClientTokenId"), False),
        (CloudError("Não.", code="AccessDenied"), False),
        (CloudError("Não.", code="EndpointConnectionError"), False),
        (KeyError("novo"), False),
        (CloudError("Não há.", code="NoSuchEntity"), True),
        (CloudError("Não há.", code="RepositoryNotFoundException"), True),
        (CloudError("Não há.", code="NotFoundException"), True),
        (LabError("O registry não tem x:1."), True),
    ],
)
def test_only_no_such_thing_is_an_answer(
    world: FakeWorld, monkeypatch: pytest.MonkeyPatch, raised: Exception, answered: bool
) -> None:
    def image(_: str) -> None:
        raise raised

    monkeypatch.setattr(world.engine, "image", image)
    verdict = run(world, "image_exists", ref="x:1")
    assert not verdict.passed and verdict.answered is answered


def test_a_check_that_asks_the_checks_of_other_steps_passes_our_bug_on(
    world: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = Step(id="w", title="w", command="c", check=CheckSpec("image_exists", {}))
    lesson = Lesson("00-a", "A", 1, "", (), (wrong,))
    monkeypatch.setattr("labs.course.target_words.course", lambda _: Course((lesson,)))
    with pytest.raises(CatalogError, match="catálogo"):
        run(world, "course_proven")


def test_what_an_outside_system_refuses_becomes_a_verdict(world: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(_: str) -> None:
        raise EngineUnavailable("O engine não responde.", "connection refused", "python3 -m labs up")

    monkeypatch.setattr(world.engine, "image", down)
    verdict = run(world, "image_exists", ref="x")
    assert not verdict.passed and verdict.hint == "python3 -m labs up" and "connection refused" in verdict.observed


def test_state_that_no_check_foresaw_is_no_proof_and_no_traceback(
    world: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def odd(_: str) -> None:
        raise KeyError("Config")

    monkeypatch.setattr(world.engine, "image", odd)
    assert told(world, "image_exists", ref="x") == (
        "✗ A verificação não entendeu o estado que encontrou: KeyError: 'Config'"
    )


@pytest.mark.parametrize(
    ("opened", "sentence"),
    [
        ("sem-login", "✓ A imagem x:1 existe no engine."),
        ("outra-regiao", "✗ O caso 1 não está aberto."),
        ("", "✗ O caso 1 não está aberto."),
    ],
)
def test_a_step_of_the_clinic_proves_nothing_while_its_case_is_closed(
    world: FakeWorld, opened: str, sentence: str
) -> None:
    world.engine.held.append(image("a", "x:1"))
    if opened:
        OpenCase(opened, 0, 0, {}, 0).save(world.settings)
    step = Step("s", "s", "c", CheckSpec("image_exists", {"ref": "x:1"}), case="sem-login")
    assert line(judge(step, world)) == sentence


# Checks of the whole course -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("held", "issued", "sentence"),
    [
        (("x:1", "y:1"), True, "✓ Tudo o que o certificado pede vale agora, a partir do estado real."),
        (("x:1",), True, "✗ Falta comprovar: 00-a/y."),
        ((), False, "✗ Falta comprovar: 00-a/x, 00-a/y."),
        (("x:1", "y:1"), False, "✗ Tudo está comprovado; falta o certificado."),
    ],
)
def test_course_proven(
    world: FakeWorld, monkeypatch: pytest.MonkeyPatch, held: tuple[str, ...], issued: bool, sentence: str
) -> None:
    """A step that does not last, such as one that is undone later, need not pass now; it must have passed once."""
    steps = [Step(name, name, "c", CheckSpec("image_exists", {"ref": f"{name}:1"})) for name in "xy"]
    steps.append(Step("z", "z", "c", CheckSpec("image_exists", {"ref": "z:1"}), lasting=False))
    course = Course((Lesson("00-a", "A", 1, "", (), tuple(steps)),))
    monkeypatch.setattr(target_words, "course", lambda _: course)
    world.engine.held += [image("a", name) for name in held]
    if issued:
        world.settings.certificate_file.touch()
    Progress(world.settings).record("00-a/z", passed=True, observed="Foi.", seconds=0, evidence={})
    assert told(world, "course_proven") == sentence


def test_what_a_later_step_undoes_must_have_been_proven_once(world: FakeWorld) -> None:
    undone = Step("z", "z", "c", CheckSpec("image_exists", {"ref": "z:1"}), lasting=False)
    given = msgspec.structs.replace(undone, id="g", given="só mostra")
    course = Course((Lesson("00-a", "A", 1, "", (), (undone, given)),))
    told_of = [(step.id, line(verdict)) for _, step, verdict in demanded(world, course)]
    assert told_of == [("z", "✗ Ainda não foi comprovado.")]


SEEN = Seen("engine", "container-destroy", reference="web-$HUB_USER")
DESTROYED = {"seq": 7, "service": "engine", "kind": "container-destroy", "reference": "web-aluno", "subject": "id"}


def test_a_state_that_was_there_before_needs_a_witness(world: FakeWorld) -> None:
    world = FakeWorld(world.settings.with_changes(engine_host="unix:///x"))
    world.engine.held.append(image("a", "x:1"))
    step = Step("s", "s", "c", CheckSpec("image_exists", {"ref": "x:1"}), hint="dica", seen=SEEN)
    unseen = "✗ O laboratório ainda não viu este passo ser feito. O que há agora: A imagem x:1 existe no engine."
    assert line(judge(step, world)) == unseen and judge(step, world).unseen
    world.admin.seen.append({**DESTROYED, "reference": "outro"})
    assert line(judge(step, world)) == unseen
    world.admin.seen.append(DESTROYED)
    assert judge(step, world).passed and judge(step, world).evidence["event"] == "7"


def test_what_the_kit_itself_removes_is_nobodys_work(world: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(items, "docker", lambda *_words, **_ways: None)
    tagged = {"seq": 1, "service": "engine", "kind": "image-tag", "reference": "w:t", "subject": "x"}
    destroyed = {**tagged, "seq": 2, "kind": "container-destroy", "reference": "producao", "subject": "id1"}
    world.admin.seen += [tagged, destroyed]
    assert witness.learners(world) == [tagged, destroyed]
    items.remove_image(world, "w:t")
    assert witness.learners(world) == [destroyed]
    items.remove_container(world, "id1")
    assert witness.learners(world) == []
    later = {**tagged, "seq": 9}
    world.admin.seen.append(later)
    assert witness.learners(world) == [later], "the name was given once more"


def test_what_was_looked_at_before_it_was_there_shows_nothing(world: FakeWorld) -> None:
    seen = Seen("aws", "api", reference="ecr:DescribeImages", after=Seen("ecr", "push", reference="v1"))
    look = {"seq": 1, "service": "aws", "kind": "api", "reference": "ecr:DescribeImages"}
    world.admin.seen += [look, {"seq": 2, "service": "ecr", "kind": "push", "reference": "v1"}]
    assert seen_event(seen, world) is None
    world.admin.seen.append({**look, "seq": 3})
    assert (seen_event(seen, world) or {})["seq"] == 3


def test_a_container_that_never_ran_was_not_stopped(world: FakeWorld) -> None:
    seen = Seen("engine", "container-destroy", repository="w:1", ran=True)
    gone = {"seq": 2, "service": "engine", "kind": "container-destroy", "repository": "w:1", "reference": "w"}
    gone["subject"] = "id"
    world.admin.seen.append(gone)
    assert seen_event(seen, world) is None
    world.admin.seen.append({**gone, "seq": 1, "kind": "container-start"})
    assert seen_event(seen, world) == gone


def test_a_witness_may_be_about_what_the_check_found(world: FakeWorld) -> None:
    seen = Seen("engine", "image-pull", subject="*@$digest")
    pulled = {"seq": 3, "service": "engine", "kind": "image-pull", "reference": "w", "subject": "w@sha256:1"}
    world.admin.seen.append(pulled)
    assert seen_event(seen, world, {"digest": "sha256:2"}) is None
    assert seen_event(seen, world, {"digest": "sha256:1"}) == pulled == seen_event(seen, world)


@pytest.mark.parametrize(("service", "passes"), [("aws", True), ("hub", True), ("engine", False)])
def test_live_only_the_engine_has_a_witness(world: FakeWorld, service: str, passes: bool) -> None:
    accounts = Live("maria", "210987654321", "sa-east-1", "maria@example.com")
    real = FakeWorld(replace(world.settings, live=accounts, engine_host="unix:///x"))
    real.engine.held.append(image("a", "x:1"))
    step = Step("s", "s", "c", CheckSpec("image_exists", {"ref": "x:1"}), seen=Seen(service, "api"))
    assert judge(step, real).passed is passes


def test_of_an_engine_that_cannot_be_watched_the_state_is_taken(world: FakeWorld) -> None:
    far = FakeWorld(world.settings.with_changes(engine_host="ssh://maria@servidor"))
    far.engine.held.append(image("a", "x:1"))
    assert judge(Step("s", "s", "c", CheckSpec("image_exists", {"ref": "x:1"}), seen=SEEN), far).passed


def test_what_no_event_tells_any_more_stands_as_it_was_recorded(world: FakeWorld) -> None:
    step = Step("s", "s", "c", CheckSpec("refused", {"service": "hub"}))
    course = Course((Lesson("00-a", "A", 1, "", (), (step,)),))
    assert [verdict.passed for _, _, verdict in demanded(world, course)] == [False]
    Progress(world.settings).record("00-a/s", passed=True, observed="Recusado.", seconds=0, evidence={"event": "3"})
    ((_, _, verdict),) = demanded(world, course)
    assert verdict.passed and verdict.observed == "Recusado." and verdict.evidence == {"event": "3"}


def test_a_witness_that_does_not_answer_proves_nothing(world: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    def down() -> None:
        raise SandboxError("O laboratório não está de pé.", "connection refused", "python3 -m labs up")

    world.engine.held.append(image("a", "x:1"))
    monkeypatch.setattr(world.admin, "events", down)
    step = Step("s", "s", "c", CheckSpec("image_exists", {"ref": "x:1"}), seen=Seen("aws", "api"))
    verdict = judge(step, world)
    assert verdict.hint == "python3 -m labs up" and not verdict.answered


@pytest.mark.parametrize(
    ("left", "sentence"),
    [
        ([], "✓ Nada do curso ficou no engine, nos registries e na conta."),
        (["container w"], "✗ Ainda existe: container w."),
        (list("abcdef"), "✗ Ainda existe: a, b, c, d, e."),
    ],
)
def test_zero_residue(world: FakeWorld, monkeypatch: pytest.MonkeyPatch, left: list[str], sentence: str) -> None:
    monkeypatch.setattr(residue, "names", lambda _: left)
    assert told(world, "zero_residue") == sentence
