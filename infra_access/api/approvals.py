"""/approvals: what waits for the caller's verdict, and giving it; the subject is an access request or a booking."""

from typing import Any

from infra_access.access_requests.appealed import appealed_in
from infra_access.access_requests.approvals.narrower import Narrower
from infra_access.access_requests.approvals.queries import ApprovalView, inbox, view_of
from infra_access.access_requests.approvals.reviews import takes_review
from infra_access.access_requests.approvals.stepping_back import step_back
from infra_access.access_requests.renewing import renew
from infra_access.access_requests.vocabularies import ApprovalState, Verdict
from infra_access.api.access_request_shapes import AppealedOut
from infra_access.api.contract import Call, resource
from infra_access.api.fields import (
    Amount,
    Choice,
    Country,
    Flag,
    Free,
    Instant,
    Integer,
    Line,
    Lines,
    ListOf,
    Part,
    PublicId,
)
from infra_access.api.schemas import Body, Out, PageQuery, page_of
from infra_access.core.authority import Permission
from infra_access.core.paging import Page
from infra_access.outcomes.verdicts import MOST_ALIKE, decide, decide_alike
from infra_access.policy.disclosure import WITHHELD
from infra_access.policy.rules import Asking

STATES = tuple(dict.fromkeys(("pending", "decided", *ApprovalState)))
MOST_REASON = 5_000


class ApprovalQuery(PageQuery):
    """Which approvals."""

    state = Choice(
        STATES,
        "Pending by default, which counts paused ones; waiting is what an earlier stage goes before; decided is every "
        "verdict.",
    )


class DecisionBody(Body):
    """A verdict."""

    verdict = Choice(Verdict, required=True)
    reason = Lines("Why; the applicant reads it. Only a yes needs none.", most=MOST_REASON)
    conditions = Lines("What is granted only under these.", most=MOST_REASON, allow_none=True)
    most_units = Amount("A yes to fewer access units than asked for.", allow_none=True)
    until = Instant("A yes only until then, before the end of the period asked for.", allow_none=True)
    review_at = Instant(
        "When a consent is looked at again; it lapses then unless it is renewed. Of `takes_review` alone, and with "
        "`needs_review` a yes has one.",
        allow_none=True,
    )
    left_out = ListOf(PublicId(), "A yes without these of its instruments, which needs a reason.", most=100)


class LeftOutOut(Out):
    """An instrument that is not granted."""

    id = PublicId()
    name = Line("As it was called then.", most=300)


class AlikeBody(Body):
    """One verdict on several approvals that a single rule asks for."""

    approvals = ListOf(PublicId(), least=1, most=MOST_ALIKE, required=True)
    verdict = Choice((Verdict.APPROVE, Verdict.REFUSE), required=True)
    reason = Lines("Why; each applicant reads it.", most=MOST_REASON, filled=True, required=True)


class RenewalBody(Body):
    """A consent that was looked at again."""

    review_at = Instant("When it is looked at the next time.", required=True)
    reason = Lines("For the record.", most=MOST_REASON)


class StepBackBody(Body):
    """A conflict of interest."""

    reason = Lines("For officers to read, not for the applicant.", most=MOST_REASON, filled=True, required=True)


class SubjectOut(Out):
    """What the approval is about; an appeal names its request."""

    kind = Choice(("access_request", "booking", "appeal"))
    id = PublicId()


class ApprovalOut(Out):
    """One role's verdict within a scope."""

    id = PublicId()
    subject = Part(SubjectOut)
    applicant = Line(most=200)
    organisation = Line("The organisation acted for.", most=300, allow_none=True)
    country = Country(allow_none=True)
    title = Line(most=300)
    instruments = ListOf(Line(most=300), "Their names.")
    role = Line("Withheld, as is the scope, where the caller may not see the rule.", most=40)
    scope = Line("Such as facility:7mkq2x9ahc0v4tzn or country:DE.", most=100)
    scope_name = Line("Of the country, organisation or facility; null for the network.", most=300, allow_none=True)
    rule = Line(most=100)
    message = Free("Why it is asked, by language.")
    rests_on = ListOf(Line(most=60), "The fields whose change voids it.")
    asks = ListOf(Choice(Asking), "What everybody on the team is asked for before a yes.")
    stage = Integer("What stands in one stage is asked at once, stages one after the other.", low=1)
    state = Choice(ApprovalState)
    may_decide = Flag("Whether it is the caller's to decide.")
    asked_at = Instant("Of one that waits for an earlier stage, when that began.")
    due_at = Instant("Of one that waits for an earlier stage, as if it were asked already.")
    decided_at = Instant(allow_none=True)
    reason = Lines(most=MOST_REASON, allow_none=True)
    appealed = Part(AppealedOut, allow_none=True)
    conditions = Lines(most=MOST_REASON, allow_none=True)
    most_units = Amount("Granted at most, where that is less than asked for.", answered=True, allow_none=True)
    until = Instant(allow_none=True)
    takes_review = Flag("Whether a yes here may name a date on which it is looked at again.")
    needs_review = Flag("Whether its rule asks for that date.")
    review_at = Instant("When the consent is looked at again, or lapsed.", allow_none=True)
    left_out = ListOf(Part(LeftOutOut), "Instruments of the request that it does not grant.")
    safety_result = Choice(("green", "yellow", "red"), "What a safety officer found.", allow_none=True)
    authorisation = PublicId("The standing authorisation that gave it.", allow_none=True)
    version = Integer(low=1)


class AlikeOut(Out):
    """What was decided together."""

    items = ListOf(Part(ApprovalOut))


@resource("api.approvals", "GET", permission=Permission.APPROVAL_LIST, query=ApprovalQuery, out=page_of(ApprovalOut))
def list_own(call: Call) -> Page[dict[str, Any]]:
    """List the approvals that are the caller's to decide, earliest deadline first."""
    page = inbox(call.db, actor=call.actor, now=call.now, **call.query)
    return Page([shown(call, view) for view in page.items], page.next)


@resource("api.approval", "GET", permission=Permission.APPROVAL_LIST, out=ApprovalOut)
def read(call: Call) -> dict[str, Any]:
    """Show an approval that is the caller's to decide, or about something of theirs."""
    return shown(call, call.row)


@resource(
    "api.approval_decision",
    "POST",
    permission=Permission.APPROVAL_DECIDE,
    body=DecisionBody,
    out=ApprovalOut,
    version="approval.version",
)
def give(call: Call) -> dict[str, Any]:
    """Give a verdict, with its reason."""
    decided = decide(
        call.db,
        approval=call.row.approval,
        verdict=call.body["verdict"],
        reason=call.body.get("reason", ""),
        conditions=call.body.get("conditions"),
        narrower=Narrower(
            call.body.get("most_units"),
            call.body.get("until"),
            call.body.get("review_at"),
            tuple(call.body.get("left_out", ())),
        ),
        **call.changes,
    )
    return shown(call, view_of(call.db, decided))


@resource(
    "api.approvals_alike",
    "POST",
    permission=Permission.APPROVAL_LIST,
    body=AlikeBody,
    out=AlikeOut,
    errors=(403, 404, 409),
)
def give_alike(call: Call) -> dict[str, Any]:
    """Give one verdict on several approvals of one rule, all or none."""
    decided = decide_alike(
        call.db,
        actor=call.actor,
        now=call.now,
        approvals=call.body["approvals"],
        verdict=call.body["verdict"],
        reason=call.body["reason"],
    )
    return {"items": [shown(call, view_of(call.db, one)) for one in decided]}


@resource(
    "api.approval_renewal",
    "POST",
    permission=Permission.APPROVAL_DECIDE,
    body=RenewalBody,
    out=ApprovalOut,
    version="approval.version",
)
def renew_consent(call: Call) -> dict[str, Any]:
    """Renew a consent with a later date of review, before or after it lapsed."""
    renewed = renew(
        call.db,
        approval=call.row.approval,
        review_at=call.body["review_at"],
        reason=call.body.get("reason", ""),
        **call.changes,
    )
    return shown(call, view_of(call.db, renewed))


@resource("api.approval_step_back", "POST", permission=Permission.APPROVAL_DECIDE, body=StepBackBody, errors=(409,))
def decline_to_decide(call: Call) -> None:
    """Step back from a request for a conflict of interest; others in the role are asked."""
    step_back(call.db, actor=call.actor, now=call.now, approval=call.row.approval, reason=call.body["reason"])


def shown(call: Call, view: ApprovalView) -> dict[str, Any]:
    """Return an approval as the contract shows it."""
    row = view.approval
    # The row holds the rule as an officer reads it; the applicant's reading stands in the request's decision.
    told = not view.is_own(call.actor)
    hidden = not told and row.rule not in view.named
    return {
        "id": row.public_id,
        "subject": {"kind": row.subject_kind, "id": row.subject_public_id},
        "applicant": view.applicant,
        "organisation": view.organisation,
        "country": view.country,
        "title": view.title,
        "instruments": view.instruments,
        "role": WITHHELD if hidden else row.role,
        "scope": WITHHELD if hidden else ":".join(part for part in (row.scope_kind, row.scope_key) if part),
        "scope_name": None if hidden else view.scope_name,
        "rule": row.rule if told else WITHHELD,
        "message": row.message if told else {},
        "rests_on": [] if hidden else row.rests_on,
        "asks": row.asks,
        "stage": row.stage,
        "state": row.state,
        "may_decide": view.is_open and view.may_decide(call.actor),
        "asked_at": row.asked_at,
        "due_at": row.due_at,
        "decided_at": row.decided_at,
        "reason": row.reason,
        "appealed": appealed_in(row, named=None if told else view.named),
        "conditions": row.conditions,
        "most_units": row.most_units,
        "until": row.until,
        "takes_review": not hidden and takes_review(row),
        "needs_review": row.needs_review,
        "review_at": row.review_at,
        "left_out": row.left_out,
        "safety_result": None if hidden else row.safety_result,
        "authorisation": view.authorisation,
        "version": row.version,
    }
