"""What a fault is tried on, what a learner was told before it, and how soon all is well after it."""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import tarfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from labs import sandbox
from labs.base import processes
from labs.base.errors import LabError
from labs.base.events import Event
from labs.base.settings import Settings
from labs.base.wait import Look, until
from labs.course.command_line import CommandLine
from labs.course.progress import Progress
from labs.running.commands import Context, execute
from labs.sandbox import leftovers
from labs.seams.unix_http import request
from labs.seams.world import World

from ..hostile.kit import true_size

ACCOUNT = "123456789012"
BASE = "labs/python-base:3"
Census = dict[str, dict[str, Any]]


@dataclass
class Tally:
    """What `artifacts/faults.json` tells."""

    tried: int = 0
    lost: int = 0
    seconds: dict[str, list[float]] = field(default_factory=dict)
    kinds: dict[str, int] = field(default_factory=dict)

    def add(self, kind: str, seconds: float | None = None) -> None:
        self.tried += 1
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        if seconds is not None:
            self.seconds.setdefault(kind, []).append(seconds)

    def figures(self) -> dict[str, Any]:
        return {
            "faults_tried": self.tried,
            "acknowledged_lost": self.lost,
            "healthy_again_seconds": _distribution([one for held in self.seconds.values() for one in held]),
            "healthy_again_seconds_by_kind": {kind: _distribution(held) for kind, held in self.seconds.items()},
            "by_kind": self.kinds,
        }


def _distribution(seconds: Sequence[float]) -> dict[str, float]:
    ordered = sorted(seconds) or [0.0]
    return {
        "median": round(statistics.median(ordered), 2),
        "p95": round(ordered[int(0.95 * (len(ordered) - 1))], 2),
        "max": round(ordered[-1], 2),
        "measured": len(seconds),
    }


tally = Tally()


@dataclass(frozen=True)
class Step:
    """A kind of step: what prepares it (no fault), its literal command, and where the census shows that it is done."""

    command: str
    kind: str
    key: str
    prepare: str = "true"
    delay: float = 0.01
    """Where the command tells nothing on its way: seconds after its start at which "during" is."""


HUB, ECR = "$HUB_REGISTRY/$HUB_USER/faults", "$ECR_REGISTRY/faults"
STEPS = {
    "build": Step("docker build -t faults/build:{n} -f D{n} .", "images", "faults/build:{n}"),
    "push hub": Step(f"docker push {HUB}:{{n}}", "hub", "faults:{n}", f"docker import blob{{n}}.tar {HUB}:{{n}}"),
    "push ecr": Step(f"docker push {ECR}:{{n}}", "ecr", "faults:{n}", f"docker import blob{{n}}.tar {ECR}:{{n}}"),
    "pull": Step(
        f"docker pull {HUB}:seed",
        "images",
        "{place}/faults:seed",
        f"docker rmi -f {HUB}:seed $(docker images -q {HUB}:seed)",
    ),
    "aws call": Step(
        "aws ecr create-repository --repository-name made-{n} --profile console", "repositories", "made-{n}"
    ),
    "budget": Step(
        "aws budgets create-budget --account-id 123456789012 --budget file://budget{n}.json --profile console",
        "budgets",
        "budget-{n}",
    ),
    "key": Step(
        "aws iam create-access-key --user-name user-{n} --profile console",
        "keys",
        "user-{n}",
        "aws iam create-user --user-name user-{n} --profile console",
    ),
    "container": Step(f"docker run -d --name faults-{{n}} {BASE} sleep 600", "containers", "faults-{n}", delay=0.15),
}


MOMENTS = ("before", "during", "after")


class Recovery:
    """How long a lab takes to be healthy again, counted from this object's making, beside whatever else is done."""

    def __init__(self, patient: Patient) -> None:
        self._patient = patient
        self._began = time.monotonic()
        self._seconds = 0.0
        self._failure: LabError | None = None
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        if not leftovers.supervisor_alive(self._patient.settings):
            return  # nobody restarts anything: `up` has to be typed
        try:
            until("o laboratório voltar", self._patient.healthy, 60, interval=0.05)
            self._seconds = time.monotonic() - self._began
        except LabError as error:
            self._failure = error

    def seconds(self) -> float:
        """Wait for it; where the supervisor was killed, type `up` and count from there."""
        self._thread.join()
        if self._failure:
            raise self._failure
        if not leftovers.supervisor_alive(self._patient.settings):
            self._began = time.monotonic()
            sandbox.up(self._patient.settings, lambda _: None)
            until("o laboratório voltar", self._patient.healthy, 60)
            self._seconds = time.monotonic() - self._began
        return self._seconds


class Patient:
    """A running lab on which faults are tried."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings = settings
        self.folder = folder
        self._world = World(settings)
        self._number = 0

    # Acting ------------------------------------------------------------------------------------

    def shell(self, line: str, *, check: bool = False) -> subprocess.CompletedProcess[str]:
        environment = os.environ | self.settings.environment()
        done = subprocess.run(
            ["bash", "-c", line], cwd=self.folder, env=environment, capture_output=True, text=True, timeout=120
        )
        assert not check or done.returncode == 0, (line, done.stdout, done.stderr)
        return done

    def sign_in(self) -> None:
        """Both logins, the repository and the image that the steps start from."""
        self.shell('docker login $HUB_REGISTRY --username $HUB_USER --password-stdin < "$HUB_TOKEN_FILE"', check=True)
        self.shell(
            "aws ecr get-login-password --region us-east-2 --profile console"
            " | docker login --username AWS --password-stdin $ECR_REGISTRY",
            check=True,
        )
        self.shell("aws ecr create-repository --repository-name faults --profile console")
        self.material("seed")
        self.shell(f"docker import blobseed.tar {HUB}:seed && docker push {HUB}:seed", check=True)

    def material(self, name: str) -> None:
        """Files that the steps read: a Dockerfile, a root file system of 2 MB that no layer repeats, a budget."""
        (self.folder / f"D{name}").write_text(f"FROM {BASE}\nENV N={name}\nRUN sleep 0.2\nENV M={name}\n")
        with tarfile.open(self.folder / f"blob{name}.tar", "w") as tar:
            member = tarfile.TarInfo("blob")
            member.size = 2 << 20
            tar.addfile(member, BytesIO(os.urandom(member.size)))
        limit = {"Amount": "5", "Unit": "USD"}
        budget = {"BudgetName": f"budget-{name}", "BudgetLimit": limit, "TimeUnit": "MONTHLY", "BudgetType": "COST"}
        (self.folder / f"budget{name}.json").write_text(json.dumps(budget))

    def prepared(self, step: Step) -> Step:
        """The step with a number of its own, and its material made, in a lab that has got over the fault before."""
        until("o laboratório estar saudável", self.healthy, 60)
        self._number += 1
        name = str(self._number)
        self.material(name)
        words = {"n": name, "place": self.settings.hub_place}
        made = Step(
            step.command.format(**words), step.kind, step.key.format(**words), step.prepare.format(**words), step.delay
        )
        self.shell(made.prepare)
        return made

    def attempt(self, command: str, watch: Callable[[Event], None] = lambda _: None) -> LabError | None:
        """Run a command as a step's button does; what a learner reads where it fails."""
        context = Context(self.settings, self._world.engine, self._world.cloud, self.folder)
        try:
            execute(CommandLine.of(command), context, watch)
        except LabError as error:
            assert error.what and error.next_command, f"says not what to do: {error!r}"
            assert "Traceback" not in str(error)
            return error
        return None

    def struck(self, part: str) -> Recovery:
        """Kill a part, and measure from now until everything answers again, whatever else goes on."""
        self.kill(part)
        return Recovery(self)

    def attempt_and_kill(self, step: Step, part: str) -> tuple[LabError | None, Recovery]:
        """Kill the part at the command's first sign of life, or a moment after its start where it gives none."""
        struck: list[Recovery] = []

        def kill(_: object = None) -> None:
            if not struck:
                struck.append(self.struck(part))

        timer = threading.Timer(step.delay, kill)
        if step.command.startswith("docker ") and not step.command.startswith("docker run"):
            try:
                error = self.attempt(step.command, kill)
            finally:
                kill()
            return error, struck[0]
        timer.start()
        try:
            error = self.attempt(step.command)
        finally:
            timer.join()
        return error, struck[0]

    # Faults ------------------------------------------------------------------------------------

    def kill(self, part: str) -> None:
        """`kill -9` of a part, by its id and start mark; returns once it is dead."""
        state = leftovers.read_state(self.settings)
        known = state if part == "supervisor" else state.parts[part]
        pid, start = known.pid, known.start
        if processes.is_alive(pid, start):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            until(f"{part} morrer", lambda: Look(not processes.is_alive(pid, start)), 10, interval=0.002)

    def healthy(self) -> Look:
        """Whether every part's process lives, the supervisor found it well, and engine and gateway answer now."""
        status = sandbox.status(self.settings)
        good = self._alive() and status["healthy"] and status["engine"]["answers"] and self._world.admin.health()
        return Look(good, str(status["parts"]))

    def _alive(self) -> bool:
        # The supervisor's last word may be older than the kill.
        parts = leftovers.read_state(self.settings).parts
        return bool(parts) and all(part.healthy and processes.is_alive(part.pid, part.start) for part in parts.values())

    # What was acknowledged ---------------------------------------------------------------------

    def census(self) -> Census:
        """All that somebody was told is done, by kind."""
        iam, ecr, budgets = (self._world.cloud.client(name, "console") for name in ("iam", "ecr", "budgets"))
        users = [user["UserName"] for user in iam.list_users()["Users"]]
        names = [one["repositoryName"] for one in ecr.describe_repositories()["repositories"]]
        engine = self.settings.engine_host
        listed = request(engine, "GET", "/images/json").json()
        running = request(engine, "GET", "/containers/json").json()
        keys = {user: iam.list_access_keys(UserName=user)["AccessKeyMetadata"] for user in users}
        found = budgets.describe_budgets(AccountId=ACCOUNT).get("Budgets", [])
        steps = Progress(self.settings).all()
        return {
            "images": {name: image["Id"] for image in listed for name in image.get("RepoTags") or ()},
            "containers": {container["Names"][0].strip("/"): container["Id"] for container in running},
            "users": dict.fromkeys(users, True),
            "keys": {user: sorted(key["AccessKeyId"] for key in held) for user, held in keys.items() if held},
            "budgets": {budget["BudgetName"]: budget["BudgetLimit"] for budget in found},
            "repositories": dict.fromkeys(names, True),
            "ecr": {tag: (digest, size) for name in names for tag, digest, size in self._ecr_tags(ecr, name)},
            "hub": {tag: (digest, size) for tag, digest, size in self._hub_tags()},
            "progress": {path: record.passed for path, record in steps.items() if record.passed},
        }

    @staticmethod
    def _ecr_tags(ecr: Any, name: str) -> Iterator[tuple[str, str, int]]:
        for image in ecr.describe_images(repositoryName=name)["imageDetails"]:
            for tag in image.get("imageTags") or ():
                yield f"{name}:{tag}", image["imageDigest"], image["imageSizeInBytes"]

    def _hub_tags(self) -> Iterator[tuple[str, str, int]]:
        import base64

        login = f"{self.settings.hub_user}:{self.settings.hub_token_file.read_text().strip()}".encode()
        headers = {"Authorization": f"Basic {base64.b64encode(login).decode()}"}
        address, base = (
            self.settings.registry_url(self.settings.hub_registry),
            f"/api/v2/repositories/{self.settings.hub_user}/",
        )
        all_of_it = "?page_size=100"
        listed = request(address, "GET", f"{base}{all_of_it}", headers=headers).json()
        for repository in listed.get("results", []):
            tags = request(address, "GET", f"{base}{repository['name']}/tags/{all_of_it}", headers=headers).json()
            for tag in tags["results"]:
                yield f"{repository['name']}:{tag['name']}", tag["digest"], tag["full_size"]

    def assert_nothing_lost(self, before: Census, after: Census) -> None:
        missing = {
            kind: {key: value for key, value in held.items() if after[kind].get(key) != value}
            for kind, held in before.items()
        }
        lost = {kind: held for kind, held in missing.items() if held}
        tally.lost += sum(map(len, lost.values()))
        assert not lost, lost

    def assert_planes_agree(self, after: Census) -> None:
        """What the APIs say is what the stores hold: digest by digest, byte by byte."""
        for name, (digest, size) in after["ecr"].items():
            assert true_size(self.settings, "ecr", name.partition(":")[0], digest) == size, name
        for name, (digest, size) in after["hub"].items():
            assert (
                true_size(self.settings, "hub", f"{self.settings.hub_user}/{name.partition(':')[0]}", digest) == size
            ), name


def done(patient: Patient, step: Step) -> bool:
    with suppress(ClientError, OSError):
        return step.key in patient.census()[step.kind]
    return False


def assert_goes_on(patient: Patient, step: Step) -> None:
    """The same command works now, or it was done; where its message asks for another command first, that is typed."""
    for _ in range(3):
        if done(patient, step):
            return
        error = patient.attempt(step.command)
        if error is not None:
            patient.shell(error.next_command)
            if "already in use" in error.observed:  # the name is there, as the next command shows: theirs, so it may go
                patient.shell(f"docker rm -f {step.key}")
    assert done(patient, step), f"{step.command}: {error}"
