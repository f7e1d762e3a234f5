"""What the sessions of a request will wait for, shown before any is booked: what the rules ask of a request, and then
of each session, by its people and samples on the first day of its period.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.approvals.counting import live_of
from infra_access.access_requests.approvals.narrower import left_out_by
from infra_access.access_requests.content import content_of
from infra_access.access_requests.facts import facts_of_request, satisfied_by
from infra_access.access_requests.gates.judging import Gate, Known, Person, gates_from, samples_of
from infra_access.access_requests.lifecycle import FINAL, RequestState
from infra_access.access_requests.models import AccessRequest, AccessRoute
from infra_access.access_requests.override_queries import overrides_of
from infra_access.access_requests.terms.agreed import agreed_for
from infra_access.access_requests.vocabularies import ApprovalState
from infra_access.core.authority import Actor
from infra_access.people.models import Account
from infra_access.people.trainings import trainings_of_people
from infra_access.policy.applicants import facts_of
from infra_access.policy.demands import GRANT, Demand, demands
from infra_access.policy.facts import Facts
from infra_access.policy.further import FURTHER, further_actions
from infra_access.policy.overrides import standing
from infra_access.policy.places import facts_of_place, places_of
from infra_access.policy.rulebook import rulebook
from infra_access.policy.rules import Action, Require
from infra_access.policy.ruling import members, relation_to, with_request

_OVER = (*FINAL, RequestState.REFUSED, RequestState.REVOKED)


def gates_of_request(
    session: Session, access_request: AccessRequest, route: AccessRoute, *, now: datetime
) -> list[Gate]:
    """Return the gates of a request that is not over, as an officer reads them; the grant itself is none.

    Instruments that a yes leaves out have none, also before the last yes grants the others.
    """
    if access_request.state in _OVER:
        return []
    at = max(access_request.period_start, now)
    book = rulebook(session)
    content = content_of(session, access_request)
    given = [one for one in live_of(session, access_request) if one.state == ApprovalState.APPROVED]
    not_granted = left_out_by(given)
    asked = {
        place: [
            rule
            for action in ("request", "book", *FURTHER)
            for rule in book.rule_set(place, route=route.public_id, at=at, action=action).rules
            if isinstance(rule.effect, Require) and rule.effect.key != GRANT
        ]
        for place in places_of(session, content.instruments).values()
        if place.public_id not in not_granted
    }
    if not any(asked.values()):
        return []
    granted = overrides_of(session, access_request.id, book, now=at)
    requester = Actor(account_id=access_request.requester_id, public_id="", label="")
    applicant = facts_of(session, requester, acting_for_id=content.acting_for, now=at, book=book)
    met = satisfied_by(content) | agreed_for(session, access_request, at=at)
    own, key = access_request.public_id, access_request.id
    stated = facts_of_request(session, content, route=route, book=book, now=at, by=own, access_request_id=key)
    facts = with_request(applicant, route=route.public_id, extra=stated, satisfied=met, now=at)
    done = {Action.REQUEST, Action.BOOK, *further_actions("book", stated, at)}
    found: list[Demand] = []
    for place, rules in asked.items():
        relation = Facts.of(relation_to(place, applicant, members(applicant), at))
        here = facts_of_place(place, at).joined(facts).joined(relation)
        due = [rule for rule in rules if not done.isdisjoint(rule.applies_to)]
        found += demands(standing(due, granted), here, as_of=at)
    people = persons_of(session, [(one.account_id, one.name) for one in content.participants])
    satisfied = facts.value("satisfied", at)
    known = Known(
        people=people,
        samples=samples_of(content.project),
        met=satisfied if isinstance(satisfied, frozenset) else frozenset(),
        trainings=trainings_of_people(session, [one.account_id for one in people if one.account_id is not None]),
    )
    return gates_from(found, known, start=access_request.period_start, at=at)


def persons_of(session: Session, people: Sequence[tuple[int | None, str]]) -> list[Person]:
    """Return people, each by account and name, in the order given; one without a name is called as the account is."""
    keys = [key for key, _name in people if key is not None]
    rows = session.execute(select(Account.id, Account.public_id, Account.name).where(Account.id.in_(keys)))
    accounts = {row.id: (row.public_id, row.name) for row in rows}
    found = []
    for key, name in people:
        public_id, own = accounts.get(key, (None, "")) if key is not None else (None, "")
        found.append(Person(key, public_id, name or own))
    return found
