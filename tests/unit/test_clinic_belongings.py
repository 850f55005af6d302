"""What the clinic calls its own: names are not enough, the ledger must know the thing."""

from __future__ import annotations

from labs.base.settings import Settings
from labs.base.things import IMAGE, Thing
from labs.clinic import belongings
from labs.ownership import inventory
from labs.ownership.ledger import KIT, Ledger

from .fakes import FakeWorld, image


def test_only_what_the_ledger_names_is_the_clinics(world: FakeWorld, settings: Settings) -> None:
    base = image("0", "labs/python-base:3")
    ledger = Ledger(settings)
    ledger.list_before(ledger.place(IMAGE), [])
    ledger.saw([Thing(IMAGE, "", base.id)], KIT)
    ecr = f"{settings.ecr_registry}/clinica:v1"
    ledger.note([Thing(IMAGE, name) for name in ("clinica:v1", "clinica-web:v1", ecr)], "10-clinica-de-erros/caso")
    world.cloud.answers["ecr", "describe_repositories"] = {"repositories": []}
    world.cloud.answers["iam", "list_users"] = {"Users": []}
    world.cloud.answers["iam", "list_virtual_mfa_devices"] = {"VirtualMFADevices": []}
    ours = {inventory.CLINIC_LABEL: "arg"}
    version = {"org.opencontainers.image.version": "clinica-1"}
    world.engine.held += [
        base,
        image("a", "clinica:v1", "clinica:meu", labels=ours),
        image("b", "clinica-outra:v1", "minha/clinica:v1"),
        image("c", labels=ours, layers=(*base.layers, "sha256:1")),
        image("d", labels=ours, layers=("sha256:9",)),
        image("e", "clinica-web:v1", labels=version),
        image("f", "clinica-web:v0"),
        image("1", "widget-server:v2", ecr),
        image("2", labels={"org.opencontainers.image.version": "clinica-veterinaria-2.0"}),
    ]
    assert [item.name.removeprefix("imagem ") for item in belongings.items(world)] == [
        "clinica:v1",
        world.engine.held[3].id,
        "clinica-web:v1",
        ecr,
    ]
    assert "imagem clinica-web:v1" not in {item.name for item in belongings.items(world, belongings.WEB)}
    assert {"imagem clinica:meu", "imagem clinica-web:v0"} < {item.name for item in belongings.named(world)}
