"""Totals of a programme as facts: what a way in granted, and which share went to teams that mostly work elsewhere.

The share is of what the programme offers where its call states that, or of what was granted and asked for where that
is more; where nothing is stated, of what was granted and asked for so far.

Counted are the access units granted on the request's route, in its call or, on a route that is always open, for periods
that begin in the same year (UTC), and those of the request itself, as if it were granted. So is what other requests ask
for that were sent and wait, or whose change waits, since each of them may be granted. What ended counts with what was
used of it.

Requests on one route are judged one after the other, so that two of the same moment count each other. A share that was
kept to when a request was judged may still rise above its bound afterwards, without anybody's asking for more: when a
team from within withdraws, is refused or is granted less. What was granted elsewhere stays, and the next request from
elsewhere is judged by the share as it is then.
"""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import Session

from infra_access.access_requests.content import Content
from infra_access.access_requests.lifecycle import FINAL, RequestState
from infra_access.access_requests.models import AccessRequest, AccessRound, AccessRoute, Allocation, Participant
from infra_access.access_requests.vocabularies import AllocationState, Entry
from infra_access.core.authority import Scope
from infra_access.core.named_locks import lock_names
from infra_access.policy.conditions import Compare, Op, reads, walk
from infra_access.policy.rulebook import RuleBook
from infra_access.policy.rules import Rule

SHARE = "programme.share_foreign"
UNITS = "programme.units_granted"
OFFERED = "programme.units_offered"
_TOTALS = frozenset({SHARE, UNITS, OFFERED})
_GROUPS = "participants[].country_groups"
_EXACT = Decimal("0.000001")
"""Shares are rounded up to so much, so that none above a bound comes to lie on it."""

_ALIVE = sorted(
    frozenset(RequestState)
    - FINAL
    - {RequestState.DRAFT, RequestState.REFUSED, RequestState.REVOKED, RequestState.APPEALED}
)
"""States of requests that were sent and may be granted what they ask for, without another look at the share."""


def totals(
    session: Session,
    content: Content,
    *,
    route: AccessRoute,
    host: str,
    scopes: Collection[Scope],
    book: RuleBook,
    now: datetime,
    access_request_id: int | None = None,
    in_turn: bool = False,
) -> dict[str, Decimal]:
    """Return the totals that rules of these scopes read, by their names as facts, counted with the request.

    Outside means outside the group of countries of which the rules on the share ask whether participants are in it, and
    where they name none, outside the country of the `host`. Where they name several the share cannot be said. Two
    statements, and none where no rule reads a total. With `in_turn` nobody else is judged by them until the transaction
    ends, for which one waits.
    """
    rules = [rule for scope in scopes for rule in book.by_scope.get(scope, ()) if is_read_by((rule,))]
    if not rules:
        return {}
    if in_turn:
        lock_names(session, [f"programme {route.public_id}"])
    groups = _groups(rule for rule in rules if SHARE in reads(rule.when))
    inside = _members(book, next(iter(groups))) if groups else frozenset({host})
    abroad = sum(1 for member in content.participants if member.country_of_work not in inside)
    total = given = Decimal(0)
    for units, team, outside in session.execute(_granted(route, content, inside, now, access_request_id)):
        total += units
        given += units if 2 * outside > team else 0
    total += content.quantity
    given += content.quantity if 2 * abroad > len(content.participants) else 0
    found = {UNITS: total.normalize()}
    offered = session.scalar(
        select(AccessRound.units_offered).where(AccessRound.id == _call(route, now, access_request_id))
    )
    if offered is not None:
        found[OFFERED] = offered.normalize()
    if total and len(groups) <= 1:
        found[SHARE] = (given / max(total, offered or total)).quantize(_EXACT, ROUND_CEILING).normalize()
    asked = frozenset().union(*(reads(rule.when) for rule in rules))
    return {name: value for name, value in found.items() if name in asked}


def is_read_by(rules: Iterable[Rule]) -> bool:
    """Tell whether any of the rules reads a total of the programme."""
    return any(not _TOTALS.isdisjoint(reads(rule.when)) for rule in rules)


def _groups(rules: Iterable[Rule]) -> set[str]:
    compared = (part for rule in rules for part in walk(rule.when) if isinstance(part, Compare))
    return {str(one.value) for one in compared if one.fact == _GROUPS and one.op is Op.MEMBER_OF}


def _members(book: RuleBook, group: str) -> frozenset[str]:
    return frozenset(country for country, groups in book.groups.items() if group in groups)


def _granted(
    route: AccessRoute, content: Content, inside: Collection[str], now: datetime, own: int | None
) -> Select[*tuple[Any, ...]]:
    """Select what each other request was granted or asks for, how large its team is, and how many work outside."""
    units = case(
        (Allocation.state == AllocationState.ENDED, Allocation.used),
        (Allocation.state == AllocationState.ACTIVE, Allocation.amount),
        (AccessRequest.state.in_(_ALIVE), AccessRequest.quantity),
        else_=Allocation.amount,
    )
    outside = case((Participant.country_of_work.in_(sorted(inside)), 0), else_=1)
    query = (
        select(func.max(units), func.count(), func.sum(outside))
        .select_from(AccessRequest)
        .outerjoin(Allocation, Allocation.access_request_id == AccessRequest.id)
        .join(Participant, Participant.access_request_id == AccessRequest.id)
        .where(
            AccessRequest.route_id == route.id,
            or_(Allocation.id.is_not(None), AccessRequest.state.in_(_ALIVE)),
            _current(route, content, now, own),
        )
        .group_by(AccessRequest.id)
    )
    return query if own is None else query.where(AccessRequest.id != own)


def _current(route: AccessRoute, content: Content, now: datetime, own: int | None) -> ColumnElement[bool]:
    if route.entry != Entry.ROUNDS:
        year = content.period[0].astimezone(UTC).year
        first, next_first = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
        begins = func.coalesce(Allocation.valid_from, AccessRequest.period_start)
        return and_(begins >= first, begins < next_first)
    return AccessRequest.round_id == _call(route, now, own)


def _call(route: AccessRoute, now: datetime, own: int | None) -> ColumnElement[int]:
    """Return the key of the call that a request was sent to, or else of the one that is open."""
    is_open = (
        select(AccessRound.id)
        .where(
            AccessRound.route_id == route.id,
            AccessRound.opens_at <= now,
            or_(AccessRound.closes_at.is_(None), AccessRound.closes_at > now),
        )
        .order_by(AccessRound.opens_at, AccessRound.id)
        .limit(1)
        .scalar_subquery()
    )
    sent_to = select(AccessRequest.round_id).where(AccessRequest.id == own).scalar_subquery()
    return func.coalesce(sent_to, is_open)
