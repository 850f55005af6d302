"""Which accounts the course's steps go to: choosing the sandbox or the learner's own, and confirming the live ones.

Choosing sends nothing. Nothing live runs before `confirm` (see `labs/live/guard.py`); the command line is
`labs/cli/target.py`.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import asdict

from labs.base import documents
from labs.base.errors import CommandError, LiveLocked
from labs.base.files import write_atomic
from labs.base.settings import DEFAULT_ACCOUNT, DEFAULT_REGION, HUB_USER_RULE, Live, Settings, read_live
from labs.base.things import HUB, IN_ENGINE, Thing
from labs.live import guard
from labs.ownership import inventory
from labs.ownership.ledger import Ledger, course_things
from labs.seams import docker_files
from labs.seams.world import World

ACCOUNT_RULE, EMAIL_RULE = re.compile(r"\d{12}"), re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
REGION_RULE = re.compile(r"[a-z]{2}-[a-z]+-\d")
EXAMPLE_EMAIL = "aluno@example.com"
REPOSITORY = "widget-server"
Ask = Callable[[str], str]


def choose_live(settings: Settings, accounts: Live, token: str) -> Settings:
    """Aim at these accounts from now on; nothing is sent, and everything stays locked until `confirm`.

    Raises:
        CommandError: a name cannot be one.
        StateError: it cannot be written.
    """
    for good, name, value in (
        (HUB_USER_RULE.fullmatch(accounts.hub_user), "--hub-user", accounts.hub_user),
        (ACCOUNT_RULE.fullmatch(accounts.account), "--aws-account", accounts.account),
        (REGION_RULE.fullmatch(accounts.region), "--region", accounts.region),
        (EMAIL_RULE.fullmatch(accounts.email), "--email", accounts.email),
        (not accounts.start_url or accounts.start_url.startswith("https://"), "--sso-start-url", accounts.start_url),
    ):
        if not good:
            raise CommandError(f"O valor de {name} não serve.", value or "vazio", "python3 -m labs.target --help")
    aimed = settings.aimed_at(accounts)
    guard.end_session(aimed)
    if token:
        write_atomic(aimed.hub_token_file, token.strip() + "\n")
    _write_account_files(aimed)
    docker_files.prepare(aimed)
    _keep(aimed, chosen=True)
    return aimed


def noted(settings: Settings) -> Live:
    """The accounts that were chosen the last time.

    Raises:
        CommandError: none were.
    """
    try:
        return read_live(settings.live_file)[0]
    except (OSError, ValueError) as error:
        raise CommandError(
            "Diga quais são as suas contas.",
            str(error),
            "python3 -m labs.target live --hub-user maria --aws-account 123456789012 --email maria@example.com",
        ) from error


def choose_sandbox(settings: Settings) -> Settings:
    """Back to the sandbox; what was chosen live stays noted, and is locked."""
    if settings.live:
        guard.end_session(settings)
        _keep(settings, chosen=False)
    return Settings.load(settings.home)


def confirm(settings: Settings, ask: Ask, say: Callable[[str], None]) -> None:
    """Prove the accounts, show what a run costs, ask, and unlock for this session.

    Args:
        ask: gets a question, gives the answer.

    Raises:
        LiveLocked: not live, the root user, another account, names of the course that are taken, or not confirmed.
        LabError: an account refuses.
    """
    if not settings.live:
        raise LiveLocked("O alvo é a sandbox: não há o que confirmar.", "", "python3 -m labs.target live --help")
    world = World(settings)
    if not world.hub_owner.hub_account_works(settings.hub_user):
        raise LiveLocked(
            "O Docker Hub não aceitou a conta e o access token.",
            settings.hub_user,
            "python3 -m labs.target live --help",
        )
    arn = guard.identity(world, "console")
    _list_before(world)
    for line in (
        f"Docker Hub: {settings.hub_user}",
        f"AWS: conta {settings.account}, região {settings.region}, como {arn}",
        f"Estimativa do curso inteiro, se nada for apagado por um mês: US$ {guard.estimate()}".replace(".", ","),
        "O kit cria o repositório privado widget-server no Docker Hub. Tudo fica no registro e sai com"
        " python3 -m labs.cleanup.",
    ):
        say(line)
    for question, expected in (
        ("Digite o número da conta da AWS para confirmar", settings.account),
        ("Digite a região para confirmar", settings.region),
        ("Digite o valor da estimativa em dólares para aceitar", str(guard.estimate())),
    ):
        if (given := ask(question).strip().replace(",", ".")) != expected:
            raise LiveLocked(
                "Não confirmado: o alvo ao vivo continua trancado.", given, "python3 -m labs.target confirm"
            )
    guard.write_session(settings)
    _ensure_private(world)


def _list_before(world: World) -> None:
    """What the accounts hold before the course: never touched, and none of it may have a name that the course uses.

    Raises:
        LiveLocked: something has one.
    """
    ledger, settings = Ledger(world.settings), world.settings
    if not ledger.is_listed(settings.place):
        ledger.list_before(settings.place, inventory.in_services(world))
    used = {(one.kind, one.name) for one in course_things(settings) if one.kind not in IN_ENGINE}
    used.add((HUB, f"{settings.hub_user}/{REPOSITORY}"))
    taken = sorted(
        f"{one.kind} {one.name}"
        for kind in {kind for kind, _ in used}
        for one in ledger.before(kind)
        if (one.kind, one.name) in used
    )
    if taken:
        raise LiveLocked(
            "Suas contas já têm coisas com os nomes que o curso usa; o kit não mexe no que é seu.",
            ", ".join(taken),
            "use outra conta, ou renomeie o que é seu, e escolha o alvo de novo",
        )


def _ensure_private(world: World) -> None:
    """Docker Hub makes a repository public on its first push: so a private one is there before."""
    settings, ledger = world.settings, Ledger(world.settings)
    if REPOSITORY in [one.name for one in world.hub_owner.hub_repositories(settings.hub_user)]:
        world.hub_owner.hub_private(settings.hub_user, REPOSITORY)
        return
    ledger.note([Thing(HUB, f"{settings.hub_user}/{REPOSITORY}")], "confirm")
    world.hub_owner.hub_create(settings.hub_user, REPOSITORY)


def _keep(settings: Settings, *, chosen: bool) -> None:
    assert settings.live
    documents.write(settings.live_file, {**asdict(settings.live), "chosen": chosen})


def _write_account_files(settings: Settings) -> None:
    """`aws-live/`: the lessons' AWS files with the account, the region and the e-mail of the live target."""
    assert settings.live
    source, target = settings.work / "widget-server" / "aws", settings.work / "widget-server" / "aws-live"
    shutil.rmtree(target, ignore_errors=True)
    for path in sorted(source.glob("*.json")):
        text = path.read_text("utf-8").replace(EXAMPLE_EMAIL, settings.live.email)
        text = text.replace(DEFAULT_ACCOUNT, settings.account).replace(DEFAULT_REGION, settings.region)
        write_atomic(target / path.name, text)
    alert = {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 90}
    told = [{"SubscriptionType": "EMAIL", "Address": settings.live.email}]
    challenge = [{"Notification": {**alert, "ThresholdType": "PERCENTAGE"}, "Subscribers": told}]
    documents.write(target / "challenge-alerts.json", challenge)
