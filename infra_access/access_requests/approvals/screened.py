"""What the export control officer sees of the names on sanction lists, and decides; nobody else learns of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.approvals.parties import OFFICER, parties_of, subject_of
from infra_access.access_requests.approvals.queries import ApprovalView, find_approval, view_of
from infra_access.access_requests.approvals.verdicts import locked_approval, too_early
from infra_access.access_requests.models import Approval
from infra_access.access_requests.vocabularies import OPEN, ApprovalState
from infra_access.audit.record import record
from infra_access.catalogue import fields
from infra_access.core.authority import Actor, Permission, may, require
from infra_access.core.errors import Conflict, Forbidden, NotFound
from infra_access.core.i18n import _
from infra_access.core.input_text import clean_text
from infra_access.people.models import Account
from infra_access.screening.deciding import Same, Screening, decisions_on, keep, screen, uses_by
from infra_access.screening.models import ScreeningDecision, ScreeningList, ScreeningUse

MOST_REASON = 2_000


@dataclass(frozen=True, slots=True)
class Sheet:
    """What an officer looks at. While the approval waits, `screening` compares anew; later only what was kept is left.

    `names` are those of the officers who decided, by the keys of their accounts.
    """

    screening: Screening | None
    decisions: Sequence[ScreeningDecision]
    uses: Sequence[tuple[ScreeningUse, ScreeningList]]
    names: dict[int, str]

    @property
    def lists(self) -> Sequence[ScreeningList]:
        """Return the lists that are looked into, or were."""
        return self.screening.lists if self.screening is not None else [source for _use, source in self.uses]


def approval_to_screen(session: Session, public_id: str, *, actor: Actor | None) -> ApprovalView:
    """Return an approval whose names the actor may see: the officer who may decide it, and auditors.

    Raises NotFound otherwise: the applicant never learns that names were compared.
    """
    view = find_approval(session, public_id)
    if (
        view is None
        or actor is None
        or view.approval.role != OFFICER
        or view.is_near(actor)
        or not may(actor, Permission.SCREENING_READ, view.scopes, relations_to(view, actor))
    ):
        raise NotFound("approval.unknown", _("There is no such approval, or it is not yours to decide."))
    return view


def relations_to(view: ApprovalView, actor: Actor | None) -> frozenset[str]:
    """Return "screener" for the officer who may decide."""
    screens = actor is not None and view.approval.role == OFFICER and view.may_decide(actor)
    return frozenset({"screener"} if screens else ())


def sheet(
    session: Session,
    *,
    actor: Actor,
    view: ApprovalView,
    team: Collection[int] = (),
    acting_for: int | None = None,
) -> Sheet:
    """Return what an officer or an auditor sees; `team` and `acting_for` are those of a booking."""
    require(actor, Permission.SCREENING_READ, view.scopes, relations_to(view, actor))
    approval, subject = view.approval, subject_of(view.approval)
    screening = None
    if view.is_open:
        screening = screen(session, subject, parties_of(session, approval, team=team, acting_for=acting_for))
    decisions = decisions_on(session, subject)
    keys = sorted({one.decided_by_id for one in decisions})
    rows = session.execute(select(Account.id, Account.name).where(Account.id.in_(keys))) if keys else ()
    return Sheet(screening, decisions, uses_by(session, approval.public_id), {row.id: row.name for row in rows})


def decide_on_names(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    approval: Approval,
    candidates: Sequence[str],
    verdict: str,
    reason: str,
    team: Collection[int] = (),
    acting_for: int | None = None,
) -> None:
    """Decide whether the chosen candidates are who is listed: same or different, with a reason. The latest counts.

    What was found, and why, stands in the decision alone: more people read the audit than may learn of it.
    Raises Forbidden `approval.own` or `permission.missing`, Conflict `approval.decided` or
    `approval.too_early`, Invalid.
    """
    kind = Same(fields.one_of(Same)(verdict, "verdict"))
    reason = clean_text(reason, field="reason", max_length=MOST_REASON, required=True)
    approval = locked_approval(session, approval)
    view = view_of(session, approval)
    if view.is_near(actor) or actor.account_id in team or actor.account_id is None:
        message = _("Nobody decides on a request of their own, of their team or of their organisation. Others will.")
        raise Forbidden("approval.own", message)
    require(actor, Permission.SCREENING_DECIDE, (), relations_to(view, actor))
    if approval.state == ApprovalState.WAITING:
        raise too_early(session, approval)
    if approval.state not in OPEN:
        message = _("This approval does not wait for that any more. Load it again to see what happened.")
        raise Conflict("approval.decided", message, details={"state": approval.state})
    subject = subject_of(approval)
    screening = screen(session, subject, parties_of(session, approval, team=team, acting_for=acting_for))
    decided = keep(session, subject, screening, candidates, kind, reason, by=actor.account_id, now=now)
    record(
        session,
        actor=actor,
        action="screening.decided",
        object_kind="approval",
        object_id=approval.public_id,
        now=now,
        details={
            "candidates": [one.id for one in decided],
            "lists": sorted({one.source.sha256 for one in decided}),
        },
    )
