"""The reader's standing with instruments: what the policy says to whoever is signed in, or to what a visitor said."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from pyramid.request import Request

from infra_access.access_requests.models import AccessRoute
from infra_access.access_requests.routes import direct_route_ids, routes_offering
from infra_access.core.authority import Scope
from infra_access.core.decision import Decision, Missing
from infra_access.policy.applicants import facts_of, visitor_facts
from infra_access.policy.classes import Classes
from infra_access.policy.eligibility import badges
from infra_access.policy.facts import Fact, Facts
from infra_access.policy.places import places_of
from infra_access.policy.rulebook import RuleBook, rulebook
from infra_access.policy.rules import Action, Rule
from infra_access.web.visitor import Said


def applicant(request: Request, said: Said, book: RuleBook, *, now: datetime) -> Facts | None:
    """Return what is known of the reader; None of a visitor who said nothing, about whom nothing can be answered.

    What somebody says wins over the account: they ask "what if I were".
    """
    if said:
        return visitor_facts(said.statement, book, now)
    if request.actor is not None and request.actor.account_id is not None:
        return facts_of(request.db, request.actor, acting_for_id=None, now=now, book=book)
    return None


def answers(request: Request, said: Said, instrument_ids: Sequence[int], *, now: datetime) -> dict[int, Decision]:
    """Return the decision for each instrument by its best way in; nothing for a visitor who said nothing."""
    if not instrument_ids:
        return {}
    book = rulebook(request.db)
    known = applicant(request, said, book, now=now)
    if known is None:
        return {}
    routes = routes_offering(request.db, instrument_ids, known, now)
    return badges(request.db, instrument_ids, applicant=known, action="request", now=now, book=book, routes=routes)


def booking_answer(
    request: Request, said: Said, instrument_id: int, ways: Sequence[str], *, now: datetime
) -> Decision | None:
    """Return the decision on booking without a request before it, by the best of the `ways` that are always open."""
    book = rulebook(request.db)
    known = applicant(request, said, book, now=now)
    if known is None:
        return None
    routes = {instrument_id: ways}
    found = badges(request.db, [instrument_id], applicant=known, action="book", now=now, book=book, routes=routes)
    return found[instrument_id]


def may_book_at_once(request: Request, said: Said, instrument_id: int, *, now: datetime) -> bool:
    """Tell whether the reader may book without a request before it."""
    book = rulebook(request.db)
    known = applicant(request, said, book, now=now)
    if known is None:
        return False
    ways = direct_route_ids(request.db, instrument_id) or (None,)
    classes = Classes(book, known, Action.BOOK, now)
    places = places_of(request.db, [instrument_id])
    return any(classes.welcomes(place, way) for place in places.values() for way in ways)


def missing_by(request: Request, instrument_id: int, route: AccessRoute, *, now: datetime) -> list[Missing]:
    """Return what asking for an instrument by one way in misses, and what booking it afterwards will.

    Both are asked at once: who states only what the request needs would be granted time that cannot be booked.
    """
    book = rulebook(request.db)
    known = applicant(request, Said(), book, now=now)
    if known is None:
        return []
    if len(route.regimes) == 1:
        regime = Fact(route.regimes[0], "the access route", "the access route", now)
        known = known.joined(Facts.of({"request.regime": regime}))
    found: list[Missing] = []
    for action in ("request", "book"):
        answer = badges(
            request.db,
            [instrument_id],
            applicant=known,
            action=action,
            now=now,
            book=book,
            routes={instrument_id: [route.public_id]},
        )
        found += answer[instrument_id].missing
    return found


def rules_in(request: Request, scopes: Iterable[Scope], routes: Iterable[AccessRoute], *, now: datetime) -> list[Rule]:
    """Return the rules of these scopes and of these ways in that hold today."""
    book = rulebook(request.db)
    everywhere = (*scopes, *(("route", route.public_id) for route in routes))
    today = now.astimezone(UTC).date()
    return [rule for scope in everywhere for rule in book.by_scope.get(scope, ()) if rule.holds_on(today)]
