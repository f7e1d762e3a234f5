"""May this person use these instruments? One evaluation for each class of instruments, never one for each row.

Instruments under the same rules, of which these rules read the same values, cannot get different answers: they form a
class. A search over thousands of instruments so costs a handful of evaluations.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy.orm import Session

from infra_access.core.decision import Decision, Outcome
from infra_access.core.errors import NotFound
from infra_access.core.i18n import _
from infra_access.policy.applicants import Applicant
from infra_access.policy.disclosure import Audience
from infra_access.policy.earliest import one_after_the_other
from infra_access.policy.facts import Facts
from infra_access.policy.places import InstrumentPlace, places_of
from infra_access.policy.rulebook import RuleBook, RuleSet, rulebook
from infra_access.policy.rules import Action
from infra_access.policy.ruling import decide, members, part_of, relation_to, with_request

Routes = Mapping[int, Sequence[str | None]]
Values = tuple[tuple[str, object], ...]


def badges(
    session: Session,
    instrument_ids: Iterable[int],
    *,
    applicant: Facts,
    action: str,
    now: datetime,
    book: RuleBook | None = None,
    routes: Routes | None = None,
) -> dict[int, Decision]:
    """Return the decision on an action for each instrument by key, in the order given; unknown keys are left out.

    `routes` names the access routes that lead to each instrument (public ids): rules may be attached to a route, so
    each way in is judged and the best one answers. Two statements for up to 10,000 instruments, one given `book`.
    Facts of a request and of time are unknown here.
    """
    book = book or rulebook(session)
    classes = _Classes(book, applicant, action, now)
    return {
        instrument_id: min(
            (classes.decide(place, route) for route in (routes or {}).get(instrument_id) or (None,)), key=badness
        )
        for instrument_id, place in places_of(session, instrument_ids).items()
    }


def eligibility(
    session: Session,
    instrument_id: int,
    *,
    applicant: Facts,
    action: str,
    now: datetime,
    book: RuleBook | None = None,
    routes: Sequence[str | None] = (),
) -> Decision:
    """Return the decision on an action with one instrument by its best route. Raises NotFound `instrument.unknown`."""
    found = badges(
        session,
        [instrument_id],
        applicant=applicant,
        action=action,
        now=now,
        book=book,
        routes={instrument_id: routes},
    )
    if instrument_id not in found:
        raise NotFound("instrument.unknown", _("There is no such instrument."))
    return found[instrument_id]


class _Classes:
    """The decisions made so far for one person and action, by class."""

    def __init__(self, book: RuleBook, applicant: Facts, action: str, now: datetime) -> None:
        """Keep what all of them share."""
        self.member_of = members(applicant)
        if action == Action.BOOK and isinstance(applicant, Applicant):
            applicant = applicant.alone()
        self.book, self.applicant, self.action, self.now = book, applicant, action, now
        self.decided: dict[tuple[str, bytes, Values], Decision] = {}
        self.by_route: dict[str | None, Facts] = {}

    def decide(self, place: InstrumentPlace, route: str | None) -> Decision:
        """Return the decision of the class that an instrument belongs to by this route.

        Who asks for access wants a session, not an approval: the days that booking takes afterwards (terms to accept,
        trainings) are added to those of the request, or the first date would be a lie.
        """
        asked = self._decide(place, route, self.action)
        if self.action != Action.REQUEST or asked.earliest_start is None:
            return asked
        booked = self._decide(place, route, Action.BOOK)
        if booked.earliest_start is None:
            return asked
        return replace(asked, earliest_start=one_after_the_other(asked.earliest_start, booked.earliest_start, self.now))

    def _decide(self, place: InstrumentPlace, route: str | None, action: str) -> Decision:
        rule_set = self.book.rule_set(place, route=route, at=self.now, action=action)
        key = (action, *self._class_of(rule_set, place, route))
        if key not in self.decided:
            part = part_of(
                self.book,
                place,
                applicant=self._facts(route),
                member_of=self.member_of,
                action=action,
                route=route,
                now=self.now,
            )
            self.decided[key] = decide(
                [part], action=action, now=self.now, policy_version=self.book.version, audience=Audience.APPLICANT
            )
        return self.decided[key]

    def _facts(self, route: str | None) -> Facts:
        if route not in self.by_route:
            self.by_route[route] = with_request(self.applicant, route=route, extra=None, satisfied=(), now=self.now)
        return self.by_route[route]

    def _class_of(self, rule_set: RuleSet, place: InstrumentPlace, route: str | None) -> tuple[bytes, Values]:
        relation = relation_to(place, self.applicant, self.member_of, self.now)
        values = place.values() | {path: fact.value for path, fact in relation.items()} | {"request.route": route}
        return rule_set.canonical, tuple((path, values[path]) for path in sorted(values.keys() & rule_set.reads))


_RANK = {outcome: rank for rank, outcome in enumerate(Outcome)}


def badness(decision: Decision) -> tuple[int, bool, int, date]:
    """Return what sorts several answers to one person from best to worst: outcome, what is missing, when at the latest.

    Of two ways in that are not open yet, one that a missing fact may open goes before one that nothing opens.
    """
    start = decision.earliest_start
    hopeless = decision.outcome is Outcome.NOT_ELIGIBLE and not decision.missing
    return _RANK[decision.outcome], hopeless, len(decision.missing), start.safe if start else date.max
