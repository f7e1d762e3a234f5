"""Requests as their team and the staff see them: what is asked, who holds it since when, what happens next."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from infra_access.access_requests.allocations import allocation_of
from infra_access.access_requests.approvals.stages import stage_before
from infra_access.access_requests.lifecycle import AWAITS_EXCEPTION, EXCEPTION_GRANTED, LABELS, NEXT, RequestState
from infra_access.access_requests.models import (
    AccessRequest,
    AccessRequestInstrument,
    AccessRound,
    AccessRoute,
    Allocation,
    Approval,
    Participant,
)
from infra_access.access_requests.opinions.queries import OpinionAsked, approvals_with_opinions
from infra_access.access_requests.standing import team_of
from infra_access.access_requests.terms.agreement_queries import HOST_ROLES, AgreementView, agreements_of
from infra_access.access_requests.vocabularies import OPEN, UNGIVEN
from infra_access.catalogue.models import Facility, Instrument, Organisation
from infra_access.catalogue.scopes import facility_scopes
from infra_access.core.authority import NETWORK, Actor, Permission, Scopes, may
from infra_access.core.errors import NotFound
from infra_access.core.i18n import Text, _, plain
from infra_access.core.paging import clean_limit, decode_cursor, encode_cursor
from infra_access.people.models import Account, OwedReport

_AFTER_APPROVAL = frozenset(
    {RequestState.AGREEMENT_PENDING, RequestState.ACTIVE, RequestState.COMPLETED, RequestState.EXPIRED}
)

_ASKING = frozenset({"requester", "team", "signatory"})


@dataclass(frozen=True, slots=True)
class Waiting:
    """One approval that a request waits for: whose, since when, and by when it is due.

    `opinions` tell that its people asked somebody outside, and explain the wait; whom and what, the team never learns.
    One of a later stage is neither asked nor due yet, and `waits_for` is the stage that has to be complete first.
    """

    role: str
    scope_kind: str
    stage: int
    waits_for: int | None
    since: datetime | None
    due: datetime | None
    message: dict[str, str] | None
    opinions: tuple[OpinionAsked, ...] = ()


@dataclass(frozen=True, slots=True)
class RequestView:
    """A request with everything that its page needs. `team` pairs participants with their organisation's public id.

    `approvals` are all of them, void ones too; `waiting` those that it waits for, with messages as far as the reader
    may see the rule behind them.
    """

    access_request: AccessRequest
    route: AccessRoute
    round: AccessRound | None
    facility: Facility
    requester: str
    acting_for: Organisation | None
    instruments: tuple[Instrument, ...]
    team: tuple[tuple[Participant, str | None], ...]
    approvals: tuple[Approval, ...]
    waiting: tuple[Waiting, ...]
    agreements: tuple[AgreementView, ...]
    allocation: Allocation | None
    relations: frozenset[str]

    @property
    def agreement(self) -> AgreementView | None:
        """Return its terms, or those for its samples where it has no others."""
        return self.agreements[0] if self.agreements else None

    @property
    def awaits_exception(self) -> bool:
        """Tell whether it was sent to wait for an exception, before which no approval is asked."""
        return self.access_request.state == RequestState.UNDER_REVIEW and not self.waiting

    @property
    def has_exception(self) -> bool:
        """Tell whether it went back to its team because an exception was granted: nobody asks for changes."""
        row = self.access_request
        return row.state == RequestState.CHANGES_REQUESTED and row.state_reason == plain(EXCEPTION_GRANTED)

    @property
    def state_words(self) -> Text:
        """Return where it stands, in a few words."""
        return _("To be sent again") if self.has_exception else LABELS[RequestState(self.access_request.state)]

    @property
    def next_step(self) -> Text:
        """Return what happens next, in a sentence."""
        if self.has_exception:
            return EXCEPTION_GRANTED
        return AWAITS_EXCEPTION if self.awaits_exception else NEXT[RequestState(self.access_request.state)]

    @property
    def is_staff(self) -> bool:
        """Tell whether the reader reads as staff or as an approver, not as one of the team."""
        return not self.relations & _ASKING


@dataclass(frozen=True, slots=True)
class RequestItem:
    """A request in a list; `report` is the one that it owes or owed once its access has ended."""

    access_request: AccessRequest
    route: AccessRoute
    facility: Facility
    requester: str
    report: OwedReport | None
    instruments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RequestPage:
    """One page of requests, newest first; `next` is the cursor of the following page, or None."""

    items: tuple[RequestItem, ...]
    next: str | None


def request_by_public_id(session: Session, public_id: str, *, actor: Actor | None) -> RequestView:
    """Return a request that the actor may see; a draft is its team's alone.

    Raises NotFound otherwise, so that nobody learns that it exists.
    """
    row = session.execute(
        select(AccessRequest, AccessRoute, Facility, Account.name, Organisation, AccessRound)
        .join(AccessRoute, AccessRoute.id == AccessRequest.route_id)
        .join(Facility, Facility.id == AccessRoute.facility_id)
        .join(Account, Account.id == AccessRequest.requester_id)
        .outerjoin(Organisation, Organisation.id == AccessRequest.acting_for_id)
        .outerjoin(AccessRound, AccessRound.id == AccessRequest.round_id)
        .where(AccessRequest.public_id == public_id)
    ).one_or_none()
    if row is not None:
        access_request, route, facility, requester, organisation, call = row
        asked, awaited = approvals_with_opinions(session, access_request)
        scopes = facility_scopes(session, facility)
        relations = relations_to(session, access_request, actor)
        relations |= _as_approver(asked, scopes, actor) | _as_host(access_request, scopes, actor, relations)
        # A role in the whole network holds without a scope too, so a draft asks for none.
        reader = None if access_request.state == RequestState.DRAFT and "team" not in relations else actor
        if may(reader, Permission.REQUEST_READ, scopes, relations):
            return RequestView(
                access_request=access_request,
                route=route,
                round=call,
                facility=facility,
                requester=requester,
                acting_for=organisation,
                instruments=tuple(_instruments(session, access_request)),
                team=tuple(_team(session, access_request)),
                approvals=asked,
                waiting=tuple(_waiting(access_request, asked, awaited, told=bool(relations & _ASKING))),
                agreements=tuple(agreements_of(session, access_request)),
                allocation=allocation_of(session, access_request),
                relations=relations,
            )
    raise NotFound("access_request.unknown", _("There is no such access request, or it is not yours to see."))


def relations_to(session: Session, access_request: AccessRequest, actor: Actor | None) -> frozenset[str]:
    """Return how the actor relates to a request: requester, team, signatory of the organisation acted for."""
    if actor is None or actor.account_id is None:
        return frozenset()
    relations = set()
    if actor.account_id == access_request.requester_id:
        relations |= {"requester", "team"}
    elif actor.account_id in team_of(session, access_request):
        relations.add("team")
    if access_request.state in _AFTER_APPROVAL and access_request.acting_for_id is not None:
        organisation = session.get_one(Organisation, access_request.acting_for_id)
        if actor.holds("signatory", (("organisation", organisation.public_id),)):
            relations.add("signatory")
    return frozenset(relations)


def own_requests(
    session: Session,
    *,
    actor: Actor,
    states: Sequence[str] | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> RequestPage:
    """Return the requests of the actor's teams, newest first. Two statements."""
    on_team = select(Participant.access_request_id).where(Participant.account_id == actor.account_id)
    query = _items().where(or_(AccessRequest.requester_id == actor.account_id, AccessRequest.id.in_(on_team)))
    return _page(session, query.where(AccessRequest.state.in_(states)) if states else query, limit, cursor)


def _items() -> Select[*tuple[Any, ...]]:
    return (
        select(AccessRequest, AccessRoute, Facility, Account.name, OwedReport)
        .join(AccessRoute, AccessRoute.id == AccessRequest.route_id)
        .join(Facility, Facility.id == AccessRoute.facility_id)
        .join(Account, Account.id == AccessRequest.requester_id)
        .outerjoin(OwedReport, OwedReport.access_request_id == AccessRequest.id)
    )


def _page(session: Session, query: Select[*tuple[Any, ...]], limit: int | None, cursor: str | None) -> RequestPage:
    size = clean_limit(limit)
    if cursor:
        query = query.where(AccessRequest.id < decode_cursor(cursor, (int,))[0])
    rows = session.execute(query.order_by(AccessRequest.id.desc()).limit(size + 1)).all()
    names: dict[int, list[str]] = {}
    for key, name in session.execute(
        select(AccessRequestInstrument.access_request_id, Instrument.name)
        .join(Instrument, Instrument.id == AccessRequestInstrument.instrument_id)
        .where(AccessRequestInstrument.access_request_id.in_([row[0].id for row in rows]))
        .order_by(Instrument.id)
    ):
        names.setdefault(key, []).append(name)
    items = tuple(
        RequestItem(row[0], row[1], row[2], row[3], row[4], tuple(names.get(row[0].id, ()))) for row in rows[:size]
    )
    return RequestPage(items, encode_cursor([items[-1].access_request.id]) if len(rows) > size else None)


def _as_approver(asked: Iterable[Approval], host: Scopes, actor: Actor | None) -> frozenset[str]:
    chains = {"facility": host, "organisation": host[1:], "country": host[2:], "network": (NETWORK,)}
    holds = actor is not None and any(actor.holds(one.role, chains[one.scope_kind]) for one in asked)
    return frozenset({"approver"} if holds else ())


def _as_host(
    access_request: AccessRequest, host: Scopes, actor: Actor | None, relations: frozenset[str]
) -> frozenset[str]:
    signs = actor is not None and any(actor.holds(role, host) for role in HOST_ROLES)
    waits = access_request.state == RequestState.AGREEMENT_PENDING
    return frozenset({"host"} if signs and waits and "team" not in relations else ())


def _waiting(
    access_request: AccessRequest,
    asked: Sequence[Approval],
    awaited: Mapping[int, tuple[OpinionAsked, ...]],
    *,
    told: bool,
) -> Iterator[Waiting]:
    # The stored decision is the applicant's reading: a rule that it does not name is not theirs to see.
    named = {one["rule"] for one in access_request.decision.get("approvals", [])}
    for one in sorted(asked, key=lambda each: (each.stage, each.id)):
        if one.state in UNGIVEN:
            message = one.message if not told or one.rule in named else None
            before = stage_before(one, asked)
            since, due = (one.asked_at, one.due_at) if one.state in OPEN else (None, None)
            opinions = awaited.get(one.id, ())
            yield Waiting(one.role, one.scope_kind, one.stage, before, since, due, message, opinions)


def _instruments(session: Session, access_request: AccessRequest) -> Sequence[Instrument]:
    return session.scalars(
        select(Instrument)
        .join(AccessRequestInstrument, AccessRequestInstrument.instrument_id == Instrument.id)
        .where(AccessRequestInstrument.access_request_id == access_request.id)
        .order_by(Instrument.id)
    ).all()


def _team(session: Session, access_request: AccessRequest) -> Iterator[tuple[Participant, str | None]]:
    rows = session.execute(
        select(Participant, Organisation.public_id)
        .outerjoin(Organisation, Organisation.id == Participant.organisation_id)
        .where(Participant.access_request_id == access_request.id)
        .order_by(Participant.id)
    )
    yield from ((row[0], row[1]) for row in rows)
