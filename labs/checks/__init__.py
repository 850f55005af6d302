"""Checks: functions that read the engine, the registries and the cloud, and return a `Verdict`.

A check never writes and never trusts what was recorded. Each has a name, which the catalogue uses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from labs.base.errors import CatalogError, LabError
from labs.base.settings import Settings
from labs.course.catalog import Step
from labs.seams.cloud import AwsCloud, Cloud
from labs.seams.engine import DockerEngine, Engine
from labs.seams.gateway_admin import Admin
from labs.seams.registry import HttpRegistry


@dataclass(frozen=True)
class Verdict:
    """What a check found.

    Attributes:
        observed: what was read, one Portuguese sentence.
        hint: what to do where it did not pass.
        evidence: what proves it, such as {"digest": "sha256:…"}; the certificate lists it.
    """

    passed: bool
    observed: str
    hint: str = ""
    evidence: Mapping[str, str] = field(default_factory=dict)


class World:
    """What checks read: the lab's settings and one object per outside system."""

    def __init__(self, settings: Settings, engine: Engine | None = None, cloud: Cloud | None = None) -> None:
        self.settings = settings
        self.engine: Engine = engine or DockerEngine(settings)
        self.cloud: Cloud = cloud or AwsCloud(settings)

    @cached_property
    def hub(self) -> HttpRegistry:
        """The Hub, with the login that the lab's Docker has."""
        address = self.settings.hub_registry
        return HttpRegistry(address, lambda: self.engine.credentials(address))

    @cached_property
    def hub_owner(self) -> HttpRegistry:
        """The Hub with the account's own access token, whether or not Docker is logged in."""
        return HttpRegistry(self.settings.hub_registry, self._hub_token)

    @cached_property
    def ecr(self) -> HttpRegistry:
        address = self.settings.ecr_registry
        return HttpRegistry(address, lambda: self.engine.credentials(address))

    @cached_property
    def admin(self) -> Admin:
        return Admin(self.settings)

    def registry(self, address: str) -> HttpRegistry:
        """The registry at this address, read as its owner."""
        return self.ecr if address == self.settings.ecr_registry else self.hub_owner

    def _hub_token(self) -> tuple[str, str] | None:
        try:
            return self.settings.hub_user, self.settings.hub_token_file.read_text("utf-8").strip()
        except OSError:
            return None


Check = Callable[..., Verdict]
_CHECKS: dict[str, Check] = {}


def check(function: Check) -> Check:
    """Register a check under its function's name."""
    _CHECKS[function.__name__] = function
    return function


def names() -> tuple[str, ...]:
    """Names of all checks, sorted."""
    _load()
    return tuple(sorted(_CHECKS))


def run_check(step: Step, world: World) -> Verdict:
    """Run a step's check. What the outside systems refuse becomes a verdict that did not pass.

    Raises:
        CatalogError: the catalogue names a check that does not exist, or gives it wrong arguments.
    """
    _load()
    if step.drill:
        return closed_case(step, world) or _without_repair(_judged(step, world), step)
    return _judged(step, world)


def _without_repair(verdict: Verdict, step: Step) -> Verdict:
    """In the clinic what to do next is the learner's to find: a check may only name the lab's own commands."""
    if verdict.passed or verdict.hint.startswith("python3 -m labs"):
        return verdict
    return replace(verdict, hint=step.hint)


def _judged(step: Step, world: World) -> Verdict:
    arguments = step.check.expanded(world.settings.environment())
    function = _CHECKS.get(step.check.kind)
    if function is None:
        raise CatalogError(f"O passo {step.id} usa uma verificação que não existe.", step.check.kind)
    try:
        return function(world, **arguments)
    except LabError as error:
        observed = f"{error.what} {error.observed}".strip()
        return Verdict(False, observed, error.next_command or step.hint)
    except Exception as error:  # noqa: BLE001 - the last resort: state that no check foresaw is no proof and no traceback
        observed = f"A verificação não entendeu o estado que encontrou: {type(error).__name__}: {error}"
        return Verdict(False, observed, step.hint or "python3 -m labs doctor")


def passed(observed: str, **evidence: Any) -> Verdict:
    """A verdict that passed."""
    return Verdict(True, observed, evidence={name: str(value) for name, value in evidence.items()})


def failed(observed: str, hint: str = "") -> Verdict:
    """A verdict that did not pass."""
    return Verdict(False, observed, hint)


def closed_case(step: Step, world: World) -> Verdict | None:
    """Why a step of the clinic proves nothing now: its case is not open. None where it is, or there is none."""
    from labs.clinic.open_case import Case

    case = Case.load(world.settings) if step.drill else None
    if not step.drill or (case and case.drill == step.drill):
        return None
    return failed(f"O caso {step.drill} não está aberto.", f"python3 -m labs.drill {step.drill}")


def _load() -> None:
    """Import the modules that register checks; late, since they import this one."""
    from labs.checks import cloud, container, image, lab, registry  # noqa: F401
    from labs.clinic import checks  # noqa: F401
    from labs.running import finish  # noqa: F401
