"""Requests as their team and the staff see them: what is asked, who holds it since when, what happens next."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session, aliased

from infra_access.access_requests.allocations import allocation_of
from infra_access.access_requests.appealed import APPEAL, Appealed, appealed_in
from infra_access.access_requests.awaited import Waiting, awaited, names_of, rules_named
from infra_access.access_requests.lifecycle import (
    AWAITS_EXCEPTION,
    EXCEPTION_GRANTED,
    LABELS,
    NEXT,
    NEXT_SCHEDULED,
    NEXT_UNDER_REVIEW,
    RequestState,
)
from infra_access.access_requests.models import (
    AccessRequest,
    AccessRequestInstrument,
    AccessRound,
    AccessRoute,
    Allocation,
    Approval,
    Participant,
)
from infra_access.access_requests.opinions.queries import approvals_with_opinions
from infra_access.access_requests.standing import team_of
from infra_access.access_requests.terms.agreement_queries import HOST_ROLES, AgreementView, agreements_of
from infra_access.access_requests.vocabularies import TimeGiven
from infra_access.catalogue.models import Facility, Instrument, Organisation
from infra_access.catalogue.scopes import scopes_of_facility
from infra_access.core.authority import NETWORK, Actor, Permission, Scopes, may
from infra_access.core.errors import NotFound
from infra_access.core.i18n import Text, _, plain
from infra_access.core.paging import clean_limit, decode_cursor, encode_cursor
from infra_access.people.models import Account, OwedReport
from infra_access.policy.canonical import as_case
from infra_access.policy.decisions import subjects_of

_AFTER_APPROVAL = frozenset(
    {RequestState.AGREEMENT_PENDING, RequestState.ACTIVE, RequestState.COMPLETED, RequestState.EXPIRED}
)

_Host = aliased(Organisation)
_ASKING = frozenset({"requester", "team", "signatory"})


@dataclass(frozen=True, slots=True)
class RequestView:
    """A request with everything that its page needs. `team` pairs participants with their organisation's public id.

    `approvals` are all of them, void ones too; `waiting` what it waits for, an appeal too, as far as the reader may see
    the rule behind it. `appeals` are what was appealed against, oldest first. `host` runs the facility.
    """

    access_request: AccessRequest
    route: AccessRoute
    round: AccessRound | None
    facility: Facility
    requester: str
    acting_for: Organisation | None
    host: Organisation
    instruments: tuple[Instrument, ...]
    team: tuple[tuple[Participant, str | None], ...]
    approvals: tuple[Approval, ...]
    waiting: tuple[Waiting, ...]
    appeals: tuple[Appealed, ...]
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
    def rests_on_review(self) -> bool:
        """Tell whether it can be booked upon only as long as a consent is renewed in time."""
        active = self.access_request.state == RequestState.ACTIVE
        return active and self.allocation is not None and self.allocation.review_at is not None

    @property
    def is_scheduled(self) -> bool:
        """Tell whether it is active and the facility chooses the time, so that the team books none itself."""
        active = self.access_request.state == RequestState.ACTIVE
        return active and self.route.time_given == TimeGiven.FACILITY_SCHEDULES

    @property
    def next_step(self) -> Text:
        """Return what happens next, in a sentence."""
        if self.rests_on_review:
            return NEXT_UNDER_REVIEW
        if self.has_exception:
            return EXCEPTION_GRANTED
        if self.is_scheduled:
            return NEXT_SCHEDULED
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
        select(AccessRequest, AccessRoute, Facility, Account.name, Organisation, AccessRound, _Host)
        .join(AccessRoute, AccessRoute.id == AccessRequest.route_id)
        .join(Facility, Facility.id == AccessRoute.facility_id)
        .join(_Host, _Host.id == Facility.organisation_id)
        .join(Account, Account.id == AccessRequest.requester_id)
        .outerjoin(Organisation, Organisation.id == AccessRequest.acting_for_id)
        .outerjoin(AccessRound, AccessRound.id == AccessRequest.round_id)
        .where(AccessRequest.public_id == public_id)
    ).one_or_none()
    if row is not None:
        access_request, route, facility, requester, organisation, call, host = row
        every, opinions = approvals_with_opinions(session, access_request)
        asked = tuple(one for one in every if one.subject_kind != APPEAL)
        scopes = scopes_of_facility(facility.public_id, host.public_id, facility.country)
        relations = relations_to(session, access_request, actor)
        agreements = tuple(agreements_of(session, access_request))
        waits = _waits_for_terms(access_request, agreements)
        relations |= _as_approver(asked, scopes, actor) | _as_host(scopes, actor, relations, waits=waits)
        # A role in the whole network holds without a scope too, so a draft asks for none.
        reader = None if access_request.state == RequestState.DRAFT and "team" not in relations else actor
        if may(reader, Permission.REQUEST_READ, scopes, relations):
            # The stored decision is the applicant's reading: a rule that it does not name is not theirs to see.
            named = rules_named(access_request.decision) if relations & _ASKING else None
            waiting = awaited(
                access_request,
                every,
                opinions,
                names=names_of(facility, (host, organisation)),
                host=scopes[0],
                named=named,
            )
            return RequestView(
                access_request=access_request,
                route=route,
                round=call,
                facility=facility,
                requester=requester,
                acting_for=organisation,
                host=host,
                instruments=tuple(_instruments(session, access_request)),
                team=tuple(_team(session, access_request)),
                approvals=asked,
                waiting=tuple(waiting),
                appeals=tuple(_appeals(every, named)),
                agreements=agreements,
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


def requests_by_case(session: Session, *, actor: Actor, case: str) -> RequestPage:
    """Return the requests to which a case number leads and that the actor may read, of whose team they be.

    Of others nobody learns whether there are any.
    """
    readable = []
    for public_id in subjects_of(session, case=as_case(case), subject_kind="access_request"):
        try:
            readable.append(request_by_public_id(session, public_id, actor=actor).access_request.id)
        except NotFound:
            continue
    return _page(session, _items().where(AccessRequest.id.in_(readable)), None, None)


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


def _waits_for_terms(access_request: AccessRequest, agreements: Iterable[AgreementView]) -> bool:
    """Tell whether a request waits for its terms, or its sessions for what was offered besides."""
    if access_request.state != RequestState.ACTIVE:
        return access_request.state == RequestState.AGREEMENT_PENDING
    return any(not one.is_of_itself for one in agreements)


def _as_host(host: Scopes, actor: Actor | None, relations: frozenset[str], *, waits: bool) -> frozenset[str]:
    signs = actor is not None and any(actor.holds(role, host) for role in HOST_ROLES)
    return frozenset({"host"} if signs and waits and "team" not in relations else ())


def _appeals(appeals: Iterable[Approval], named: Collection[str] | None) -> Iterator[Appealed]:
    found = (appealed_in(one, named=named) for one in appeals)
    yield from (one for one in found if one is not None)


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
