"""Every error the kit raises on purpose.

LabError                  what happened, what was observed, the next command
├── MissingDependency     a program, package or right the machine lacks
├── StateError            the state folder cannot be read or written
├── EngineError           the Docker engine refused or failed
│   └── EngineUnavailable no engine answers
├── RegistryError         a registry refused or failed
├── CloudError            the AWS API refused or failed
├── CommandError          a typed command failed or cannot be understood
├── CatalogError          the course itself is inconsistent (a bug of ours)
├── SandboxError          a part of the sandbox does not start or stay healthy
├── LiveLocked            the live target is not confirmed, or something guards it
├── StepBusy              the same step already runs elsewhere
└── Interrupted           the person stopped the step

The three texts are Portuguese, since learners read them; a notebook or terminal shows them and never a traceback.
"""

from __future__ import annotations


class LabError(Exception):
    """An error that a learner can act on.

    Attributes:
        what: what happened, one sentence.
        observed: what the tool, engine, registry or system said, verbatim where it can be.
        next_command: the command (or action) to try next.
    """

    def __init__(self, what: str, observed: str = "", next_command: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.observed = observed.strip()
        self.next_command = next_command.strip()

    def __str__(self) -> str:
        lines = [self.what]
        if self.observed:
            lines.append(f"Observado: {self.observed}")
        if self.next_command:
            lines.append(f"Próximo comando: {self.next_command}")
        return "\n".join(lines)


class MissingDependency(LabError):
    """A program, a package or a right that the machine lacks."""


class StateError(LabError):
    """The state folder cannot be read or written, or is damaged."""


class EngineError(LabError):
    """The Docker engine refused or failed."""


class EngineUnavailable(EngineError):
    """No Docker engine answers."""


class RegistryError(LabError):
    """A registry refused or failed."""


class CloudError(LabError):
    """The AWS API refused or failed. `code` is AWS's own error code."""

    def __init__(self, what: str, observed: str = "", next_command: str = "", code: str = "") -> None:
        super().__init__(what, observed, next_command)
        self.code = code

    @property
    def not_found(self) -> bool:
        """Whether AWS says that the thing does not exist; any other refusal says nothing about that. Its services spell
        it `NoSuchEntity` (IAM) or `RepositoryNotFoundException`, `NotFoundException` … (ECR, Budgets).
        """
        return self.code.startswith("NoSuch") or self.code.endswith("NotFoundException")


class CommandError(LabError):
    """A command failed, or cannot be understood."""


class CatalogError(LabError):
    """The course is inconsistent: a bug of the kit, found by its tests."""


class SandboxError(LabError):
    """A part of the sandbox does not start or does not stay healthy."""


class LiveLocked(LabError):
    """A step would act on real accounts and may not: nothing was confirmed, or a guard refuses."""


class StepBusy(LabError):
    """The same step already runs in another notebook or terminal."""


class Interrupted(LabError):
    """The person stopped the step before its end."""
