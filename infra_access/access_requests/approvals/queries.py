"""Approvals as the people who decide them, and the people who wait for them, see them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Integer,
    Row,
    Select,
    func,
    literal,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from infra_access.access_requests.approvals.approvers import (
    chain_of,
    facility_of_approval,
    held_by,
    is_own,
    organisation_of_approval,
)
from infra_access.access_requests.approvals.models import (
    ConflictOfInterest,
    PolicyOverride,
    RequestCorrection,
    StandingAuthorisation,
)
from infra_access.access_requests.awaited import name_of, rules_named
from infra_access.access_requests.circles import Circle, circles_of
from infra_access.access_requests.models import AccessRequest, Approval, Participant
from infra_access.access_requests.vocabularies import OPEN, ApprovalState
from infra_access.catalogue.fields import fault
from infra_access.catalogue.models import Facility, Instrument, Organisation
from infra_access.core.authority import Actor, Scopes
from infra_access.core.errors import Invalid, NotFound
from infra_access.core.i18n import _
from infra_access.core.paging import clean_limit, decode_cursor, encode_cursor
from infra_access.core.zones import parse_instant
from infra_access.people.models import Account

_Applying = aliased(Organisation)
_Revoked = aliased(AccessRequest)
_ACTING_FOR = func.coalesce(Approval.acting_for_id, AccessRequest.acting_for_id)
_EXCEPTED_BY = (PolicyOverride.asked_by_id, PolicyOverride.confirmed_by_id, PolicyOverride.withdrawn_by_id)


@dataclass(frozen=True, slots=True)
class ApprovalView:
    """An approval with who asks, from where, for what. `title` is empty for a booking, which names itself.

    `organisation` and `country` are those of the organisation acted for. `circle` is who is near to the request, of a
    booking to the one that it draws on, and of an appeal also whoever decided before or took part in an exception.
    `authorisation` is the public id of the one that gave it. `scope_row` is the facility or organisation in whose
    scope it is asked; `named` are the rules that the applicant's side may see, none for a booking.
    """

    approval: Approval
    applicant: str
    title: str = ""
    organisation: str | None = None
    country: str | None = None
    instruments: tuple[str, ...] = ()
    scopes: Scopes = ()
    circle: Circle = field(default_factory=Circle)
    authorisation: str | None = None
    scope_row: Facility | Organisation | None = None
    named: frozenset[str] = frozenset()

    @property
    def scope_name(self) -> str | None:
        """Return what the country, organisation or facility is called in which it is asked; None for the network."""
        return name_of((self.approval.scope_kind, self.approval.scope_key), self.scope_row)

    @property
    def team(self) -> frozenset[int]:
        """Return the applicant and the accounts of the team."""
        return self.circle.team

    @property
    def barred(self) -> frozenset[int]:
        """Return the accounts that are near without being on the team."""
        return self.circle.barred

    @property
    def group(self) -> tuple[int, str] | None:
        """Return the organisation acted for, whose people do not decide on it from outside."""
        return self.circle.group

    @property
    def is_open(self) -> bool:
        """Tell whether it still waits for a verdict."""
        return self.approval.state in OPEN

    def is_own(self, actor: Actor) -> bool:
        """Tell whether the actor is the applicant or on the team."""
        return self.circle.is_own(actor)

    def is_near(self, actor: Actor) -> bool:
        """Tell whether the actor is too near to decide, as the circle tells it."""
        return self.circle.is_near(actor, self.scopes)

    def may_decide(self, actor: Actor) -> bool:
        """Tell whether it is the actor's to decide, while it waits."""
        return actor.account_id is not None and not self.is_near(actor) and actor.holds(self.approval.role, self.scopes)


@dataclass(frozen=True, slots=True)
class ApprovalPage:
    """One page of approvals in the order of `inbox`; `next` is the cursor of the following page, or None."""

    items: tuple[ApprovalView, ...]
    next: str | None


def inbox(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    state: str = "pending",
    limit: int | None = None,
    cursor: str | None = None,
) -> ApprovalPage:
    """Return the approvals that are the actor's to decide, or were, earliest deadline first. Three statements.

    Of those that are due on one day (UTC), the requests that the rules prefer go first; on the reserve list, where
    deadlines stand still, they go before all others. `state` is pending (which counts paused ones), decided, or one
    state. Raises Invalid.
    """
    size = clean_limit(limit)
    by_day = state != ApprovalState.RESERVED
    address = select(Account.email).where(Account.id == actor.account_id).scalar_subquery()
    own = select(Participant.id).where(
        Participant.access_request_id == Approval.access_request_id,
        or_(Participant.account_id == actor.account_id, Participant.email == address),
    )
    group = _ACTING_FOR
    query = _views().where(
        held_by(actor),
        Approval.state.in_(_states(state)),
        Approval.applicant_id != actor.account_id,
        AccessRequest.requester_id.is_distinct_from(actor.account_id),
        ~own.correlate(Approval).exists(),
        *(~one.correlate(Approval).exists() for one in _parts_in(actor)),
        *(~is_own(account_id) for account_id in sorted(actor.stands_in_for)),
        or_(group.is_(None), group.not_in(sorted(actor.organisation_ids)), Organisation.id == group),
    )
    if cursor:
        due, weight, key = decode_cursor(cursor, (str, int, int))
        after = literal(_instant(str(due)), Approval.due_at.type)
        last = _sorted_by(after, literal(weight, Integer), literal(key, Approval.id.type), by_day=by_day)
        query = query.where(tuple_(*_order(by_day=by_day)) > tuple_(*last))
    rows = session.execute(query.order_by(*_order(by_day=by_day)).limit(size + 1)).all()
    items = tuple(_seen(session, rows[:size]))
    if len(rows) <= size:
        return ApprovalPage(items, None)
    approval, request = rows[size - 1][0], rows[size - 1][2]
    weight = request.preference if request is not None else 0
    return ApprovalPage(items, encode_cursor([approval.due_at.isoformat(), weight, approval.id]))


def _order(*, by_day: bool) -> list[ColumnElement[Any]]:
    return _sorted_by(Approval.due_at, func.coalesce(AccessRequest.preference, 0), Approval.id, by_day=by_day)


def _sorted_by(due: Any, weight: ColumnElement[int], key: Any, *, by_day: bool) -> list[ColumnElement[Any]]:
    """Return what sorts approvals, all of it ascending, so that one comparison tells what comes after another."""
    return [*([func.date(due)] if by_day else []), -weight, due, key]


def _parts_in(actor: Actor) -> list[Select[*tuple[Any, ...]]]:
    """Return what makes somebody too near to a request without being on its team; see `ApprovalView`."""
    appealed = aliased(Approval)
    return [
        select(ConflictOfInterest.account_id).where(
            ConflictOfInterest.access_request_id == Approval.access_request_id,
            ConflictOfInterest.account_id == actor.account_id,
        ),
        select(RequestCorrection.id).where(
            RequestCorrection.access_request_id == Approval.access_request_id,
            RequestCorrection.proposed_by_id == actor.account_id,
            RequestCorrection.state == "accepted",
        ),
        select(appealed.id).where(
            Approval.subject_kind == "appeal",
            appealed.subject_kind == "access_request",
            appealed.subject_id == Approval.subject_id,
            appealed.decided_by_id == actor.account_id,
        ),
        select(_Revoked.id).where(
            Approval.subject_kind == "appeal",
            _Revoked.id == Approval.subject_id,
            _Revoked.revoked_by_id == actor.account_id,
        ),
        select(PolicyOverride.id).where(
            Approval.subject_kind == "appeal",
            PolicyOverride.access_request_id == Approval.subject_id,
            or_(*(column == actor.account_id for column in _EXCEPTED_BY)),
        ),
    ]


def approval_by_public_id(session: Session, public_id: str, *, actor: Actor | None) -> ApprovalView:
    """Return an approval that the actor may decide, or that is about their own request. Raises NotFound otherwise."""
    view = find_approval(session, public_id)
    if view is None or actor is None or not (view.is_own(actor) or view.may_decide(actor)):
        raise NotFound("approval.unknown", _("There is no such approval, or it is not yours to decide."))
    return view


def find_approval(session: Session, public_id: str) -> ApprovalView | None:
    """Return an approval whoever asks, which the caller has to look at, or None."""
    row = session.execute(_views().where(Approval.public_id == public_id)).one_or_none()
    return next(iter(_seen(session, [row] if row is not None else [])), None)


def approvals_of(session: Session, subject_kind: str, subject_id: int) -> Sequence[Approval]:
    """Return all approvals of a subject, void ones too, in the order in which they were asked."""
    return session.scalars(
        select(Approval)
        .where(Approval.subject_kind == subject_kind, Approval.subject_id == subject_id)
        .order_by(Approval.id)
    ).all()


def view_of(session: Session, approval: Approval) -> ApprovalView:
    """Return an approval that was read already, as those who decide it see it."""
    return next(iter(_seen(session, [session.execute(_views().where(Approval.id == approval.id)).one()])))


def scopes_of(session: Session, approval: Approval) -> Scopes:
    """Return the scopes that contain the one in which an approval is asked, outermost last. One statement."""
    row: Row[*tuple[Any, ...]] = session.execute(
        select(Facility, Organisation)
        .select_from(Approval)
        .outerjoin(Facility, facility_of_approval())
        .outerjoin(Organisation, organisation_of_approval())
        .where(Approval.id == approval.id)
    ).one()
    return chain_of(approval.scope_kind, approval.scope_key, row[0], row[1])


def _views() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Approval,
            Account.name,
            AccessRequest,
            _Applying,
            Facility,
            Organisation,
            StandingAuthorisation.public_id,
        )
        .join(Account, Account.id == Approval.applicant_id)
        .outerjoin(AccessRequest, AccessRequest.id == Approval.access_request_id)
        .outerjoin(_Applying, _Applying.id == _ACTING_FOR)
        .outerjoin(StandingAuthorisation, StandingAuthorisation.id == Approval.authorisation_id)
        .outerjoin(Facility, facility_of_approval())
        .outerjoin(Organisation, organisation_of_approval())
    )


def _seen(session: Session, rows: Sequence[Row[*tuple[Any, ...]]]) -> Iterable[ApprovalView]:
    approvals: list[Approval] = [row[0] for row in rows]
    names = _instrument_names(session, {key for approval in approvals for key in approval.instrument_ids})
    circles = circles_of(session, {one.access_request_id for one in approvals if one.access_request_id is not None})
    deciders = _deciders(session, [one.subject_id for one in approvals if one.subject_kind == "appeal"])
    for row in rows:
        approval, applicant, access_request, applying, facility, of_scope, authorisation = tuple(row)
        circle = circles.get(approval.access_request_id, Circle()).joined_by(
            team=[approval.applicant_id],
            conflicted=deciders.get(approval.subject_id, ()) if approval.subject_kind == "appeal" else (),
        )
        yield ApprovalView(
            approval=approval,
            applicant=applicant,
            title=access_request.title if approval.subject_kind != "booking" else "",
            organisation=applying.name if applying is not None else None,
            country=applying.country if applying is not None else None,
            instruments=tuple(names[key] for key in approval.instrument_ids if key in names),
            scopes=chain_of(approval.scope_kind, approval.scope_key, facility, of_scope),
            circle=replace(circle, group=(applying.id, applying.public_id) if applying is not None else None),
            authorisation=authorisation,
            scope_row={"facility": facility, "organisation": of_scope}.get(approval.scope_kind),
            named=rules_named(access_request.decision) if approval.subject_kind != "booking" else frozenset(),
        )


def _instrument_names(session: Session, keys: set[int]) -> dict[int, str]:
    if not keys:
        return {}
    rows = session.execute(select(Instrument.id, Instrument.name).where(Instrument.id.in_(sorted(keys))))
    return {row.id: row.name for row in rows}


def deciders_of(session: Session, access_request: AccessRequest) -> set[int]:
    """Return who gave a verdict on a request, revoked it, or took part in an exception for it. One statement."""
    return _deciders(session, [access_request.id]).get(access_request.id, set())


def _deciders(session: Session, access_request_ids: list[int]) -> dict[int, set[int]]:
    """Return who decided on each request, as `deciders_of` does. One statement, none where there are no appeals."""
    found: dict[int, set[int]] = {}
    if access_request_ids:
        decided = select(Approval.subject_id, Approval.decided_by_id).where(
            Approval.subject_kind == "access_request",
            Approval.subject_id.in_(access_request_ids),
            Approval.decided_by_id.is_not(None),
        )
        revoked = select(AccessRequest.id, AccessRequest.revoked_by_id).where(
            AccessRequest.id.in_(access_request_ids), AccessRequest.revoked_by_id.is_not(None)
        )
        excepted = [
            select(PolicyOverride.access_request_id, column).where(
                PolicyOverride.access_request_id.in_(access_request_ids), column.is_not(None)
            )
            for column in _EXCEPTED_BY
        ]
        every: CompoundSelect[*tuple[Any, ...]] = union_all(decided, revoked, *excepted)
        for key, account_id in session.execute(every):
            found.setdefault(key, set()).add(account_id)
    return found


def _states(state: str) -> tuple[str, ...]:
    if state == "pending":
        return OPEN
    if state == "decided":
        return (ApprovalState.APPROVED, ApprovalState.REFUSED, ApprovalState.CHANGES_REQUESTED)
    if state in frozenset(ApprovalState):
        return (state,)
    known = ", ".join(("pending", "decided", *sorted(frozenset(ApprovalState) - {"pending"})))
    raise fault("value.unknown", "state", _("Give one of: ${known}.", mapping={"known": known}))


def _instant(text: str) -> datetime:
    try:
        return parse_instant(text)
    except Invalid:
        message = _("This cursor was not made here. Begin again with the first page.")
        raise fault("cursor.invalid", "cursor", message) from None
