"""Whether a call's parameters are what AWS's own service description says: botocore's models, asked backwards.

The JSON services (ECR, Budgets) take nested values; after this check every name, type and length is as the API
reference says, so that nothing behind it meets a number where a list belongs.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import botocore.session
from botocore.validate import ParamValidator

from labs.sandbox.gateway.memory.calls import Call

LONGEST_ANSWER = 500


@cache
def _operations(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


def problem(call: Call) -> tuple[str, str]:
    """Error code and message; empty where the call can be answered."""
    model = _operations(call.service)
    if call.action not in model.operation_names:
        return "UnknownOperationException", f"{call.service} has no operation {call.action[:80]}"
    shape = model.operation_model(call.action).input_shape
    if shape is None:
        return "", ""
    try:
        report = ParamValidator().validate(call.parameters, shape)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        return "SerializationException", str(error)[:LONGEST_ANSWER]
    if report.has_errors():
        return "InvalidParameterException", str(report.generate_report())[:LONGEST_ANSWER]
    return "", ""
