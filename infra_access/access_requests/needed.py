"""What is still needed of a request: the policy's answer as it stands, and what the rules in force ask for.

Asking and what follows it, booking or sending samples, are judged together: who states only what the request needs
would be granted what cannot be used. So is what either further comes to, such as a session from afar.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from infra_access.access_requests.content import Content, content_of
from infra_access.access_requests.facts import facts_of_request
from infra_access.access_requests.models import AccessRequest, AccessRoute
from infra_access.access_requests.override_queries import overrides_of
from infra_access.access_requests.questions import Question, joined, questions, requiring
from infra_access.access_requests.routes import used_by
from infra_access.access_requests.standing import case_number
from infra_access.access_requests.terms.agreed import agreed_for
from infra_access.core.authority import Actor
from infra_access.core.decision import Decision, Missing
from infra_access.policy.afterwards import with_what_follows
from infra_access.policy.applicants import facts_of
from infra_access.policy.disclosure import Audience
from infra_access.policy.facts import Fact, Facts
from infra_access.policy.places import facts_of_place, places_of
from infra_access.policy.rulebook import RuleBook, rulebook
from infra_access.policy.rules import Action, Rule
from infra_access.policy.ruling import decide, members, parts_of, relation_to, with_request

_ROUTE = "the access route"


@dataclass(frozen=True, slots=True)
class Needed:
    """What the rules say of asking now and of what follows, what is missing for both, and what they ask for.

    `requiring` are the rules that may require what a request can state itself, also where it does.
    """

    decision: Decision
    missing: tuple[Missing, ...]
    questions: tuple[Question, ...]
    requiring: tuple[Rule, ...]


def needed(
    session: Session,
    *,
    actor: Actor,
    route: AccessRoute,
    instrument_ids: Sequence[int],
    now: datetime,
    access_request: AccessRequest | None = None,
) -> Needed:
    """Return what asking for instruments by a way in needs, of a request where one is written.

    The actor is the requester. Nothing is locked. Eleven statements at most, where the rules were read before, and one
    more where any asks for an agreement.
    """
    book = rulebook(session)
    content = content_of(session, access_request) if access_request is not None else None
    acting_for = content.acting_for if content is not None else None
    applicant = facts_of(session, actor, acting_for_id=acting_for, now=now, book=book)
    stated = _stated(session, actor, book, route, content, access_request, now)
    met = agreed_for(session, access_request, at=now) if access_request is not None and book.agreements else ()
    facts = with_request(applicant, route=route.public_id, extra=stated, satisfied=met, now=now)
    member_of = members(applicant)
    overrides = overrides_of(session, access_request.id if access_request else None, book, now=now)
    places = list(places_of(session, content.instruments if content is not None else instrument_ids).values())
    asked: list[Question] = []
    decisions: list[Decision] = []
    wanting: list[Rule] = []
    for action in (Action.REQUEST, used_by(route)):
        parts = [
            (place, part)
            for place in places
            for part in parts_of(
                book,
                place,
                applicant=facts,
                member_of=member_of,
                action=action,
                route=route.public_id,
                now=now,
                overrides=overrides,
            )
        ]
        decisions.append(
            decide(
                [part for _place, part in parts],
                action=action,
                now=now,
                policy_version=book.version,
                audience=Audience.APPLICANT,
                case=case_number(access_request) if access_request is not None else None,
            )
        )
        for place, part in parts:
            # A part has no more of the facts than its rules read, and so not what each leg is.
            known = facts_of_place(place, now).joined(facts).joined(Facts.of(relation_to(place, facts, member_of, now)))
            asked += questions(part.rule_set.rules, known, as_of=now)
            wanting += requiring(part.rule_set.rules, known, as_of=now)
    first, then = decisions
    missing: dict[tuple[str, str], Missing] = {}
    for one in (*first.missing, *then.missing):
        missing.setdefault((one.kind, one.code), one)
    decision = with_what_follows(first, then, now, written=content is not None)
    return Needed(decision, tuple(missing.values()), joined(asked), tuple(wanting))


def _stated(
    session: Session,
    actor: Actor,
    book: RuleBook,
    route: AccessRoute,
    content: Content | None,
    access_request: AccessRequest | None,
    now: datetime,
) -> Facts:
    """Return what is known of the request; before it is written, what its way in leaves no choice of."""
    if content is None or access_request is None:
        offered = {"request.regime": route.regimes, "request.access_type": route.access_types}
        return Facts.of({path: Fact(only[0], _ROUTE, _ROUTE, now) for path, only in offered.items() if len(only) == 1})
    return facts_of_request(
        session, content, route=route, book=book, now=now, by=actor.public_id, access_request_id=access_request.id
    )
