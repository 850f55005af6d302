"""The live target without any network: literal names, files kept apart, guards, and what is never sent."""

from __future__ import annotations

import json
import platform
import re
import stat
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from labs.base.errors import CloudError, CommandError, EngineError, LabError, LiveLocked
from labs.base.reference import registry_of
from labs.base.settings import CLONE, Live, Settings
from labs.base.things import BUDGET, ECR, HUB, Thing
from labs.cli import target
from labs.cli.hub import choose
from labs.cli.main import main
from labs.clinic import cases
from labs.course import target_words
from labs.course.catalog import load_course, load_overlay
from labs.live import accounts, guard
from labs.ownership.ledger import Ledger
from labs.ownership.removal import require_nothing_live
from labs.running.judge import judge
from labs.running.runner import Runner
from labs.seams.cloud import AwsCloud
from labs.seams.engine import DockerEngine
from labs.seams.registry import PLATFORMS, HttpRegistry, HubRepository

from .fakes import FakeWorld, digest

ACCOUNTS = Live("maria", "210987654321", "sa-east-1", "maria@example.com")
ADMIN = {"Arn": "arn:aws:sts::210987654321:assumed-role/Admin/maria", "Account": "210987654321"}
ALERT = {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 80}


@pytest.fixture
def real(settings: Settings) -> Settings:
    """The live target, chosen and still locked."""
    aws = settings.work / "widget-server" / "aws"
    aws.mkdir()
    for path in (CLONE / "widget-server" / "aws").glob("*.json"):
        (aws / path.name).write_text(path.read_text())
    settings.save()
    return accounts.choose_live(settings, ACCOUNTS, "dckr_pat_canary")


class Real(FakeWorld):
    """A world of the live target; its Hub notes what is asked of Docker Hub's API."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.cloud.answers |= {
            ("sts", "get_caller_identity"): ADMIN,
            ("ecr", "describe_repositories"): {"repositories": []},
            ("iam", "list_users"): {"Users": []},
            ("budgets", "describe_budgets"): {"Budgets": []},
        }

    def answer(self, service: str, method: str, value: Any) -> None:
        self.cloud.answers[service, method] = value


@pytest.fixture
def world(real: Settings) -> Real:
    return Real(real)


def runner(world: Real) -> Runner:
    return Runner(world.settings, world)


# Names -------------------------------------------------------------------------------------------


def test_the_literal_names_are_docker_hubs_and_ecrs_own(real: Settings) -> None:
    course = target_words.course(real)
    assert course.step("04-push-docker-hub/push-v1")[1].command == "docker push $HUB_USER/widget-server:v1"
    login = course.step("04-push-docker-hub/login")[1].command
    assert login == 'docker login --username $HUB_USER --password-stdin < "$HUB_TOKEN_FILE"'
    assert course.step("04-push-docker-hub/logout")[1].command == "docker logout"
    assert real.environment()["ECR_REGISTRY"] == "210987654321.dkr.ecr.sa-east-1.amazonaws.com"
    assert "sa-east-1" in course.step("07-push-ecr/login-ecr")[1].command


def test_no_live_step_names_the_sandbox(real: Settings) -> None:
    environment = real.environment()
    assert "AWS_ENDPOINT_URL" not in environment
    words = "\n".join(environment[name] for name in ("HUB_REGISTRY", "ECR_REGISTRY", "HUB_API"))
    for lesson in target_words.course(real).lessons:
        for step in (*lesson.steps, *([lesson.challenge] if lesson.challenge else [])):
            assert step.skip or not re.search(
                r"HUB_REGISTRY|labs\.sandbox|--insecure|us-east-2|ola-registry", step.command
            )
            assert step.skip or "$HUB_REGISTRY/" not in str(step.check.arguments)
            assert target_words.MARK in step.title or "só na sandbox" in step.title
    assert "127.0.0.1" not in words


def test_the_overlay_names_only_steps_that_exist() -> None:
    for path in load_overlay():
        if "/" in path:
            load_course().step(path)
        else:
            assert set(load_overlay()[path]) == {"skip"}


def test_the_sandboxs_course_is_untouched(settings: Settings) -> None:
    assert target_words.course(settings) == load_course()
    assert target_words.literal("docker push $HUB_REGISTRY/a", settings) == "docker push $HUB_REGISTRY/a"


def test_steps_of_the_sandbox_alone_are_skipped_and_said(world: Real) -> None:
    outcome = runner(world).run("05-custos-na-aws", "provoke-alert")
    assert outcome.step.skip and not outcome.ran and "Só na sandbox" in outcome.verdict.observed
    assert runner(world).progress.all() == {}


def test_sso_is_skipped_without_a_portal_and_done_with_one(real: Settings) -> None:
    assert target_words.course(real).step("06-credenciais-aws/sso-login")[1].skip
    portal = real.aimed_at(replace(ACCOUNTS, start_url="https://d-1.awsapps.com/start"))
    assert not target_words.course(portal).step("06-credenciais-aws/sso-login")[1].skip


# Settings and files ------------------------------------------------------------------------------


def test_the_choice_is_kept_and_the_sandboxs_names_come_back(real: Settings) -> None:
    loaded = Settings.load(real.home)
    assert (loaded.target, loaded.hub_user, loaded.account) == ("live", "maria", "210987654321")
    assert (loaded.sandboxed().hub_user, loaded.sandboxed().account) == ("aluno", "123456789012")
    assert Settings.load(accounts.choose_sandbox(loaded).home).target == "sandbox"


def test_saving_live_never_writes_the_live_names_into_the_sandboxs_file(real: Settings) -> None:
    real.with_changes(engine_host="unix:///x").save()
    stored = json.loads((real.home / "settings.json").read_text())
    assert (stored["hub_user"], stored["account"], stored["engine_host"]) == ("aluno", "123456789012", "unix:///x")


def test_logins_secrets_and_progress_of_the_targets_stand_apart(real: Settings) -> None:
    sandboxed = real.sandboxed()
    for name in ("docker_config", "aws_config_file", "aws_credentials_file", "hub_token_file", "progress_file"):
        assert getattr(real, name) != getattr(sandboxed, name)
        assert getattr(real, name).is_relative_to(real.live_folder)
    assert real.hub_token_file.read_text() == "dckr_pat_canary\n"
    assert stat.S_IMODE(real.hub_token_file.stat().st_mode) == 0o600
    assert "canary" not in real.live_file.read_text()


def test_the_account_files_carry_the_learners_account_and_email(real: Settings) -> None:
    folder = real.work / "widget-server" / "aws-live"
    assert "210987654321" in (folder / "ecr-policy.json").read_text()
    assert "maria@example.com" in (folder / "alerts.json").read_text()
    assert "123456789012" in (real.work / "widget-server" / "aws" / "ecr-policy.json").read_text()


@pytest.mark.parametrize(
    ("field", "value"),
    [("hub_user", "Maria!"), ("account", "123"), ("region", "ohio"), ("email", "x"), ("start_url", "http://x")],
)
def test_names_that_cannot_be_are_refused(settings: Settings, field: str, value: str) -> None:
    with pytest.raises(CommandError):
        accounts.choose_live(settings, replace(ACCOUNTS, **{field: value}), "t")
    assert not settings.live_file.exists()


def test_a_damaged_choice_is_said(real: Settings) -> None:
    real.live_file.write_text("{")
    with pytest.raises(LabError, match="contas de verdade"):
        Settings.load(real.home)


# Guards ------------------------------------------------------------------------------------------


def test_nothing_live_runs_without_a_confirmation(world: Real) -> None:
    for lesson in target_words.course(world.settings).lessons:
        for step in lesson.steps:
            if not step.skip:
                outcome = runner(world).run(lesson.id, step.id)
                assert not outcome.verdict.passed and not outcome.ran
                assert outcome.verdict.hint == "python3 -m labs.target confirm"
    assert world.engine.calls == [] and world.cloud.calls == []
    assert Ledger(world.settings).entries() == ()


@pytest.mark.parametrize(
    "command",
    [
        "docker push maria/widget-server:v1",
        "aws ecr create-repository --repository-name widget-server",
        'docker login --username $HUB_USER --password-stdin < "$HUB_TOKEN_FILE"',
    ],
)
def test_no_repair_button_acts_without_a_confirmation(world: Real, command: str) -> None:
    outcome = runner(world).repair("07-push-ecr", "push-ecr", command)
    assert outcome.verdict.hint == "python3 -m labs.target confirm" and not outcome.verdict.passed
    assert world.engine.calls == [] and world.cloud.calls == []
    assert Ledger(world.settings).entries() == ()


def test_a_repair_of_aws_is_guarded_as_its_step(world: Real) -> None:
    """Confirmed, but with the root user's key, or without a budget: nothing is made."""
    guard.write_session(world.settings)
    command = "aws ecr create-repository --repository-name widget-server"
    without_budget = runner(world).repair("07-push-ecr", "push-ecr", command)
    assert "budget" in without_budget.verdict.observed
    world.answer("sts", "get_caller_identity", {"Arn": "arn:aws:iam::210987654321:root", "Account": "210987654321"})
    assert "root" in runner(world).repair("07-push-ecr", "push-ecr", command).verdict.observed
    assert not any("create-repository" in call for call in world.cloud.calls)


def test_a_repair_notes_what_it_makes(world: Real) -> None:
    guard.write_session(world.settings)
    runner(world).repair("04-push-docker-hub", "push-v1", "docker push maria/widget-server:v1")
    assert Ledger(world.settings).entries()[0].name == "maria/widget-server"


def test_a_confirmation_ends_and_is_for_these_accounts_alone(real: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    guard.write_session(real)
    guard.require_session(real)
    other = real.aimed_at(replace(ACCOUNTS, account="111111111111"))
    with pytest.raises(LiveLocked):
        guard.require_session(other)
    later = time.time() + guard.SESSION_SECONDS + 1
    monkeypatch.setattr(time, "time", lambda: later)
    with pytest.raises(LiveLocked):
        guard.require_session(real)


def test_choosing_again_locks_again(real: Settings) -> None:
    guard.write_session(real)
    accounts.choose_live(real, ACCOUNTS, "")
    with pytest.raises(LiveLocked):
        guard.require_session(real)


@pytest.mark.parametrize(
    ("identity", "words"),
    [
        ({"Arn": "arn:aws:iam::210987654321:root", "Account": "210987654321"}, "root"),
        ({"Arn": "arn:aws:iam::999999999999:user/x", "Account": "999999999999"}, "outra conta"),
    ],
)
def test_the_root_user_and_other_accounts_are_refused(world: Real, identity: dict[str, str], words: str) -> None:
    guard.write_session(world.settings)
    world.answer("sts", "get_caller_identity", identity)
    outcome = runner(world).run("06-credenciais-aws", "create-user")
    assert words in outcome.verdict.observed and not outcome.ran
    with pytest.raises(LiveLocked, match=words):
        guard.identity(world, "console")


def test_aws_stays_locked_until_a_budget_with_an_alert_is_read_back(world: Real) -> None:
    guard.write_session(world.settings)
    outcome = runner(world).run("06-credenciais-aws", "create-user")
    assert "budget" in outcome.verdict.observed and "05-custos-na-aws" in outcome.verdict.hint
    world.answer("budgets", "describe_budgets", {"Budgets": [{"BudgetName": "meu"}]})
    world.answer("budgets", "describe_notifications_for_budget", {"Notifications": []})
    with pytest.raises(LiveLocked):
        guard.require_budget(world)
    world.answer("budgets", "describe_notifications_for_budget", {"Notifications": [ALERT]})
    world.answer("budgets", "describe_subscribers_for_notification", {"Subscribers": [{"Address": "m@example.com"}]})
    assert guard.require_budget(world) == "meu"


ANSWERS = ("210987654321", "sa-east-1", str(guard.estimate()))


def confirmed(world: Real, answers: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    said: list[str] = []
    monkeypatch.setattr(accounts, "World", lambda _: world)
    given = iter(answers)
    accounts.confirm(world.settings, lambda _: next(given), said.append)
    return said


def test_the_confirmation_shows_account_region_identity_and_estimate(
    world: Real, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "\n".join(confirmed(world, ANSWERS, monkeypatch))
    for words in ("maria", "210987654321", "sa-east-1", ADMIN["Arn"], "US$"):
        assert words in said
    guard.require_session(world.settings)
    assert world.hub_owner.created == ["maria/widget-server"]
    assert Ledger(world.settings).owns(Thing(HUB, "maria/widget-server"))


@pytest.mark.parametrize("number", range(3))
def test_any_wrong_answer_leaves_it_locked(world: Real, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = tuple("sim" if place == number else answer for place, answer in enumerate(ANSWERS))
    with pytest.raises(LiveLocked):
        confirmed(world, wrong, monkeypatch)
    with pytest.raises(LiveLocked):
        guard.require_session(world.settings)
    assert world.hub_owner.created == []


@pytest.mark.parametrize(
    ("service", "method", "answer", "taken"),
    [
        ("ecr", "describe_repositories", {"repositories": [{"repositoryName": "widget-server"}]}, "widget-server"),
        ("iam", "list_users", {"Users": [{"UserName": "auditoria", "UserId": "AIDA1"}]}, "auditoria"),
        ("budgets", "describe_budgets", {"Budgets": [{"BudgetName": "desafio"}]}, "desafio"),
    ],
)
def test_names_that_are_taken_keep_it_locked(
    world: Real, service: str, method: str, answer: dict[str, Any], taken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.answer(service, method, answer)
    with pytest.raises(LiveLocked, match="nomes que o curso usa") as caught:
        confirmed(world, ANSWERS, monkeypatch)
    assert taken in caught.value.observed


def test_the_learners_own_repository_on_the_hub_keeps_it_locked(world: Real, monkeypatch: pytest.MonkeyPatch) -> None:
    world.hub_owner.hub = [HubRepository("widget-server", True)]
    with pytest.raises(LiveLocked):
        confirmed(world, ANSWERS, monkeypatch)
    assert world.hub_owner.created == []


def test_look_alikes_in_the_account_are_left_alone(world: Real, monkeypatch: pytest.MonkeyPatch) -> None:
    world.answer("ecr", "describe_repositories", {"repositories": [{"repositoryName": "widget-server-outro"}]})
    confirmed(world, ANSWERS, monkeypatch)
    assert not Ledger(world.settings).owns(Thing(ECR, "widget-server-outro"))


def test_reset_refuses_while_real_accounts_hold_what_the_ledger_names(real: Settings) -> None:
    ledger = Ledger(real)
    ledger.note([Thing(BUDGET, "curso-registries")], "05-custos-na-aws/create-budget")
    require_nothing_live(real)  # a card was only looked at: nothing was confirmed, so nothing was made
    ledger.list_before(real.place, [])
    with pytest.raises(CommandError, match="contas de verdade"):
        require_nothing_live(real.sandboxed())


# What is sent, and where -------------------------------------------------------------------------


def test_live_clients_find_aws_by_themselves_and_nothing_else(real: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    real.aws_credentials_file.parent.mkdir(parents=True)
    real.aws_credentials_file.write_text("[console]\naws_access_key_id = AKIA\naws_secret_access_key = s\n")
    cloud = AwsCloud(real)
    assert cloud.client("ecr", "console").meta.endpoint_url == "https://api.ecr.sa-east-1.amazonaws.com"
    cloud._guard(SimpleNamespace(url="https://sts.sa-east-1.amazonaws.com/"))
    for url in (
        "http://sts.amazonaws.com/",
        "https://127.0.0.1:1/",
        "https://amazonaws.com.evil.example/",
        "https://x/",
    ):
        with pytest.raises(CloudError):
            cloud._guard(SimpleNamespace(url=url))


@pytest.mark.parametrize(
    "name", ["widget-server:v1", "maria/widget-server:v1", "ghcr.io/x/y:1", "1.dkr.ecr.us-east-2.amazonaws.com/x"]
)
def test_the_sandboxs_engine_seam_never_talks_to_a_real_registry(settings: Settings, name: str) -> None:
    engine = DockerEngine(settings.with_changes(engine_host="unix:///nowhere"))
    for act in (engine.push, engine.pull):
        with pytest.raises(EngineError, match="alvo escolhido"):
            act(name)
    with pytest.raises(EngineError, match="alvo escolhido"):
        engine.login(registry_of(name), "maria", "x")


def test_no_command_of_the_sandbox_names_a_real_service(settings: Settings) -> None:
    real = re.compile(r"docker\.(io|com)|amazonaws\.com|awsapps|https://")
    for lesson in load_course().lessons:
        for step in (*lesson.steps, *([lesson.challenge] if lesson.challenge else [])):
            assert not real.search(step.command), step.id
            for words in re.findall(r"docker (?:push|pull|login|logout) ([^|&]+)", step.command):
                assert "$HUB_REGISTRY" in words or "$ECR_REGISTRY" in words, step.command


def test_a_live_registry_is_reached_over_tls_at_its_own_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    hub, ecr, lab = (HttpRegistry(one) for one in ("docker.io", "1.dkr.ecr.us-east-2.amazonaws.com", "127.0.0.1:5"))
    assert (hub._url, hub._api) == ("https://registry-1.docker.io", "https://hub.docker.com/v2")
    assert ecr._url == "https://1.dkr.ecr.us-east-2.amazonaws.com" and ecr._session.proxies["https"]
    assert lab._url == "http://127.0.0.1:5" and not lab._session.proxies
    assert not any(one._session.trust_env for one in (hub, ecr, lab))


def test_the_hubs_login_is_kept_where_the_docker_cli_looks(real: Settings) -> None:
    real.docker_config.mkdir(parents=True)
    entry = {"auths": {"https://index.docker.io/v1/": {"auth": "bWFyaWE6cHc="}}}
    (real.docker_config / "config.json").write_text(json.dumps(entry))
    engine = DockerEngine(real)
    assert engine.credentials("docker.io") == ("maria", "pw")
    assert engine._auth("maria/widget-server") == {"username": "maria", "password": "pw"}


@pytest.fixture
def index() -> Iterator[str]:
    """A registry that holds an image for several platforms under one tag; gives its address."""
    machine = PLATFORMS.get(platform.machine(), platform.machine())
    entries = [
        {"digest": digest("a"), "platform": {"architecture": "other", "os": "linux"}},
        {"digest": digest("b"), "platform": {"architecture": machine, "os": "linux"}},
    ]
    one = {"config": {"digest": digest("c"), "size": 7}, "layers": [{"digest": digest("d"), "size": 5}]}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.rpartition("/")[2]
            found = {"latest": (digest("e"), {"manifests": entries}), digest("b"): (digest("b"), one)}.get(name)
            self.send_response(200 if found else 404)
            self.send_header("Docker-Content-Digest", found[0] if found else "")
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(found[1]).encode() if found else b"")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_an_image_for_several_platforms_is_read_as_the_engine_does(index: str) -> None:
    """Docker Hub's own images are indexes: the engine notes the index's digest, and has this machine's config."""
    found = HttpRegistry(index).manifest("library/hello-world", "latest")
    assert found and (found.digest, found.config.digest, found.size) == (digest("e"), digest("c"), 12)


# Witnesses ---------------------------------------------------------------------------------------


def test_a_refusal_is_witnessed_by_the_steps_own_run(world: Real) -> None:
    guard.write_session(world.settings)
    world.engine.refuse = "denied: requested access to the resource is denied"
    step = target_words.course(world.settings).step("04-push-docker-hub/push-refused")[1]
    assert not judge(step, world).passed
    assert runner(world).run("04-push-docker-hub", "push-refused").verdict.passed
    assert judge(step, world).passed


def test_the_clock_and_the_spend_are_the_sandboxs_alone(real: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sandbox", "spend", "6.00"]) == 1
    assert "só mudam na sandbox" in capsys.readouterr().err


def test_live_no_account_is_created(real: Settings) -> None:
    with pytest.raises(CommandError, match="escolheu com"):
        choose(real, "outra")


def test_the_token_is_read_from_a_file_and_never_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "token").write_text("dckr_pat_x\n")
    assert target._token(str(tmp_path / "token")) == "dckr_pat_x"
    with pytest.raises(SystemExit):
        main(["target", "live", "--help"])
    options = [word for word in capsys.readouterr().out.split() if word.startswith("--")]
    assert "--token-file" in options
    assert not any("token" in option and "file" not in option for option in options)


def test_the_clinic_plants_no_fault_in_a_real_account(world: Real) -> None:
    with pytest.raises(CommandError, match="só existe na sandbox"):
        cases.open_case(world, "sem-login", lambda _: None)
