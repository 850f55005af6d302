"""Checks of the AWS account: identity, keys, budgets, ECR."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from labs.base.errors import CloudError
from labs.base.iam_policy import ALLOWED, evaluate, listed
from labs.base.marks import APP
from labs.base.reference import parse
from labs.base.settings import CLONE
from labs.base.text import decimal, dollars, plural, short
from labs.base.text import size as shown_size
from labs.base.verdict import Verdict, failed, passed, unseen
from labs.checks import check, witness
from labs.checks.image import require, require_built
from labs.checks.registry import remote_manifest
from labs.seams.world import World


@check
def identity(world: World, profile: str, arn: str) -> Verdict:
    """The credentials of a profile are accepted, and belong to this identity."""
    found = world.cloud.read("sts", "get_caller_identity", profile)["Arn"]
    if arn not in found:
        return failed(f"Com o perfil {profile}, você é {found}.", "aws configure")
    return passed(f"Com o perfil {profile}, você é {found}.", arn=found)


@check
def profile(world: World, profile: str, region: str, output: str, file: str) -> Verdict:
    """A profile of the lab's own files has the key that stands in a file, a region and an output format."""
    stored = world.cloud.profile(profile)
    wrong = [name for name, value in (("region", region), ("output", output)) if stored.get(name) != value]
    if why := _other_key(stored, profile, Path(file)):
        return failed(why, "aws configure")
    if wrong:
        return failed(f"No perfil {profile} confira: {', '.join(wrong)}.", "aws configure")
    return passed(f"O perfil {profile} tem access key, região {region} e saída {output}.")


def _other_key(stored: Mapping[str, str], profile: str, file: Path) -> str:
    """Why a profile's key pair is not the one in the file; empty where it is. No value is shown."""
    mine, secret = stored.get("aws_access_key_id", ""), stored.get("aws_secret_access_key", "")
    if not mine:
        return f"O perfil {profile} não tem access key."
    key = kept_key(file)
    if key is None:
        return f"{file.name} ainda não guarda uma access key."
    if (mine, secret) == (key["SecretAccessKey"], key["AccessKeyId"]):
        return f"No perfil {profile} os dois valores estão trocados: o id está no lugar da secret."
    if mine != key["AccessKeyId"]:
        return f"A access key do perfil {profile} não é a que está em {file.name}."
    if secret != key["SecretAccessKey"]:
        return f"A secret do perfil {profile} não é a que está em {file.name}."
    return ""


def kept_key(file: Path) -> dict[str, str] | None:
    """The key pair that `create-access-key` answered into a file; None where there is none."""
    try:
        answer = json.loads(file.read_text("utf-8"))
        key = answer.get("AccessKey", answer)  # with `--query AccessKey` too
        return {name: str(key[name]) for name in ("AccessKeyId", "SecretAccessKey")}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


@check
def root_without_keys(world: World) -> Verdict:
    """The account's root user has no access key (IAM API reference, GetAccountSummary)."""
    count = world.cloud.read("iam", "get_account_summary")["SummaryMap"]["AccountAccessKeysPresent"]
    if count:
        return failed(
            "O usuário root tem access keys: apague-as.",
            "No console, como root: Credenciais de segurança → Chaves de acesso.",
        )
    return passed("O usuário root não tem nenhuma access key.")


@check
def iam_user(world: World, user: str) -> Verdict:
    found = world.cloud.read("iam", "get_user", UserName=user)["User"]["Arn"]
    return passed(f"O usuário existe: {found}.", arn=found)


PUSHES = (
    *("ecr:BatchCheckLayerAvailability", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart"),
    *("ecr:CompleteLayerUpload", "ecr:PutImage"),
)
"""What a push asks for (ECR user guide, "Required IAM permissions for pushing an image")."""
TOKEN = "ecr:GetAuthorizationToken"
BEYOND = ("ecr:DeleteRepository", "ecr:BatchDeleteImage", "ecr:SetRepositoryPolicy")


@check
def user_policy(world: World, user: str, policy: str, repository: str) -> Verdict:
    """The user has the inline policy: with it a push to the repository works, and not much beyond it."""
    document = world.cloud.read("iam", "get_user_policy", UserName=user, PolicyName=policy)["PolicyDocument"]
    statements = listed(document.get("Statement"))
    for statement in statements:
        wide = [action for action in listed(statement.get("Action")) if "*" in action or "?" in action]
        if statement.get("Effect") != "Deny" and (wide or "NotAction" in statement):
            what = ", ".join(wide) or "NotAction"
            return failed(
                f"A política permite ações demais: {what}.", "Liste uma a uma só as ações que o push e o pull usam."
            )
        others = [action for action in listed(statement.get("Action")) if not action.lower().startswith("ecr:")]
        if statement.get("Effect") != "Deny" and others:
            return failed(f"A política permite mais do que o ECR: {', '.join(others)}.", "cat aws/ecr-policy.json")
    everywhere = f"arn:aws:ecr:{world.settings.region}:{world.settings.account}:repository/"
    arn = everywhere + repository
    missing = [action for action in PUSHES if evaluate([document], action, arn) != ALLOWED]
    if evaluate([document], TOKEN, "*") != ALLOWED:
        missing.append(TOKEN)
    if missing:
        return failed(
            f"Com a política {policy} o push não passa: falta {', '.join(missing)}.", "cat aws/ecr-policy.json"
        )
    if beyond := [action for action in BEYOND if evaluate([document], action, arn) == ALLOWED]:
        return failed(f"A política permite ações demais: {', '.join(beyond)}.", "cat aws/ecr-policy.json")
    if evaluate([document], "ecr:PutImage", f"{everywhere}outro-repositorio") == ALLOWED:
        return failed("A política permite o push em qualquer repositório da conta.", "Limite o Resource dos envios.")
    return passed(f"{user} tem a política {policy}: {len(statements)} declarações, nenhuma com “*” nas ações.")


@check
def attached_policy(world: World, user: str, policy: str) -> Verdict:
    """The user has this managed policy, no other permission, and no access key."""
    read = world.cloud.read
    found = read("iam", "list_attached_user_policies", UserName=user)["AttachedPolicies"]
    attached = [one["PolicyName"] for one in found]
    if f"arn:aws:iam::aws:policy/{policy}" not in [one["PolicyArn"] for one in found]:
        return failed(f"{user} não tem a política {policy}.", f"Anexe arn:aws:iam::aws:policy/{policy} ao usuário.")
    others = [name for name in attached if name != policy]
    others += read("iam", "list_user_policies", UserName=user)["PolicyNames"]
    others += [one["GroupName"] for one in read("iam", "list_groups_for_user", UserName=user)["Groups"]]
    if others:
        return failed(f"{user} pode mais do que ler: {', '.join(others)}.", "Deixe só a política de leitura.")
    if key_statuses(world, user):
        return failed(f"{user} tem access key, e a tarefa pede um usuário sem chave.", "Apague a access key.")
    return passed(f"{user} tem a política {policy}, e nada mais.")


@check
def access_key(world: World, user: str, file: str) -> Verdict:
    """The file holds a key that is active for this user, and nobody else can read the file."""
    path = Path(file)
    kept = kept_key(path)
    if kept is None:
        return failed(f"{path.name} ainda não guarda uma access key.", "Crie a chave e guarde a resposta no arquivo.")
    key = kept["AccessKeyId"]
    if path.stat().st_mode & 0o077:
        return failed(f"Outras pessoas conseguem ler {path.name}.", f"chmod 600 '{path}'")
    if key_statuses(world, user).get(key) != "Active":
        return failed("A access key do arquivo não está ativa.", "Crie uma access key nova.")
    return passed(f"{user} tem a access key {masked(key)} ativa, guardada em arquivo só seu.", key=masked(key))


@check
def key_deactivated(world: World, user: str) -> Verdict:
    """A key of the user's was deactivated."""
    if world.settings.live:
        statuses = key_statuses(world, user)
        old = {key: 0 for key, status in statuses.items() if status == "Inactive"}
    else:
        old = witness.deactivated(world, user)
    if not old:
        return unseen(f"Nenhuma access key de {user} foi desativada ainda.", "Rode o comando do passo.")
    return passed(f"Foi desativada: {_masked(old)}.", key=_masked(old), event=max(old.values()))


@check
def key_refused(world: World, user: str) -> Verdict:
    """AWS refused a request signed with a key of the user's that had been deactivated."""
    old = witness.deactivated(world, user)
    for event in reversed(witness.learners(world)):
        if (event["kind"], event["code"]) == ("refused", "InvalidClientTokenId") and event.get("key") in old:
            key = masked(event["key"])
            return passed(f"A chave {key}, desativada, foi recusada: {event['message']}", key=key, event=event["seq"])
    return unseen("A AWS ainda não recusou uma requisição com a chave desativada.", "aws sts get-caller-identity")


@check
def new_key(world: World, user: str, file: str) -> Verdict:
    """The file holds an active key of the user's, made in place of one that was deactivated."""
    verdict = access_key(world, user, file)
    if not verdict.passed or world.settings.live:
        return verdict
    return _in_place_of_another(world, user, (kept_key(Path(file)) or {}).get("AccessKeyId", ""))


@check
def new_key_configured(world: World, profile: str, user: str) -> Verdict:
    """The profile uses a key made in place of one that was deactivated, and AWS says whose it is."""
    key = world.cloud.profile(profile).get("aws_access_key_id", "")
    if key_statuses(world, user).get(key) != "Active":
        return failed(f"O perfil {profile} não usa uma access key ativa de {user}.", "aws configure")
    verdict = passed("") if world.settings.live else _in_place_of_another(world, user, key)
    return identity(world, profile, f"user/{user}") if verdict.passed else verdict


def _in_place_of_another(world: World, user: str, key: str) -> Verdict:
    old = witness.deactivated(world, user).keys() - {key}
    if not old:
        return unseen(
            "Nenhuma access key foi desativada ainda: esta é a primeira, e não a nova.",
            "Desative antes a chave que se perdeu (passo 8).",
        )
    return passed(f"Antes a chave era {_masked(old)}, desativada; agora é {masked(key)}, ativa.", key=masked(key))


def _masked(keys: Iterable[str]) -> str:
    return ", ".join(sorted(map(masked, keys)))


@check
def old_key_deleted(world: World, user: str, count: int) -> Verdict:
    """Of the user's keys one that had been deactivated was deleted, and these are left, active."""
    verdict = only_active_keys(world, user, count)
    if not verdict.passed or world.settings.live:
        return verdict
    gone = witness.deleted(world, user).keys() & witness.deactivated(world, user).keys()
    if not gone:
        return unseen(f"Nenhuma access key desativada de {user} foi apagada ainda.", "Rode o comando do passo.")
    return passed(f"{verdict.observed} Apagada: {_masked(gone)}.", key=_masked(gone))


@check
def key_status(world: World, profile: str, status: str, user: str) -> Verdict:
    """The profile's access key is the user's and has this status; an active one is accepted, too."""
    key = world.cloud.profile(profile).get("aws_access_key_id", "")
    found = key_statuses(world, user).get(key)
    if found is None:
        return failed(f"A access key do perfil não é do usuário {user}.", "aws configure")
    if found != status:
        return failed(
            f"A access key {masked(key)} está {IN_WORDS[found]}.", "Mude o status dela com update-access-key."
        )
    if status == "Active" and not (verdict := identity(world, profile, f"user/{user}")).passed:
        return verdict
    return passed(f"A access key {masked(key)} está {IN_WORDS[status]}.")


@check
def key_used(world: World, profile: str) -> Verdict:
    """The profile's access key was used, and AWS says when."""
    key = world.cloud.profile(profile).get("aws_access_key_id", "")
    used = world.cloud.read("iam", "get_access_key_last_used", AccessKeyId=key)["AccessKeyLastUsed"]
    if "LastUsedDate" not in used:
        return failed(f"A access key {masked(key)} nunca foi usada.", "aws sts get-caller-identity")
    return passed(f"Último uso de {masked(key)}: serviço {used['ServiceName']}, região {used['Region']}.")


def only_active_keys(world: World, user: str, count: int) -> Verdict:
    """The user has exactly this many keys, all active."""
    statuses = list(key_statuses(world, user).values())
    if statuses != ["Active"] * count:
        found = f"{plural(len(statuses), 'access key', 'access keys')}: {', '.join(IN_WORDS[one] for one in statuses)}"
        return failed(f"{user} tem {found}.", "Apague a que está inativa.")
    return passed(f"{user} tem {count} access key, ativa; a antiga foi apagada.")


MONTHLY_COST = {"TimeUnit": "MONTHLY", "BudgetType": "COST"}
ACTUAL_PERCENT = {
    "NotificationType": "ACTUAL",
    "ComparisonOperator": "GREATER_THAN",
    "ThresholdType": "PERCENTAGE",
}
"""What each alert of a budget of the course is (AWS Budgets API reference, Notification)."""


@check
def budgets_told(world: World) -> Verdict:
    """AWS says which budgets the account has, be it none; that the learner asked is for `seen` to tell."""
    found = world.cloud.read("budgets", "describe_budgets", AccountId=world.settings.account).get("Budgets", [])
    names = ", ".join(sorted(one["BudgetName"] for one in found))
    if not names:
        return passed("A conta não tem nenhum budget: nada avisa quando o gasto cresce.")
    return passed(f"A conta tem {plural(len(found), 'budget', 'budgets')}: {names}.")


@check
def budget(world: World, name: str, limit: str, thresholds: list[int], told: str = "") -> Verdict:
    """The budget is read back: what it limits, its alerts, and that each tells somebody (`told`, where it is given)."""
    who: dict[str, Any] = {"AccountId": world.settings.account, "BudgetName": name}
    found = world.cloud.read("budgets", "describe_budget", **who)["Budget"]
    amount = found["BudgetLimit"]
    again = f"aws budgets delete-budget --account-id {world.settings.account} --budget-name {name} --profile console"
    if float(amount["Amount"]) != float(limit) or amount["Unit"] != "USD":
        return failed(f"O limite do budget é {_money(amount)}, e não {dollars(float(limit))}.", again)
    if wrong := _other(found, MONTHLY_COST):
        return failed(f"O budget não é de custo por mês: {wrong}.", again)
    alerts = world.cloud.read("budgets", "describe_notifications_for_budget", **who)["Notifications"]
    levels = sorted(float(alert["Threshold"]) for alert in alerts)
    if levels != sorted(map(float, thresholds)):
        return failed(f"Os alertas estão em {_levels(levels)} %, e não em {_levels(thresholds)} %.", again)
    for alert in alerts:
        if wrong := _other({"ThresholdType": "PERCENTAGE", **alert}, ACTUAL_PERCENT):
            return failed(f"Um alerta não é do gasto real acima da porcentagem: {wrong}.", again)
        if why := _told_nobody(world, who, alert, told):
            return failed(why, again)
    return passed(f"Budget {name}: {dollars(float(limit))} por mês, alertas em {_levels(levels)} %.", budget=name)


def _other(found: Mapping[str, Any], wanted: Mapping[str, str]) -> str:
    """Which of the wanted fields has another value; empty where none has."""
    return ", ".join(f"{name} é {found.get(name)}" for name, value in wanted.items() if found.get(name) != value)


def _money(amount: Mapping[str, str]) -> str:
    """A sum as the course writes it; one of another currency by its code, as AWS does."""
    sum_of_money = float(amount["Amount"])
    return dollars(sum_of_money) if amount["Unit"] == "USD" else f"{decimal(sum_of_money, 2)} {amount['Unit']}"


def _levels(levels: Iterable[float]) -> str:
    return ", ".join(f"{level:g}" for level in levels)


def _told_nobody(world: World, who: Mapping[str, Any], alert: Mapping[str, Any], told: str) -> str:
    answer = world.cloud.read("budgets", "describe_subscribers_for_notification", Notification=dict(alert), **who)
    addresses = [one["Address"] for one in answer.get("Subscribers", [])]
    if not addresses:
        return f"O alerta de {float(alert['Threshold']):g} % não avisa ninguém."
    if told and told not in addresses:
        return f"O alerta de {float(alert['Threshold']):g} % avisa {', '.join(addresses)}, e não {told}."
    return ""


@check
def alert_fired(world: World, name: str, thresholds: list[int]) -> Verdict:
    """The month's spend crossed the thresholds of this budget and each alert was sent; one that was sent because the
    budget was made after the spend was not provoked.
    """
    made = witness.find(world, "aws", "api", reference="budgets:CreateBudget", repository=name)
    later = world.admin.events(int(made["seq"]) if made else 0)
    sent = [event for event in later if (event["kind"], event["repository"]) == ("alert", name)]
    fired = {float(event["reference"]): int(event["seq"]) for event in sent if event["code"] != "budget"}
    missing = [level for level in thresholds if level not in fired]
    if missing and len(sent) > len(fired):
        return unseen(
            "Os alertas dispararam assim que o budget nasceu: o gasto já tinha passado dele. Zere o gasto e provoque.",
            "python3 -m labs.sandbox spend 0; python3 -m labs.sandbox spend 6.00",
        )
    if missing:
        return unseen(
            f"Ainda não disparou o alerta de {', '.join(map(str, missing))} %.", "python3 -m labs.sandbox spend 6.00"
        )
    words = ", ".join(map(str, thresholds))
    return passed(f"Os alertas de {words} % dispararam.", event=max(fired[level] for level in thresholds))


@check
def ecr_repository(world: World, name: str, mutability: str = "MUTABLE") -> Verdict:
    found = world.cloud.read("ecr", "describe_repositories", repositoryNames=[name])["repositories"][0]
    if found["imageTagMutability"] != mutability:
        return failed(
            f"O repositório {name} é {found['imageTagMutability']}, e não {mutability}.",
            "Confira --image-tag-mutability.",
        )
    return passed(f"O repositório existe: {found['repositoryUri']} ({mutability}).", arn=found["repositoryArn"])


@check
def ecr_public_repository(world: World, name: str) -> Verdict:
    found = world.cloud.read("ecr-public", "describe_repositories", repositoryNames=[name])["repositories"][0]
    return passed(f"O repositório público existe: {found['repositoryUri']}.", arn=found["repositoryArn"])


@check
def ecr_image(world: World, ref: str, same_as: str = "", version: str = "") -> Verdict:
    """The chain of digests: engine ↔ manifest in the registry ↔ `describe-images`, with the true size.

    `same_as` is a name of the engine that must give the same image; with a `version`, it must be widget-server's of
    that version.
    """
    name, image, manifest = parse(ref), require_built(world, ref, version), remote_manifest(world, ref)
    details = world.cloud.read(
        "ecr", "describe_images", repositoryName=name.repository, imageIds=[{"imageTag": name.tag}]
    )
    described = details["imageDetails"][0]
    if not image.same_as(manifest.identity):
        return failed(f"O ECR tem outra imagem em {ref}.", f"docker push {ref}")
    if same_as and not image.same_as(require(world, same_as).identity):
        return failed(f"{ref} não é a mesma imagem que {same_as}.", "docker image ls")
    if described["imageDigest"] != manifest.digest:
        return failed("describe-images mostra outro digest.", f"docker push {ref}")
    size = int(described["imageSizeInBytes"])
    exact = not manifest.platform  # of an index ECR says the size of its largest manifest (API reference, ImageDetail)
    if (size != manifest.size if exact else size < manifest.size) and not world.settings.live:
        return failed(f"describe-images diz {size} bytes; o manifest soma {manifest.size}.", "python3 -m labs doctor")
    return passed(
        f"Engine, manifest e describe-images concordam: {short(manifest.digest)}, {shown_size(size)}.",
        digest=manifest.digest,
    )


LIFECYCLE_FILE = "aws/lifecycle.json"


@check
def lifecycle(world: World, name: str) -> Verdict:
    """The repository has the rules that the kit's file has."""
    text = world.cloud.read("ecr", "get_lifecycle_policy", repositoryName=name)["lifecyclePolicyText"]
    rules, wanted = _lifecycle_rules(text), _lifecycle_rules((CLONE / APP / LIFECYCLE_FILE).read_text("utf-8"))
    if rules != wanted:
        return failed(
            f"O repositório {name} tem {plural(len(rules), 'regra', 'regras')} de lifecycle, mas não as do passo.",
            f"cat {LIFECYCLE_FILE}",
        )
    return passed(f"O repositório {name} tem as {len(rules)} regras de lifecycle do passo.")


def _lifecycle_rules(text: str) -> list[tuple[Any, Any]]:
    """What each rule selects and does, in the order in which they apply (ECR user guide, "Lifecycle policy
    parameters"); numbers and descriptions are free.
    """
    rules = sorted(json.loads(text)["rules"], key=lambda rule: int(rule["rulePriority"]))
    return [(rule["selection"], rule["action"]) for rule in rules]


IN_WORDS = {"Active": "ativa", "Inactive": "inativa"}
"""What an access key can be (IAM API reference, AccessKeyMetadata)."""


def masked(key: str) -> str:
    """An access key id that can be shown: its kind and its last four characters."""
    return f"{key[:4]}…{key[-4:]}" if len(key) > 8 else "…"


def access_keys(world: World, user: str) -> list[dict[str, str]]:
    """The user's keys for a picture: id masked, status, created, last used."""
    try:
        listed = world.cloud.read("iam", "list_access_keys", UserName=user)["AccessKeyMetadata"]
    except CloudError:
        return []
    rows = []
    for item in listed:
        used = world.cloud.read("iam", "get_access_key_last_used", AccessKeyId=item["AccessKeyId"])["AccessKeyLastUsed"]
        rows.append(
            {
                "id": masked(item["AccessKeyId"]),
                "status": item["Status"],
                "created": _day(item.get("CreateDate")),
                "used": _day(used.get("LastUsedDate")),
            }
        )
    return rows


def _day(moment: datetime | None) -> str:
    return moment.astimezone(UTC).strftime("%d/%m/%Y") if moment else "nunca"


def key_statuses(world: World, user: str) -> dict[str, str]:
    """The user's access keys: `Active` or `Inactive` by id."""
    listed = world.cloud.read("iam", "list_access_keys", UserName=user)["AccessKeyMetadata"]
    return {item["AccessKeyId"]: item["Status"] for item in listed}
