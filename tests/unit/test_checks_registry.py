"""Checks of what the registries hold: the chain of digests, logins, who may read."""

from __future__ import annotations

import pytest

from labs.base.marks import APP, TITLE_LABEL
from labs.checks.image import VERSION_LABEL

from .fakes import FakeWorld, digest, image, manifest
from .verdicts import run, told

HUB, ECR, PUBLIC = "127.0.0.1:5001", "127.0.0.1:5002", "127.0.0.1:5004"
REF = f"{HUB}/aluno/w:v1"


@pytest.mark.parametrize(
    ("remote", "config", "sentence"),
    [
        ("d", "a", "✓ 1 layer no registry; o digest é igual no engine e no registry: sha256:dddddddddddd."),
        ("", "", f"✗ O registry não tem {REF}."),
        ("d", "b", f"✗ O registry tem outra imagem em {REF}."),
        ("e", "a", f"✗ O engine ainda não conhece o digest de {REF}."),
    ],
)
def test_pushed_proves_the_chain_of_digests(world: FakeWorld, remote: str, config: str, sentence: str) -> None:
    world.engine.held.append(image("a", REF, digests=(f"{HUB}/aluno/w@{digest('d')}",)))
    if remote:
        world.hub.manifests["aluno/w", "v1"] = manifest(remote, config, "1")
    assert told(world, "pushed", ref=REF) == sentence
    assert run(world, "pushed", ref=REF).evidence == ({"digest": digest("d")} if sentence.startswith("✓") else {})


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        ({TITLE_LABEL: APP, VERSION_LABEL: "v1"}, "✓ 1 layer no registry"),
        ({TITLE_LABEL: APP, VERSION_LABEL: "v2"}, f"✗ {REF} tem a versão v2, e não v1."),
        ({}, f"✗ {REF} existe, mas não foi construída pelo Dockerfile do widget-server."),
    ],
)
def test_what_was_pushed_is_the_app(world: FakeWorld, labels: dict[str, str], sentence: str) -> None:
    world.engine.held.append(image("a", REF, digests=(f"{HUB}/aluno/w@{digest('d')}",), labels=labels))
    world.hub.manifests["aluno/w", "v1"] = manifest("d", "a", "1")
    assert told(world, "pushed", ref=REF, version="v1").startswith(sentence)


def test_an_image_that_was_never_pushed_has_no_digest(world: FakeWorld) -> None:
    world.engine.held.append(image("a", REF, digests=(f"{HUB}/aluno/other@{digest('d')}",)))
    world.hub.manifests["aluno/w", "v1"] = manifest("d", "a", "1")
    assert told(world, "pushed", ref=REF) == f"✗ O engine ainda não conhece o digest de {REF}."


@pytest.mark.parametrize(
    ("config", "ref", "sentence"),
    [
        ("a", REF, "✓ O digest local é o do registry: sha256:dddddddddddd."),
        ("b", REF, f"✗ A imagem local de {REF} não é a do registry."),
        ("a", f"{HUB}/aluno/w:v2", f"✗ A imagem {HUB}/aluno/w:v2 não existe no engine."),
    ],
)
def test_pulled(world: FakeWorld, config: str, ref: str, sentence: str) -> None:
    world.engine.held.append(image("a", REF))
    world.hub.manifests["aluno/w", "v1"] = manifest("d", config, "1")
    assert told(world, "pulled", ref=ref) == sentence


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        ("v1", "✓ 2 nomes remotos, um só digest: sha256:dddddddddddd."),
        ("v2", "✗ Os nomes têm digests diferentes nos registries."),
    ],
)
def test_same_digest(world: FakeWorld, other: str, sentence: str) -> None:
    for registry, repository in ((world.hub, "a/w"), (world.ecr, "w")):
        registry.manifests[repository, "v1"] = manifest("d", "a", "1")
        registry.manifests[repository, "v2"] = manifest("e", "b", "1")
    assert told(world, "same_digest", refs=[f"{HUB}/a/w:v1", f"{ECR}/w:{other}"]) == sentence


@pytest.mark.parametrize(
    ("second", "sentence"),
    [("2", "✓ 1 layer reaproveitada, 1 viajou."), ("1", "✗ 0 layers são novas; era para ser 1.")],
)
def test_layers_reused(world: FakeWorld, second: str, sentence: str) -> None:
    world.hub.manifests |= {("a/w", "1"): manifest("d", "a", "1", "2"), ("a/w", "2"): manifest("e", "b", "1", "3")}
    assert told(world, "layers_reused", refs=[f"{HUB}/a/w:1", f"{HUB}/a/w:{second}"], new=1) == sentence


@pytest.mark.parametrize(
    ("registry", "user", "accepted", "sentence"),
    [
        (HUB, "aluno", True, f"✓ O login de aluno em {HUB} é aceito."),
        (ECR, "AWS", True, f"✓ O login de AWS em {ECR} é aceito."),
        (HUB, "maria2026", True, f"✗ O login guardado para {HUB} é de maria2026, e não de aluno."),
        (ECR, "aluno", True, f"✗ O login guardado para {ECR} é de aluno, e não de AWS."),
        (HUB, "", True, f"✗ O Docker não tem login guardado para {HUB}."),
        (HUB, "aluno", False, f"✗ O login guardado para {HUB} não é mais aceito."),
        (ECR, "AWS", False, f"✗ O login guardado para {ECR} não é mais aceito."),
        (PUBLIC, "AWS", True, f"✓ O login de AWS em {PUBLIC} é aceito."),
        (PUBLIC, "AWS", False, f"✗ O login guardado para {PUBLIC} não é mais aceito."),
    ],
)
def test_logged_in(world: FakeWorld, registry: str, user: str, accepted: bool, sentence: str) -> None:
    if user:
        world.engine.logins[registry] = (user, "t")
    {HUB: world.hub, ECR: world.ecr, PUBLIC: world.ecr_public}[registry].login_ok = accepted
    assert told(world, "logged_in", registry=registry) == sentence


def test_a_login_after_the_token_expired(world: FakeWorld) -> None:
    blank = dict.fromkeys(("repository", "reference", "user", "subject", "code"), "")
    expired = {
        **blank,
        "seq": 1,
        "service": "ecr",
        "kind": "refused",
        "repository": "w",
        "message": "Your authorization token has expired.",
    }
    login = {**blank, "seq": 3, "service": "ecr", "kind": "login", "message": ""}
    token = {**login, "seq": 2, "service": "aws", "kind": "api", "reference": "ecr:GetAuthorizationToken"}
    asked = {"registry": ECR, "repository": "w"}
    assert told(world, "logged_in_again", **asked).startswith("✗ O Docker não tem login guardado")
    world.engine.logins[ECR] = ("AWS", "t")
    world.admin.seen += [{**token, "seq": -1}, {**login, "seq": 0}, {**expired, "repository": "clinica"}]
    assert told(world, "logged_in_again", **asked) == "✗ O token ainda não venceu neste laboratório."
    not_yet = "✗ Nenhum login com um token novo foi feito depois que o token venceu."
    world.admin.seen.append(expired)
    assert told(world, "logged_in_again", **asked) == not_yet
    world.admin.seen.append(login)
    assert told(world, "logged_in_again", **asked) == not_yet, "by the stored token, once more"
    world.admin.seen.insert(-1, token)
    world.admin.seen.append({**token, "seq": 4})  # looked at once more, afterwards
    assert told(world, "logged_in_again", **asked) == f"✓ O login de AWS em {ECR} é aceito."


@pytest.mark.parametrize(
    ("logins", "sentence"),
    [
        ({}, f"✓ O Docker não tem login para {HUB}."),
        ({ECR: ("AWS", "t")}, f"✓ O Docker não tem login para {HUB}."),
        ({HUB: ("aluno", "t")}, f"✗ O Docker ainda tem um login para {HUB}."),
    ],
)
def test_logged_out(world: FakeWorld, logins: dict[str, tuple[str, str]], sentence: str) -> None:
    world.engine.logins |= logins
    assert told(world, "logged_out", registry=HUB) == sentence


@pytest.mark.parametrize(
    ("held", "public", "sentence"),
    [
        (True, False, "✓ a/w é privado: sem login o registry recusa."),
        (False, False, "✗ O repositório a/w ainda não tem imagens."),
        (True, True, "✗ Qualquer pessoa ainda lê a/w."),
    ],
)
def test_private(world: FakeWorld, held: bool, public: bool, sentence: str) -> None:
    if held:
        world.hub.manifests["a/w", "1"] = manifest("d", "a")
    if public:
        world.hub.open_repositories.add("a/w")
    assert told(world, "private", repository="a/w") == sentence


@pytest.mark.parametrize(
    ("works", "sentence"),
    [(True, "✓ A conta aluno existe e o access token dela é aceito."), (False, "✗ A conta aluno não foi aceita.")],
)
def test_hub_account(world: FakeWorld, works: bool, sentence: str) -> None:
    world.hub_owner.account_ok = works
    assert told(world, "hub_account") == sentence
