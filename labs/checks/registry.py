"""Checks of what the registries hold, proven by the chain of digests: engine ↔ manifest."""

from __future__ import annotations

from labs.base.errors import LabError
from labs.base.reference import familiar, parse, split_tag
from labs.base.text import plural, short
from labs.base.verdict import Verdict, failed, passed, unseen
from labs.checks import check, witness
from labs.checks.image import require, require_built
from labs.seams.engine import Image
from labs.seams.registry import Manifest
from labs.seams.world import World


def remote_manifest(world: World, ref: str) -> Manifest:
    """The manifest that a registry holds for this name, or an error that says it is missing."""
    name = parse(ref)
    found = world.registry(name.registry).manifest(name.repository, name.digest or name.tag)
    if found is None:
        raise LabError(f"O registry não tem {ref}.", "", f"docker push {ref}")
    return found


def knows_digest(image: Image, ref: str, manifest: Manifest) -> bool:
    """Whether the engine notes this manifest for the name's repository: it was pushed there, or pulled from there.
    containerd's store notes it for every name; there the registry's own answer is the witness.
    """
    repository = familiar(split_tag(ref)[0])
    noted = (digest.partition("@") for digest in image.digests)
    # An index of which the engine lacks a platform is pushed as this platform's manifest alone.
    return any(name == repository and digest in image.identity | {manifest.digest} for name, _, digest in noted)


@check
def pushed(world: World, ref: str, version: str = "") -> Verdict:
    """The registry holds this tag, with the digest that the engine has, and the same image behind it; with a `version`,
    it is widget-server's of that version.
    """
    manifest = remote_manifest(world, ref)
    image = require_built(world, ref, version)
    if not image.same_as(manifest.identity):
        return failed(f"O registry tem outra imagem em {ref}.", f"docker push {ref}")
    if not knows_digest(image, ref, manifest):
        return failed(f"O engine ainda não conhece o digest de {ref}.", f"docker push {ref}")
    held = f"{plural(len(manifest.layers), 'layer', 'layers')} no registry"
    return passed(
        f"{held}; o digest é igual no engine e no registry: {short(manifest.digest)}.", digest=manifest.digest
    )


@check
def pulled(world: World, ref: str) -> Verdict:
    """The engine has this name's image, with the digest that the registry gives."""
    image, manifest = require(world, ref), remote_manifest(world, ref)
    if not image.same_as(manifest.identity):
        return failed(f"A imagem local de {ref} não é a do registry.", f"docker pull {ref}")
    return passed(f"O digest local é o do registry: {short(manifest.digest)}.", digest=manifest.digest)


@check
def same_digest(world: World, refs: list[str]) -> Verdict:
    """Several remote names, one digest."""
    digests = {reference: remote_manifest(world, reference).digest for reference in refs}
    if len(set(digests.values())) > 1:
        return failed(
            "Os nomes têm digests diferentes nos registries.", "Dê o nome com docker tag e faça o push de novo."
        )
    digest = next(iter(digests.values()))
    return passed(f"{len(refs)} nomes remotos, um só digest: {short(digest)}.", digest=digest)


@check
def layers_reused(world: World, refs: list[str], new: int) -> Verdict:
    """The second image, which is the engine's under that name, brought only `new` layers to the registry."""
    first, second = (remote_manifest(world, reference) for reference in refs)
    known = {layer.digest for layer in first.layers}
    fresh = [layer for layer in second.layers if layer.digest not in known]
    if len(fresh) != new:
        return failed(
            f"{plural(len(fresh), 'layer é nova', 'layers são novas')}; era para ser {new}.",
            "Mude só um arquivo e construa de novo.",
        )
    return passed(
        f"{plural(len(second.layers) - new, 'layer reaproveitada', 'layers reaproveitadas')}, {new} viajou.",
        digest=second.digest,
    )


@check
def logged_in(world: World, registry: str) -> Verdict:
    """Docker keeps a login for this registry, and the registry accepts it now."""
    stored = world.engine.credentials(registry)
    if not stored:
        return failed(f"O Docker não tem login guardado para {registry}.", f"docker login {registry}")
    wanted, seam = {
        "hub": (world.settings.hub_user, world.hub),
        "ecr": ("AWS", world.ecr),
        "ecr-public": ("AWS", world.ecr_public),
    }[world.settings.registries[registry]]
    if stored[0] != wanted:
        return failed(
            f"O login guardado para {registry} é de {stored[0]}, e não de {wanted}.", f"docker login {registry}"
        )
    if not seam.accepts_login():
        return failed(f"O login guardado para {registry} não é mais aceito.", f"docker login {registry}")
    return passed(f"O login de {stored[0]} em {registry} é aceito.", user=stored[0])


@check
def logged_in_again(world: World, registry: str, repository: str) -> Verdict:
    """As `logged_in`, with a login by a token that was asked for after a push to the repository met an expired one."""
    verdict = logged_in(world, registry)
    if not verdict.passed or world.settings.live:
        return verdict
    events = witness.learners(world)
    expired = witness.last(events, "ecr", "refused", repository=repository, message="*expired*")
    if expired is None:
        return unseen("O token ainda não venceu neste laboratório.", "Deixe o token vencer antes (passo 9).")
    asked = [
        int(event["seq"])
        for event in events
        if event["reference"] == "ecr:GetAuthorizationToken" and event["seq"] > expired["seq"]
    ]
    if not asked or witness.last(events, "ecr", "login", after=asked[0]) is None:
        return unseen("Nenhum login com um token novo foi feito depois que o token venceu.", "Rode o comando do passo.")
    return verdict


@check
def logged_out(world: World, registry: str) -> Verdict:
    if world.engine.credentials(registry):
        return failed(f"O Docker ainda tem um login para {registry}.", f"docker logout {registry}")
    return passed(f"O Docker não tem login para {registry}.")


@check
def private(world: World, repository: str) -> Verdict:
    """The repository exists, and nobody without a login reads it."""
    if not world.hub_owner.tags(repository):
        return failed(f"O repositório {repository} ainda não tem imagens.", "Faça o push antes.")
    if world.hub_owner.public(repository):
        return failed(f"Qualquer pessoa ainda lê {repository}.", "Torne o repositório privado.")
    return passed(f"{repository} é privado: sem login o registry recusa.")


@check
def hub_account(world: World) -> Verdict:
    """The learner's Hub account exists and its access token is accepted."""
    user = world.settings.hub_user
    if not world.hub_owner.hub_account_works(user):
        return failed(f"A conta {user} não foi aceita.", f"python3 -m labs.account {user}")
    return passed(f"A conta {user} existe e o access token dela é aceito.", account=user)
