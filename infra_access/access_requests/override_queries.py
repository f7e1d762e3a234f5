"""Exceptions from rules as those who grant them and those who look after them see them, and those that count."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, exists, false, not_, or_, select, true
from sqlalchemy.orm import Session, aliased

from infra_access.access_requests.approvals.models import PolicyOverride
from infra_access.access_requests.circles import Circle, circles_of
from infra_access.access_requests.models import AccessRequest, AccessRoute, Participant
from infra_access.access_requests.vocabularies import OverrideState
from infra_access.catalogue.models import Facility, Organisation
from infra_access.catalogue.scopes import scopes_of_facility
from infra_access.core.authority import NETWORK, PERMISSIONS, Actor, Grant, Permission, Scopes
from infra_access.core.errors import NotFound
from infra_access.core.i18n import _
from infra_access.core.paging import Page, clean_limit, decode_cursor, page_of
from infra_access.people.models import Account
from infra_access.policy.models import PolicyDocument
from infra_access.policy.overrides import Override, rule_hash
from infra_access.policy.rulebook import RuleBook, rulebook, scope_text

OVERSEER = "access_administrator"
"""Who confirms and ends an exception beside those whom its rule names."""

_Asked = aliased(Account)
_Confirmed = aliased(Account)
_Withdrawn = aliased(Account)


@dataclass(frozen=True, slots=True)
class OverrideView:
    """An exception with its request, who took part in it, and the scopes in which its rule is attached.

    `document` is the public id of the version of rules that it was asked from.
    """

    override: PolicyOverride
    access_request: AccessRequest
    facility: Facility
    document: str
    asked_by: str
    confirmed_by: str | None
    withdrawn_by: str | None
    scopes: Scopes
    circle: Circle
    state: OverrideState

    def may_grant(self, actor: Actor) -> bool:
        """Tell whether the actor is one of those who grant and end exceptions from this rule, and not near."""
        able = actor.account_id is not None and not self.circle.is_near(actor, self.scopes)
        return able and any(actor.holds(role, self.scopes) for role in (self.override.role, OVERSEER))

    def may_withdraw(self, actor: Actor) -> bool:
        """Tell whether the actor may end it."""
        return self.state is not OverrideState.WITHDRAWN and self.may_grant(actor)

    def may_confirm(self, actor: Actor) -> bool:
        """Tell whether it waits and is the actor's to confirm: a second person, neither asking nor near.

        Whoever stands in for who asked is no second person.
        """
        second = self.override.asked_by_id not in {actor.account_id, *actor.stands_in_for}
        return second and self.state is OverrideState.WAITING and self.may_grant(actor)


def scopes_of_rule(kind: str, key: str, host: Scopes) -> Scopes:
    """Return what a rule that reaches a facility's instrument is attached to and lies in, as roles see it.

    `host` are the scopes of the facility.
    """
    if kind == "network":
        return (NETWORK,)
    if kind == "tag":
        return ((kind, key), NETWORK)
    own = (kind, key)
    return host[host.index(own) :] if own in host else (own, *host)


def overrides_of(
    session: Session, access_request_id: int | None, book: RuleBook, *, now: datetime, share_lock: bool = False
) -> tuple[Override, ...]:
    """Return the exceptions that count for a request. One statement, and none where no rule allows any.

    With `share_lock` they stay as they are until the transaction ends.
    """
    if access_request_id is None or not book.exceptions_by:
        return ()
    query = select(PolicyOverride).where(
        PolicyOverride.access_request_id == access_request_id,
        PolicyOverride.confirmed_at <= now,
        PolicyOverride.withdrawn_at.is_(None),
        PolicyOverride.changed_at.is_(None),
        or_(PolicyOverride.valid_until.is_(None), PolicyOverride.valid_until > now),
    )
    rows = session.scalars(query.with_for_update(read=True) if share_lock else query).all()
    return tuple(
        Override(
            scope_text(row.scope_kind, row.scope_key), row.rule, row.rule_hash, row.confirmed_at.astimezone(UTC).date()
        )
        for row in rows
        if row.confirmed_at is not None
    )


def end_resting_on(
    session: Session, access_request: AccessRequest, changed: Collection[str], *, now: datetime
) -> list[str]:
    """End the exceptions, confirmed or not, that rest on a changed field of a locked request. Return their public ids.

    They were granted for what the request said. One statement.
    """
    living = select(PolicyOverride).where(
        PolicyOverride.access_request_id == access_request.id,
        PolicyOverride.withdrawn_at.is_(None),
        PolicyOverride.changed_at.is_(None),
        or_(PolicyOverride.valid_until.is_(None), PolicyOverride.valid_until > now),
    )
    found = session.scalars(living.order_by(PolicyOverride.id)).all()
    ended = [one for one in found if not set(one.rests_on).isdisjoint(changed)]
    for override in ended:
        override.changed_at = now
    return [override.public_id for override in ended]


def list_overrides(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    state: str | None = None,
    access_request: AccessRequest | None = None,
    book: RuleBook | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> Page[OverrideView]:
    """Return the exceptions that the actor looks after, latest first; not those for requests of their own teams.

    Those are of requests to a facility over which the actor has a role that reads rules, or that the rule names.
    """
    size = clean_limit(limit)
    book = book or rulebook(session)
    query = _views().where(_readable(actor))
    if state is not None:
        query = query.where(_in_state(OverrideState(state), _changed(session, book), now))
    if access_request is not None:
        query = query.where(PolicyOverride.access_request_id == access_request.id)
    if cursor:
        query = query.where(PolicyOverride.id < decode_cursor(cursor, (int,))[0])
    rows = session.execute(query.order_by(PolicyOverride.id.desc()).limit(size + 1)).all()
    return page_of(list(_seen(session, rows, book, now)), size, key=lambda view: (view.override.id,))


def override_by_public_id(session: Session, public_id: str, *, actor: Actor, now: datetime) -> OverrideView:
    """Return an exception that the actor looks after. Raises NotFound otherwise."""
    query = _views().where(PolicyOverride.public_id == public_id, _readable(actor))
    row = session.execute(query).one_or_none()
    if row is None:
        raise NotFound("override.unknown", _("There is no such exception, or it is not yours to see."))
    return next(_seen(session, [row], rulebook(session), now))


def view_of(session: Session, override: PolicyOverride, *, book: RuleBook, now: datetime) -> OverrideView:
    """Return an exception that was read already, with what is around it."""
    row = session.execute(_views().where(PolicyOverride.id == override.id)).one()
    return next(_seen(session, [row], book, now))


def _views() -> Select[*tuple[Any, ...]]:
    return (
        select(PolicyOverride, AccessRequest, Facility, Organisation.public_id)
        .add_columns(PolicyDocument.public_id, _Asked.name, _Confirmed.name, _Withdrawn.name)
        .join(PolicyDocument, PolicyDocument.id == PolicyOverride.document_id)
        .join(AccessRequest, AccessRequest.id == PolicyOverride.access_request_id)
        .join(AccessRoute, AccessRoute.id == AccessRequest.route_id)
        .join(Facility, Facility.id == AccessRoute.facility_id)
        .join(Organisation, Organisation.id == Facility.organisation_id)
        .join(_Asked, _Asked.id == PolicyOverride.asked_by_id)
        .outerjoin(_Confirmed, _Confirmed.id == PolicyOverride.confirmed_by_id)
        .outerjoin(_Withdrawn, _Withdrawn.id == PolicyOverride.withdrawn_by_id)
    )


def _seen(
    session: Session, rows: Sequence[Row[*tuple[Any, ...]]], book: RuleBook, now: datetime
) -> Iterator[OverrideView]:
    circles = circles_of(session, {row[1].id for row in rows})
    for row in rows:
        override, access_request, facility, organisation, document, *people = tuple(row)
        host = scopes_of_facility(facility.public_id, organisation, facility.country)
        yield OverrideView(
            override=override,
            access_request=access_request,
            facility=facility,
            document=document,
            asked_by=people[0],
            confirmed_by=people[1],
            withdrawn_by=people[2],
            scopes=scopes_of_rule(override.scope_kind, override.scope_key, host),
            circle=circles[access_request.id],
            state=_state(override, book, now),
        )


def _state(row: PolicyOverride, book: RuleBook, now: datetime) -> OverrideState:
    if row.withdrawn_at is not None:
        return OverrideState.WITHDRAWN
    if row.changed_at is not None:
        return OverrideState.REQUEST_CHANGED
    if row.valid_until is not None and row.valid_until <= now:
        return OverrideState.EXPIRED
    if not _stands(book, row.scope_kind, row.scope_key, row.rule, row.rule_hash):
        return OverrideState.RULE_CHANGED
    return OverrideState.WAITING if row.confirmed_at is None else OverrideState.IN_FORCE


def _stands(book: RuleBook, kind: str, key: str, rule: str, known: str) -> bool:
    """Tell whether the rule is in force as it was when the exception was asked for."""
    return any(one.id == rule and rule_hash(one) == known for one in book.by_scope.get((kind, key), ()))


def _changed(session: Session, book: RuleBook) -> list[str]:
    """Return the hashes of rules with exceptions that are in force no longer. One statement."""
    row = PolicyOverride
    rules = session.execute(select(row.scope_kind, row.scope_key, row.rule, row.rule_hash).distinct())
    return [one.rule_hash for one in rules if not _stands(book, *one)]


def _in_state(state: OverrideState, changed: Collection[str], now: datetime) -> ColumnElement[bool]:
    withdrawn = PolicyOverride.withdrawn_at.is_not(None)
    outgrown = PolicyOverride.changed_at.is_not(None)
    expired = and_(PolicyOverride.valid_until.is_not(None), PolicyOverride.valid_until <= now)
    moved = PolicyOverride.rule_hash.in_(sorted(changed))
    confirmed = PolicyOverride.confirmed_at.is_not(None)
    alive = and_(not_(withdrawn), not_(outgrown), not_(expired), not_(moved))
    conditions = {
        OverrideState.WITHDRAWN: withdrawn,
        OverrideState.REQUEST_CHANGED: and_(not_(withdrawn), outgrown),
        OverrideState.EXPIRED: and_(not_(withdrawn), not_(outgrown), expired),
        OverrideState.RULE_CHANGED: and_(not_(withdrawn), not_(outgrown), not_(expired), moved),
        OverrideState.WAITING: and_(alive, not_(confirmed)),
        OverrideState.IN_FORCE: and_(alive, confirmed),
    }
    return conditions[state]


def _readable(actor: Actor) -> ColumnElement[bool]:
    readers = PERMISSIONS[Permission.POLICY_READ].roles
    held = [
        _within(grant) if grant.role in readers else and_(_within(grant), PolicyOverride.role == grant.role)
        for grant in actor.grants
    ]
    on_team = exists().where(
        Participant.access_request_id == PolicyOverride.access_request_id, Participant.account_id == actor.account_id
    )
    return and_(or_(false(), *held), PolicyOverride.applicant_id != actor.account_id, ~on_team)


def _within(grant: Grant) -> ColumnElement[bool]:
    kind, key = grant.scope
    columns: dict[str, Any] = {
        "facility": Facility.public_id,
        "organisation": Organisation.public_id,
        "country": Facility.country,
    }
    if kind == "network":
        return true()
    exact = and_(PolicyOverride.scope_kind == kind, PolicyOverride.scope_key == key)
    return columns[kind] == key if kind in columns else exact
