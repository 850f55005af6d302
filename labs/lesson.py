"""What a notebook calls: `from labs import lesson; lab = lesson("02-build")`, then `lab.step("build-v1")` and so on.

Each call displays one card. With LABS_AUTORUN=1 a step's card presses its own button first, so that a notebook run
without a browser (nbval, `python3 -m labs.notebooks`) does what a learner's clicks do. What a learner can act on is
shown as Portuguese text, never as a traceback.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Mapping
from string import Template
from types import ModuleType
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

from IPython.display import display

from labs import costs, live, pictures
from labs.catalog import Lesson, Step
from labs.commands import Context, execute
from labs.errors import LabError, RegistryError
from labs.events import Line, Watcher, ignore
from labs.runner import Runner
from labs.settings import Settings

if TYPE_CHECKING:
    from labs.checks import World

AUTORUN = "LABS_AUTORUN"
ENVIRONMENTS = ("homologacao", "producao")
KEY_OWNER = "widget-dev"
OTHERS = ("library", "acme")
"""Namespaces of the lab's Hub that are not the learner's: an official image, and a company's."""
_P = ParamSpec("_P")


def lesson(lesson_id: str) -> Lab:
    """The lesson's helper; says which lesson it is, and offers to prepare what is missing for it."""
    lab = Lab(lesson_id)
    lab.open()
    return lab


def autorun() -> bool:
    """Whether steps press their own buttons."""
    return os.environ.get(AUTORUN) == "1"


class Kit:
    """The runner of the moment: made anew when the settings change, as after choosing an account name.

    `load`, `make` and `up` are seams for tests: the settings, a runner for them, and the sandbox's start.
    """

    def __init__(
        self,
        load: Callable[[], Settings] = Settings.load,
        make: Callable[[Settings], Runner] = Runner,
        up: Callable[[Settings, Callable[[str], None]], Any] | None = None,
    ) -> None:
        self._load, self._make, self._up = load, make, up
        self._runner: Runner | None = None

    def runner(self) -> Runner:
        """A runner for the settings as they are now.

        Raises:
            StateError: the settings cannot be read.
        """
        settings = self._load()
        if self._runner is None or self._runner.settings != settings:
            self._runner = self._make(settings)
        return self._runner

    def healthy(self) -> bool:
        """Whether the sandbox is up."""
        return self.runner().world.admin.health()

    def up(self, report: Callable[[str], None]) -> None:
        """Start the sandbox.

        Raises:
            LabError: it does not start.
        """
        if self._up is None:
            from labs import sandbox

            self._up = sandbox.up
        self._up(self._load(), report)


def _shown(method: Callable[Concatenate[Lab, _P], None]) -> Callable[Concatenate[Lab, _P], None]:
    """What a learner can act on is printed, and the notebook goes on."""

    @functools.wraps(method)
    def call(self: Lab, /, *arguments: _P.args, **options: _P.kwargs) -> None:
        try:
            method(self, *arguments, **options)
        except LabError as error:
            print(error)

    return call


class Lab:
    """One lesson in a notebook."""

    def __init__(self, lesson_id: str, kit: Kit | None = None) -> None:
        self._id = lesson_id
        self._kit = kit or Kit()

    def __repr__(self) -> str:
        return f"lesson({self._id!r})"

    # Opening -----------------------------------------------------------------------------------

    @_shown
    def open(self) -> None:
        """Say which lesson this is; where something is missing for it, offer to prepare it (in autorun, prepare it)."""
        lesson = self._lesson()
        print(f"Aula {lesson.id[:2]} · {lesson.title} · {lesson.minutes} min. {lesson.goal}")
        if (settings := self._kit.runner().settings).live:
            print(f"Alvo: {live.title(settings)}")
        missing = self._missing()
        if not missing:
            return
        from labs.widgets.action import PrepareCard
        from labs.widgets.secrecy import Redactor

        card = PrepareCard(missing, self._prepare, lambda: Redactor(self._kit.runner().settings))
        if autorun():
            card.press("run", wait=True)
            if card.standing.state == "passed":
                return
        _display(card)

    def _missing(self) -> list[str]:
        """What this lesson starts from and is not there, in words."""
        if not self._kit.healthy():
            return ["o laboratório de pé (engine, registries e AWS)"]
        runner = self._kit.runner()
        found = (runner.course.step(path) for path in runner.pending_needs(self._lesson().id))
        return [f"aula {lesson.id[:2]}: {step.title}" for lesson, step in found]

    def _prepare(self, watch: Watcher) -> Any:
        from labs.widgets.transcript import Status, status_of

        if not self._kit.healthy():
            self._kit.up(lambda text: watch(Line(text)))
        outcomes = self._kit.runner().prepare(self._lesson().id, watch)
        failed = [outcome for outcome in outcomes if not outcome.verdict.passed]
        if failed:
            return status_of(failed[0].verdict)
        return Status("passed", "Tudo pronto: pode começar a aula.")

    # Doing -------------------------------------------------------------------------------------

    @_shown
    def step(self, step_id: str) -> None:
        """The card of a step."""
        self._show_step(self._lesson().step(step_id))

    @_shown
    def challenge(self) -> None:
        """The card of the lesson's challenge: the task, and no command."""
        challenge = self._lesson().challenge
        if challenge is None:
            raise LabError("Esta aula não tem desafio.", self._id)
        self._show_step(challenge)

    def _show_step(self, step: Step) -> None:
        from labs.widgets.action import StepCard

        runner, lesson = self._kit.runner(), self._lesson()
        runner.opened(lesson.id, step.id)
        record = runner.progress.all().get(f"{lesson.id}/{step.id}")
        recorded = record.observed if record and record.passed else None
        card = StepCard(lesson, step, self._kit.runner, recorded)
        if autorun():
            card.press("run", wait=True)
            self._tidy(step)
        _display(card)

    def _tidy(self, step: Step) -> None:
        """Remove what a challenge's solution left, so that a second run starts as the first (as labs/headless.py)."""
        if step.cleanup:
            runner = self._kit.runner()
            folder = runner.settings.work / "widget-server"
            execute(step.cleanup, Context(runner.settings, runner.world.engine, runner.world.cloud, folder), ignore)

    @_shown
    def quiz(self) -> None:
        """All questions of the lesson."""
        from labs.widgets.quiz import QuizCard

        _display(QuizCard(self._lesson().quiz, explained=autorun()))

    # Looking -----------------------------------------------------------------------------------

    @_shown
    def map(self) -> None:
        """The course with what is proven."""
        from labs.widgets.picture import MapCard

        _display(MapCard(lambda _: self._map()))

    def _map(self) -> pictures.Picture:
        runner = self._kit.runner()
        done = [path for path, record in runner.progress.all().items() if record.passed]
        return pictures.course_map(runner.course, done, self._lesson().id)

    @_shown
    def name(self, text: str) -> None:
        """The anatomy of an image name, which can be edited. `$HUB_REGISTRY` and the like are filled in."""
        self._picture(lambda values: self._name(values["name"]), {"name": "name", "label": "Nome", "value": text})

    def _name(self, text: str) -> pictures.Picture:
        settings = self._kit.runner().settings
        known = (
            {}
            if settings.live
            else {
                settings.hub_registry: "o Docker Hub deste laboratório",
                settings.ecr_registry: "o ECR deste laboratório",
            }
        )
        return pictures.name(self._expanded(text), known)

    @_shown
    def layers(self, ref: str, other: str | None = None) -> None:
        """The stack of an image's layers; with a second image, side by side."""
        self._picture(lambda _: pictures.layers(self._stack(ref), self._stack(other) if other else None))

    def _stack(self, ref: str) -> pictures.Stack:
        engine, name = self._kit.runner().world.engine, self._expanded(ref)
        image = engine.image(name)
        if image is None:
            raise LabError(f"A imagem {name} ainda não existe no seu engine.", "", "docker image ls")
        return pictures.Stack(name, image, engine.history(name))

    @_shown
    def registry(self, which: str) -> None:
        """The page of a registry: `hub` or `ecr`."""
        pages = {"hub": hub_page, "ecr": ecr_page}
        if which not in pages:
            raise LabError(f"Não conheço o registry “{which}”.", "registries: hub, ecr", 'lab.registry("hub")')
        self._picture(lambda _: pages[which](self._kit.runner().world))

    @_shown
    def environments(self) -> None:
        """Homologação and produção side by side, with their pages."""
        self._picture(lambda _: pictures.environments(ENVIRONMENTS, self._kit.runner().world.engine.containers()))

    @_shown
    def keys(self) -> None:
        """The access keys of the course's IAM user; no secret."""
        from labs.checks.cloud import access_keys

        self._picture(lambda _: pictures.keys(KEY_OWNER, access_keys(self._kit.runner().world, KEY_OWNER)))

    @_shown
    def cost(self, storage_gb: float = 1, transfer_gb: float = 1) -> None:
        """What a month of a private ECR would cost; both amounts can be edited."""
        self._picture(
            lambda values: pictures.cost(costs.estimate(_number(values["storage"]), _number(values["transfer"]))),
            {"name": "storage", "label": "GB guardados", "value": f"{storage_gb:g}".replace(".", ",")},
            {"name": "transfer", "label": "GB baixados para a internet", "value": f"{transfer_gb:g}".replace(".", ",")},
        )

    def _picture(self, draw: Callable[[Mapping[str, str]], pictures.Picture], *fields: Mapping[str, str]) -> None:
        from labs.widgets.picture import PictureCard

        _display(PictureCard(draw, fields))

    def _lesson(self) -> Lesson:
        return self._kit.runner().course.lesson(self._id)

    def _expanded(self, text: str) -> str:
        settings = self._kit.runner().settings
        return Template(live.literal(text, settings)).safe_substitute(settings.environment())


def _display(card: Any) -> None:
    display(card)  # type: ignore[no-untyped-call]


def hub_page(world: World) -> pictures.Picture:
    """The lab's Hub as the learner's account sees it.

    Raises:
        RegistryError: the registry does not answer.
    """
    repositories = []
    for namespace in (world.settings.hub_user, *(() if world.settings.live else OTHERS)):
        try:
            listed = world.hub_owner.hub_repositories(namespace)
        except RegistryError as error:
            if error.observed.startswith("404"):
                continue
            raise
        for entry in sorted(listed, key=lambda one: one.name):
            name = f"{namespace}/{entry.name}"
            tags = (_tag(world, name, tag) for tag in world.hub_owner.tags(name))
            words = "privado" if entry.private else "público"
            repositories.append(pictures.Repository(name, words, tuple(filter(None, tags))))
    title = f"Docker Hub: {world.settings.hub_user}" if world.settings.live else "Docker Hub do laboratório"
    return pictures.registry(title, repositories)


def _tag(world: World, repository: str, tag: str) -> pictures.Tag | None:
    held = world.hub_owner.manifest(repository, tag)
    return pictures.Tag(tag, held.digest, held.size, len(held.layers)) if held else None


def ecr_page(world: World) -> pictures.Picture:
    """The lab's ECR as the console sees it; layers where Docker is logged in.

    Raises:
        CloudError: AWS refused.
    """
    repositories = []
    for entry in world.cloud.read("ecr", "describe_repositories")["repositories"]:
        name = entry["repositoryName"]
        tags = []
        for image in world.cloud.read("ecr", "describe_images", repositoryName=name)["imageDetails"]:
            held = world.ecr.manifest(name, image["imageDigest"])
            layers = len(held.layers) if held else 0
            size = int(image.get("imageSizeInBytes", 0))
            names = image.get("imageTags") or ["(sem tag)"]
            tags += [pictures.Tag(tag, image["imageDigest"], size, layers) for tag in names]
        words = "privado, tags imutáveis" if entry["imageTagMutability"] == "IMMUTABLE" else "privado"
        repositories.append(pictures.Repository(name, words, tuple(sorted(tags, key=lambda tag: tag.name))))
    title = f"ECR: {world.settings.account}" if world.settings.live else "ECR do laboratório"
    return pictures.registry(title, sorted(repositories, key=lambda one: one.name))


def _number(text: str) -> float:
    """A number as typed in Portuguese or English."""
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        raise LabError(f"“{text}” não é um número.", "", "exemplo: 2,5") from None


class _CallableModule(ModuleType):
    """Importing this module makes it the attribute `labs.lesson`, in front of the function of that name; so a call of
    either has to do the same (docs.python.org/3/reference/datamodel.html, "Customizing module attribute access").
    """

    def __call__(self, lesson_id: str) -> Lab:
        return lesson(lesson_id)


sys.modules[__name__].__class__ = _CallableModule
