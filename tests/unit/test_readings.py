"""What the pictures read, over fakes at the seams: it must be true, and leave no trace."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from labs.base.errors import CloudError, LabError, RegistryError
from labs.base.settings import BASE_IMAGE
from labs.notebook import readings
from labs.pictures import Credential
from labs.seams import ecr_token
from labs.seams.engine import Container, HistoryEntry, Image
from labs.seams.registry import HubRepository, Layer, Manifest

from .fakes import FakeAdmin, FakeRegistry, FakeWorld, digest, image

V1 = image("a", "widget-server:v1", "127.0.0.1:5001/aluno/w:v1", layers=(digest("1"), digest("2"), digest("3")))
V2 = image("b", "127.0.0.1:5001/aluno/w:v2", layers=(digest("1"), digest("2"), digest("4")))
OFFICIAL = image("c", layers=(digest("1"), digest("8")))
"""An image that stands in the Hub and not in the engine."""


def packed(held: Image, name: str = "c") -> Manifest:
    """The manifest of an image: a layer's blob has its digit doubled into another digest."""
    blobs = tuple(Layer(blob_of(layer), 5) for layer in held.layers)
    return Manifest(digest(name), "m", Layer(held.id, 10), blobs)


def blob_of(layer: str) -> str:
    return layer.replace("sha256:", "sha256:f")[:71]


class Hub(FakeRegistry):
    """The Hub as its owner sees it; counts the HEAD requests."""

    heads = 0

    def hub_repositories(self, namespace: str) -> tuple[HubRepository, ...]:
        if namespace != "aluno":
            raise RegistryError("O registry recusou.", "404 not found")
        names = dict.fromkeys(repository.partition("/")[2] for repository, _ in self.manifests)
        return tuple(HubRepository(name, True) for name in names)

    def has_blob(self, repository: str, digest: str) -> bool:
        self.heads += 1
        return super().has_blob(repository, digest)


@pytest.fixture
def hub(world: FakeWorld) -> Hub:
    made = Hub(
        "127.0.0.1:5001", {("aluno/w", "v1"): packed(V1)}, diffs={one.id: one.layers for one in (V1, V2, OFFICIAL)}
    )
    world.hub_owner = made
    world.engine.held += [V1, V2]
    world.engine.told += [HistoryEntry("", 9), HistoryEntry("RUN a", 5), HistoryEntry("COPY b", 3)]
    return made


def in_ecr(world: FakeWorld, name: str, held: Manifest, *tags: str) -> None:
    answers = world.cloud.answers
    body = {
        "config": {"digest": held.config.digest, "size": 10},
        "layers": [{"digest": one.digest, "size": one.size} for one in held.layers],
    }
    answers["ecr", "describe_repositories"] = {
        "repositories": [{"repositoryName": name, "imageTagMutability": "MUTABLE"}]
    }
    answers["ecr", "describe_images"] = {"imageDetails": [{"imageDigest": held.digest, "imageTags": list(tags)}]}
    stored = {"imageManifest": json.dumps(body), "imageId": {"imageDigest": held.digest}}
    answers["ecr", "batch_get_image"] = {"images": [stored]}


def test_the_hub_tells_which_layers_a_push_would_send(world: FakeWorld, hub: Hub) -> None:
    name = "127.0.0.1:5001/aluno/w:v2"
    fates = readings.push_fates(world, name, readings.stack(world, name))
    assert fates == {digest("1"): "there", digest("2"): "there", digest("4"): "travel"} and hub.heads > 0


def test_the_hub_takes_layers_from_another_repository(world: FakeWorld, hub: Hub) -> None:
    stack = readings.stack(world, "widget-server:v1")
    assert set(readings.push_fates(world, "127.0.0.1:5001/aluno/other:v1", stack).values()) == {"mount"}


def test_an_image_that_only_the_hub_has_counts_too(world: FakeWorld, hub: Hub) -> None:
    hub.manifests = {("aluno/official", "1.0"): packed(OFFICIAL)}
    fates = readings.push_fates(world, "127.0.0.1:5001/aluno/w:v1", readings.stack(world, "widget-server:v1"))
    assert fates == {digest("1"): "mount", digest("2"): "travel", digest("3"): "travel"}


def test_ecr_takes_nothing_from_another_repository(world: FakeWorld, hub: Hub) -> None:
    in_ecr(world, "w", packed(V1), "v1")
    stack = readings.stack(world, "widget-server:v1")
    available = [{"layerDigest": blob_of(digest("1"))}]
    world.cloud.answers["ecr", "batch_check_layer_availability"] = {"layers": available}
    fates = readings.push_fates(world, "127.0.0.1:5002/w:v1", stack)
    assert fates == {digest("1"): "there", digest("2"): "travel", digest("3"): "travel"}


def test_a_repository_that_does_not_exist_holds_no_layer(world: FakeWorld, hub: Hub) -> None:
    in_ecr(world, "w", packed(V1), "v1")
    stack = readings.stack(world, "widget-server:v1")
    assert set(readings.push_fates(world, "127.0.0.1:5002/none:v1", stack).values()) == {"travel"}


def test_ecr_is_never_asked_with_the_learners_login(world: FakeWorld, hub: Hub) -> None:
    """A request with an expired token is recorded as refused, and a step's check would take it for the learner's."""
    in_ecr(world, "w", packed(V1), "v1")

    class Forbidden(FakeRegistry):
        def __getattribute__(self, name: str) -> Any:
            raise AssertionError(f"ecr.{name}")

    world.ecr = Forbidden("127.0.0.1:5002")
    (repository,) = readings.ecr_repositories(world)
    assert [(tag.name, tag.config, len(tag.layers)) for tag in repository.tags] == [("v1", V1.id, 3)]
    assert readings.manifest(world, "127.0.0.1:5002/w:v1") is not None
    readings.push_fates(world, "127.0.0.1:5002/w:v1", readings.stack(world, "widget-server:v1"))
    readings.stations(world, "v1", ("homologacao",))


def test_a_missing_ecr_repository_is_no_error_and_a_refusal_is(world: FakeWorld) -> None:
    answers = world.cloud.answers
    answers["ecr", "batch_get_image"] = CloudError("x", "x", "", "RepositoryNotFoundException")
    assert readings.ecr_manifest(world, "w", "v1") is None
    answers["ecr", "batch_get_image"] = {"images": []}
    assert readings.ecr_manifest(world, "w", "v1") is None
    answers["ecr", "batch_get_image"] = CloudError("x", "x", "", "AccessDeniedException")
    with pytest.raises(CloudError):
        readings.ecr_manifest(world, "w", "v1")


def test_layers_know_their_base_and_where_else_they_are(world: FakeWorld, hub: Hub) -> None:
    world.engine.held.append(image("e", BASE_IMAGE, layers=(digest("1"),)))
    world.engine.held.append(image("d", "widget-server:x", layers=(digest("1"), digest("9"))))
    stack = readings.stack(world, "widget-server:v1", places=True)
    assert stack.base == (digest("1"),)
    assert stack.places[digest("1")] == ("Docker Hub: aluno/w:v1", "widget-server:x")
    assert stack.places[digest("3")] == ("Docker Hub: aluno/w:v1",)


def test_registries_that_are_down_do_not_hide_an_image(world: FakeWorld) -> None:
    class Down(FakeRegistry):
        def hub_repositories(self, namespace: str) -> tuple[HubRepository, ...]:
            raise RegistryError("O registry não responde.", "connection refused")

    world.hub_owner = Down("127.0.0.1:5001")
    world.engine.held.append(V1)
    assert readings.stack(world, "widget-server:v1", places=True).places == {}


@pytest.mark.parametrize("read", [readings.stack, readings.names])
def test_an_image_that_does_not_exist_is_said_to(read: Any, world: FakeWorld) -> None:
    with pytest.raises(LabError, match="ainda não existe"):
        read(world, "none:v1")
    with pytest.raises(LabError, match="ainda não existe"):
        readings.origin(world, "none:v1", ())


def test_each_name_is_compared_with_its_registry(world: FakeWorld, hub: Hub) -> None:
    image_id, found = readings.names(world, "widget-server:v1")
    assert image_id == V1.id
    assert [(one.name, one.remote, one.same) for one in found] == [
        ("widget-server:v1", "", False),
        ("127.0.0.1:5001/aluno/w:v1", "Docker Hub", True),
    ]
    hub.manifests["aluno/w", "v1"] = packed(V2)
    assert readings.names(world, "widget-server:v1")[1][1].same is False


def test_a_budget_is_read_back_with_spend_and_levels(world: FakeWorld) -> None:
    world.admin = FakeAdmin(offset=46800, now="2026-11-24T21:00:00.000000Z")
    answers = world.cloud.answers
    answers["budgets", "describe_budget"] = CloudError("x", "x", "", "NotFoundException")
    assert readings.budget(world, "b") is None
    spend = {"ActualSpend": {"Amount": "6.00", "Unit": "USD"}}
    answers["budgets", "describe_budget"] = {"Budget": {"BudgetLimit": {"Amount": "5"}, "CalculatedSpend": spend}}
    answers["budgets", "describe_notifications_for_budget"] = {
        "Notifications": [{"Threshold": 80.0}, {"Threshold": 50.0}]
    }
    found = readings.budget(world, "b")
    assert found and (found.limit, found.spent, found.levels, found.day) == (5, 6, (50, 80), 24)


def test_a_token_is_known_by_its_dates_alone(world: FakeWorld) -> None:
    world.admin = FakeAdmin(offset=46800, now="2026-11-24T21:00:00.000000Z")
    assert readings.token(world) is None
    secret = base64.b64encode(json.dumps({"payload": "abc", "expiration": 1_700_043_200}).encode()).decode()
    world.engine.logins["127.0.0.1:5002"] = ("AWS", secret)
    found = readings.token(world)
    assert found and found.issued == datetime.fromtimestamp(1_700_000_000, UTC)
    assert secret not in repr(found) and "abc" not in repr(found)
    assert readings.moved(world) == timedelta(hours=13)


def test_a_token_of_ecr_itself_tells_its_expiry() -> None:
    payload = {"payload": "x", "datakey": "y", "version": "2", "type": "DATA_KEY", "expiration": 1_700_043_200}
    token = base64.b64encode(json.dumps(payload).encode()).decode()
    assert ecr_token.issued(token) == datetime.fromtimestamp(1_700_000_000, UTC)


@pytest.mark.parametrize("text", ["", "x", "a.b", "é", "eyJ9.x", base64.b64encode(b"[1]").decode(), "MTIz", "." * 50])
def test_what_is_no_token_has_no_date(text: str) -> None:
    assert ecr_token.issued(text) is None


def test_a_credential_is_masked(world: FakeWorld) -> None:
    secret = {"aws_access_key_id": "AKIAABCDEFGHIJKLMNOP", "aws_secret_access_key": "never-shown"}
    world.cloud.profiles["default"] = secret
    found = readings.credential(world, "default", "user/x")
    assert (found.id, found.identity) == ("AKIA…MNOP", "user/x") and "never-shown" not in repr(found)
    assert readings.credential(world, "sso", "user/x") == Credential("sso")


def test_variables_are_told_by_origin_without_values(world: FakeWorld) -> None:
    held = image("a", "w:v2", environment={"PATH": "/bin", "LANG": "C", "APP": "1"})
    base = image("e", BASE_IMAGE, environment={"PATH": "/bin", "LANG": "C"})
    world.engine.held += [held, base]
    world.engine.told.append(HistoryEntry("/bin/sh -c #(nop)  ARG APP_VERSION=secret", 0))
    given = {**held.environment, "KEY_1": "hidden"}
    for name, image_id in (("homologacao", held.id), ("producao", digest("0"))):
        world.engine.running.append(Container("1", name, "w:v2", image_id, "running", None, (), given))
    origin = readings.origin(world, "w:v2", ("homologacao", "producao"))
    assert (origin.arguments, origin.kept, origin.given) == (("APP_VERSION",), ("APP",), {"homologacao": ("KEY_1",)})
    assert "hidden" not in repr(origin) and "secret" not in repr(origin)


def test_stations_follow_one_image(world: FakeWorld, hub: Hub) -> None:
    hub.manifests["aluno/widget-server", "v1"] = packed(V1)
    world.cloud.answers["ecr", "batch_get_image"] = {"images": []}
    world.engine.running += [
        Container("1", "homologacao", "w", V1.id, "running", None, (3001,)),
        Container("2", "producao", "w", V1.id, "exited", 1, (3002,)),
    ]
    found = readings.stations(world, "v1", ("homologacao", "producao"))
    assert [(one.place, bool(one.id)) for one in found] == [
        ("build", True),
        ("hub", True),
        ("ecr", False),
        ("homologacao", True),
        ("producao", False),
    ]


def test_all_budgets_are_read_with_whom_their_alerts_tell(world: FakeWorld) -> None:
    answers = world.cloud.answers
    cost = {"BudgetType": "COST", "BudgetLimit": {"Amount": "5"}}
    answers["budgets", "describe_budgets"] = {
        "Budgets": [
            {"BudgetName": "b", **cost},
            {"BudgetName": "a", **cost},
            {"BudgetName": "u", "BudgetType": "USAGE"},
        ]
    }
    answers["budgets", "describe_budget"] = {"Budget": cost}
    answers["budgets", "describe_notifications_for_budget"] = {"Notifications": [{"Threshold": 80.0}]}
    answers["budgets", "describe_subscribers_for_notification"] = {"Subscribers": [{"Address": "a@example.com"}]}
    found = readings.budgets(world)
    assert [one.budget.name for one in found] == ["a", "b"]
    assert found[0].budget.levels == (80.0,) and found[0].addresses == {80.0: ("a@example.com",)}
    answers["budgets", "describe_budgets"] = {}
    assert readings.budgets(world) == []


def test_the_root_users_state_is_read_from_the_accounts_summary(world: FakeWorld) -> None:
    summary = {"AccountAccessKeysPresent": 0, "AccountMFAEnabled": 1}
    world.cloud.answers["iam", "get_account_summary"] = {"SummaryMap": summary}
    assert readings.root(world) == (0, True)
