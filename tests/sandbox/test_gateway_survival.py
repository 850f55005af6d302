"""What survives `kill -9` at any moment, a dead registry, a cut-off journal, a full disk; and what `reset` leaves."""

from __future__ import annotations

import os
import resource
import signal
import stat
import subprocess
import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError

from labs.base.errors import SandboxError

from .gateway_kit import MANIFEST, Lab, digest_of, image_of, poll
from .gateway_kit import gateway as gateway
from .gateway_kit import registry_program as registry_program

ALUNO = ("aluno", "token-aluno")
ACCOUNT = "123456789012"


def picture(lab: Lab) -> dict[str, Any]:
    """All that a learner could ask about."""
    iam, ecr, budgets = (lab.cloud.client(name, "console") for name in ("iam", "ecr", "budgets"))
    users = iam.list_users()["Users"]
    repositories = ecr.describe_repositories()["repositories"]
    images = {one["repositoryName"]: describe(ecr, one["repositoryName"]) for one in repositories}
    return {
        "users": users,
        "keys": [iam.list_access_keys(UserName=user["UserName"])["AccessKeyMetadata"] for user in users],
        "policies": [iam.list_user_policies(UserName=user["UserName"])["PolicyNames"] for user in users],
        "repositories": repositories,
        "images": images,
        "budgets": budgets.describe_budgets(AccountId=ACCOUNT).get("Budgets", []),
        "hub": lab.http.get(f"{lab.hub}/api/v2/repositories/aluno/?page_size=100", auth=ALUNO).json()["results"],
        "clock": lab.admin.clock()["offset_seconds"],
    }


def describe(ecr: Any, name: str) -> list[dict[str, Any]]:
    images = ecr.describe_images(repositoryName=name)["imageDetails"]
    return sorted(images, key=lambda image: image["imageDigest"])


def furnish(lab: Lab) -> tuple[str, str]:
    """Something of everything; returns an ECR login and the secret of a user."""
    ecr = lab.cloud.client("ecr", "console")
    ecr.create_repository(repositoryName="app", imageTagMutability="IMMUTABLE")
    ecr.create_repository(repositoryName="velho")
    ecr.delete_repository(repositoryName="velho")
    auth = lab.password()
    for tag in ("v1", "v2"):
        assert lab.push(lab.ecr, "app", tag, os.urandom(100), auth=auth).status_code == 201
    secret = lab.user("maria", ["ecr:*"])["aws_secret_access_key"]
    lab.cloud.client("sts", "maria").get_caller_identity()
    headers = lab.bearer("aluno/app", ALUNO)
    assert lab.push(lab.hub, "aluno/app", "v1", os.urandom(100), headers=headers).status_code == 201
    url = f"{lab.hub}/api/v2/repositories/aluno/app/privacy/"
    lab.http.post(url, json={"is_private": True}, auth=ALUNO).raise_for_status()
    budget = {"BudgetName": "b", "BudgetLimit": {"Amount": "5", "Unit": "USD"}, "TimeUnit": "MONTHLY"}
    lab.cloud.client("budgets", "console").create_budget(AccountId=ACCOUNT, Budget={**budget, "BudgetType": "COST"})
    lab.admin.spend("2.00")
    lab.admin.set_clock(3600)
    return auth[1], secret


def test_killed_and_replayed_it_is_the_same(gateway: Lab) -> None:
    password, secret = furnish(gateway)
    before, events = picture(gateway), gateway.admin.events()
    for number in (signal.SIGKILL, signal.SIGTERM):
        code = gateway.end("gateway", number)
        assert code == (0 if number == signal.SIGTERM else -signal.SIGKILL)
        gateway.start_gateway()
        assert picture(gateway) == before
        gateway.cloud.client("sts", "maria").get_caller_identity()
        assert gateway.http.get(f"{gateway.ecr}/v2/app/tags/list", auth=("AWS", password)).json()["tags"] == [
            "v1",
            "v2",
        ]
    assert gateway.admin.events()[: len(events)] == events
    assert secret not in (gateway.settings.sandbox / "gateway" / "journal.jsonl").read_text()
    gateway.admin.set_clock(0)


def test_killed_while_pushing_nothing_acknowledged_is_lost(gateway: Lab) -> None:
    gateway.cloud.client("ecr", "console").create_repository(repositoryName="corrida")
    auth, acknowledged = gateway.password(), []
    enough = threading.Event()

    def push_on() -> None:
        for number in range(10_000):
            data = os.urandom(200)
            try:
                reply = gateway.push(gateway.ecr, "corrida", f"v{number}", data, auth=auth)
            except OSError:
                return
            if reply.status_code == 201:
                acknowledged.append((f"v{number}", digest_of(image_of(data))))
                if len(acknowledged) == 10:
                    enough.set()

    thread = threading.Thread(target=push_on)
    thread.start()
    assert enough.wait(20)
    gateway.end()
    thread.join(20)
    gateway.start_gateway()
    shown = gateway.cloud.client("ecr", "console").describe_images(repositoryName="corrida")["imageDetails"]
    tags = {tag: image["imageDigest"] for image in shown for tag in image.get("imageTags", ())}
    assert dict(acknowledged).items() <= tags.items()
    for tag, digest in tags.items():
        got = gateway.http.get(f"{gateway.ecr}/v2/corrida/manifests/{tag}", auth=auth)
        assert digest_of(got.content) == digest


def test_what_vanished_from_the_store_vanishes_from_the_api(gateway: Lab) -> None:
    gateway.cloud.client("ecr", "console").create_repository(repositoryName="sumida")
    auth, data = gateway.password(), os.urandom(100)
    gateway.push(gateway.ecr, "sumida", "v1", data, auth=auth)
    gateway.end()
    socket = f"--unix-socket {gateway.settings.run / 'ecr.sock'}"
    digest = digest_of(image_of(data))
    command = f"curl -fsS {socket} -X DELETE http://registry/v2/sumida/manifests/{digest}"
    subprocess.run(command.split(), check=True, timeout=20)
    gateway.start_gateway()
    ecr = gateway.cloud.client("ecr", "console")
    assert ecr.describe_images(repositoryName="sumida")["imageDetails"] == []


def test_what_only_the_hubs_store_knows_is_found_again(gateway: Lab) -> None:
    """A class's image brings the store without the memory; a memory that is lost is the same."""
    headers = gateway.bearer("aluno/achada", ALUNO)
    assert gateway.push(gateway.hub, "aluno/achada", "v1", os.urandom(100), headers=headers).status_code == 201
    gateway.end()
    journal = gateway.settings.sandbox / "gateway" / "journal.jsonl"
    kept = journal.rename(journal.with_suffix(".kept"))
    try:
        gateway.start_gateway()
        url = f"{gateway.hub}/api/v2/repositories/aluno/?page_size=100"
        assert "achada" in [one["name"] for one in gateway.http.get(url).json()["results"]]
    finally:
        gateway.end()
        kept.replace(journal)
        gateway.start_gateway()


def test_a_line_cut_off_by_a_power_loss_is_dropped(gateway: Lab) -> None:
    before = picture(gateway)
    gateway.end()
    journal = gateway.settings.sandbox / "gateway" / "journal.jsonl"
    with journal.open("ab") as file:
        file.write(b'{"kind":"aws","time":17')
    gateway.start_gateway()
    assert picture(gateway) == before
    gateway.user("depois")
    gateway.end()
    gateway.start_gateway()
    assert "depois" in [user["UserName"] for user in picture(gateway)["users"]]


def test_a_full_disk_refuses_and_changes_nothing(gateway: Lab) -> None:
    before = picture(gateway)
    journal = gateway.settings.sandbox / "gateway" / "journal.jsonl"
    size = journal.stat().st_size
    # Linux: prlimit(2) of another process. A file that may not grow behaves as a full disk does.
    resource.prlimit(gateway.pid(), resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    try:
        with pytest.raises(ClientError) as error:
            gateway.cloud.client("iam", "console").create_user(UserName="semdisco")
        assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
        with pytest.raises(SandboxError, match="gravar no disco"):
            gateway.admin.spend("9")
    finally:
        resource.prlimit(gateway.pid(), resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert picture(gateway) == before
    assert journal.stat().st_size == size


def test_a_dead_registry_is_told_and_comes_back(gateway: Lab) -> None:
    def headers() -> dict[str, str]:
        return {"Accept": MANIFEST, **gateway.bearer("aluno/app", ALUNO)}

    url = f"{gateway.hub}/v2/aluno/app/manifests/v1"
    if gateway.http.get(url, headers=headers()).status_code != 200:
        gateway.push(gateway.hub, "aluno/app", "v1", b"x", headers=gateway.bearer("aluno/app", ALUNO))
    gateway.end("hub")
    assert gateway.http.get(url, headers=headers()).status_code == 503
    assert not gateway.admin.health()
    gateway.start_registry("hub")
    gateway.healthy()
    assert gateway.http.get(url, headers=headers()).status_code == 200


def test_it_starts_before_its_registries(gateway: Lab) -> None:
    gateway.end()
    gateway.end("ecr")
    gateway.start_gateway(wait=False)
    poll("the admin socket", gateway.settings.admin_socket.exists)
    assert not gateway.admin.health()
    gateway.start_registry("ecr")
    gateway.healthy()


def test_reset_is_the_first_day(gateway: Lab) -> None:
    gateway.cloud.client("ecr", "console").create_repository(repositoryName="fim")
    auth, data = gateway.password(), os.urandom(100)
    assert gateway.push(gateway.ecr, "fim", "v1", data, auth=auth).status_code == 201
    gateway.admin.reset()
    assert gateway.admin.events() == []
    gateway.admin.hub_account("aluno", "token-aluno")
    after = picture(gateway)
    assert not any(after[name] for name in ("users", "repositories", "images", "budgets", "hub", "clock"))
    gateway.cloud.client("ecr", "console").create_repository(repositoryName="fim")
    url = f"{gateway.ecr}/v2/fim"
    assert gateway.http.head(f"{url}/manifests/{digest_of(image_of(data))}", auth=gateway.password()).status_code == 404
    gateway.end()
    gateway.start_gateway()
    assert gateway.cloud.client("ecr", "console").describe_images(repositoryName="fim")["imageDetails"] == []


def test_its_files_are_its_own(gateway: Lab) -> None:
    folder = gateway.settings.sandbox / "gateway"
    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode) for path in [*folder.iterdir(), gateway.settings.admin_socket]
    }
    assert modes["admin.sock"] == 0o600
    assert all(mode & 0o077 == 0 for mode in modes.values()), modes


def test_it_is_small_and_streams(gateway: Lab) -> None:
    """A blob of 60 MB passes without staying in memory."""

    def resident() -> int:
        with open(f"/proc/{gateway.pid()}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

    before = resident()
    data = os.urandom(60_000_000)
    headers = gateway.bearer("aluno/grande", ALUNO)
    assert gateway.push(gateway.hub, "aluno/grande", "v1", data, headers=headers).status_code == 201
    assert gateway.http.get(f"{gateway.hub}/v2/aluno/grande/blobs/{digest_of(data)}", headers=headers).content == data
    assert resident() - before < 20_000
    assert resident() < 120_000
