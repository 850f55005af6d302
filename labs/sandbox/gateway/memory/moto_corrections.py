"""Corrections of moto, each with what AWS does. Installed once, before the first call.

moto is imported late, as in `moto_door.py`.
"""

from __future__ import annotations

import datetime as machine
import json
import re
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

from labs.sandbox.gateway.memory import moto_mfa
from labs.sandbox.gateway.memory.clock import Clock

MANAGED = (
    r"(?:AmazonEC2ContainerRegistry|AdministratorAccess|ReadOnlyAccess|PowerUserAccess|IAMReadOnly|IAMFull|AWSBudgets)"
)
"""AWS managed policies that the course or a curious learner may attach: of 1,300, a dozen."""


def install(clock: Clock) -> dict[str, Any]:
    """Import moto and correct it; returns the response classes by service."""
    import moto.budgets.models
    import moto.core.utils
    import moto.ecr.models
    import moto.iam.models
    from moto.budgets.responses import BudgetsResponse
    from moto.ecr.responses import ECRResponse
    from moto.iam.responses import IamResponse

    _load_few_policies(moto.iam.models)
    _know_regions()
    _use_clock(clock, moto)
    _name_users(moto.iam.models)
    _let_budgets_have_tags(BudgetsResponse)
    moto_mfa.install(IamResponse)
    # `ecr_api` knows ECR's rule of names; moto's own is an older one, which has no `a--b`.
    moto.ecr.models.ECR_REPOSITORY_NAME_PATTERN = ".*"
    return {"iam": IamResponse, "ecr": ECRResponse, "budgets": BudgetsResponse}


def reset(account: str) -> None:
    """Empty moto's IAM, ECR and Budgets."""
    from moto.budgets.models import budgets_backends
    from moto.ecr.models import ecr_backends
    from moto.iam.models import iam_backends

    for backends in (budgets_backends, ecr_backends, iam_backends):
        backends[account].reset()  # moto's own reset() forgets its backends for good
    # Made now and not by the first call: its beginning draws random numbers, which belong to no call's seed.
    iam_backends[account]["aws"].get_account_summary()


def _load_few_policies(models: Any) -> None:
    """moto loads all AWS managed policies or none; all of them cost 60 MB. Cut ours out of its text."""
    text = models.aws_managed_policies_data
    if len(text) < 100_000:
        return
    parts = re.findall(rf'^ "{MANAGED}\w*":\{{$.*?^ \}}', text, re.DOTALL | re.MULTILINE)
    models.aws_managed_policies_data = "{" + ",".join(parts) + "}"
    models.load_iam_aws_managed_policies = lambda: True
    import moto.iam.aws_managed_policies as whole

    whole.aws_managed_policies_data = ""


def _know_regions() -> None:
    """moto asks botocore in which regions ECR is, whose table of all services' addresses costs 10 MB. It is in all."""
    from botocore.loaders import Loader
    from moto.core.base_backend import AccountSpecificBackend

    table = Loader().load_data("partitions")  # botocore's file of all regions, and of what a partition has as one
    names = [name for partition in table["partitions"] for name in partition["regions"]]
    regions = [name for name in names if not name.endswith("-global")]
    backends: Any = AccountSpecificBackend
    backends._generate_regions = lambda *_: regions


def _use_clock(clock: Clock, moto: Any) -> None:
    """moto reads the time through the names `datetime` of three modules: give them the lab's clock."""

    class LabDatetime(machine.datetime):
        @classmethod
        def now(cls, tz: machine.tzinfo | None = None) -> machine.datetime:  # type: ignore[override]
            moment = clock.now_utc()
            return moment.astimezone(tz) if tz else moment.replace(tzinfo=None)

        @classmethod
        def today(cls) -> machine.datetime:  # type: ignore[override]
            return cls.now()

    names = {name: getattr(machine, name) for name in ("date", "timedelta", "timezone", "time", "UTC")}
    moto.core.utils.datetime = SimpleNamespace(**names, datetime=LabDatetime)
    moto.ecr.models.datetime = LabDatetime
    moto.budgets.models.datetime = LabDatetime


def _name_users(models: Any) -> None:
    """AWS's ids of users begin with AIDA (IAM user guide, "Unique identifiers")."""
    plain = models.User.__init__

    def named(self: Any, *arguments: Any, **options: Any) -> None:
        plain(self, *arguments, **options)
        self.id = f"AIDA{self.id[3:].upper()}"

    if plain.__name__ != "named":
        models.User.__init__ = named


def _let_budgets_have_tags(responses: Any) -> None:
    """moto offers none (AWS Budgets API reference: TagResource, UntagResource, ListTagsForResource; `ResourceTags` of
    CreateBudget).
    """
    create = responses.create_budget
    if create.__name__ == "create_tagged_budget":
        return

    def create_tagged_budget(self: Any) -> str:
        answer: str = create(self)
        made = self.backend.budgets[self._get_param("AccountId")][self._get_param("Budget")["BudgetName"]]
        made.tags = _by_key(self._get_param("ResourceTags") or ())
        return answer

    def tag_resource(self: Any) -> str:
        _budget(self).tags |= _by_key(self._get_param("ResourceTags"))
        return "{}"

    def untag_resource(self: Any) -> str:
        for key in self._get_param("ResourceTagKeys"):
            _budget(self).tags.pop(key, None)
        return "{}"

    def list_tags_for_resource(self: Any) -> str:
        return json.dumps({"ResourceTags": [{"Key": key, "Value": value} for key, value in _budget(self).tags.items()]})

    responses.create_budget = create_tagged_budget
    for method in (tag_resource, untag_resource, list_tags_for_resource):
        setattr(responses, method.__name__, method)


def _by_key(tags: Iterable[dict[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}


def _budget(response: Any) -> Any:
    """The budget that `ResourceARN` names.

    Raises:
        NotFoundException: there is none.
    """
    from moto.budgets.exceptions import NotFoundException

    arn = str(response._get_param("ResourceARN"))
    _, _, name = arn.partition(f"arn:aws:budgets::{response.current_account}:budget/")
    found = response.backend.budgets[response.current_account].get(name)
    if found is None:
        raise NotFoundException(f"Unable to find resource {arn} - the resource doesn't exist.")
    return found
