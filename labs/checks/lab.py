"""Checks of the lab itself: the engine answers, the sandbox is healthy, a registry refused."""

from __future__ import annotations

from labs.base.verdict import Verdict, failed, passed, unseen
from labs.checks import check, witness
from labs.checks.image import require
from labs.checks.registry import remote_manifest
from labs.course.progress import Progress
from labs.seams.world import World


@check
def engine_answers(world: World) -> Verdict:
    return passed(f"O Docker Engine responde: versão {world.engine.version()}.")


@check
def sandbox_healthy(world: World) -> Verdict:
    """Both registries and the AWS API answer real requests."""
    silent = [name for name, registry in (("Docker Hub", world.hub), ("ECR", world.ecr)) if not registry.answers()]
    if silent:
        return failed(f"Não responde: {', '.join(silent)}.", "python3 -m labs up")
    world.cloud.read("sts", "get_caller_identity", "console")
    return passed("Engine, Docker Hub, ECR e AWS respondem.", engine=world.engine.version())


@check
def refusal_witnessed(world: World, step: str) -> Verdict:
    """A run of this step was refused as it should be. Nobody watches the real registries, so only the button's own run,
    which reads the tool's words, is a witness.
    """
    record = Progress(world.settings).all().get(step)
    if record and record.passed:
        return passed(record.observed)
    return failed("Ao vivo, só o botão comprova uma recusa: ele lê a resposta.", "Aperte Executar neste passo.")


@check
def refused(
    world: World,
    service: str,
    repository: str = "*",
    code: str = "*",
    message: str = "",
    user: str = "*",
    subject: str = "*",
    changed: str = "",
) -> Verdict:
    """The registry or AWS refused such a request of the learner's: it is in what the gateway saw. All but `message`, of
    which a part is enough, are patterns (`fnmatch`); an empty `user` is one without a login. `changed` is a name
    under which the engine has another image than the registry: what was sent would have replaced it.
    """
    event = witness.find(
        world,
        service,
        "refused",
        repository=repository,
        code=code,
        user=user,
        subject=subject,
        message=f"*{message}*",
    )
    if event is None:
        who = "A AWS" if service == "aws" else "O registry"
        return unseen(
            f"{who} ainda não recusou esta requisição: ela não chegou lá.", "Rode o comando do passo e leia a resposta."
        )
    if changed and require(world, changed).same_as(remote_manifest(world, changed).identity):
        return unseen(f"O engine e o registry têm a mesma imagem em {changed}: nada ia ser trocado.", "")
    return passed(f"Recusado, como esperado. A recusa: {event['message'] or event['code']}", event=event["seq"])
