"""May this person use these instruments? One evaluation for each class of instruments, never one for each row.

Instruments under the same rules, of which these rules read the same values, cannot get different answers: they form a
class. A search over thousands of instruments so costs a handful of evaluations.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from infra_access.core.decision import Decision
from infra_access.core.errors import NotFound
from infra_access.core.i18n import _
from infra_access.policy.disclosure import Audience
from infra_access.policy.facts import Facts
from infra_access.policy.places import InstrumentPlace, places_of
from infra_access.policy.rulebook import RuleBook, RuleSet, rulebook
from infra_access.policy.ruling import decide, members, part_of, relation_to

ClassKey = tuple[bytes, tuple[tuple[str, object], ...]]


def badges(
    session: Session,
    instrument_ids: Iterable[int],
    *,
    applicant: Facts,
    action: str,
    now: datetime,
    book: RuleBook | None = None,
) -> dict[int, Decision]:
    """Return the decision on an action for each instrument by key, in the order given; unknown keys are left out.

    Two statements for up to 10,000 instruments, one given `book`. Facts of a request and of time are unknown here.
    """
    book = book or rulebook(session)
    member_of = members(applicant)
    decided: dict[ClassKey, Decision] = {}
    found: dict[int, Decision] = {}
    for instrument_id, place in places_of(session, instrument_ids).items():
        rule_set = book.rule_set(place, at=now, action=action)
        key = _class_of(rule_set, place, applicant, member_of, now)
        if key not in decided:
            part = part_of(book, place, applicant=applicant, member_of=member_of, action=action, route=None, now=now)
            decided[key] = decide(
                [part], action=action, now=now, policy_version=book.version, audience=Audience.APPLICANT
            )
        found[instrument_id] = decided[key]
    return found


def eligibility(
    session: Session,
    instrument_id: int,
    *,
    applicant: Facts,
    action: str,
    now: datetime,
    book: RuleBook | None = None,
) -> Decision:
    """Return the decision on an action with one instrument. Raises NotFound `instrument.unknown`."""
    found = badges(session, [instrument_id], applicant=applicant, action=action, now=now, book=book)
    if instrument_id not in found:
        raise NotFound("instrument.unknown", _("There is no such instrument."))
    return found[instrument_id]


def _class_of(
    rule_set: RuleSet, place: InstrumentPlace, applicant: Facts, member_of: frozenset[int] | None, now: datetime
) -> ClassKey:
    relation = {path: fact.value for path, fact in relation_to(place, applicant, member_of, now).items()}
    values = place.values() | relation
    return rule_set.canonical, tuple((path, values[path]) for path in sorted(values.keys() & rule_set.reads))
