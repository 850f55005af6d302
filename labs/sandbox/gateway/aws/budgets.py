"""AWS Budgets: moto's, plus what it lacks of the calls that the CLI and the course make."""

from __future__ import annotations

import json
from typing import Any

from labs.sandbox.gateway.memory import aws_errors, billing
from labs.sandbox.gateway.memory.calls import Call, Reply
from labs.sandbox.gateway.memory.state import State

LIMIT_NOTIFICATIONS = 10  # "up to 10 notifications" per budget (AWS Budgets API reference, CreateBudget)


class BudgetsApi:
    def __init__(self, state: State) -> None:
        self._state = state

    async def answer(self, call: Call) -> Reply:
        """One call of the Budgets API."""
        account = _account(call)
        if account != self._state.settings.account:
            return _error("AccessDeniedException", f"Account {account} is not the account of this lab.")
        if problem := _invalid(call):
            return _error("InvalidParameterException", problem)
        own = {
            "DescribeNotificationsForBudget": self._notifications,
            "DescribeSubscribersForNotification": self._subscribers,
        }.get(call.action)
        return own(call) if own else await self._state.call(call)

    def _notifications(self, call: Call) -> Reply:
        budget = self._state.cloud.budget(str(call.parameters.get("BudgetName")))
        if budget is None:
            return self._missing(call)
        shown = [
            {
                **one.details,
                "NotificationState": "ALARM"
                if billing.exceeded(self._state.billing.spent, budget.budget, one.details)
                else "OK",
            }
            for one in budget.notifications
        ]
        return Reply.json({"Notifications": shown})

    def _subscribers(self, call: Call) -> Reply:
        budget = self._state.cloud.budget(str(call.parameters.get("BudgetName")))
        if budget is None:
            return self._missing(call)
        wanted = billing.key(call.parameters.get("Notification") or {})
        for one in budget.notifications:
            if billing.key(one.details) == wanted:
                return Reply.json({"Subscribers": one.subscribers})
        return _error("NotFoundException", "Unable to get subscribers - the notification doesn't exist.")

    @staticmethod
    def _missing(call: Call) -> Reply:
        name = call.parameters.get("BudgetName")
        return _error("NotFoundException", f"Unable to get budget: {name} - the budget doesn't exist.")


def _account(call: Call) -> str:
    """Tags are of an ARN (`arn:aws:budgets::ACCOUNT:budget/NAME`), all else is of an account."""
    if arn := call.parameters.get("ResourceARN"):
        return f"{arn}::::".split(":")[4]
    return str(call.parameters.get("AccountId", ""))


def _error(code: str, message: str) -> Reply:
    return aws_errors.reply("json", 400, code, message)


def _invalid(call: Call) -> str:
    """What AWS refuses of a new budget and moto takes."""
    if call.action != "CreateBudget":
        return ""
    budget: Any = call.parameters.get("Budget")
    if not isinstance(budget, dict) or not budget.get("BudgetName"):
        return "Budget name cannot be empty"
    for required in ("BudgetType", "TimeUnit"):
        if required not in budget:
            return f"{required} cannot be empty"
    limit = budget.get("BudgetLimit")
    if limit is not None and billing.amount(limit.get("Amount") if isinstance(limit, dict) else None) is None:
        return f"Invalid budget limit: {json.dumps(limit)}"
    alerts = call.parameters.get("NotificationsWithSubscribers") or []
    if len(alerts) > LIMIT_NOTIFICATIONS:
        return f"A budget can have at most {LIMIT_NOTIFICATIONS} notifications"
    for one in alerts:
        if billing.amount((one.get("Notification") or {}).get("Threshold")) is None:
            return "Notification threshold must be a positive number"
        if not one.get("Subscribers"):
            return "A notification needs at least one subscriber"
    return ""
