"""Loading what happens in the demonstration: requests in each state, a month of bookings, conversations."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests import deciding, drafting, overriding, submitting
from infra_access.access_requests.approvals.models import PolicyOverride
from infra_access.access_requests.approvals.queries import view_of
from infra_access.access_requests.conversations import speaking
from infra_access.access_requests.models import AccessRequest, Allocation, Approval, Conversation
from infra_access.access_requests.terms import agreement_queries, agreements
from infra_access.core.authority import Actor
from infra_access.core.errors import Conflict
from infra_access.demo import activity as data
from infra_access.outcomes.completing import complete
from infra_access.outcomes.expiring import expire
from infra_access.people.actors import load_actor
from infra_access.scheduling.bookings import book
from infra_access.scheduling.models import Booking
from infra_access.scheduling.places import place_of
from infra_access.scheduling.plan import Wish

if TYPE_CHECKING:
    from infra_access.demo.loading import World


def _actor(session: Session, world: World, email: str, now: datetime) -> Actor:
    return load_actor(session, world.accounts[email], now=now)


def requests(session: Session, world: World) -> None:
    """Load the access requests, each brought to its state by the people and on the days that the data says."""
    for entry in world.data.activity.requests:
        known = session.scalars(
            select(AccessRequest).where(
                AccessRequest.title == entry.title, AccessRequest.requester_id == world.accounts[entry.requester]
            )
        ).one_or_none()
        known = known or _new_request(session, world, entry)
        world.requests[entry.key] = known.public_id


def _new_request(session: Session, world: World, entry: data.AccessRequest) -> AccessRequest:
    created = world.days_ago(entry.created_days_ago)
    applicant = _actor(session, world, entry.requester, created)
    request = drafting.create_access_request(
        session,
        actor=applicant,
        now=created,
        route=world.routes[entry.route],
        title=entry.title,
        summary=entry.summary,
        regime=entry.regime,
        acting_for=world.organisations[entry.acting_for].public_id,
        instruments=[world.instruments[key].public_id for key in entry.instruments],
        quantity=Decimal(entry.amount),
        access_unit=entry.access_unit,
        period=(
            world.days_ago(0) + timedelta(weeks=entry.from_week),
            world.days_ago(0) + timedelta(weeks=entry.until_week),
        ),
        access_type=entry.access_type,
        participants=[_participant(world, each) for each in entry.participants],
        project=dict(entry.project),
    )
    if entry.submitted_days_ago is None:
        return request
    submitting.submit(session, actor=applicant, now=world.days_ago(entry.submitted_days_ago), access_request=request)
    for verdict in sorted(entry.verdicts, key=lambda each: -each.days_ago):
        _decide(session, world, request, verdict)
    if entry.agreement_accepted_days_ago is not None:
        when = world.days_ago(entry.agreement_accepted_days_ago)
        agreement = agreement_queries.agreement_of(session, request).agreement
        signatory = _actor(session, world, _signatory(world, entry.acting_for) or entry.requester, when)
        agreements.accept(session, actor=signatory, now=when, access_request=request, text_hash=agreement.text_hash)
    if entry.ended_days_ago is not None:
        _end(session, world, entry, request, world.days_ago(entry.ended_days_ago))
    return request


def _end(session: Session, world: World, entry: data.AccessRequest, request: AccessRequest, now: datetime) -> None:
    applicant = _actor(session, world, entry.requester, now)
    match entry.state:
        case "withdrawn":
            submitting.withdraw(session, actor=applicant, now=now, access_request=request)
        case "completed":
            outcomes = [asdict(each) for each in entry.outcomes]
            complete(session, actor=applicant, now=now, access_request=request, outcomes=outcomes)
        case "expired":
            expire(session, actor=world.actor, now=now, access_request=request)


def overrides(session: Session, world: World) -> None:
    """Load the exceptions from rules; a request that gained by one is sent again by its team."""
    for entry in world.data.activity.overrides:
        request = session.scalars(
            select(AccessRequest).where(AccessRequest.public_id == world.requests[entry.request])
        ).one()
        known = select(PolicyOverride.id).where(
            PolicyOverride.access_request_id == request.id, PolicyOverride.rule == entry.rule
        )
        if session.scalar(known) is None:
            _new_override(session, world, request, entry)


def _new_override(session: Session, world: World, request: AccessRequest, entry: data.Override) -> None:
    when = world.days_ago(entry.asked_days_ago)
    actor = _actor(session, world, entry.asked_by, when)
    view = overriding.ask_override(
        session, actor=actor, now=when, access_request=request, rule=entry.rule, reason=entry.reason
    )
    if entry.confirmed_by is not None and entry.confirmed_days_ago is not None:
        when = world.days_ago(entry.confirmed_days_ago)
        second = _actor(session, world, entry.confirmed_by, when)
        overriding.confirm_override(session, actor=second, now=when, override=view.override)
    if entry.sent_again_days_ago is not None:
        when = world.days_ago(entry.sent_again_days_ago)
        applicant = load_actor(session, request.requester_id, now=when)
        submitting.submit(session, actor=applicant, now=when, access_request=request)


def _signatory(world: World, organisation: str) -> str | None:
    held = ("signatory", "organisation", organisation)
    return next(
        (
            person.email
            for person in world.data.people
            if any((grant.role, grant.scope, grant.key) == held for grant in person.roles)
        ),
        None,
    )


def _participant(world: World, entry: data.Participant) -> dict[str, str | None]:
    return {
        "email": entry.email,
        "name": next(
            (person.name for person in world.data.people if person.email == entry.email), entry.email.partition("@")[0]
        ),
        "role": entry.role.replace("_", "-"),
        "organisation": world.organisations[entry.organisation].public_id,
        "country_of_work": entry.country_of_work,
        "presence": entry.presence.replace("_", "-"),
        "remote_from": entry.remote_from,
    }


def _decide(session: Session, world: World, request: AccessRequest, verdict: data.Verdict) -> None:
    when = world.days_ago(verdict.days_ago)
    decider = _actor(session, world, verdict.by, when)
    pending = session.scalars(
        select(Approval)
        .where(
            Approval.subject_kind == "access_request",
            Approval.subject_id == request.id,
            Approval.role == verdict.role,
            Approval.state == "pending",
        )
        .order_by(Approval.id)
    ).all()
    for approval in pending:
        if view_of(session, approval).may_decide(decider):
            deciding.decide(
                session, actor=decider, now=when, approval=approval, verdict=verdict.verdict, reason=verdict.reason
            )
            return
    raise LookupError(f"{verdict.by} has nothing to decide on {request.title!r} as {verdict.role}")


def bookings(session: Session, world: World) -> None:
    """Load a month of bookings; what stands already, or is taken by somebody's own booking, is left as it is."""
    zones = {row.id: ZoneInfo(row.timezone) for row in world.facilities.values()}
    allocations = dict(
        session.execute(
            select(AccessRequest.public_id, Allocation.public_id).join(
                Allocation, Allocation.access_request_id == AccessRequest.id
            )
        ).all()
    )

    def zone(entry: data.Booking) -> ZoneInfo:
        return zones[world.instruments[entry.instrument].facility_id]

    for entry in sorted(world.data.activity.bookings, key=lambda each: each.made(world.monday, zone(each))):
        instrument = world.instruments[entry.instrument]
        span, made = entry.span(world.monday, zone(entry)), entry.made(world.monday, zone(entry))
        standing = select(Booking.id).where(
            Booking.instrument_id == instrument.id,
            Booking.starts == span.start,
            Booking.account_id == world.accounts[entry.person],
        )
        if session.scalar(standing) is not None:
            continue
        try:
            with session.begin_nested():
                book(
                    session,
                    actor=_actor(session, world, entry.person, made),
                    now=made,
                    place=place_of(session, instrument.id),
                    wishes=[Wish(span, world.resources[entry.resource].public_id if entry.resource else None)],
                    allocation=allocations[world.requests[entry.request]] if entry.request else None,
                    title=entry.title,
                )
        except Conflict:
            continue


def questions(session: Session, world: World) -> None:
    """Load the questions and their answers."""
    for entry in world.data.activity.conversations:
        if session.scalar(select(Conversation.id).where(Conversation.subject == entry.title)) is not None:
            continue
        first, *rest = entry.messages
        asked = world.days_ago(first.days_ago)
        request = None
        if entry.request:
            request = session.scalars(
                select(AccessRequest).where(AccessRequest.public_id == world.requests[entry.request])
            ).one()
        conversation = speaking.ask(
            session,
            actor=_actor(session, world, first.by, asked),
            now=asked,
            instrument=world.instruments[entry.instrument] if entry.instrument else None,
            access_request=request,
            subject=entry.title,
            text=first.text,
        )
        for message in rest:
            when = world.days_ago(message.days_ago)
            speaking.reply(
                session,
                actor=_actor(session, world, message.by, when),
                now=when,
                conversation=conversation,
                text=message.text,
            )
