"""Requests that lack only what exceptions from rules would give: sent with a reason, they wait for these.

Such a request is under review and no approval of it is asked yet: that comes with the last exception that it needs, or
it goes back to its team where one is not granted. A rule that refuses needs none of this: what it refused is sent back
by the exception itself.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests import review
from infra_access.access_requests.approvals import verdicts
from infra_access.access_requests.circles import circle_of
from infra_access.access_requests.content import Content
from infra_access.access_requests.lifecycle import RequestState, RequestTransition
from infra_access.access_requests.models import AccessRequest, AccessRoute
from infra_access.access_requests.override_queries import scopes_of_rule
from infra_access.access_requests.overriding import reaching
from infra_access.access_requests.standing import advance, tell
from infra_access.catalogue.models import Facility
from infra_access.catalogue.scopes import facility_scopes
from infra_access.core.authority import Actor
from infra_access.core.errors import Conflict
from infra_access.core.i18n import _
from infra_access.core.roles import either_of
from infra_access.outbox.events import publish
from infra_access.people.models import Account
from infra_access.people.roles import holders
from infra_access.policy.overrides import Override, is_overridable, rule_hash
from infra_access.policy.rulebook import rulebook
from infra_access.policy.rules import Approve, Rule


def needed(
    session: Session,
    *,
    actor: Actor,
    access_request: AccessRequest,
    content: Content,
    route: AccessRoute,
    now: datetime,
    share_lock: bool = True,
) -> list[Rule]:
    """Return the rules without which nothing would be missing; none where exceptions cannot give all that is.

    `actor` is the applicant. Each rule is one from which nothing but an exception helps this request as it is.
    """
    book = rulebook(session, share_lock=share_lock)
    if not book.exceptions_by:
        return []
    able = [
        rule
        for rule in reaching(session, access_request, book, now)
        if is_overridable(rule) and not isinstance(rule.effect, Approve)
    ]

    def suffices(left_out: Collection[Rule]) -> bool:
        ruling = review.rule(
            session,
            actor=actor,
            content=content,
            route=route,
            now=now,
            share_lock=share_lock,
            access_request_id=access_request.id,
            supposing=[Override(rule.scope, rule.id, rule_hash(rule), now.date()) for rule in left_out],
        )
        complete = review.is_complete(session, ruling, content, route=route, now=now)
        return complete and not review.is_closed(ruling)

    if not able or not suffices(able):
        return []
    return [rule for rule in able if not suffices([one for one in able if one is not rule])]


def wait(session: Session, access_request: AccessRequest, rules: Collection[Rule], reason: str, now: datetime) -> None:
    """Let a request that was just sent wait for exceptions, with the applicant's reason, and tell whoever may ask them.

    Raises Conflict `override.nobody` where there is nobody for one of the rules.
    """
    told = _granters(session, access_request, rules, now)
    verdicts.void(session, subject_kind="access_request", subject_id=access_request.id)
    if access_request.state == RequestState.SUBMITTED:
        advance(access_request, RequestTransition.REVIEW, now)
    access_request.state_reason = reason
    session.flush()
    tell(session, access_request, "submitted", now)
    accounts = session.scalars(select(Account.public_id).where(Account.id.in_(sorted(told))).order_by(Account.id))
    payload = {"access_request": access_request.public_id, "accounts": list(accounts)}
    publish(session, "override.wanted", payload, now=now)


def _granters(session: Session, access_request: AccessRequest, rules: Collection[Rule], now: datetime) -> set[int]:
    route = session.get_one(AccessRoute, access_request.route_id)
    host = facility_scopes(session, session.get_one(Facility, route.facility_id))
    near = circle_of(session, access_request).accounts
    found: set[int] = set()
    for rule in rules:
        kind, _colon, key = rule.scope.partition(":")
        role = str(rule.overridable_by)
        able = set(holders(session, role, scopes_of_rule(kind, key, host), now)) - near
        if not able:
            named = {"roles": either_of([role])}
            message = _(
                "Exceptions are granted here by these, and there is nobody at present: ${roles}.", mapping=named
            )
            raise Conflict("override.nobody", message, details={"role": role})
        found |= able
    return found
