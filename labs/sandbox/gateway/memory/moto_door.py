"""moto behind a narrow door: calls go straight to its response classes, without its web server.

Corrections of moto live here too: its clock is the lab's, its random numbers are seeded per call (so that a replay
makes the same keys and secrets), images are those of the registry, and only a few AWS managed policies are loaded.
moto takes its account's number from the environment as it is imported: no import of it stands at the top.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from labs.base.settings import Settings
from labs.sandbox.gateway.memory import aws_errors
from labs.sandbox.gateway.memory.calls import FORM, JSON, TARGETS, Call, Reply
from labs.sandbox.gateway.memory.clock import Clock
from labs.sandbox.gateway.memory.images import Repository


class Cloud:
    """moto's IAM, ECR and Budgets for one account."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        os.environ["MOTO_ACCOUNT_ID"] = settings.account
        from labs.sandbox.gateway.memory import moto_corrections

        self._account = settings.account
        self._region = settings.region
        self._responses = moto_corrections.install(clock)
        self._marked: dict[str, tuple[str, str, float]] = {}

    def clear(self) -> None:
        from labs.sandbox.gateway.memory import moto_corrections

        moto_corrections.reset(self._account)
        self._marked.clear()

    def dispatch(self, call: Call, seed: int) -> Reply:
        """Let moto answer a call. Never raises: what moto does not offer becomes an AWS-style error."""
        from moto.core.request import Request
        from moto.moto_api._internal import mock_random

        url, headers, body = self._as_http(call)
        if seed:
            mock_random.seed(seed)
        try:
            request = Request.from_primitives("POST", url, headers, body)
            status, answered, content = self._responses[call.service].dispatch(request)
        except NotImplementedError:
            return refusal(
                call, 400, "UnknownOperationException", f"The lab does not offer {call.service}:{call.action}."
            )
        except Exception as error:  # noqa: BLE001 - moto raises whatever its parsing of a wrong parameter meets
            refused = refusal(call, 400, "ValidationException", f"{type(error).__name__}: {error}"[:500])
            return replace(refused, crashed=True)
        data = content if isinstance(content, bytes) else str(content).encode()
        status = int(status)
        if status >= 400 and not _code(data):
            message = f"The action {call.action or '(none)'} is not valid for this web service."
            return refusal(call, 400, "InvalidAction", message)
        return Reply(status, data, str(answered.get("Content-Type", "text/xml")), _code(data) if status >= 300 else "")

    def _as_http(self, call: Call) -> tuple[str, dict[str, str], bytes]:
        credential = f"{call.key}/20200101/{call.region}/{call.service}/aws4_request"
        headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0"}
        if call.is_json:
            headers |= {"Content-Type": JSON, "X-Amz-Target": f"{TARGETS[call.service]}.{call.action}"}
            body = json.dumps(call.parameters)
        else:
            headers["Content-Type"] = FORM
            body = urlencode({"Action": call.action, **call.parameters})
        region = f".{call.region}" if call.service == "ecr" else ""
        return f"https://{call.service}{region}.amazonaws.com/", headers, body.encode()

    # IAM ---------------------------------------------------------------------------------------

    def _iam(self) -> Any:
        from moto.iam.models import iam_backends

        return iam_backends[self._account]["aws"]

    def access_key(self, key: str) -> Any:
        """moto's access key of an IAM user, or None."""
        found = self._iam().access_keys.get(key)
        return found if found is not None and found.user_name in self._iam().users else None

    def user(self, name: str) -> Any:
        return self._iam().users[name]

    def mfa_seed(self, serial: str) -> str:
        """The seed of a virtual MFA device; empty where there is none of this number."""
        device = self._iam().virtual_mfa_devices.get(serial)
        return str(device.base32_string_seed) if device else ""

    def user_policies(self, name: str) -> list[dict[str, Any]]:
        """Documents of inline, attached and groups' policies (IAM user guide, "Policy evaluation logic")."""
        iam = self._iam()
        owners = [iam.users[name], *iam.get_groups_for_user(name)]
        documents: list[str] = []
        for owner in owners:
            documents += owner.policies.values()
            for policy in owner.managed_policies.values():
                documents += [version.document for version in policy.versions if version.is_default]
        return [json.loads(document) for document in documents]

    def mark_used(self, key: str, service: str, region: str, moment: float) -> None:
        """`get-access-key-last-used`."""
        from moto.iam.models import AccessKeyLastUsed

        found = self.access_key(key)
        if found is not None:
            stamp = datetime.fromtimestamp(moment, UTC).replace(tzinfo=None, microsecond=0)
            found.last_used = AccessKeyLastUsed(stamp, service, region)
            self._marked[key] = (service, region, moment)

    def needs_mark(self, key: str, service: str, region: str, moment: float) -> bool:
        """AWS itself keeps the last use only roughly; here to the minute."""
        last = self._marked.get(key)
        return last is None or last[:2] != (service, region) or abs(moment - last[2]) > 60

    # ECR ---------------------------------------------------------------------------------------

    def repository(self, name: str, region: str = "") -> Any:
        """moto's repository of a region, the lab's where none is named, or None."""
        from moto.ecr.models import ecr_backends

        return ecr_backends[self._account][region or self._region].repositories.get(name)

    def repositories(self) -> list[str]:
        from moto.ecr.models import ecr_backends

        return list(ecr_backends[self._account][self._region].repositories)

    def show_images(self, name: str, stored: Repository | None) -> None:
        """Let moto know what the registry holds: it deletes no repository with images unless it is told to."""
        shown = self.repository(name)
        if shown is not None:
            shown.images = stored.all() if stored else []

    # Budgets -----------------------------------------------------------------------------------

    def _budgets(self) -> dict[str, Any]:
        from moto.budgets.models import budgets_backends

        found: dict[str, Any] = budgets_backends[self._account]["aws"].budgets[self._account]
        return found

    def budgets(self) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
        for budget in list(self._budgets().values()):
            yield budget.budget, [notification.details for notification in budget.notifications]

    def budget(self, name: str) -> Any:
        return self._budgets().get(name)

    def set_spend(self, spend: dict[str, Any]) -> None:
        for budget in self._budgets().values():
            if budget.budget.get("BudgetType") == "COST":
                budget.budget["CalculatedSpend"] = spend


def refusal(call: Call, status: int, code: str, message: str) -> Reply:
    """An error in the service's own protocol."""
    return aws_errors.reply("json" if call.is_json else "query", status, code, message)


def _code(body: bytes) -> str:
    with contextlib.suppress(ValueError, AttributeError):
        return str(json.loads(body).get("__type", "")).rpartition("#")[2]
    found = re.search(rb"<Code>([^<]+)</Code>", body)
    return found[1].decode() if found else ""
