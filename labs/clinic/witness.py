"""What faults and checks of the clinic both read: secrets and files in layers, and what a user may do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from labs.base import iam_policy
from labs.base.verdict import Verdict, failed, passed
from labs.checks.image import require
from labs.seams import image_layers
from labs.seams.world import World
from labs.secrecy.scan import Scan


def look_into(world: World, ref: str, tokens: Iterable[str] = ()) -> tuple[tuple[frozenset[str], ...], str]:
    """An image read once: the paths in each layer, oldest first, and what secrets stand in its layers or history, in
    words (empty for none).

    Raises:
        CommandError: the engine has no such image, or a layer cannot be read.
    """
    scan = Scan(world.settings, dict.fromkeys(tokens, "token"))
    layers = image_layers.paths(scan.image(ref))
    return layers, ", ".join(sorted({finding.secret for finding in scan.report.findings}))


def may(world: World, user: str, action: str, repository: str) -> bool:
    """Whether the user's policies allow an action on an ECR repository."""
    arn = f"arn:aws:ecr:{world.settings.region}:{world.settings.account}:repository/{repository}"
    return iam_policy.evaluate(policies_of(world, user), action, arn) == iam_policy.ALLOWED


def policies_of(world: World, user: str) -> list[dict[str, Any]]:
    """The documents of the user's own and attached policies (IAM API reference, GetUserPolicy, GetPolicyVersion)."""
    read = world.cloud.read
    documents = [
        read("iam", "get_user_policy", UserName=user, PolicyName=name)["PolicyDocument"]
        for name in read("iam", "list_user_policies", UserName=user)["PolicyNames"]
    ]
    for attached in read("iam", "list_attached_user_policies", UserName=user)["AttachedPolicies"]:
        arn = attached["PolicyArn"]
        version = read("iam", "get_policy", PolicyArn=arn)["Policy"]["DefaultVersionId"]
        found = read("iam", "get_policy_version", PolicyArn=arn, VersionId=version)
        documents.append(found["PolicyVersion"]["Document"])
    return documents


def file_in_layers(world: World, ref: str, path: str, must_hide: bool = False) -> Verdict:
    """A layer has the file; the sentence says whether a container still sees it, which it may not with `must_hide`."""
    folder, _, name = path.rpartition("/")
    require(world, ref)
    found = image_layers.files(world, ref)
    holding = [number for number, layer in enumerate(found, start=1) if path in layer]
    if not holding:
        return failed(f"Nenhuma layer de {ref} tem {path}.", f"docker history --no-trunc {ref}")
    hidden = any(f"{folder}/.wh.{name}" in layer for layer in found[holding[-1] :])
    if must_hide and not hidden:
        return failed(f"Nenhuma layer de {ref} apaga {path}: ele só foi copiado.", f"docker history --no-trunc {ref}")
    seen = "o container já não vê o arquivo, mas quem tem a imagem o lê" if hidden else "quem tem a imagem o lê"
    return passed(f"{path} está na layer {holding[-1]} de {len(found)} de {ref}: {seen}.")
