"""For a call of the AWS API: the IAM action and the resource that a policy must allow.

Service Authorization Reference: "Actions, resources, and condition keys" for IAM, ECR, Budgets and STS.
"""

from __future__ import annotations

from labs.sandbox.gateway.memory.calls import READS, Call

_IAM_KINDS = (("UserName", "user"), ("GroupName", "group"), ("RoleName", "role"))
_OWN_USER = frozenset(
    (
        *("GetUser", "ChangePassword", "CreateAccessKey", "DeleteAccessKey", "ListAccessKeys", "UpdateAccessKey"),
        "ListMFADevices",
    )
)
"""Actions that mean the caller where no user is named (IAM API reference, each one's `UserName`)."""


def action(call: Call) -> str:
    """`ecr:PutImage`; Budgets knows only viewing and modifying, and the actions on tags."""
    if call.service == "budgets" and "Tag" not in call.action:
        return "budgets:ViewBudget" if call.action.startswith(READS) else "budgets:ModifyBudget"
    if call.action == "ListImageReferrers":  # its page of the API reference
        return "ecr:BatchGetImage"
    return f"{call.service}:{call.action}"


def resource(call: Call, account: str, user: str) -> str:
    """The ARN that the action touches; `*` for actions without a resource."""
    if call.service == "ecr":
        return _ecr(call, account)
    if call.service == "ecr-public":
        name = call.parameters.get("repositoryName")
        return f"arn:aws:ecr-public::{account}:repository/{name}" if name else "*"
    if call.service == "budgets":
        if arn := call.parameters.get("ResourceARN"):
            return str(arn)
        name = call.parameters.get("BudgetName") or (call.parameters.get("Budget") or {}).get("BudgetName") or "*"
        return f"arn:aws:budgets::{account}:budget/{name}"
    return _iam(call, account, user) if call.service == "iam" else "*"


def defaults(call: Call, user: str) -> dict[str, str]:
    """Parameters that AWS takes from who is calling."""
    if call.service == "iam" and call.action in _OWN_USER and "UserName" not in call.parameters and user:
        return {"UserName": user}
    return {}


def needs_user(call: Call) -> bool:
    """A session has no user of its own: it must name one."""
    return call.service == "iam" and call.action in _OWN_USER and "UserName" not in call.parameters


def _ecr(call: Call, account: str) -> str:
    if call.action in ("GetAuthorizationToken", "DescribeRegistry", "GetRegistryPolicy", "PutRegistryPolicy"):
        return "*"
    if arn := call.parameters.get("resourceArn"):
        return str(arn)
    names = call.parameters.get("repositoryNames") or []
    name = call.parameters.get("repositoryName") or (names[0] if names else "*")
    return f"arn:aws:ecr:{call.region}:{account}:repository/{name}"


def _iam(call: Call, account: str, user: str) -> str:
    for parameter, kind in _IAM_KINDS:
        if name := call.parameters.get(parameter):
            return f"arn:aws:iam::{account}:{kind}/{name}"
    if arn := call.parameters.get("PolicyArn"):
        return str(arn)
    if call.action in _OWN_USER and user:
        return f"arn:aws:iam::{account}:user/{user}"
    listed = {"ListUsers": "user/", "ListGroups": "group/", "ListRoles": "role/", "ListPolicies": "policy/"}
    return f"arn:aws:iam::{account}:{listed[call.action]}" if call.action in listed else "*"
