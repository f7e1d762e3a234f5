"""Exceptions from a rule: asked for by somebody whom the rule names, confirmed by a second person, withdrawn.

One that is confirmed counts at the next decision on its request and no other, as long as the request stays as it is in
what the rule reads. A request that the policy refused goes back to its team, by the way of an appeal that was granted,
to be sent again; one that waits is looked at at once.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests import allocations, review
from infra_access.access_requests.approvals import verdicts
from infra_access.access_requests.approvals.counting import awaits_exception
from infra_access.access_requests.approvals.models import PolicyOverride
from infra_access.access_requests.circles import circle_of, is_same_person
from infra_access.access_requests.content import content_of
from infra_access.access_requests.following import UNDECIDED, follow
from infra_access.access_requests.lifecycle import EXCEPTION_GRANTED, FINAL, RequestState, RequestTransition
from infra_access.access_requests.models import AccessRequest, AccessRoute
from infra_access.access_requests.override_queries import (
    OVERSEER,
    OverrideView,
    scopes_of_rule,
    view_of,
)
from infra_access.access_requests.standing import advance, locked, tell
from infra_access.access_requests.vocabularies import AllocationState, OverrideState
from infra_access.audit.record import record
from infra_access.catalogue.fields import check_version, fault
from infra_access.catalogue.models import Facility
from infra_access.catalogue.scopes import facility_scopes
from infra_access.core.authority import Actor, Permission, Scopes, require
from infra_access.core.decision import Outcome
from infra_access.core.errors import Conflict, Forbidden, NotFound
from infra_access.core.i18n import _, plain
from infra_access.core.ids import new_public_id
from infra_access.core.input_text import clean_line, clean_text
from infra_access.core.roles import either_of
from infra_access.outbox.events import publish
from infra_access.people.actors import load_actor
from infra_access.people.models import Account
from infra_access.policy.documents import load_rules
from infra_access.policy.further import FURTHER
from infra_access.policy.models import PolicyDocument
from infra_access.policy.overrides import is_overridable, resting_on, rule_hash
from infra_access.policy.places import places_of
from infra_access.policy.rulebook import PUBLISHED, RuleBook, rulebook, scope_text
from infra_access.policy.rules import Action, Rule

MOST_REASON = 5_000
_ACTIONS = frozenset({Action.REQUEST, Action.BOOK, Action.MAIL_IN, *FURTHER})
"""What a request, and what it grants, is decided on."""

_CLOSED = frozenset({Outcome.DENY.value, Outcome.NOT_ELIGIBLE.value})
_OVER = FINAL | {RequestState.DRAFT, RequestState.REVOKED, RequestState.APPEALED}


def ask_override(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    access_request: AccessRequest,
    rule: str,
    reason: str,
    scope: str | None = None,
    valid_until: datetime | None = None,
    expected_version: int | None = None,
) -> OverrideView:
    """Ask for an exception from a rule for one request; it counts once a second person has confirmed it.

    `rule` is its id, and `scope` where it is attached (`facility:7mkq2x9ahc0v4tzn`), needed only where several rules
    that reach the request have the same id.

    Raises Forbidden `override.own` or `override.role`, Invalid by field, Conflict `override.exists` or `override.over`.
    """
    access_request = locked(session, access_request, expected_version)
    circle = circle_of(session, access_request)
    _refuse_near(circle.is_own(actor))
    if is_over(access_request):
        message = _("No decision on this request is to come, so that an exception would change nothing.")
        raise Conflict("override.over", message, details={"state": access_request.state})
    book = rulebook(session, share_lock=True)
    chosen = _chosen(
        reaching(session, access_request, book, now), clean_line(rule, field="rule", max_length=100), scope
    )
    kind, _colon, key = chosen.scope.partition(":")
    scopes = scopes_of_rule(kind, key, _host(session, access_request))
    _refuse_near(circle.reaches(session, actor, scopes, now=now))
    role = str(chosen.overridable_by)
    _require_role(actor, (role,), scopes)
    text = clean_text(reason, field="reason", max_length=MOST_REASON, required=True)
    if valid_until is not None and valid_until <= now:
        raise fault("override.ended", "valid_until", _("This is in the past, so that the exception would never count."))
    override = PolicyOverride(
        public_id=new_public_id(),
        access_request_id=access_request.id,
        applicant_id=access_request.requester_id,
        document_id=_document_id(session, kind, key, chosen),
        scope_kind=kind,
        scope_key=key,
        rule=chosen.id,
        rule_hash=rule_hash(chosen),
        rests_on=list(resting_on(chosen)),
        message=dict(chosen.message.by_locale),
        role=role,
        reason=text,
        asked_by_id=actor.account_id,
        asked_at=now,
        valid_until=valid_until,
    )
    _refuse_second(session, override, book, now)
    session.add(override)
    session.flush()
    publish(session, "override.asked", {"override": override.public_id}, now=now)
    _record(session, actor, "override.asked", override, access_request, now, {"reason": text})
    return view_of(session, override, book=book, now=now)


def confirm_override(
    session: Session, *, actor: Actor, now: datetime, override: PolicyOverride, expected_version: int | None = None
) -> OverrideView:
    """Confirm an exception that another asked for. Its request is looked at again, or goes back to be sent again.

    Raises Forbidden `override.own` or `override.role`, Conflict `override.state`, PreconditionFailed.
    """
    access_request, book, override = _taken_up(session, override, expected_version)
    view = view_of(session, override, book=book, now=now)
    _refuse_near(view.circle.reaches(session, actor, view.scopes, now=now))
    if is_same_person(session, actor, override.asked_by_id, at=override.asked_at):
        message = _("You or your stand-in asked for this exception. A second person has to confirm it.")
        raise Forbidden("override.own", message)
    _require_role(actor, (override.role, OVERSEER), view.scopes)
    if view.state is not OverrideState.WAITING:
        raise _not_in(view.state)
    override.confirmed_by_id, override.confirmed_at = actor.account_id, now
    session.flush()
    _look_again(session, access_request, now, ended=False)
    session.flush()
    _record(session, actor, "override.confirmed", override, access_request, now, {})
    return view_of(session, override, book=book, now=now)


def withdraw_override(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    override: PolicyOverride,
    reason: str,
    expected_version: int | None = None,
) -> OverrideView:
    """End an exception, confirmed or not; from now on the rule decides again on the request, while that waits.

    What was granted stays granted; booking on it is decided by the rules as they are then. Where a change of it waits
    that the rule now refuses it ends, and `outcomes.refusing` cancels what was booked on it. Raises Forbidden
    `override.own` or `override.role`, Conflict `override.state`, PreconditionFailed, Invalid.
    """
    access_request, book, override = _taken_up(session, override, expected_version)
    view = view_of(session, override, book=book, now=now)
    _refuse_near(view.circle.reaches(session, actor, view.scopes, now=now))
    _require_role(actor, (override.role, OVERSEER), view.scopes)
    text = clean_text(reason, field="reason", max_length=MOST_REASON, required=True)
    if view.state is OverrideState.WITHDRAWN:
        raise _not_in(view.state)
    override.withdrawn_by_id, override.withdrawn_at, override.withdrawn_reason = actor.account_id, now, text
    session.flush()
    if view.state is OverrideState.IN_FORCE or awaits_exception(session, access_request):
        _look_again(session, access_request, now, ended=True)
        session.flush()
    _record(session, actor, "override.withdrawn", override, access_request, now, {"reason": text})
    return view_of(session, override, book=book, now=now)


def reaching(session: Session, access_request: AccessRequest, book: RuleBook, now: datetime) -> list[Rule]:
    """Return the rules that can decide on a request or on what it grants, each once. Two statements."""
    route = session.get_one(AccessRoute, access_request.route_id)
    found: dict[tuple[str, str, str], Rule] = {}
    content = content_of(session, access_request)
    for place in places_of(session, content.instruments).values():
        for rule in book.rule_set(place, route=route.public_id, at=now).rules:
            if not _ACTIONS.isdisjoint(rule.applies_to):
                found.setdefault((rule.scope, rule.id, rule_hash(rule) if is_overridable(rule) else ""), rule)
    return list(found.values())


def askable(
    session: Session, access_request: AccessRequest, *, actor: Actor, book: RuleBook, now: datetime
) -> list[Rule]:
    """Return the rules from which the actor may ask for an exception for a request now."""
    if book.exceptions_by.isdisjoint(grant.role for grant in actor.grants) or is_over(access_request):
        return []
    circle, host = circle_of(session, access_request), _host(session, access_request)
    able = []
    for rule in reaching(session, access_request, book, now):
        kind, _colon, key = rule.scope.partition(":")
        scopes = scopes_of_rule(kind, key, host)
        held = is_overridable(rule) and actor.holds(str(rule.overridable_by), scopes)
        if held and not circle.reaches(session, actor, scopes, now=now):
            able.append(rule)
    return able


def is_over(access_request: AccessRequest) -> bool:
    """Tell whether no decision on a request is to come that an exception could change, or it is its team's alone."""
    if access_request.state == RequestState.REFUSED:
        return not _refused_by_policy(access_request)
    return access_request.state in _OVER


def _refused_by_policy(access_request: AccessRequest) -> bool:
    return access_request.state == RequestState.REFUSED and access_request.decision.get("outcome") in _CLOSED


def _host(session: Session, access_request: AccessRequest) -> Scopes:
    route = session.get_one(AccessRoute, access_request.route_id)
    return facility_scopes(session, session.get_one(Facility, route.facility_id))


def _chosen(rules: list[Rule], wanted: str, scope: str | None) -> Rule:
    named = [rule for rule in rules if rule.id == wanted and scope in (None, rule.scope)]
    if not named:
        raise fault("rule.unknown", "rule", _("No rule of this name decides on this request. Choose one that does."))
    able = [rule for rule in named if is_overridable(rule)]
    if not able:
        raise fault("override.not_allowed", "rule", _("This rule allows no exception."))
    if len(able) > 1:
        places = {"scopes": ", ".join(sorted(rule.scope for rule in able))}
        message = _("Several rules have this name. Say also which by its scope: ${scopes}.", mapping=places)
        raise fault("rule.ambiguous", "scope", message)
    return able[0]


def _document_id(session: Session, kind: str, key: str, rule: Rule) -> int:
    """Return the key of the version of rules in force that has this rule."""
    documents = session.scalars(
        select(PolicyDocument)
        .where(PolicyDocument.scope_kind == kind, PolicyDocument.scope_key == key, PolicyDocument.state == PUBLISHED)
        .order_by(PolicyDocument.id)
    )
    return next(one.id for one in documents if rule in load_rules(one.rules, scope=scope_text(kind, key)))


def _refuse_second(session: Session, override: PolicyOverride, book: RuleBook, now: datetime) -> None:
    """Raise Conflict where the same exception waits or counts already."""
    same = session.scalars(
        select(PolicyOverride).where(
            PolicyOverride.access_request_id == override.access_request_id,
            PolicyOverride.rule_hash == override.rule_hash,
            PolicyOverride.withdrawn_at.is_(None),
        )
    )
    for one in same:
        if view_of(session, one, book=book, now=now).state in (OverrideState.WAITING, OverrideState.IN_FORCE):
            message = _("An exception from this rule waits or counts already for this request.")
            raise Conflict("override.exists", message, details={"override": one.public_id})


def _taken_up(
    session: Session, override: PolicyOverride, expected_version: int | None
) -> tuple[AccessRequest, RuleBook, PolicyOverride]:
    """Lock the request, the policy and the exception, in the order in which every decision on a request does."""
    access_request = locked(session, session.get_one(AccessRequest, override.access_request_id))
    book = rulebook(session, share_lock=True)
    row = session.scalars(
        select(PolicyOverride)
        .where(PolicyOverride.id == override.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()
    check_version(row.version, expected_version)
    return access_request, book, row


def _look_again(session: Session, access_request: AccessRequest, now: datetime, *, ended: bool) -> None:
    """Let the policy look at a request that waits; one that it refused goes back to its team.

    Where the exception `ended`, a request may be refused or lack something now; a new one does its team no harm, and
    a request whose applicant's account is shut does not go on by it. Lead time binds who asked, when they asked.
    """
    state = RequestState(access_request.state)
    if _refused_by_policy(access_request) and not ended:
        _send_back(session, access_request, now)
    if state not in UNDECIDED:
        return
    route = session.get_one(AccessRoute, access_request.route_id)
    content = content_of(session, access_request)
    try:
        applicant = load_actor(session, access_request.requester_id, now=now)
    except NotFound:
        if not ended:
            return
        applicant = _shut(session, access_request)
    ruling = review.rule(
        session,
        actor=applicant,
        content=content,
        route=route,
        now=now,
        access_request_id=access_request.id,
        asked_at=access_request.submitted_at,
    )
    if not review.is_closed(ruling) and review.is_complete(session, ruling, content, route=route, now=now):
        follow(session, access_request, route, content, ruling, now=now)
        if not ended:
            tell(session, access_request, "exception_granted", now)
        return
    if not ended:
        return
    if state is RequestState.PAUSED:
        advance(access_request, RequestTransition.RESUME, now)
    review.keep(session, access_request, ruling, now)
    verdicts.void(session, subject_kind="access_request", subject_id=access_request.id)
    if review.is_closed(ruling):
        reasons = " ".join(plain(reason.message) for reason in ruling.decision.reasons)
        advance(access_request, RequestTransition.REFUSE, now, reasons)
        allocations.set_state(session, access_request, AllocationState.ENDED)
        tell(session, access_request, "decided", now)
    else:
        said = plain(_("An exception ended or is not granted. Supply what is missing now, then send it again."))
        advance(access_request, RequestTransition.ASK_CHANGES, now, said)
        tell(session, access_request, "changes_requested", now)


def _shut(session: Session, access_request: AccessRequest) -> Actor:
    """Return the applicant as the rules see one whose account is shut: with no affiliation of their own."""
    account = session.get_one(Account, access_request.requester_id)
    return Actor(account_id=account.id, public_id=account.public_id, label="")


def _send_back(session: Session, access_request: AccessRequest, now: datetime) -> None:
    """Reopen what the policy refused: two people who did not decide before found that it deserves an exception."""
    for transition in (RequestTransition.APPEAL, RequestTransition.REOPEN, RequestTransition.REVIEW):
        advance(access_request, transition, now)
    advance(access_request, RequestTransition.ASK_CHANGES, now, plain(EXCEPTION_GRANTED))
    tell(session, access_request, "exception_granted", now)


def _refuse_near(near: bool) -> None:
    if near:
        raise Forbidden(
            "override.own",
            _("Nobody grants an exception for a request of their own, of their team or of their organisation."),
        )


def _require_role(actor: Actor, roles: tuple[str, ...], scopes: Scopes) -> None:
    held = actor.account_id is not None and any(actor.holds(role, scopes) for role in roles)
    if not held:
        named = {"roles": either_of(roles)}
        message = _("Exceptions from this rule are granted by these, where it is attached: ${roles}.", mapping=named)
        raise Forbidden("override.role", message, details={"roles": list(roles)})
    require(actor, Permission.OVERRIDE_GRANT, (), {"granter"})


def _not_in(state: OverrideState) -> Conflict:
    return Conflict(
        "override.state",
        _("This exception does not wait for that any more. Load it again to see what happened."),
        details={"state": state.value},
    )


def _record(
    session: Session,
    actor: Actor,
    action: str,
    override: PolicyOverride,
    access_request: AccessRequest,
    now: datetime,
    details: Mapping[str, Any],
) -> None:
    record(
        session,
        actor=actor,
        action=action,
        object_kind="override",
        object_id=override.public_id,
        now=now,
        details={
            "access_request": access_request.public_id,
            "rule": override.rule,
            "scope": scope_text(override.scope_kind, override.scope_key),
            "state": access_request.state,
            **details,
        },
    )
