"""What stands before every step that would act on real accounts.

Nothing live runs without a confirmation of this session (`python3 -m labs.target confirm`), which shows account, region
and the run's estimate; never with the root user; nothing in AWS beyond the budget lesson before a budget with an alert
is read back; and never where the accounts hold something of the course's names that is not the course's.
"""

from __future__ import annotations

import time
from decimal import Decimal
from pathlib import Path
from typing import Any

from labs.base.documents import Damaged, Typed, read, write
from labs.base.errors import CloudError, LiveLocked
from labs.base.settings import Settings
from labs.course import costs
from labs.course.catalog import Lesson, Step
from labs.course.command_line import Service
from labs.seams import engine_api
from labs.seams.world import World

SESSION_SECONDS = 4 * 3600
"""How long a confirmation holds: an afternoon of lessons."""
RUN_STORAGE_GB, RUN_TRANSFER_GB = 0.5, 0.2
"""What the whole course keeps for a month at most, and pulls back; its image is about 20 MB, compressed."""
BEFORE_BUDGET = ("00", "01", "02", "03", "04", "05")
"""Lessons before a budget is there: 05 creates it."""
PROFILES = ("console", "default", "sso")


class Session(Typed, frozen=True):
    """A confirmation. `until` in seconds since the epoch; the rest is what was shown and accepted."""

    until: float
    hub_user: str
    account: str
    region: str
    usd: str


def estimate() -> Decimal:
    """What a run of the whole course costs at most, in USD, if nothing is cleaned up for a month."""
    return costs.estimate(RUN_STORAGE_GB, RUN_TRANSFER_GB).total_usd


def write_session(settings: Settings) -> None:
    """Keep the confirmation that was just given.

    Raises:
        StateError: it cannot be written.
    """
    session = Session(
        time.time() + SESSION_SECONDS, settings.hub_user, settings.account, settings.region, str(estimate())
    )
    write(_file(settings), session)


def end_session(settings: Settings) -> None:
    """Lock the live target again."""
    _file(settings).unlink(missing_ok=True)


def require(world: World, lesson: Lesson, step: Step) -> None:
    """Before a step runs. Does nothing in the sandbox.

    Raises:
        LiveLocked: the step may not run; nothing was sent.
        CloudError: AWS does not answer, or refuses to say who is asking.
    """
    settings = world.settings
    if not settings.live:
        return
    require_session(settings)
    require_aim(settings)
    if not step.line.services(settings.environment()).isdisjoint((Service.AWS, Service.ECR, Service.ECR_PUBLIC)):
        require_account(world)
        if not lesson.id.startswith(BEFORE_BUDGET):
            require_budget(world)


def require_session(settings: Settings) -> None:
    """A confirmation of exactly these accounts, not too old.

    Raises:
        LiveLocked: there is none.
    """
    try:
        session = read(_file(settings), Session)
        same = (session.hub_user, session.account, session.region) == (
            settings.hub_user,
            settings.account,
            settings.region,
        )
        if same and time.time() < session.until and Decimal(session.usd) >= estimate():
            return
        observed = "a confirmação venceu ou é de outra conta"
    except (OSError, Damaged, ArithmeticError):
        observed = "nenhuma confirmação nesta sessão"
    raise LiveLocked(
        "Este passo mexe nas suas contas de verdade e ainda não foi confirmado; nada foi enviado.",
        observed,
        "python3 -m labs.target confirm",
    )


def require_aim(settings: Settings) -> None:
    """The lab's own engine finds the real services under their names, and not the sandbox.

    Raises:
        LiveLocked: it finds the sandbox.
        EngineError: it does not answer.
    """
    if settings.has_private_engine and engine_api.proxy(settings.engine_host) == settings.sandboxs_proxy:
        raise LiveLocked(
            "O engine do laboratório ainda leva os nomes do Docker Hub e da AWS à sandbox; nada foi enviado.",
            f"{settings.engine_host}: {settings.sandboxs_proxy}",
            "python3 -m labs up",
        )


def require_account(world: World) -> None:
    """Every profile of the live target belongs to the confirmed account, and none is the root user.

    Does nothing in the sandbox.

    Raises:
        LiveLocked: one does not.
        CloudError: AWS does not answer.
    """
    if not world.settings.live:
        return
    identity(world, "console")
    for profile in PROFILES[1:]:
        if world.cloud.profile(profile).get("aws_access_key_id"):
            try:
                identity(world, profile)
            except CloudError as error:
                if error.code in DEAD:
                    continue  # a key that was deactivated or expired can do no harm
                raise


DEAD = ("InvalidClientTokenId", "ExpiredToken", "ExpiredTokenException", "SignatureDoesNotMatch")


def identity(world: World, profile: str) -> str:
    """Who a profile is, as an ARN.

    Raises:
        LiveLocked: the root user, or another account.
        CloudError: AWS refuses the profile, or does not answer.
    """
    found: dict[str, Any] = world.cloud.read("sts", "get_caller_identity", profile)
    arn, account = str(found["Arn"]), str(found["Account"])
    if arn.endswith(":root"):
        raise LiveLocked(
            f"O perfil {profile} usa a chave do usuário root, que pode tudo na conta; o curso nunca roda com ela.",
            arn,
            f"python3 -m labs.sso --profile {profile}   (ou um usuário IAM; depois apague a chave do root)",
        )
    if account != world.settings.account:
        raise LiveLocked(
            f"O perfil {profile} é de outra conta da AWS, e não da que você confirmou; nada foi enviado.",
            f"{arn}; confirmada: {world.settings.account}",
            "python3 -m labs.target confirm",
        )
    return arn


def require_budget(world: World) -> str:
    """A budget with an alert that reaches somebody, read back now; returns its name.

    Raises:
        LiveLocked: there is none.
    """
    account = world.settings.account
    names = [
        str(one["BudgetName"])
        for one in world.cloud.read("budgets", "describe_budgets", AccountId=account).get("Budgets", [])
    ]
    for name in names:
        who = {"AccountId": account, "BudgetName": name}
        alerts = world.cloud.read("budgets", "describe_notifications_for_budget", **who).get("Notifications", [])
        for alert in alerts:
            told = world.cloud.read("budgets", "describe_subscribers_for_notification", Notification=alert, **who)
            if told.get("Subscribers"):
                return name
    raise LiveLocked(
        "A AWS de verdade fica trancada até existir um budget com alerta.",
        f"budgets na conta: {', '.join(names) or 'nenhum'}; nenhum com um alerta que avise alguém",
        "python3 -m labs run 05-custos-na-aws",
    )


def _file(settings: Settings) -> Path:
    return settings.live_folder / "session.json"
