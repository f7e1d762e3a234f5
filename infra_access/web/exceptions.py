"""Exceptions from rules as pages show them: rows with their look, and the form to ask for one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pyramid.request import Request

from infra_access.access_requests.override_queries import OverrideView, list_overrides
from infra_access.access_requests.overriding import askable
from infra_access.access_requests.request_queries import RequestView
from infra_access.access_requests.vocabularies import OverrideState
from infra_access.core.authority import Actor
from infra_access.policy.rulebook import rulebook

_LOOKS: Mapping[OverrideState, tuple[str, str]] = {
    OverrideState.WAITING: ("accent", "clock"),
    OverrideState.IN_FORCE: ("free", "check"),
    OverrideState.EXPIRED: ("closed", "dash"),
    OverrideState.RULE_CHANGED: ("closed", "dash"),
    OverrideState.REQUEST_CHANGED: ("closed", "dash"),
    OverrideState.WITHDRAWN: ("closed", "cross"),
}


@dataclass(frozen=True, slots=True)
class ExceptionRow:
    """One exception, how its state looks, and what the reader may do with it."""

    view: OverrideView
    tone: str
    icon: str
    may_confirm: bool
    may_withdraw: bool


def rows_of(views: Iterable[OverrideView], actor: Actor) -> list[ExceptionRow]:
    """Return exceptions as this reader sees them."""
    return [ExceptionRow(one, *_LOOKS[one.state], one.may_confirm(actor), one.may_withdraw(actor)) for one in views]


def exceptions_on(request: Request, view: RequestView, *, now: datetime) -> dict[str, Any]:
    """Return the exceptions of a request, and the rules from which its reader may ask for one; none for its team."""
    book, row = rulebook(request.db), view.access_request
    page = list_overrides(request.db, actor=request.actor, now=now, access_request=row, book=book)
    standing = {
        (one.override.rule, one.scopes[0])
        for one in page.items
        if one.state in (OverrideState.WAITING, OverrideState.IN_FORCE)
    }
    rules = askable(request.db, row, actor=request.actor, book=book, now=now)
    left = [rule for rule in rules if (rule.id, _scope(rule.scope)) not in standing]
    return {
        "exceptions": rows_of(page.items, request.actor),
        "askable": [(f"{rule.id} {rule.scope}", request.localize(rule.message)) for rule in left],
    }


def _scope(text: str) -> tuple[str, str]:
    kind, _colon, key = text.partition(":")
    return kind, key
