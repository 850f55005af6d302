"""The pictures that a notebook calls: `lab.layers("widget-server:v1")`. Each reads the state."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from string import Template
from typing import Concatenate, ParamSpec, TypeVar

from labs import pictures
from labs.base.errors import LabError
from labs.base.reference import ECR_PUBLIC
from labs.checks.cloud import access_keys
from labs.course import costs, target_words
from labs.notebook import readings
from labs.pictures import Picture
from labs.running.runner import Runner
from labs.seams.world import World

ENVIRONMENTS = ("homologacao", "producao")
KEY_OWNER = "widget-dev"
BUDGET_NAME = "curso-registries"
Values = Mapping[str, str]


_G = TypeVar("_G", bound="Gallery")
_P = ParamSpec("_P")


def shown(method: Callable[Concatenate[_G, _P], None]) -> Callable[Concatenate[_G, _P], None]:
    """What a learner can act on is printed, and the notebook goes on."""

    @functools.wraps(method)
    def call(self: _G, /, *arguments: _P.args, **options: _P.kwargs) -> None:
        try:
            method(self, *arguments, **options)
        except LabError as error:
            print(error)

    return call


class Gallery:
    """The pictures of a lesson (`labs/notebook/lab.py`), which gives the runner and displays."""

    _id: str

    def _runner(self) -> Runner:
        """The runner of the moment."""
        raise NotImplementedError

    def _show(self, draw: Callable[[Values], Picture], fields: Sequence[Values], fixed: bool) -> None:
        """Display a picture with its inputs: `{"name", "label", "value"}`. `fixed`: it shows no state."""
        raise NotImplementedError

    @property
    def _world(self) -> World:
        return self._runner().world

    def _picture(self, draw: Callable[[Values], Picture], *fields: Values, fixed: bool = False) -> None:
        self._show(draw, fields, fixed)

    def _worded(self, text: str) -> str:
        return target_words.literal(text, self._runner().settings)

    def _expanded(self, text: str) -> str:
        return Template(self._worded(text)).safe_substitute(self._runner().settings.environment())

    # The course and the lab --------------------------------------------------------------------

    @shown
    def map(self) -> None:
        """The course with what is proven."""

        def draw(_: Values) -> Picture:
            runner = self._runner()
            done = [path for path, record in runner.progress.all().items() if record.passed]
            return pictures.course_map(runner.course, done, self._id)

        self._picture(draw)

    @shown
    def parts(self) -> None:
        """What runs where."""
        self._picture(lambda _: pictures.parts(readings.running_parts(self._world)))

    @shown
    def git(self) -> None:
        """A registry beside a Git host."""
        self._picture(lambda _: pictures.beside_git(), fixed=True)

    # Names -------------------------------------------------------------------------------------

    @shown
    def name(self, text: str) -> None:
        """The anatomy of an image name, which can be edited. `$HUB_REGISTRY` and the like are filled in."""
        self._picture(lambda values: self._name(values["name"]), _typed("Nome", self._worded(text)), fixed=True)

    def _name(self, text: str) -> Picture:
        settings = self._runner().settings
        known = {
            settings.hub_registry: "o Docker Hub deste laboratório",
            settings.ecr_registry: "o ECR deste laboratório",
            settings.ecr_public_registry: "o ECR Public deste laboratório",
        }
        public = (ECR_PUBLIC, settings.ecr_public_registry)
        return pictures.name(self._expanded(text), {} if settings.has_real_names else known, public)

    @shown
    def route(self, text: str) -> None:
        """Where a push of this name goes; the name can be edited."""
        self._picture(lambda values: self._route(values["name"]), _typed("docker push", self._worded(text)), fixed=True)

    def _route(self, text: str) -> Picture:
        settings = self._runner().settings
        known = {settings.hub_registry: "Docker Hub", settings.ecr_registry: "Amazon ECR"}
        return pictures.route(self._expanded(text), known)

    @shown
    def names(self, ref: str) -> None:
        """The names of one image, and what the registries have under each."""
        self._picture(lambda _: pictures.names(*readings.names(self._world, self._expanded(ref))))

    # Images and registries ---------------------------------------------------------------------

    @shown
    def layers(self, ref: str, other: str | None = None) -> None:
        """The stack of an image's layers; with a second image, side by side."""
        alone = other is None
        self._picture(lambda _: pictures.layers(self._stack(ref, alone), self._stack(other) if other else None))

    def _stack(self, ref: str, places: bool = False) -> pictures.Stack:
        return readings.stack(self._world, self._expanded(ref), places=places)

    @shown
    def push_preview(self, ref: str) -> None:
        """What a push of this name will send, before it runs."""

        def draw(_: Values) -> Picture:
            name = self._expanded(ref)
            stack = self._stack(ref)
            place = readings.registry_of_name(self._world, name)
            if not place:
                raise LabError("Este nome não aponta para um registry do laboratório.", name, "docker image ls")
            return pictures.push_preview(stack, f"No {place}", readings.push_fates(self._world, name, stack))

        self._picture(draw)

    @shown
    def registry(self, which: str) -> None:
        """The page of a registry: `hub` or `ecr`."""
        if which not in ("hub", "ecr"):
            raise LabError(f"Não conheço o registry “{which}”.", "registries: hub, ecr", 'lab.registry("hub")')
        self._picture(lambda _: hub_page(self._world) if which == "hub" else ecr_page(self._world))

    @shown
    def token_clock(self) -> None:
        """The clock of the ECR token that Docker keeps."""
        self._picture(
            lambda _: pictures.token_clock(
                readings.token(self._world), readings.now(self._world), readings.moved(self._world)
            )
        )

    # Environments ------------------------------------------------------------------------------

    @shown
    def environments(self) -> None:
        """Homologação and produção side by side, with their pages."""
        self._picture(lambda _: pictures.environments(ENVIRONMENTS, self._world.engine.containers()))

    @shown
    def timeline(self, ref: str) -> None:
        """When ARG, ENV, --env-file and -e count, with the variables of this image."""
        self._picture(lambda _: pictures.timeline(readings.origin(self._world, self._expanded(ref), ENVIRONMENTS)))

    @shown
    def release(self, version: str) -> None:
        """How far a version of widget-server has come."""
        self._picture(lambda _: pictures.release(version, readings.stations(self._world, version, ENVIRONMENTS)))

    # AWS ---------------------------------------------------------------------------------------

    @shown
    def keys(self) -> None:
        """The access keys of the course's IAM user; no secret."""
        self._picture(lambda _: pictures.keys(KEY_OWNER, access_keys(self._world, KEY_OWNER)))

    @shown
    def root(self) -> None:
        """The root user's credentials as the console shows them, with AWS's warning."""
        self._picture(lambda _: pictures.root_page(*readings.root(self._world)))

    @shown
    def budgets(self) -> None:
        """The account's budgets as the console's page shows them."""
        self._picture(lambda _: pictures.budgets_page(readings.budgets(self._world)))

    @shown
    def keys_and_sso(self) -> None:
        """Access key and SSO side by side, with what is stored of each now."""
        self._picture(
            lambda _: pictures.keys_and_sso(
                readings.credential(self._world, "default", f"user/{KEY_OWNER}"),
                readings.credential(self._world, "sso"),
            )
        )

    @shown
    def cost(self, storage_gb: float = 1, transfer_gb: float = 1) -> None:
        """What a month of a private ECR would cost, against the course's budget; both amounts can be edited."""

        def draw(values: Values) -> Picture:
            estimate = costs.estimate(_number(values["storage"]), _number(values["transfer"]))
            return pictures.cost(estimate, readings.budget(self._world, BUDGET_NAME))

        self._picture(
            draw,
            {"name": "storage", "label": "GB guardados", "value": f"{storage_gb:g}".replace(".", ",")},
            {"name": "transfer", "label": "GB baixados para a internet", "value": f"{transfer_gb:g}".replace(".", ",")},
        )


def hub_page(world: World) -> Picture:
    """The lab's Hub as the learner's account sees it.

    Raises:
        RegistryError: the registry does not answer.
    """
    about = pictures.Registry(_title("Docker Hub", world), world.settings.hub_registry, "blue")
    return pictures.registry(about, readings.hub_repositories(world))


def ecr_page(world: World) -> Picture:
    """The lab's ECR as the console sees it.

    Raises:
        CloudError: AWS refused.
    """
    about = pictures.Registry(_title("ECR", world), f"{world.settings.account} · {world.settings.region}", "amber")
    return pictures.registry(about, readings.ecr_repositories(world))


def _title(registry: str, world: World) -> str:
    return f"{registry} de verdade" if world.settings.live else f"{registry} do laboratório"


def _typed(label: str, value: str) -> Values:
    return {"name": "name", "label": label, "value": value}


def _number(text: str) -> float:
    """A number as typed in Portuguese or English."""
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        raise LabError(f"“{text}” não é um número.", "", "exemplo: 2,5") from None
