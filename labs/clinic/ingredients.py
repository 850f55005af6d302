"""What faults are made of: the patients' files, images, logins, repositories, an IAM user with a key."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labs.base.errors import RegistryError, StateError
from labs.base.files import write_atomic
from labs.base.settings import Settings
from labs.base.things import ECR, IMAGE, KEY, USER, Thing
from labs.base.verdict import Verdict
from labs.clinic import belongings
from labs.course.command_line import CommandLine
from labs.ownership import inventory
from labs.ownership.ledger import Ledger, things_of
from labs.seams import engine_api
from labs.seams.aws_files import write_profile
from labs.seams.docker_client import docker
from labs.seams.docker_files import forget_login
from labs.seams.world import World

FILES = Path(__file__).with_name("files")
BASE_LINE = re.compile(r"^ARG\s+BASE_IMAGE=(\S+)$", re.MULTILINE)
POLICY_NAME = "ecr-clinica"
BY = "10-clinica-de-erros/caso"
"""Who stands in the ledger for what a case makes."""
BUILD_SECONDS = 300.0
NOTHING = bytes(2 * tarfile.BLOCKSIZE)
"""A tar without files."""
READ = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
WRITE = ("ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload", "ecr:PutImage")
MANAGE = ("ecr:CreateRepository", "ecr:DescribeRepositories", "ecr:DescribeImages")


@dataclass(frozen=True)
class Fault:
    """One case's fault.

    Attributes:
        apply: puts it in, from any state in which no case is open.
        present: whether the state shows it now.
        said: what a person is told when it is in; the diagnosis is theirs to find.
    """

    apply: Callable[[Ingredients], None]
    present: Callable[[World], Verdict]
    said: str


class Ingredients:
    """The sandbox, as a fault is put into it."""

    def __init__(self, world: World, say: Callable[[str], None]) -> None:
        self.world, self.settings, self._say = world, world.settings, say
        self.folder = belongings.folder(world.settings)
        _lay_out(self.settings, self.folder)

    # Images ------------------------------------------------------------------------------------

    def note(self, *things: Thing) -> None:
        """Before anything of these is made: only what the ledger names is ever removed (`labs/ownership/ledger.py`)."""
        Ledger(self.settings).note(things, BY)

    def build(self, tag: str, context: str, arguments: dict[str, str] | None = None) -> None:
        """An image from one of the patients' folders."""
        self._build(self.folder / context, tag, "Dockerfile", arguments or {})

    def _build(self, context: Path, tag: str, recipe: str, arguments: dict[str, str]) -> None:
        self.note(Thing(IMAGE, tag))
        values = (word for name, value in arguments.items() for word in ("--build-arg", f"{name}={value}"))
        words = ("build", "--quiet", "--tag", tag, "--file", str(context / recipe), *values, str(context))
        docker(self.world, *words, refused=f"O Docker não construiu {tag}.", seconds=BUILD_SECONDS)
        if made := self.world.engine.image(tag):  # it may lose its name to another build
            Ledger(self.settings).saw(list(inventory.built(self.world, made.id)), BY)

    def docker(self, *words: str) -> None:
        """The docker client, with what its words create noted first."""
        self.note(*things_of(self.settings, [CommandLine.of(shlex.join(["docker", *words]))]))
        docker(self.world, *words)

    def patient(self, *names: str, version: str = "v1") -> None:
        """The small image `clinica:v1`, with further names."""
        self.build("clinica:v1", "paciente", {"VERSAO": version})
        for name in names:
            self.docker("tag", "clinica:v1", name)

    def derive(self, name: str, label: str) -> None:
        """An image from `clinica:v1` that no builder made, with one more label."""
        self.note(Thing(IMAGE, name))
        engine_api.derive(self.settings.engine_host, "clinica:v1", name, NOTHING, (f"LABEL {label}",))

    def web(self, tag: str, version: str = "clinica-1") -> None:
        """An image of widget-server without baked-in values."""
        self._say("Construindo o widget-server da clínica …")
        context = self.settings.work / "widget-server"
        self._build(context, tag, "exemplos/Dockerfile.v2", {"APP_VERSION": version})

    def run(self, *words: str) -> None:
        """Start a container in the background."""
        self.docker("run", "-d", *words)

    def push(self, reference: str) -> None:
        self.note(*things_of(self.settings, [CommandLine.of(f"docker push {reference}")]))
        self.world.engine.push(reference, lambda _: None)

    # Logins ------------------------------------------------------------------------------------

    @property
    def hub(self) -> str:
        """The learner's place on the Hub."""
        return self.settings.hub_place

    @property
    def ecr(self) -> str:
        return self.settings.ecr_registry

    def log_out(self, registry: str) -> None:
        forget_login(self.settings, registry)

    def log_in_to_hub(self) -> None:
        """As the learner's account.

        Raises:
            RegistryError: the account has no token here.
        """
        try:
            token = self.settings.hub_token_file.read_text("utf-8").strip()
        except OSError as error:
            raise RegistryError(
                "A sua conta no Docker Hub deste laboratório ainda não tem token.",
                str(error),
                'python3 -m labs.account "$HUB_USER"',
            ) from error
        self.world.engine.login(self.settings.hub_registry, self.settings.hub_user, token)

    def log_in_to_ecr(self) -> None:
        """With a token of the clinic's user."""
        token = self.world.cloud.call("ecr", "get-login-password", {}, belongings.PROFILE, self.settings.region)
        self.world.engine.login(self.ecr, "AWS", str(token))

    # AWS ---------------------------------------------------------------------------------------

    def user(self, *actions: str) -> str:
        """The IAM user of the clinic, with a policy and a key in a profile of its own; returns the key's id."""
        cloud = self.world.cloud
        self.note(Thing(USER, belongings.CLINIC_USER), Thing(KEY, belongings.CLINIC_USER))
        cloud.read("iam", "create_user", UserName=belongings.CLINIC_USER)
        self.policy(*(actions or (*READ, *WRITE, *MANAGE)))
        key = cloud.read("iam", "create_access_key", UserName=belongings.CLINIC_USER)["AccessKey"]
        self.profile(key["AccessKeyId"], key["SecretAccessKey"])
        return str(key["AccessKeyId"])

    def policy(self, *actions: str) -> None:
        document = json.dumps(policy(self.settings, actions))
        self.world.cloud.read(
            "iam", "put_user_policy", UserName=belongings.CLINIC_USER, PolicyName=POLICY_NAME, PolicyDocument=document
        )

    def profile(self, key: str, secret: str, region: str = "") -> None:
        credentials = {"aws_access_key_id": key, "aws_secret_access_key": secret}
        write_profile(
            self.settings,
            belongings.PROFILE,
            credentials,
            {"region": region or self.settings.region, "output": "json"},
        )

    def repository(self, mutability: str = "MUTABLE") -> None:
        """The ECR repository `clinica`."""
        self.note(Thing(ECR, "clinica"))
        self.world.cloud.read("ecr", "create_repository", repositoryName="clinica", imageTagMutability=mutability)

    def secret(self, name: str, text: str) -> None:
        write_atomic(self.settings.secrets / name, text)


def policy(settings: Settings, actions: tuple[str, ...]) -> dict[str, Any]:
    """An IAM policy: a token for the registry, and these actions on the clinic's repository."""
    repository = f"arn:aws:ecr:{settings.region}:{settings.account}:repository/clinica"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "Login", "Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
            {"Sid": "Repositorio", "Effect": "Allow", "Action": list(actions), "Resource": repository},
        ],
    }


def _lay_out(settings: Settings, folder: Path) -> None:
    """Copy the patients' files, with the lab's base image and the policy that allows a push."""
    try:
        recipe = (settings.work / "widget-server" / "exemplos" / "Dockerfile.v2").read_text("utf-8")
        base = BASE_LINE.search(recipe)
        shutil.copytree(FILES, folder, dirs_exist_ok=True)
        for path in folder.glob("*/Dockerfile*"):
            text = path.read_text("utf-8")
            path.write_text(BASE_LINE.sub(f"ARG BASE_IMAGE={base[1]}", text) if base else text, "utf-8")
        document = json.dumps(policy(settings, (*READ, *WRITE, *MANAGE)), indent=2)
        (folder / "politica-push.json").write_text(document + "\n", "utf-8")
    except OSError as error:
        raise StateError(
            "Não consegui preparar os arquivos da clínica.", f"{folder}: {error}", "python3 -m labs up"
        ) from error
