"""What would change if a draft of rules were in force: for every kind of applicant, and for requests of the past.

Nothing is kept here; `what_if_runs` keeps what takes longer than anybody waits for an answer. Both sides are decided by
the evaluator that decides in earnest, one time under the rules in force and one time with the draft in place of the
version that it would supersede.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select, true
from sqlalchemy.orm import Session

from infra_access.access_requests.content import content_of
from infra_access.access_requests.facts import facts_of_request
from infra_access.access_requests.models import AccessRequest, AccessRequestInstrument, AccessRoute
from infra_access.access_requests.programme import is_read_by
from infra_access.access_requests.routes import route_ids_of
from infra_access.catalogue.models import Facility, Instrument, Organisation
from infra_access.catalogue.vocabularies import PublicationState
from infra_access.core.decision import Decision, Outcome
from infra_access.core.errors import Conflict
from infra_access.core.i18n import Text, _
from infra_access.people.actors import load_actor
from infra_access.policy.applicants import facts_of, visitor_facts
from infra_access.policy.classes import Classes, PartitionMaker, Sample, Way
from infra_access.policy.conditions import Compare, walk
from infra_access.policy.countries import COUNTRY_CODES
from infra_access.policy.documents import load_rules
from infra_access.policy.kinds import Kind
from infra_access.policy.models import PolicyDocument
from infra_access.policy.places import InstrumentPlace, places_of
from infra_access.policy.rulebook import RuleBook, rulebook, rulebook_with
from infra_access.policy.rules import Action
from infra_access.policy.ruling import rule_on
from infra_access.policy.vocabulary import VOCABULARY

KINDS: Mapping[str, tuple[str, Text]] = {
    "university": ("sector:academic", _("Universities")),
    "public": ("sector:public", _("Public bodies")),
    "non-profit": ("sector:non-profit", _("Non-profits")),
    "startup": ("sector:company,size:micro,startup:yes", _("Startups")),
    "sme": ("sector:company,size:small,startup:no", _("Small and medium enterprises")),
    "large-company": ("sector:company,size:large,startup:no", _("Large companies")),
    "person": ("sector:person", _("Private persons")),
}
"""The kinds of applicant that are compared: what each says of itself, and its name."""

MONTHS = 12
"""How far back requests are looked at unless somebody says otherwise."""

MOST_REQUESTS = 1_000
MOST_WORK = 4_000_000
"""Rules times applicants times classes of instruments by way in: some forty seconds."""

NEWEST_FIRST = (AccessRequest.submitted_at.desc(), AccessRequest.id.desc())

_ACTIONS = (Action.REQUEST, Action.BOOK)
_AT_ONCE = 5_000
MONTH = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Reach:
    """Of how many instruments one kind of applicant could have the use, from any of these countries."""

    kind: str
    countries: tuple[str, ...]
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class RequestChange:
    """How a request of the past would be answered today, and how with the draft in force."""

    public_id: str
    submitted_at: datetime
    before: Outcome
    after: Outcome

    @property
    def differs(self) -> bool:
        """Tell whether it would be answered otherwise."""
        return self.before is not self.after


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What a draft changes.

    `instruments` is how many the rules reach, `reach` all that was compared. `looked_at` are the latest requests of
    `of` in the time asked for.
    """

    instruments: int
    reach: tuple[Reach, ...]
    looked_at: int
    of: int
    requests: tuple[RequestChange, ...]

    @property
    def changed(self) -> tuple[Reach, ...]:
        """Return those who could use more or fewer instruments than before."""
        return rows_of_reach(self.reach)


def what_if(
    session: Session,
    document: PolicyDocument,
    *,
    now: datetime,
    months: int = MONTHS,
    most_requests: int = MOST_REQUESTS,
) -> WhatIf:
    """Compare the rules in force with those that hold once `document` is published.

    `months` of 30 days are looked back, at the latest `most_requests`, one after the other. Only instruments and
    requests within the document's scope can change, so only they are decided; requests by the facts as they stand,
    dated to when they were submitted.
    """
    before = rulebook(session)
    after = rulebook_with(session, before, document)
    total, reach = reach_of(session, document, before, after, now)
    since = and_(AccessRequest.submitted_at >= now - months * MONTH, within(document))
    of = session.scalar(select(func.count()).select_from(AccessRequest).where(since)) or 0
    latest = select(AccessRequest.id).where(since).order_by(*NEWEST_FIRST)
    keys = session.scalars(latest.limit(most_requests)).all()
    found = decided_again(session, document, before, after, keys)
    return WhatIf(total, reach, len(keys), of, tuple(one for one in found if one.differs))


def rows_of_reach(reach: Iterable[Reach]) -> tuple[Reach, ...]:
    """Return those who could use more or fewer instruments than before, the largest difference first.

    Countries of which the same is to be said stand together.
    """
    alike: dict[tuple[str, int, int], set[str]] = {}
    for one in reach:
        if one.before != one.after:
            alike.setdefault((one.kind, one.before, one.after), set()).update(one.countries)
    found = [Reach(kind, tuple(sorted(names)), *counts) for (kind, *counts), names in alike.items()]
    return tuple(sorted(found, key=lambda one: (-abs(one.after - one.before), one.kind, one.countries)))


def reach_of(
    session: Session, document: PolicyDocument, before: RuleBook, after: RuleBook, now: datetime
) -> tuple[int, tuple[Reach, ...]]:
    """Return how many instruments the rules reach, and how many of them each kind of applicant could use.

    Raises Conflict `what_if.too_much`.
    """
    counts: Counter[tuple[int, int]] = Counter()
    samples: dict[tuple[int, int], Sample] = {}
    makers = PartitionMaker(before, now), PartitionMaker(after, now)
    hosts: set[str] = set()
    for place, routes in _reached(session, document):
        sample = Sample(place, tuple(Way(route, frozenset(), frozenset(), True, True) for route in routes))
        key = makers[0].number(sample), makers[1].number(sample)
        counts[key] += 1
        samples.setdefault(key, sample)
        hosts.add(place.country)
    alike = _alike(before, after, hosts)
    _refuse_too_much(document, len(KINDS) * len(alike), samples.values())
    found: list[Reach] = []
    for kind, (statement, _name) in KINDS.items():
        for countries in alike:
            applicant = visitor_facts(f"{statement},country:{countries[0]}", before, now)
            sums = [
                sum(counts[key] for key in _usable([Classes(book, applicant, one, now) for one in _ACTIONS], samples))
                for book in (before, after)
            ]
            found.append(Reach(kind, countries, *sums))
    return counts.total(), tuple(found)


def _refuse_too_much(document: PolicyDocument, applicants: int, samples: Iterable[Sample]) -> None:
    """Raise Conflict `what_if.too_much` rather than take minutes: what is read at once keeps a thread for as long."""
    work = len(document.rules) * applicants * sum(max(1, len(sample.ways)) for sample in samples)
    if work > MOST_WORK:
        raise Conflict(
            "what_if.too_much",
            _(
                "So many rules cannot be tried for everybody and everything at once. Try them at one facility, or try "
                "fewer of them."
            ),
        )


def _reached(session: Session, document: PolicyDocument) -> Iterator[tuple[InstrumentPlace, Sequence[str]]]:
    """Yield each published instrument that rules of the document's scope reach, with its ways in."""
    scope = (document.scope_kind, document.scope_key)
    published = select(Instrument.id).where(Instrument.publication == PublicationState.PUBLISHED)
    keys = iter(session.scalars(published.order_by(Instrument.id)).all())
    while some := list(islice(keys, _AT_ONCE)):
        ways = route_ids_of(session, some)
        for key, place in places_of(session, some).items():
            routes = ways.get(key, [])
            if scope in set(place.scopes()) or (scope[0] == "route" and scope[1] in routes):
                yield place, routes


def _usable(judging: Sequence[Classes], samples: Mapping[tuple[int, int], Sample]) -> set[tuple[int, int]]:
    def can(sample: Sample) -> bool:
        ways: Iterable[str | None] = [way.route for way in sample.ways] or [None]
        return any(could_use(classes.decide(sample.place, way)) for way in ways for classes in judging)

    return {key for key, sample in samples.items() if can(sample)}


def could_use(decision: Decision) -> bool:
    """Tell whether a way leads on: by approvals, by what can be supplied, or by a fact that is not known yet."""
    if decision.outcome is Outcome.NOT_ELIGIBLE:
        return any(one.kind == "fact" for one in decision.missing)
    return decision.outcome is not Outcome.DENY


def _alike(before: RuleBook, after: RuleBook, hosts: set[str]) -> list[tuple[str, ...]]:
    """Return the countries parted into those that no rule tells apart, each sorted, by their first."""
    named = hosts | _named(before) | _named(after)
    parts: dict[object, list[str]] = {}
    for country in sorted(COUNTRY_CODES):
        parts.setdefault((before.groups_of(country), country if country in named else ""), []).append(country)
    return sorted(tuple(part) for part in parts.values())


def _named(book: RuleBook) -> set[str]:
    found: set[str] = set()
    for rules in book.by_scope.values():
        for rule in rules:
            for part in walk(rule.when):
                if isinstance(part, Compare) and part.other is None and VOCABULARY[part.fact].kind is Kind.COUNTRY:
                    found |= {str(one) for one in (part.value if isinstance(part.value, tuple) else (part.value,))}
    return found


def decided_again(
    session: Session, document: PolicyDocument, before: RuleBook, after: RuleBook, keys: Sequence[int]
) -> Iterator[RequestChange]:
    """Yield how each of these requests would be answered, one after the other, unless the rules do not reach it."""
    # Both books have the same groups of countries, and the one to come names all facts that either reads. What a draft
    # reads of the programme is read of it in both.
    programme = after if is_read_by(load_rules(document.rules)) else before
    programme = replace(programme, reads=after.reads, read_at=after.read_at)
    scope = (document.scope_kind, document.scope_key)
    for key in keys:
        found = _decided(session, session.get_one(AccessRequest, key), scope, before, after, programme)
        if found is not None:
            yield found
        session.expunge_all()  # or thousands of requests with all they hold would be kept until the end


def within(document: PolicyDocument) -> ColumnElement[bool]:
    """Return the condition for requests that rules of the document's scope can reach; nobody learns of others."""
    kind, key = document.scope_kind, document.scope_key
    if kind == "instrument":
        named = (
            select(AccessRequestInstrument.access_request_id)
            .join(Instrument, Instrument.id == AccessRequestInstrument.instrument_id)
            .where(Instrument.public_id == key)
        )
        return AccessRequest.id.in_(named)
    columns: Mapping[str, Any] = {
        "route": AccessRoute.public_id,
        "facility": Facility.public_id,
        "organisation": Organisation.public_id,
        "country": Facility.country,
    }
    if kind not in columns:  # the network, and tags, which lie in it
        return true()
    routes = (
        select(AccessRoute.id)
        .join(Facility, Facility.id == AccessRoute.facility_id)
        .join(Organisation, Organisation.id == Facility.organisation_id)
        .where(columns[kind] == key)
    )
    return AccessRequest.route_id.in_(routes)


def _decided(
    session: Session,
    access_request: AccessRequest,
    scope: tuple[str, str],
    before: RuleBook,
    after: RuleBook,
    programme: RuleBook,
) -> RequestChange | None:
    submitted = access_request.submitted_at
    assert submitted is not None, "it was chosen by that"
    route = session.get_one(AccessRoute, access_request.route_id)
    content = content_of(session, access_request)
    places = places_of(session, content.instruments)
    scopes = {scope for place in places.values() for scope in place.scopes()} | {("route", route.public_id)}
    if scope not in scopes:
        return None
    actor = load_actor(session, access_request.requester_id, now=submitted)
    applicant = facts_of(session, actor, acting_for_id=content.acting_for, now=submitted, book=after)
    extra = facts_of_request(
        session,
        content,
        route=route,
        book=programme,
        now=submitted,
        by=actor.public_id,
        access_request_id=access_request.id,
    )
    outcomes = (
        rule_on(
            session,
            action=Action.REQUEST,
            instrument_ids=content.instruments,
            applicant=applicant,
            now=submitted,
            route=route.public_id,
            extra=extra,
            book=rules,
            places=places,
        ).decision.outcome
        for rules in (before, after)
    )
    return RequestChange(access_request.public_id, submitted, *outcomes)
