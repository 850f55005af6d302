"""A call of the AWS API and its reply, as the gateway's parts hand them to each other."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

JSON = "application/x-amz-json-1.1"
FORM = "application/x-www-form-urlencoded; charset=utf-8"
READS = ("Get", "List", "Describe", "BatchGet", "BatchCheck", "Simulate", "Generate")
TARGETS = {
    "ecr": "AmazonEC2ContainerRegistry_V20150921",
    "ecr-public": "SpencerFrontendService",
    "budgets": "AWSBudgetServiceGateway",
}
"""Of the services that speak JSON: what stands before the action in `X-Amz-Target`."""


@dataclass(frozen=True)
class Call:
    """One verified request to the AWS API."""

    service: str
    region: str
    action: str
    parameters: dict[str, Any] = field(default_factory=dict)
    key: str = ""
    """The access key that signed it."""

    @property
    def changes(self) -> bool:
        return not self.action.startswith(READS)

    @property
    def is_json(self) -> bool:
        return self.service in TARGETS

    @classmethod
    def of_form(cls, service: str, region: str, body: bytes, key: str) -> Call:
        """Of a query service's form.

        Raises:
            ValueError: it is no UTF-8, or has too many fields.
        """
        parameters = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=500))
        return cls(service, region, parameters.pop("Action", ""), parameters, key)


@dataclass(frozen=True)
class Reply:
    """What a call is answered."""

    status: int
    body: bytes
    type: str = JSON
    code: str = ""
    """The error code that the body tells, else empty."""
    crashed: bool = False
    """moto raised something: it may have changed half of what it was asked to."""

    @classmethod
    def json(cls, content: Any, status: int = 200) -> Reply:
        return cls(status, json.dumps(content, default=str).encode())
