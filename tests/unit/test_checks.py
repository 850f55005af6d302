"""Each check passes on the state it describes and fails on states next to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from labs.base.errors import CatalogError, EngineUnavailable
from labs.base.verdict import Verdict
from labs.course.catalog import CheckSpec, Course, Lesson, Step
from labs.running.judge import check_names, judge
from labs.seams.engine import Container, HistoryEntry

from .fakes import FakeWorld, digest, image, manifest

HUB, ECR = "127.0.0.1:5001", "127.0.0.1:5002"


def run(world: FakeWorld, kind: str, **arguments: Any) -> Verdict:
    return judge(Step(id="s", title="s", command="c", hint="dica", check=CheckSpec(kind, arguments)), world)


def container(name: str, image_id: str = digest("a"), **changes: Any) -> Container:
    fields: dict[str, Any] = {"status": "running", "exit_code": None, "ports": (), **changes}
    return Container(id=name, name=name, image="x", image_id=image_id, **fields)


def test_a_check_that_does_not_exist_is_our_bug(world: FakeWorld) -> None:
    with pytest.raises(CatalogError):
        run(world, "nope")
    assert len(check_names()) > 25


@pytest.mark.parametrize(
    ("kind", "arguments", "told"),
    [
        ("image_exist", {"ref": "x:1"}, "nenhuma verificação tem esse nome"),
        ("image_exists", {"reff": "x:1"}, "campo"),
        ("image_exists", {}, "falta o campo `ref`"),
        ("image_exists", {"ref": "x:1", "tag": "v1"}, "campo desconhecido: `tag`"),
        ("image_exists", {"ref": 3}, "`ref`: esperado `str`, e veio `int`"),
        ("same_image", {"refs": "x:1"}, "`refs`: esperado `array`, e veio `str`"),
        ("budget", {"name": "x", "limit": "5", "thresholds": ["50"]}, "`thresholds[0]`: esperado `int`"),
        ("page_answers", {"port": "3000", "image": "x"}, "`port`: esperado `int`, e veio `str`"),
        ("course_proven", {"all": True}, "campo desconhecido: `all`"),
    ],
)
def test_what_does_not_fit_a_check_is_our_bug_and_never_a_verdict(
    world: FakeWorld, monkeypatch: pytest.MonkeyPatch, kind: str, arguments: dict[str, Any], told: str
) -> None:
    def asked(*_: object) -> None:
        raise AssertionError("the check ran")

    monkeypatch.setattr(world.engine, "image", asked)
    with pytest.raises(CatalogError) as caught:
        run(world, kind, **arguments)
    assert f"passo s, verificação {kind}: " in caught.value.observed and told in caught.value.observed
    assert "não é culpa sua" in caught.value.what


def test_a_check_that_asks_the_checks_of_other_steps_passes_our_bug_on(
    world: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = Step(id="w", title="w", command="c", check=CheckSpec("image_exists", {}))
    lesson = Lesson("00-a", "A", 1, "", (), (wrong,))
    monkeypatch.setattr("labs.course.target_words.course", lambda _: Course((lesson,)))
    with pytest.raises(CatalogError, match="catálogo"):
        run(world, "course_proven")


def test_what_an_outside_system_refuses_becomes_a_verdict(world: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(_: str) -> None:
        raise EngineUnavailable("O engine não responde.", "connection refused", "python3 -m labs up")

    monkeypatch.setattr(world.engine, "image", down)
    verdict = run(world, "image_exists", ref="x")
    assert not verdict.passed and verdict.hint == "python3 -m labs up" and "connection refused" in verdict.observed


def test_same_image(world: FakeWorld) -> None:
    world.engine.held += [image("a", "x:1", "x:2"), image("b", "x:3")]
    assert run(world, "same_image", refs=["x:1", "x:2"]).passed
    assert not run(world, "same_image", refs=["x:1", "x:3"]).passed
    assert not run(world, "same_image", refs=["x:1", "x:4"]).passed


def test_image_built_reads_the_labels(world: FakeWorld) -> None:
    labels = {"org.opencontainers.image.title": "widget-server", "org.opencontainers.image.version": "v1"}
    world.engine.held += [image("a", "x:1", labels=labels), image("b", "x:2")]
    assert run(world, "image_built", ref="x:1", version="v1").passed
    assert run(world, "image_built", ref="x:1").passed
    assert not run(world, "image_built", ref="x:1", version="v2").passed
    assert not run(world, "image_built", ref="x:2").passed


def test_image_env_tells_names_and_never_values(world: FakeWorld) -> None:
    world.engine.held.append(image("a", "x:1", environment={"KEY_1": "s3cret"}))
    assert run(world, "image_env", ref="x:1", present=["KEY_1"]).passed
    verdict = run(world, "image_env", ref="x:1", absent=["KEY_1"])
    assert not verdict.passed and "KEY_1" in verdict.observed and "s3cret" not in verdict.observed
    assert run(world, "image_env", ref="x:1", absent=["KEY_2"]).passed


def test_layers_differ(world: FakeWorld) -> None:
    world.engine.held += [image("a", "x:1", layers=("l1", "l2")), image("b", "x:2", layers=("l1", "l3"))]
    assert run(world, "layers_differ", refs=["x:1", "x:2"], new=1).passed
    assert not run(world, "layers_differ", refs=["x:1", "x:1"], new=1).passed


def test_build_arg_is_there_at_build_and_gone_at_run(world: FakeWorld) -> None:
    world.engine.told.append(HistoryEntry("|1 NOTE=oi /bin/sh -c true", 0))
    world.engine.held.append(image("a", "x:1"))
    assert run(world, "build_arg", ref="x:1", name="NOTE", value="oi").passed
    assert not run(world, "build_arg", ref="x:1", name="NOTE", value="outra").passed
    world.engine.held[0] = image("a", "x:1", environment={"NOTE": "oi"})
    assert not run(world, "build_arg", ref="x:1", name="NOTE", value="oi").passed
    assert run(world, "history_contains", ref="x:1", text="NOTE=oi").passed
    assert not run(world, "history_contains", ref="x:1", text="SENHA").passed


def test_untagged_image_and_name_removed(world: FakeWorld) -> None:
    world.engine.held.append(image("a", labels={"org.opencontainers.image.version": "x"}))
    assert run(world, "untagged_image", version="x").passed
    assert not run(world, "untagged_image", version="y").passed
    world.engine.held.append(image("b", "w:1"))
    assert run(world, "name_removed", removed="w:tmp", kept="w:1").passed
    assert not run(world, "name_removed", removed="w:1", kept="w:1").passed


def test_same_file(world: FakeWorld) -> None:
    folder = world.settings.work / "widget-server"
    (folder / "a").write_text("1")
    (folder / "b").write_text("1")
    assert run(world, "same_file", paths=["a", "b"]).passed
    (folder / "b").write_text("2")
    assert not run(world, "same_file", paths=["a", "b"]).passed
    assert not run(world, "same_file", paths=["a", "missing"]).passed


def test_pushed_proves_the_chain_of_digests(world: FakeWorld) -> None:
    ref = f"{HUB}/aluno/w:v1"
    world.engine.held.append(image("a", ref, digests=(f"{HUB}/aluno/w@{digest('d')}",)))
    assert not run(world, "pushed", ref=ref).passed, "not in the registry yet"
    world.hub.manifests["aluno/w", "v1"] = manifest("d", "a", "1")
    assert run(world, "pushed", ref=ref).evidence["digest"] == digest("d")
    world.hub.manifests["aluno/w", "v1"] = manifest("d", "b", "1")
    assert not run(world, "pushed", ref=ref).passed, "another image under that tag"
    world.hub.manifests["aluno/w", "v1"] = manifest("e", "a", "1")
    assert not run(world, "pushed", ref=ref).passed, "another manifest than the engine's"


def test_pulled_same_digest_and_layers_reused(world: FakeWorld) -> None:
    one, two = f"{HUB}/a/w:1", f"{HUB}/a/w:2"
    world.engine.held.append(image("a", one))
    world.hub.manifests |= {("a/w", "1"): manifest("d", "a", "1", "2"), ("a/w", "2"): manifest("e", "b", "1", "3")}
    assert run(world, "pulled", ref=one).passed
    assert not run(world, "pulled", ref=two).passed
    assert run(world, "same_digest", refs=[one, one]).passed
    assert not run(world, "same_digest", refs=[one, two]).passed
    assert run(world, "layers_reused", refs=[one, two], new=1).passed
    assert not run(world, "layers_reused", refs=[one, one], new=1).passed


def test_logins(world: FakeWorld) -> None:
    assert run(world, "logged_out", registry=HUB).passed
    assert not run(world, "logged_in", registry=HUB).passed
    world.engine.logins[HUB] = ("aluno", "t")
    assert run(world, "logged_in", registry=HUB).passed
    assert not run(world, "logged_out", registry=HUB).passed
    world.hub.login_ok = False
    assert not run(world, "logged_in", registry=HUB).passed, "a login that the registry no longer accepts"


def test_private(world: FakeWorld) -> None:
    assert not run(world, "private", repository="a/w").passed, "nothing there is not private"
    world.hub.manifests["a/w", "1"] = manifest("d", "a")
    assert run(world, "private", repository="a/w").passed
    world.hub.open_repositories.add("a/w")
    assert not run(world, "private", repository="a/w").passed


def test_refused_reads_what_the_gateway_saw(world: FakeWorld) -> None:
    event = {"seq": 1, "kind": "refused", "service": "hub", "repository": "a/w", "code": "DENIED", "message": "denied"}
    assert not run(world, "refused", service="hub", repository="a/w").passed
    world.admin.seen.append(event)
    assert run(world, "refused", service="hub", repository="a/w").passed
    assert run(world, "refused", service="hub", code="DENIED", message="den").passed
    assert not run(world, "refused", service="hub", repository="b/w").passed
    assert not run(world, "refused", service="ecr").passed
    assert not run(world, "refused", service="hub", code="OTHER").passed


def test_containers(world: FakeWorld) -> None:
    world.engine.running += [
        container("w", ports=(3000,)),
        container("dead", exit_code=2, status="exited", ports=(3001,)),
    ]
    assert not run(world, "containers_absent", names=["w"]).passed
    assert not run(world, "containers_absent", names=[], ports=[3000]).passed
    assert run(world, "containers_absent", names=["other"], ports=[3001]).passed
    world.engine.log = "falta KEY_1"
    assert run(world, "container_exited", name="dead", log="KEY_1").passed
    assert not run(world, "container_exited", name="dead", log="KEY_9").passed
    assert not run(world, "container_exited", name="nobody", log="KEY_1").passed
    assert not run(world, "page_answers", port=3009, image="x").passed


def test_environments_must_share_the_image_and_differ_in_value(world: FakeWorld) -> None:
    world.engine.running += [
        container("homologacao", environment={"APP_ENV": "a"}),
        container("producao", digest("b"), environment={"APP_ENV": "b"}),
    ]
    assert not run(world, "environments", names=["homologacao", "producao"]).passed
    world.engine.running[1] = container("producao", environment={"APP_ENV": "a"})
    assert "mesmo APP_ENV" in run(world, "environments", names=["homologacao", "producao"]).observed
    assert not run(world, "environments", names=["homologacao", "nada"]).passed


def test_ecr_image_compares_three_planes(world: FakeWorld) -> None:
    ref = f"{ECR}/w:v1"
    world.engine.held.append(image("a", ref))
    world.ecr.manifests["w", "v1"] = manifest("d", "a", "1", "2")
    described = {"imageDigest": digest("d"), "imageSizeInBytes": 20}
    world.cloud.answers["ecr", "describe_images"] = {"imageDetails": [described]}
    assert run(world, "ecr_image", ref=ref).passed
    described["imageSizeInBytes"] = 10
    assert "bytes" in run(world, "ecr_image", ref=ref).observed
    described |= {"imageSizeInBytes": 20, "imageDigest": digest("e")}
    assert not run(world, "ecr_image", ref=ref).passed


def test_budget(world: FakeWorld) -> None:
    world.cloud.answers["budgets", "describe_budget"] = {"Budget": {"BudgetLimit": {"Amount": "5.0"}}}
    world.cloud.answers["budgets", "describe_notifications_for_budget"] = {"Notifications": [{"Threshold": 50.0}]}
    assert run(world, "budget", name="b", limit="5", thresholds=[50]).passed
    assert not run(world, "budget", name="b", limit="6", thresholds=[50]).passed
    assert not run(world, "budget", name="b", limit="5", thresholds=[50, 80]).passed


def test_access_key(world: FakeWorld, tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    assert not run(world, "access_key", user="u", file=str(file)).passed
    file.write_text('{"AccessKey": {"AccessKeyId": "AKIAEXAMPLE12345"}}')
    file.chmod(0o644)
    world.cloud.answers["iam", "list_access_keys"] = {
        "AccessKeyMetadata": [{"AccessKeyId": "AKIAEXAMPLE12345", "Status": "Active"}]
    }
    assert not run(world, "access_key", user="u", file=str(file)).passed, "others can read it"
    file.chmod(0o600)
    verdict = run(world, "access_key", user="u", file=str(file))
    assert verdict.passed and "AKIAEXAMPLE12345" not in verdict.observed
    assert run(world, "only_active_keys", user="u", count=1).passed
    world.cloud.answers["iam", "list_access_keys"]["AccessKeyMetadata"][0]["Status"] = "Inactive"
    assert not run(world, "access_key", user="u", file=str(file)).passed
    assert not run(world, "only_active_keys", user="u", count=1).passed


def test_identity_profile_and_policy(world: FakeWorld) -> None:
    world.cloud.answers["sts", "get_caller_identity"] = {"Arn": "arn:aws:iam::1:user/widget-dev"}
    assert run(world, "identity", profile="default", arn="user/widget-dev").passed
    assert not run(world, "identity", profile="default", arn="user/other").passed
    world.cloud.profiles["default"] = {"aws_access_key_id": "A", "region": "us-east-2", "output": "json"}
    assert run(world, "profile", profile="default", region="us-east-2", output="json").passed
    assert not run(world, "profile", profile="default", region="us-east-1", output="json").passed
    assert not run(world, "profile", profile="other", region="us-east-2", output="json").passed
    statement = {"Action": ["ecr:PutImage"], "Resource": "*"}
    world.cloud.answers["iam", "get_user_policy"] = {"PolicyDocument": {"Statement": [statement]}}
    assert run(world, "user_policy", user="u", policy="p").passed
    statement["Action"] = "*"
    assert not run(world, "user_policy", user="u", policy="p").passed
