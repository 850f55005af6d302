"""Whether a call's parameters are what AWS's own service description says: botocore's models, asked backwards.

The JSON services (ECR, Budgets) take nested values; after this check every name, type, length and choice is as the API
reference says, so that nothing behind it meets a number where a list belongs.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import botocore.session
from botocore.validate import ParamValidator, ValidationErrors

from labs.sandbox.gateway.memory.calls import Call

LONGEST_ANSWER = 500


@cache
def operations(service: str) -> Any:
    """botocore's model of a service."""
    return botocore.session.get_session().get_service_model(service)


class _Validator(ParamValidator):  # type: ignore[misc] # botocore has no types
    """A client leaves upper bounds and choices to the service, which is here."""

    def __init__(self) -> None:
        super().__init__()
        self.broken: list[tuple[str, str]] = []
        """Parameter and reason."""

    def _validate(self, params: Any, shape: Any, errors: ValidationErrors, name: str) -> None:
        super()._validate(params, shape, errors, name)
        where = name.lstrip(".")
        choices, most = getattr(shape, "enum", None), shape.metadata.get("max")
        if choices and isinstance(params, str) and params not in choices:
            self.broken.append((where, f"Member must satisfy enum value set: [{', '.join(choices)}]"))
        elif most is not None and isinstance(params, int) and params > most:
            self.broken.append((where, f"Member must have value less than or equal to {most}"))
        elif most is not None and isinstance(params, str | list) and len(params) > most:
            self.broken.append((where, f"Member must have length less than or equal to {most}"))


def problem(call: Call) -> tuple[str, str]:
    """Error code and message; empty where the call can be answered."""
    model = operations(call.service)
    if call.action not in model.operation_names:
        return "UnknownOperationException", f"{call.service} has no operation {call.action[:80]}"
    shape = model.operation_model(call.action).input_shape
    if shape is None:
        return "", ""
    validator = _Validator()
    try:
        report = validator.validate(call.parameters, shape)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        return "SerializationException", str(error)[:LONGEST_ANSWER]
    if report.has_errors():
        return "InvalidParameterException", str(report.generate_report())[:LONGEST_ANSWER]
    if validator.broken:
        return "InvalidParameterException", constraint(call.service, *validator.broken[0])[:LONGEST_ANSWER]
    return "", ""


def constraint(service: str, parameter: str, reason: str) -> str:
    """What a service says of a parameter that breaks a rule: ECR in its own form, the others in AWS's usual one."""
    if service in ("ecr", "ecr-public"):
        return f"Invalid parameter at '{parameter}' failed to satisfy constraint: '{reason}'"
    return f"1 validation error detected: Value at '{parameter}' failed to satisfy constraint: {reason}"
