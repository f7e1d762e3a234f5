"""What the policy says of a request, and the approvals that follow: asked, kept, or void where a change hit them."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from infra_access.access_requests.approvals import verdicts
from infra_access.access_requests.approvals.answering_ahead import answering, still_answers
from infra_access.access_requests.approvals.approvers import people_of
from infra_access.access_requests.approvals.counting import live_of
from infra_access.access_requests.approvals.deciders import able_to, is_controlled, people_for, second_of
from infra_access.access_requests.approvals.queries import view_of
from infra_access.access_requests.approvals.reviews import lacks_review
from infra_access.access_requests.approvals.stages import open_stage
from infra_access.access_requests.approvals.waiting_again import wait_again
from infra_access.access_requests.circles import circle_of
from infra_access.access_requests.content import CONTACT, NAMES, Content
from infra_access.access_requests.facts import facts_of_request
from infra_access.access_requests.lifecycle import RequestState, RequestTransition
from infra_access.access_requests.models import AccessRequest, AccessRoute, Approval
from infra_access.access_requests.override_queries import overrides_of
from infra_access.access_requests.routes import used_by
from infra_access.access_requests.standing import advance, case_number
from infra_access.access_requests.terms.agreed import agreed
from infra_access.access_requests.vocabularies import UNGIVEN, ApprovalState
from infra_access.catalogue.fields import fault
from infra_access.catalogue.vocabularies import AccessUnit, label
from infra_access.core.authority import Actor
from infra_access.core.decision import ApprovalDue, Outcome
from infra_access.core.errors import Conflict, Invalid
from infra_access.core.i18n import _, plain
from infra_access.outbox.events import publish
from infra_access.policy.afterwards import with_what_follows
from infra_access.policy.applicants import facts_of
from infra_access.policy.decisions import record_decision
from infra_access.policy.demands import lacks_only, papers
from infra_access.policy.disclosure import decision_to_json
from infra_access.policy.further import rules_asked
from infra_access.policy.overrides import Override
from infra_access.policy.places import places_of
from infra_access.policy.rulebook import rulebook
from infra_access.policy.rules import Action
from infra_access.policy.ruling import Ruling, rule_on

_Key = tuple[str, str]


def rule(
    session: Session,
    *,
    actor: Actor,
    content: Content,
    route: AccessRoute,
    now: datetime,
    share_lock: bool = True,
    access_request_id: int | None = None,
    supposing: Collection[Override] = (),
    asked_at: datetime | None = None,
) -> Ruling:
    """Return the policy's answer on asking for this; both policy and programme stay so until the transaction ends.

    The reader is told besides what follows, with its days; what is kept to be made again is on asking alone.

    Without `share_lock` it is only looked at, as by the pages that say what is still missing. Exceptions that were
    granted to the request of `access_request_id` count, and those that are only supposed. `asked_at` is when it was
    sent, where that was before `now`: lead time counts from then.
    """
    book = rulebook(session, share_lock=share_lock)
    known: dict[str, Any] = {
        "instrument_ids": content.instruments,
        "applicant": facts_of(session, actor, acting_for_id=content.acting_for, now=now, book=book),
        "now": now,
        "route": route.public_id,
        "extra": facts_of_request(
            session,
            content,
            route=route,
            book=book,
            now=now,
            by=actor.public_id,
            access_request_id=access_request_id,
            in_turn=share_lock,
            asked_at=asked_at,
        ),
        "book": book,
        "satisfied": agreed(
            session,
            route_id=route.id,
            partner_id=content.acting_for,
            regime=content.regime,
            at=now,
            access_request_id=access_request_id,
        )
        if book.agreements
        else frozenset(),
        "places": places_of(session, content.instruments),
        "overrides": (*overrides_of(session, access_request_id, book, now=now, share_lock=share_lock), *supposing),
        "case": case_number(session.get_one(AccessRequest, access_request_id)) if access_request_id else None,
    }
    asked = rule_on(session, action=Action.REQUEST, **known)
    if asked.decision.earliest_start is None:
        return asked
    then = rule_on(session, action=used_by(route), **known)
    return replace(asked, decision=with_what_follows(asked.decision, then.decision, now, written=True))


def is_complete(session: Session, ruling: Ruling, content: Content, *, route: AccessRoute, now: datetime) -> bool:
    """Tell whether nothing is missing, and no more is asked for than the limit."""
    try:
        refuse_incomplete(session, ruling, content, route=route, now=now)
    except (Conflict, Invalid):
        return False
    return True


def refuse_incomplete(session: Session, ruling: Ruling, content: Content, *, route: AccessRoute, now: datetime) -> None:
    """Raise Conflict `access_request.incomplete` with what is missing, or Invalid beyond its limit.

    A paper of samples stops their session and not the approvals, so it may still be missing.
    """
    decision = ruling.decision
    conditional = decision.outcome is Outcome.CONDITIONAL
    if conditional and lacks_only(ruling.officer, _papers(session, content, route, now)):
        conditional = False
    if conditional or (decision.outcome is Outcome.NOT_ELIGIBLE and decision.missing):
        shown = decision_to_json(decision, plain)
        raise Conflict(
            "access_request.incomplete",
            _("Something is missing before this can be sent. Supply what is named, then send it again."),
            details={"decision": shown, "missing": shown["missing"]},
        )
    most = decision.limits.get("amount")
    if most is not None and content.quantity > Decimal(most):
        values = {
            "most": str(most),
            "unit": label(AccessUnit(route.access_unit)),
            "asked": f"{content.quantity.normalize():f}",
        }
        message = _(
            "At most ${most} access units (${unit}) can be asked for here, and this asks for ${asked}.",
            mapping=values,
        )
        raise fault("access_request.limit", "quantity", message)


def _papers(session: Session, content: Content, route: AccessRoute, now: datetime) -> frozenset[str]:
    book = rulebook(session)
    places = places_of(session, content.instruments).values()
    sets = [rules_asked(book, place, route=route.public_id, at=now, action="request") for place in places]
    return papers(rule for one in sets for rule in one)


def is_closed(ruling: Ruling) -> bool:
    """Tell whether the policy refuses, whatever the applicant might still supply."""
    return ruling.decision.outcome in (Outcome.DENY, Outcome.NOT_ELIGIBLE)


def keep(session: Session, access_request: AccessRequest, ruling: Ruling, now: datetime) -> None:
    """Store the policy's answer with the request, and what it rests on with the decisions."""
    access_request.case = access_request.case or ruling.decision.case
    access_request.decision = decision_to_json(ruling.decision, plain)
    access_request.preference = ruling.officer.limits.get("preference", 0)
    record_decision(
        session,
        subject_kind="access_request",
        subject_id=access_request.public_id,
        action="request",
        ruling=ruling,
        now=now,
    )


def is_to_be_judged(session: Session, access_request: AccessRequest, changed: Collection[str]) -> bool:
    """Tell whether a change is one for the policy: names and telephones are not, unless an approval rests on them."""
    if set(changed) - {CONTACT, NAMES}:
        return True
    return NAMES in changed and any(NAMES in one.rests_on for one in live_of(session, access_request))


def void_resting_on(session: Session, access_request: AccessRequest, changed: Collection[str]) -> list[str]:
    """Call off the approvals, given or not, that rest on a changed field. Return their public ids."""
    called_off = [one for one in live_of(session, access_request) if not set(one.rests_on).isdisjoint(changed)]
    for approval in called_off:
        approval.state = ApprovalState.VOID
    session.flush()
    return [approval.public_id for approval in called_off]


def reconcile(
    session: Session,
    access_request: AccessRequest,
    content: Content,
    ruling: Ruling,
    *,
    changed: Collection[str] = (),
    now: datetime,
) -> list[str]:
    """Bring the approvals to what is due: void those that rest on a change or are due no longer, ask what has none.

    Whoever asked for changes is asked again. Return the public ids of those that were called off.
    """
    called_off = void_resting_on(session, access_request, changed)
    near = circle_of(session, access_request).accounts
    due, controlled = _due(session, content, ruling)
    kept: dict[_Key, Approval] = {}
    for approval in live_of(session, access_request):
        key = (approval.rule, approval.role)
        # A yes counts as long as it could be given now: by somebody far enough, and for what it was given ahead for.
        holds = (
            key in due
            and key not in kept
            and approval.state != ApprovalState.CHANGES_REQUESTED
            and not _came_too_near(session, approval, near, now)
            and (not controlled or approval.authorisation_id is None)
            and still_answers(session, approval, access_request, content)
            # Where the rule has since come to ask something, its yes was given without.
            and set(due[key].asks) <= set(approval.asks)
            and not lacks_review(approval, due[key])
        )
        if holds:
            kept[key] = approval
            approval.stage = due[key].stage
            approval.instrument_ids = list(content.instruments)
        else:
            approval.state = ApprovalState.VOID
            called_off.append(approval.public_id)
    session.flush()
    _ask(session, access_request, content, due, kept, controlled=controlled, now=now)
    return called_off


def ask_besides(
    session: Session, access_request: AccessRequest, content: Content, ruling: Ruling, *, now: datetime
) -> bool:
    """Ask for what is due and was not asked for yet, and tell whether there was any; what waits or was given stays.

    A yes without what its rule has since come to ask of the team is asked again, and so is one given ahead where export
    control has since come. Where a stage is complete, the next is asked.
    """
    due, controlled = _due(session, content, ruling)
    known = {(one.rule, one.role): one for one in live_of(session, access_request)}
    again = [one for key, one in known.items() if _asks_more(one, due.get(key), controlled=controlled)]
    for approval in again:
        _ask_more(session, approval, due[approval.rule, approval.role], now)
    _ask(session, access_request, content, due, known, controlled=controlled, now=now)
    return bool(again) or not due.keys() <= known.keys()


def _asks_more(approval: Approval, due: ApprovalDue | None, *, controlled: bool) -> bool:
    if due is None:
        return False
    ahead = approval.state == ApprovalState.APPROVED and approval.authorisation_id is not None
    lacks = not set(due.asks) <= set(approval.asks) or lacks_review(approval, due)
    return lacks or (controlled and ahead)


def _ask_more(session: Session, approval: Approval, due: ApprovalDue, now: datetime) -> None:
    """Let an approval ask what its rule asks by now; a yes waits again."""
    new = not set(due.asks) <= set(approval.asks)
    if new:
        approval.asks = list(due.asks)
        approval.rests_on = list(dict.fromkeys([*approval.rests_on, "participants"]))
    approval.needs_review = approval.needs_review or due.review
    given = approval.state == ApprovalState.APPROVED
    if given:
        wait_again(approval, now)
    payload = {"approval": approval.public_id, "access_request": approval.subject_public_id}
    if given:
        publish(session, "access_request.approval_asked", payload, now=now)
    if new and approval.state != ApprovalState.WAITING:
        publish(session, "nationality.asked", payload, now=now)


def _due(session: Session, content: Content, ruling: Ruling) -> tuple[dict[_Key, ApprovalDue], bool]:
    """Return what is due by its rule and role, and whether two people are needed; one approval is then asked twice."""
    due = {(one.rule, one.role): one for one in ruling.officer.approvals}
    controlled = bool(due) and is_controlled(session, content.instruments)
    if controlled and len(due) == 1:
        (only,) = due.values()
        due[second_of(only.rule), only.role] = replace(only, rule=second_of(only.rule))
    return due, controlled


def _ask(
    session: Session,
    access_request: AccessRequest,
    content: Content,
    due: Mapping[_Key, ApprovalDue],
    known: Mapping[_Key, Approval],
    *,
    controlled: bool,
    now: datetime,
) -> None:
    new = [one for key, one in due.items() if key not in known]
    for one in known.values():
        one.two_people = controlled
    stages = {one.stage for one in known.values() if one.state in UNGIVEN}
    if not new and len(stages) < 2 and all(one.state != ApprovalState.WAITING for one in known.values()):
        session.flush()
        return
    near = circle_of(session, access_request).accounts
    ahead = None if controlled else answering(session, access_request, content, near=near, now=now)
    if not new:
        open_stage(session, known.values(), now=now, ahead=ahead)
        return
    verdicts.ask(
        session,
        subject_kind="access_request",
        subject_id=access_request.id,
        subject_public_id=access_request.public_id,
        applicant_id=access_request.requester_id,
        instrument_ids=content.instruments,
        due=new,
        now=now,
        team=near,
        ahead=ahead,
        deciders=people_for(session, known.values(), now=now) if controlled else None,
        known=known.values(),
        two_people=controlled,
    )


def go_on(session: Session, access_request: AccessRequest, now: datetime, *, wake: bool = True) -> None:
    """Take a request up again that waited for an answer, capacity or a round; deadlines are put off by as long.

    Without `wake` the approvals that are on hold for a ground of their own stay so.
    """
    verdicts.prolong(
        session,
        subject_kind="access_request",
        subject_id=access_request.id,
        by=now - access_request.state_since,
        wake=wake,
    )
    paused = access_request.state == RequestState.PAUSED
    advance(access_request, RequestTransition.RESUME if paused else RequestTransition.REVIEW, now)


def ask_again_who_came_near(session: Session, access_request: AccessRequest, now: datetime) -> bool:
    """Let each yes wait for somebody else whose giver could not give it now; tell whether there was one.

    For the moment in which the last yes counts: people join the organisation acted for without any change of the
    request. Raises Conflict `approval.nobody` where nobody else could give it.
    """
    near = circle_of(session, access_request).accounts
    given = [one for one in live_of(session, access_request) if one.state == ApprovalState.APPROVED]
    came = [one for one in given if _came_too_near(session, one, near, now)]
    if any(not able_to(session, one, now=now) for one in came):
        message = _(
            "Who said yes before has come near to this request since, and nobody else holds that role. Ask whoever "
            "gives roles to name somebody, then decide."
        )
        raise Conflict("approval.nobody", message)
    for approval in came:
        wait_again(approval, now)
    open_stage(session, live_of(session, access_request), now=now)
    for approval in came:
        if approval.state == ApprovalState.PENDING:
            payload = {"approval": approval.public_id, "access_request": access_request.public_id}
            publish(session, "access_request.approval_asked", payload, now=now)
    return bool(came)


def _came_too_near(session: Session, approval: Approval, near: Collection[int], now: datetime) -> bool:
    """Tell whether whoever gave an approval has since come on the team, into its organisation, or stepped back."""
    if approval.decided_by_id is None:
        return False
    view = view_of(session, approval)
    group = view.group[0] if view.group is not None else None
    return approval.decided_by_id in near or approval.decided_by_id in people_of(session, group, view.scopes, now)
