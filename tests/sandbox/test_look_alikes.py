"""In the learner's own engine, and in the registries and the account, only what the ledger names is ever removed.

Everything here looks like the course's: names with the same beginning, the same labels, the same port, the same
container names from before the course, even the same image names.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from labs import sandbox
from labs.base.errors import CommandError
from labs.base.events import ignore
from labs.base.settings import CLONE, Settings
from labs.base.things import IMAGE, Thing
from labs.course.command_line import CommandLine
from labs.ownership.ledger import Ledger
from labs.running.commands import Context, execute
from labs.running.runner import Runner
from labs.sandbox import leftovers
from labs.seams import engine_api
from labs.seams.world import World
from labs.secrecy import scan as secrets_scan
from labs.secrecy.scan import Scan
from tests.engines import own_engine

LABEL = "org.opencontainers.image.title=widget-server"


@dataclass
class Own:
    """The learner's own engine with the learner's own things, and a lab that uses it."""

    settings: Settings
    before: set[tuple[str, str, str]]

    def run(self, line: str, *, check: bool = True) -> str:
        """A line of bash in a terminal of the lab; returns what it printed."""
        plain = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        environment = plain | self.settings.environment()
        folder = self.settings.work / "widget-server"
        answer = subprocess.run(
            ["bash", "-c", line], env=environment, cwd=folder, capture_output=True, text=True, timeout=300, check=False
        )
        assert not check or answer.returncode == 0, f"$ {line}\n{answer.stdout}{answer.stderr}"
        return answer.stdout + answer.stderr

    def labs(self, *words: str, check: bool = True) -> str:
        """A command of the kit, from the clone."""
        answer = subprocess.run(
            [sys.executable, "-m", *words],
            env={**os.environ, **self.settings.environment()},
            cwd=CLONE,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert not check or answer.returncode == 0, answer.stdout + answer.stderr
        return answer.stdout + answer.stderr

    def lost(self) -> set[tuple[str, str, str]]:
        """What existed before the course and does not now."""
        return self.before - set(engine_api.everything(self.settings.engine_host))


@pytest.fixture(scope="module")
def own(lab_homes: Path) -> Iterator[Own]:
    home = Path(tempfile.mkdtemp(prefix="own-", dir=lab_homes))
    try:
        with (
            own_engine(Path(tempfile.mkdtemp(prefix="eng-", dir=lab_homes))) as host,
            pytest.MonkeyPatch.context() as patch,
        ):
            patch.delenv("LABS_ENGINE", raising=False)
            patch.setenv("DOCKER_HOST", host)
            _learners_things(host)
            before = set(engine_api.everything(host))
            settings = sandbox.up(Settings(home=home), lambda _: None)
            assert settings.engine_host == host
            try:
                yield Own(settings, before)
            finally:
                sandbox.down(settings, lambda _: None)
    finally:
        leftovers.sweep(Settings(home=home))
        leftovers.remove_tree(home)


def _learners_things(host: str) -> None:
    """Images and containers that were there before the course: look-alikes, and the very names that it uses."""
    environment = {**os.environ, "DOCKER_HOST": host}

    def docker(line: str, stdin: bytes = b"") -> None:
        subprocess.run(["bash", "-c", f"docker {line}"], env=environment, input=stdin, capture_output=True, check=True)

    docker(f"import --change 'LABEL {LABEL}' --change 'CMD [\"/x\"]' - widget-server:v0", _tar("v0"))
    docker(f"import --change 'LABEL {LABEL}' - outra-equipe/app:1", _tar("equipe"))
    docker("import - widget-server:v1", _tar("a v1 de antes"))
    docker(f"import --change 'LABEL {LABEL}' -", _tar("sem nome"))
    docker("create --name widget-server-outro widget-server:v0")
    docker("create --name homologacao -p 3000:3333 widget-server:v0")
    docker("volume create widget-server")
    docker("network create widget-server")


def _tar(text: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        member = tarfile.TarInfo("mensagem.txt")
        member.size = len(text.encode())
        tar.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


def test_a_secret_in_images_and_containers_of_the_learners_own_engine_is_found(own: Own) -> None:
    """In a layer, for each image that has it; in the history; in an environment and a log; in an image that lost its
    name. Under a name that is not the course's it is not looked for.
    """
    token = own.settings.hub_token_file.read_text().strip()
    own.run("mkdir canario && cp $HUB_TOKEN_FILE canario/copia")
    own.run(f"printf 'FROM labs/python-base:3\nLABEL a={token}\n' | docker build -t widget-server:historia -")
    own.run("printf 'FROM labs/python-base:3\nCOPY copia /\n' > canario/Dockerfile")
    own.run("docker build -t widget-server:layer canario")
    own.run("printf 'FROM widget-server:layer\nRUN rm /copia\n' | docker build -t clinica-apagado:1 -")
    lost = own.run("printf 'FROM widget-server:layer\nLABEL b=1\n' | docker build -q - 2>/dev/null").strip()
    Ledger(own.settings).saw([Thing(IMAGE, "", lost)], "02-build/build-v1")
    own.run("docker tag labs/python-base:3 widget-server:limpa")
    own.run(f"docker run --name com-log widget-server:limpa echo {token}")
    own.run(f"docker run --name com-variavel -e T={token} widget-server:limpa true")
    own.run(f"docker run --name de-outra outra-equipe/app:1 /x {token}", check=False)
    try:
        scan = Scan(own.settings)
        scan.engine()
        assert {finding.place for finding in scan.report.findings} == {
            *("imagem widget-server:historia", "imagem widget-server:layer", "imagem clinica-apagado:1"),
            *(f"imagem {lost}", "container com-log", "container com-variavel"),
        }
        assert {finding.secret for finding in scan.report.findings} == {"secrets/hub-token"}
    finally:
        own.run("rm -r canario; docker rm com-log com-variavel de-outra", check=False)
        own.run(f"docker rmi clinica-apagado:1 {lost} widget-server:historia widget-server:layer widget-server:limpa")


def test_what_cannot_be_read_of_an_engine_is_said(own: Own, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets_scan, "_of_the_course", lambda _settings, _images: {"sha256:" + "0" * 64: []})
    scan = Scan(own.settings)
    scan.engine()
    assert scan.report.unread and not scan.report.findings


def test_the_courses_cleanup_gives_all_of_it_back(own: Own) -> None:
    """The typed way: no button was pressed; the steps' cards were open, as beside any terminal."""
    runner = Runner(own.settings)
    for lesson in runner.course.lessons:
        for step in lesson.steps:
            runner.opened(lesson.id, step.id)
    own.run("cp exemplos/Dockerfile.v1 Dockerfile && docker build -t widget-server:v1 .")
    first = own.run("docker image inspect -f '{{.Id}}' widget-server:v1").strip()
    own.run("date > widget_server/nova.txt && docker build -t widget-server:v1 .")
    own.run("docker run -p 3000:3333 --name widget-v1 -d widget-server:v1")
    own.run("docker tag widget-server:v1 widget-server:temporaria")
    own.run("docker tag widget-server:v1 $HUB_REGISTRY/$HUB_USER/widget-server:v1")
    own.run("aws ecr create-repository --repository-name widget-server --profile console")
    with learners_look_alikes(own):
        said = own.labs("labs.cleanup")

        assert "Nada do curso ficou." in said and "devolvido" in said
        for path in (("02-build", "stop-v1"), ("03-tag", "rmi-temp")):
            verdict = runner.look(*path)
            assert not verdict.passed, f"what the clean-up removed proves nothing: {verdict.observed}"
        assert own.lost() == set()
        assert first not in own.run("docker images -aq --no-trunc"), "the image that lost its name is the lab's"
        assert "visitante" in own.run("docker ps -a --format '{{.Names}}'")
        assert "widget-server:v9" in own.run("docker images --format '{{.Repository}}:{{.Tag}}'")
        repositories = json.loads(own.run("aws ecr describe-repositories --profile console"))["repositories"]
        assert [one["repositoryName"] for one in repositories] == ["widget-server-outro"]
        assert "curso-registries-2" in own.run(
            "aws budgets describe-budgets --account-id $AWS_ACCOUNT_ID --profile console"
        )
        assert "widget-dev-2" in own.run("aws iam list-users --profile console")


@contextlib.contextmanager
def learners_look_alikes(own: Own) -> Iterator[None]:
    """What the learner makes during the course, by names that are not the course's; gone afterwards."""
    limit = '"BudgetLimit":{"Amount":"9","Unit":"USD"},"TimeUnit":"MONTHLY","BudgetType":"COST"'
    budget = f'{{"BudgetName":"curso-registries-2",{limit}}}'
    own.run("docker build -t widget-server:v9 .")
    own.run("docker create --name visitante -p 3000:3333 labs/python-base:3")
    own.run("aws ecr create-repository --repository-name widget-server-outro --profile console")
    own.run(f"aws budgets create-budget --account-id $AWS_ACCOUNT_ID --budget '{budget}' --profile console")
    own.run("aws iam create-user --user-name widget-dev-2 --profile console")
    try:
        yield
    finally:
        own.run("docker rm -f visitante; docker rmi widget-server:v9", check=False)
        own.run("aws ecr delete-repository --repository-name widget-server-outro --profile console", check=False)
        named = "--account-id $AWS_ACCOUNT_ID --budget-name curso-registries-2"
        own.run(f"aws budgets delete-budget {named} --profile console", check=False)
        own.run("aws iam delete-user --user-name widget-dev-2 --profile console", check=False)


def test_lesson_08_leaves_another_container_on_port_3000_alone(own: Own) -> None:
    own.run("cp exemplos/Dockerfile.v2 Dockerfile && docker build -t widget-server:v2 .")
    own.run("docker create -p 3000:3333 --name na-porta-3000 labs/python-base:3")
    own.run("docker run -e KEY_1=a -e KEY_2=b --name producao -d widget-server:v2")
    try:
        outcome = Runner(own.settings).run("08-envs", "clean-environments")
        assert outcome.verdict.passed, outcome
        left = own.run("docker ps -a --format '{{.Names}}'").split()
        assert {"na-porta-3000", "homologacao", "widget-server-outro"} <= set(left) and "producao" not in left
        assert own.lost() == set()
    finally:
        own.run("docker rm -f na-porta-3000 producao; docker rmi widget-server:v2", check=False)


def test_a_button_never_removes_what_was_there_before(own: Own) -> None:
    world = World(own.settings)
    context = Context(own.settings, world.engine, world.cloud, own.settings.work / "widget-server")
    with pytest.raises(CommandError, match="não é do laboratório"):
        execute(CommandLine.of("docker rm -f homologacao"), context, ignore)
    assert own.lost() == set()


def test_reset_empties_the_learners_engine_of_the_lab_and_of_nothing_else(own: Own) -> None:
    runner = Runner(own.settings)
    assert all(runner.run("02-build", step).verdict.passed for step in ("read-dockerfile", "build-v1"))
    try:
        sandbox.reset(own.settings, lambda _: None)
        assert set(engine_api.everything(own.settings.engine_host)) == own.before
        assert not (own.settings.home / "ledger.jsonl").exists()
    finally:
        own.settings = sandbox.up(Settings(home=own.settings.home), lambda _: None)
