"""Decisions that something rests on, kept so that each can be made again from the same facts and rules."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.core.columns import table_of
from infra_access.core.errors import Gone
from infra_access.core.i18n import _
from infra_access.core.together import write
from infra_access.policy.canonical import canonical, restore_facts
from infra_access.policy.disclosure import Audience
from infra_access.policy.documents import load_rules
from infra_access.policy.evaluator import EVALUATOR_VERSION, evaluate
from infra_access.policy.joining import joined
from infra_access.policy.models import DecisionRecord
from infra_access.policy.overrides import load_overridden, telling
from infra_access.policy.ruling import Ruling

_TABLE = table_of(DecisionRecord)

MOST_OF_ONE_NUMBER = 5
"""Of forty bits two are alike once in a great while, so a number leads to one nearly always."""


def record_decision(
    session: Session, *, subject_kind: str, subject_id: str, action: str, ruling: Ruling, now: datetime
) -> None:
    """Keep a ruling about a booking or a request (`subject_id` is its public id), as an officer sees it. One insert."""
    officer = ruling.officer
    row = {
        "case": officer.case,
        "subject_kind": subject_kind,
        "subject_id": subject_id,
        "action": action,
        "outcome": officer.outcome.value,
        "policy_version": officer.policy_version,
        "at": officer.as_of,
        "facts": ruling.facts.decode(),
        "rules": ruling.rules.decode(),
        "decision": canonical(officer).decode(),
        "facts_hash": hashlib.sha256(ruling.facts).hexdigest(),
        "rules_hash": hashlib.sha256(ruling.rules).hexdigest(),
        "overridden": ruling.overridden.decode(),
    }
    write(session, _TABLE, [row])


def replay(record: DecisionRecord) -> bytes:
    """Make a decision again from what was kept: the same bytes as `record.decision`, by the same evaluator.

    Raises Gone `decision.erased` where the facts were erased, `decision.evaluator` where another evaluator decided.
    """
    evaluator = record.policy_version.rpartition(".")[2]
    if evaluator != EVALUATOR_VERSION:
        raise Gone(
            "decision.evaluator",
            _(
                "Evaluator ${then} made this decision, and ${now} is here now. What it said is kept; to make it again, "
                "install that release.",
                mapping={"then": evaluator, "now": EVALUATOR_VERSION},
            ),
        )
    if not record.facts:
        raise Gone(
            "decision.erased",
            _("The facts of this decision were erased. What came out and the hashes of what it rested on remain."),
        )
    facts = [restore_facts(json.dumps(part)) for part in json.loads(record.facts)]
    rules = [load_rules(part) for part in json.loads(record.rules)]
    decision = joined(
        [
            evaluate(
                part_rules,
                part_facts,
                action=record.action,
                as_of=record.at,
                policy_version=record.policy_version,
                case=record.case,
                audience=Audience.OFFICER,
            )
            for part_rules, part_facts in zip(rules, facts, strict=True)
        ]
    )
    return canonical(telling(decision, load_overridden(record.overridden), Audience.OFFICER))


def decisions_about(session: Session, *, subject_kind: str, subject_id: str) -> Sequence[DecisionRecord]:
    """Return the recorded decisions about a booking or a request, latest first."""
    return session.scalars(
        select(DecisionRecord)
        .where(DecisionRecord.subject_kind == subject_kind, DecisionRecord.subject_id == subject_id)
        .order_by(DecisionRecord.id.desc())
    ).all()


def subjects_of(session: Session, *, case: str, subject_kind: str) -> Sequence[str]:
    """Return the public ids of the bookings or the requests to which a case number leads, at most so many.

    What was decided before a request had one number leads to it too.
    """
    return session.scalars(
        select(DecisionRecord.subject_id)
        .where(DecisionRecord.case == case, DecisionRecord.subject_kind == subject_kind)
        .distinct()
        .limit(MOST_OF_ONE_NUMBER)
    ).all()
