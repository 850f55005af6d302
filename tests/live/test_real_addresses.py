"""The whole course live, through the real addresses: `docker push maria/widget-server:v1`, no endpoint override.

Neither service can be reached from a test, so the internet is `intercept.py`: the engine, docker, the AWS CLI and
boto3 talk TLS to `registry-1.docker.io`, `auth.docker.io`, `hub.docker.com` and `*.amazonaws.com`, and the sandbox's
gateway answers. Any other address makes the test fail.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pexpect
import pytest

from labs import sandbox
from labs.base.settings import BASE_IMAGE, CLONE, Settings
from labs.course.catalog import load_course
from labs.live import guard
from labs.ownership.ledger import Ledger
from labs.running import residue
from labs.sandbox import leftovers, seeds
from labs.seams import engine_api
from labs.seams.gateway_admin import GatewayAdmin
from labs.seams.world import World
from tests.engines import own_engine
from tests.live.intercept import ADMINISTRATOR, HUB_HOSTS, Internet

TOKEN = "dckr_pat_of_the_learner"
ACCOUNT, REGION = "123456789012", "us-east-2"
CLINIC = load_course().lesson("10-clinica-de-erros")
SANDBOX_ONLY = {
    "05-custos-na-aws/provoke-alert",
    "07-push-ecr/expired-token",
    *(f"07-push-ecr/public-{step}" for step in ("repository", "login", "push", "pull")),
} | {f"{CLINIC.id}/{step.id}" for step in (*CLINIC.steps, CLINIC.challenge) if step}


@dataclass
class Real:
    """A lab whose target is live, behind the tests' internet."""

    home: Path
    internet: Internet

    @property
    def settings(self) -> Settings:
        return Settings.load(self.home)

    @property
    def variables(self) -> dict[str, str]:
        """What a terminal of this learner has."""
        plain = {n: os.environ[n] for n in ("HOME", "LANG", "LABS_VENV", "LABS_CACHE") if n in os.environ}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        ours = {"PATH": path, "LABS_HOME": str(self.home), "PYTHONPATH": str(CLONE)}
        return {**plain, **self.internet.environment, **ours}

    def python(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """`python3 -m …` as a learner behind this proxy types it."""
        return subprocess.run(
            [sys.executable, "-m", *words],
            env=self.variables,
            cwd=CLONE,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )


@pytest.fixture(scope="module")
def real(lab_homes: Path) -> Iterator[Real]:
    home = Path(tempfile.mkdtemp(prefix="live-", dir=lab_homes))
    folder = Path(tempfile.mkdtemp(prefix="net-", dir=lab_homes))
    engine = Path(tempfile.mkdtemp(prefix="eng-", dir=lab_homes))
    internet = Internet(folder)
    try:
        with (
            pytest.MonkeyPatch.context() as patch,
            internet.running(),
            own_engine(engine, internet.environment) as host,
        ):
            patch.delenv("LABS_ENGINE", raising=False)
            patch.setenv("DOCKER_HOST", host)
            settings = sandbox.up(Settings(home=home), lambda _: None)
            internet.aim(settings)
            try:
                _publish_hello_world(settings)
                GatewayAdmin(settings).hub_account("maria", TOKEN)
                yield Real(home, internet)
            finally:
                sandbox.down(settings, lambda _: None)
    finally:
        leftovers.sweep(Settings(home=home))
        for path in (home, folder):
            leftovers.remove_tree(path)


def _publish_hello_world(settings: Settings) -> None:
    """Docker Hub's own `hello-world`, which everybody may pull."""
    password = (settings.secrets / "hub-library").read_text().strip()
    image = f"{settings.hub_registry}/library/hello-world:latest"
    try:
        engine_api.derive(settings.engine_host, BASE_IMAGE, image, seeds._one_file("hello", "oi"), ())
        engine_api.push(settings.engine_host, image, "library", password)
    finally:
        engine_api.remove_image(settings.engine_host, image)


def documented() -> str:
    """The lines that `docs/ao-vivo.md` has a learner type, from the choice to the confirmation."""
    section = (CLONE / "docs" / "ao-vivo.md").read_text("utf-8").partition("## Como escolher")[2]
    return section.split("```\n")[1]


def _typed(real: Real, script: str, answers: Sequence[tuple[str, str]]) -> str:
    """A script in a terminal, each question answered when it is asked; what the terminal showed.

    A terminal, since the token and the confirmation are asked of a person alone.
    """
    shown = io.StringIO()
    child = pexpect.spawn("bash", ["-ec", script], env=real.variables, cwd=str(CLONE), encoding="utf-8", timeout=120)
    child.logfile_read = shown
    try:
        for question, answer in answers:
            child.expect(question)
            child.sendline(answer)
        child.expect(pexpect.EOF)
    finally:
        child.close(force=True)
    assert child.exitstatus == 0, shown.getvalue()
    return shown.getvalue()


def test_the_whole_course_passes_through_the_real_addresses(real: Real) -> None:
    choose, enter, sign_in, confirm = documented().splitlines()
    shown = _typed(real, "\n".join((choose, enter, sign_in)), [("Access token", TOKEN)])
    assert "AO VIVO" in shown and TOKEN not in shown, shown
    assert f"papel {ADMINISTRATOR}" in shown and "Código: " in shown, shown
    admin = GatewayAdmin(real.settings)
    first = max((event["seq"] for event in admin.events()), default=0)

    locked = real.python("labs", "run", "04")
    assert locked.returncode == 1 and "labs.target confirm" in locked.stderr
    assert admin.events(first) == [], "something was sent before the confirmation"

    answers = [("número da conta", ACCOUNT), ("região para", REGION), ("valor da estimativa", str(guard.estimate()))]
    assert "destrancados por 4 horas" in _typed(real, "\n".join((enter, confirm)), answers)
    world = World(real.settings)
    _learners_own(real)

    run = real.python("labs", "run", "--json")
    rows = json.loads(run.stdout or "[]")
    failed = [row for row in rows if not row["passed"]]
    seen = (json.dumps(failed, ensure_ascii=False, indent=1), run.stderr[-300:], str(admin.events(first)[-20:]))
    assert run.returncode == 0 and not failed, "\n".join(seen)
    assert {f"{row['lesson']}/{row['step']}" for row in rows if row["skipped"]} == SANDBOX_ONLY

    assert real.internet.strays == [] and real.internet.problems == []
    used = set(HUB_HOSTS) - {"index.docker.io"}
    regional = {f"{name}.{REGION}.amazonaws.com" for name in ("sts", "oidc", "portal.sso", f"{ACCOUNT}.dkr.ecr")}
    wanted = used | regional | {"iam.amazonaws.com", "budgets.amazonaws.com"}
    assert wanted <= set(real.internet.connections), wanted - set(real.internet.connections)
    assert len(real.internet.signed) > 20
    _nothing_was_public(admin, first)
    _what_it_made_was_labelled(real, admin, first)
    _nothing_is_left_but_the_learners_own(real, world)


def test_the_sandbox_never_leaves_the_machine(real: Real) -> None:
    """The same learner behind the same proxy, aimed at the sandbox: not one connection."""
    assert real.python("labs.target", "sandbox").returncode == 0
    before, strays = len(real.internet.connections), len(real.internet.strays)
    run = real.python("labs", "run", "--json", "00", "01", "04", "06")
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-2000:]
    assert real.python("labs.cleanup").returncode == 0
    assert len(real.internet.connections) == before and len(real.internet.strays) == strays


def test_another_address_is_refused_and_noted(real: Real) -> None:
    """The test of the test: what is none of the two services' does not pass unseen."""
    before = list(real.internet.strays)
    proxy = urllib.request.ProxyHandler({"https": real.internet.environment["HTTPS_PROXY"]})
    with pytest.raises(OSError, match="403"):
        urllib.request.build_opener(proxy).open("https://example.com/", timeout=10)
    assert real.internet.strays[len(before) :] == ["CONNECT example.com:443"]
    real.internet.strays[:] = before


def _learners_own(real: Real) -> None:
    """After the confirmation, somebody else makes look-alikes in the same accounts."""
    made = real.python("labs.target")  # says the target, changes nothing
    assert "AO VIVO" in made.stdout
    for name in ("widget-server-outro",):
        _aws(real, "ecr", "create_repository", repositoryName=name)
    _aws(real, "iam", "create_user", UserName="widget-dev-outro")


def _aws(real: Real, service: str, method: str, **parameters: str) -> dict[str, object]:
    """A call of the account's administrator, past the proxy: straight to what stands behind the names."""
    settings = real.settings.sandboxed()
    return World(settings).cloud.read(service, method, **parameters)


def _nothing_was_public(admin: GatewayAdmin, first: int) -> None:
    """The repository was private from before its first push on."""
    seen = [event for event in admin.events(first) if event["repository"] == "maria/widget-server"]
    kinds = [event["reference"] if event["kind"] == "api" else event["kind"] for event in seen]
    assert kinds.index("hub:CreateRepository") < kinds.index("push")
    assert not any(event["kind"] == "pull" and event["user"] == "" for event in seen)


def _what_it_made_was_labelled(real: Real, admin: GatewayAdmin, first: int) -> None:
    """Each kind of thing in the account that takes a tag, and nothing of somebody else's."""
    accepted = {event["reference"] for event in admin.events(first) if event["status"] < 400}
    assert {"ecr:TagResource", "iam:TagUser", "budgets:TagResource"} <= accepted
    assert _aws(real, "iam", "list_user_tags", UserName="widget-dev-outro")["Tags"] == []
    arn = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/widget-server-outro"
    assert _aws(real, "ecr", "list_tags_for_resource", resourceArn=arn)["tags"] == []


def _nothing_is_left_but_the_learners_own(real: Real, world: World) -> None:
    repositories = _aws(real, "ecr", "describe_repositories")["repositories"]
    assert [one["repositoryName"] for one in repositories] == ["widget-server-outro"]  # type: ignore[attr-defined]
    users = _aws(real, "iam", "list_users")["Users"]
    assert [one["UserName"] for one in users] == ["widget-dev-outro"]  # type: ignore[attr-defined]
    assert Ledger(real.settings).outstanding(real.settings.place) == ()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in real.internet.environment.items():
            patch.setenv(name, value)
        assert residue.names(World(real.settings)) == []
    names = {name for kind, name, _ in engine_api.everything(world.settings.engine_host) if kind == "image"}
    assert not any("widget-server" in name or "hello-world" in name for name in names)


def test_the_token_stands_in_one_file_that_only_the_learner_reads(real: Real) -> None:
    found = [path for path in real.home.rglob("*") if path.is_file() and path.stat().st_size < 1 << 20]
    holding = {path for path in found if TOKEN.encode() in path.read_bytes()}
    assert holding <= {real.home / "live" / "secrets" / "hub-token"}
    assert all(path.stat().st_mode & 0o077 == 0 for path in holding)
