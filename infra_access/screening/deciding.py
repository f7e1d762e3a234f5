"""What an officer decides on candidates, and what an approval needs of it: none undecided, none the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.core.errors import Conflict, Invalid
from infra_access.core.i18n import _
from infra_access.screening.loading import lists_in_use, lock_lists
from infra_access.screening.matching import Candidate, Party, candidates_for
from infra_access.screening.models import ScreeningDecision, ScreeningList, ScreeningUse

MOST_AT_ONCE = 500


class Same(StrEnum):
    """Whether somebody is who is listed."""

    SAME = "same"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Subject:
    """What is screened: a request or a booking, by its public id, under one approval."""

    kind: str
    public_id: str
    approval: str


@dataclass(frozen=True, slots=True)
class Screening:
    """The lists in use, the candidates in them, and the decision that counts on each, by the candidate's id."""

    lists: Sequence[ScreeningList]
    candidates: Sequence[Candidate]
    decided: Mapping[str, ScreeningDecision]

    def having(self, verdict: Same | None) -> list[Candidate]:
        """Return the candidates with this decision, or with none."""
        found = {key: one.verdict for key, one in self.decided.items()}
        return [one for one in self.candidates if found.get(one.id) == verdict]


def screen(session: Session, subject: Subject, parties: Sequence[Party]) -> Screening:
    """Compare everybody who takes part with the lists in use."""
    lists = lists_in_use(session)
    found = candidates_for(session, parties) if lists else []
    kept = decisions_on(session, subject) if found else []
    return Screening(lists, found, {one.candidate: one for one in kept})


def decisions_on(session: Session, subject: Subject) -> Sequence[ScreeningDecision]:
    """Return what was decided on a subject, the earliest first. One statement."""
    return session.scalars(
        select(ScreeningDecision)
        .where(ScreeningDecision.subject_kind == subject.kind, ScreeningDecision.subject_public_id == subject.public_id)
        .order_by(ScreeningDecision.id)
    ).all()


def uses_by(session: Session, approval: str) -> Sequence[tuple[ScreeningUse, ScreeningList]]:
    """Return which lists an approval was given after looking into. One statement."""
    rows = session.execute(
        select(ScreeningUse, ScreeningList)
        .join(ScreeningList, ScreeningList.id == ScreeningUse.list_id)
        .where(ScreeningUse.approval_public_id == approval)
        .order_by(ScreeningUse.id)
    )
    return [(use, source) for use, source in rows]


def keep(
    session: Session,
    subject: Subject,
    screening: Screening,
    chosen: Sequence[str],
    verdict: Same,
    reason: str,
    *,
    by: int,
    now: datetime,
) -> list[Candidate]:
    """Keep one decision on each chosen candidate and return them. Raises Invalid for one that is none (any more)."""
    known = {one.id: one for one in screening.candidates}
    if not 1 <= len(chosen) <= MOST_AT_ONCE:
        message = _("Choose from 1 to ${most} names to decide on.", mapping={"most": MOST_AT_ONCE})
        raise Invalid("screening.none_chosen", message, fields={"candidates": [message]})
    for position, key in enumerate(chosen):
        if key not in known:
            message = _("This name is not compared any more, since the list or the team changed. Load the page again.")
            raise Invalid("screening.unknown", message, fields={f"candidates.{position}": [message]})
    decided = [known[key] for key in dict.fromkeys(chosen)]
    session.add_all(
        ScreeningDecision(
            subject_kind=subject.kind,
            subject_public_id=subject.public_id,
            approval_public_id=subject.approval,
            candidate=one.id,
            party=one.name[:300],
            listed=one.listed,
            reference=one.entry.reference,
            list_name=one.source.name,
            list_sha256=one.source.sha256,
            verdict=verdict,
            reason=reason,
            decided_by_id=by,
            decided_at=now,
        )
        for one in decided
    )
    session.flush()
    return decided


def clear(session: Session, subject: Subject, parties: Sequence[Party], *, now: datetime) -> None:
    """Note which lists an approval was given after looking into; they stay current until the transaction ends.

    Raises Conflict `screening.undecided` or `screening.same`.
    """
    lock_lists(session)
    screening = screen(session, subject, parties)
    if undecided := screening.having(None):
        message = _(
            "${count} names are like names on a sanction list. Decide on each whether it is the same, then approve.",
            mapping={"count": len(undecided)},
        )
        raise Conflict("screening.undecided", message, details={"undecided": len(undecided)})
    if same := screening.having(Same.SAME):
        message = _(
            "You found that ${count} of those who take part are on a sanction list. Refuse, or decide on them anew.",
            mapping={"count": len(same)},
        )
        raise Conflict("screening.same", message, details={"same": len(same)})
    session.add_all(
        ScreeningUse(
            approval_public_id=subject.approval,
            list_id=one.id,
            sha256=one.sha256,
            candidates=sum(found.source.id == one.id for found in screening.candidates),
            used_at=now,
        )
        for one in screening.lists
    )
    session.flush()
