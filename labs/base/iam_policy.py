"""IAM's evaluation of identity-based policies: an explicit Deny wins, else one Allow is needed.

IAM user guide, "Policy evaluation logic" and "IAM JSON policy elements". Conditions: the string operators over the few
keys that the lab knows; a statement whose condition cannot be met does not apply.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

ALLOWED, IMPLICIT, EXPLICIT = "allowed", "implicit", "explicit"


def evaluate(
    policies: Iterable[Mapping[str, Any]], action: str, resource: str, context: Mapping[str, str] | None = None
) -> str:
    """`ALLOWED`, `IMPLICIT` (nothing allows it) or `EXPLICIT` (something denies it)."""
    answer = IMPLICIT
    for policy in policies:
        for statement in listed(policy.get("Statement")):
            if not isinstance(statement, Mapping) or not _applies(statement, action, resource, context or {}):
                continue
            if statement.get("Effect") == "Deny":
                return EXPLICIT
            if statement.get("Effect") == "Allow":
                answer = ALLOWED
    return answer


def denial(user_arn: str, action: str, resource: str, kind: str) -> str:
    """AWS's sentence (IAM user guide, "Troubleshoot access denied error messages")."""
    because = (
        "with an explicit deny in an identity-based policy"
        if kind == EXPLICIT
        else f"because no identity-based policy allows the {action} action"
    )
    return f"User: {user_arn} is not authorized to perform: {action} on resource: {resource} {because}"


def listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _applies(statement: Mapping[str, Any], action: str, resource: str, context: Mapping[str, str]) -> bool:
    # Actions ignore case, resources do not (IAM user guide, "Action" and "Resource").
    actions = [str(one).lower() for one in listed(statement.get("Action") or statement.get("NotAction"))]
    if _any(actions, action.lower()) == ("NotAction" in statement):
        return False
    resources = [
        _filled(str(one), context) for one in listed(statement.get("Resource") or statement.get("NotResource"))
    ]
    if _any(resources, resource) == ("NotResource" in statement):
        return False
    conditions: Mapping[str, Mapping[str, Any]] = statement.get("Condition") or {}
    return all(_meets(operator, keys, context) for operator, keys in conditions.items())


def _any(patterns: list[str], value: str) -> bool:
    return any(_pattern(pattern).fullmatch(value) for pattern in patterns)


@lru_cache(maxsize=512)
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile("".join({"*": ".*", "?": "."}.get(one, re.escape(one)) for one in pattern), re.DOTALL)


def _filled(pattern: str, context: Mapping[str, str]) -> str:
    return re.sub(r"\$\{([\w:]+)\}", lambda found: context.get(found[1].lower(), found[0]), pattern)


def _meets(operator: str, keys: Mapping[str, Any], context: Mapping[str, str]) -> bool:
    optional = operator.endswith("IfExists")
    operator = operator.removesuffix("IfExists")
    for key, wanted in keys.items():
        actual = context.get(key.lower())
        if actual is None:
            if optional or operator.startswith("StringNot"):
                continue
            return False
        if not _compares(operator, actual, [_text(one) for one in listed(wanted)]):
            return False
    return True


def _compares(operator: str, actual: str, wanted: list[str]) -> bool:
    if operator in ("StringLike", "ArnLike", "ArnEquals"):
        return _any(wanted, actual)
    if operator in ("StringNotLike", "ArnNotLike", "ArnNotEquals"):
        return not _any(wanted, actual)
    if operator in ("StringEqualsIgnoreCase", "Bool"):
        return actual.lower() in [one.lower() for one in wanted]
    if operator == "StringNotEquals":
        return actual not in wanted
    return operator == "StringEquals" and actual in wanted


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
