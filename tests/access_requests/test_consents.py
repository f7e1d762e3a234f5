"""A consent of a community is looked at again: named with the yes, told of ahead, lapsed for what is new, renewed."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from infra_access.access_requests import appeals, submitting
from infra_access.access_requests.allocations import allocation_of
from infra_access.access_requests.approvals.narrower import Narrower
from infra_access.access_requests.approvals.reviews import remind_of_reviews
from infra_access.access_requests.models import AccessRequest, Approval
from infra_access.access_requests.renewing import renew
from infra_access.audit.models import AuditEvent
from infra_access.core.errors import Conflict, DomainError, Forbidden, Invalid
from infra_access.core.i18n import plain
from infra_access.core.timespan import TimeSpan
from infra_access.notifications.compose import Letterhead, compose
from infra_access.notifications.kinds import Kind
from infra_access.outbox.events import Claimed
from infra_access.outbox.models import OutboxEvent
from infra_access.outcomes.revoking import revoke_access
from infra_access.outcomes.verdicts import decide_alike
from infra_access.people.models import Account
from infra_access.policy.models import PolicyDocument
from infra_access.policy.publishing import withdraw_document
from infra_access.scheduling.bookings import book_and_show
from infra_access.scheduling.changes import cancel, move
from infra_access.scheduling.places import place_of
from infra_access.scheduling.waiting.holds import confirm
from tests.access_requests.approvals.test_two_people import control
from tests.factories.access_requests import (
    COMMUNITY,
    FEASIBILITY,
    NOW,
    OPEN_TO_ALL,
    SYSTEM,
    decide,
    make_authority,
    make_consented,
    make_network_administrator,
    make_rules,
    make_submitted,
    make_world,
    pending,
)
from tests.factories.people import make_actor
from tests.factories.scheduling import wishes

DAY = timedelta(days=1)
DUE = NOW + 60 * DAY
SILENT = {**COMMUNITY, "effect": {key: one for key, one in COMMUNITY["effect"].items() if key != "review"}}
LETTERHEAD = Letterhead("no-reply@access.example.org", "https://access.example.org", lambda text, _locale: plain(text))


@pytest.fixture
def world(session):
    return make_world(session, rules=[OPEN_TO_ALL, COMMUNITY], terms={}, access_unit="hour")


@pytest.fixture
def authority(session, world):
    return make_authority(session, world)


def consented(session, world, authority):
    return make_consented(session, world, authority, quantity="20", access_unit="hour")


def consent_of(session, request):
    return session.scalars(select(Approval).where(Approval.subject_id == request.id)).one()


def at(day, hours=2):
    return TimeSpan(NOW + day * DAY, NOW + day * DAY + timedelta(hours=hours))


def booked(session, world, request, day, *, now, hold=False):
    return book_and_show(
        session,
        actor=world.applicant,
        now=now,
        place=place_of(session, world.instrument.id),
        wishes=wishes(at(day)),
        allocation=allocation_of(session, request).public_id,
        hold=hold,
    ).booking


def told(session):
    events = session.scalars(select(OutboxEvent).order_by(OutboxEvent.id)).all()
    return [event.kind.removeprefix("access_request.") for event in events if ".consent_" in event.kind]


def addressed(session, request, kind, now):
    payload = {"approval": consent_of(session, request).public_id, "access_request": request.public_id}
    mails = compose(session, Claimed(1, kind, payload, 1), letterhead=LETTERHEAD, now=now)
    addresses = [mail["To"].addresses[0].addr_spec for mail in mails]
    return set(session.scalars(select(Account.id).where(Account.email.in_(addresses)))), mails


def test_the_yes_names_a_day_ahead_or_is_refused_naming_the_field(session, world, authority):
    request = make_submitted(session, world, quantity="20", access_unit="hour")
    approval = pending(session, request)["community_authority"]
    for wrong in (None, NOW, NOW + DAY):
        with pytest.raises(Invalid) as refused:
            decide(session, authority, approval, narrower=Narrower(review_at=wrong))
        assert list(refused.value.fields) == ["review_at"]
    with pytest.raises(Invalid) as refused:
        decide(session, authority, approval, "refuse", narrower=Narrower(review_at=DUE))
    assert list(refused.value.fields) == ["review_at"]
    with pytest.raises(Invalid):  # nor together with others, where nobody is asked for the day
        decide_alike(
            session,
            actor=authority,
            now=NOW + DAY,
            approvals=[approval.public_id],
            verdict="approve",
            reason="It serves us.",
        )
    assert consent_of(session, request).state == "pending"
    decide(session, authority, approval, narrower=Narrower(review_at=DUE))
    assert (approval.state, approval.review_at) == ("approved", DUE)
    assert (request.state, allocation_of(session, request).review_at) == ("active", DUE)


def test_the_authority_may_name_a_day_where_no_rule_asks_and_others_may_not(session):
    world = make_world(session, rules=[OPEN_TO_ALL, SILENT, FEASIBILITY], terms={})
    authority = make_authority(session, world)
    request = make_submitted(session, world)
    waiting = pending(session, request)
    with pytest.raises(Invalid) as refused:
        decide(session, world.manager, waiting["facility_manager"], narrower=Narrower(review_at=DUE))
    assert list(refused.value.fields) == ["review_at"]
    decide(session, world.manager, waiting["facility_manager"])
    decide(session, authority, waiting["community_authority"])
    assert allocation_of(session, request).review_at is None
    with pytest.raises(Conflict) as none:
        renew(session, actor=authority, now=NOW, approval=waiting["community_authority"], review_at=DUE)
    assert none.value.code == "approval.no_review"


def test_a_yes_without_a_day_is_asked_again_where_its_rule_has_come_to_ask_for_one(session):
    world = make_world(session, rules=[OPEN_TO_ALL, SILENT, FEASIBILITY], terms={})
    authority = make_authority(session, world)
    given, waits = (make_submitted(session, world, title=title) for title in ("Given", "Waits"))
    decide(session, authority, pending(session, given)["community_authority"])
    for document in session.scalars(select(PolicyDocument)):
        withdraw_document(session, actor=SYSTEM, now=NOW + DAY, document=document)
    make_rules(session, [OPEN_TO_ALL, COMMUNITY, FEASIBILITY])
    for request in (given, waits):
        decide(session, world.manager, pending(session, request)["facility_manager"], now=NOW + 2 * DAY)
        assert request.state == "under_review"
        again = pending(session, request)["community_authority"]
        with pytest.raises(Invalid):
            decide(session, authority, again, now=NOW + 3 * DAY)
        decide(session, authority, again, now=NOW + 3 * DAY, narrower=Narrower(review_at=DUE))
        assert (request.state, allocation_of(session, request).review_at) == ("active", DUE)


def test_a_lapsed_consent_stops_what_is_new_and_leaves_what_is_booked(session, world, authority):
    request = consented(session, world, authority)
    first, second = (booked(session, world, request, day, now=NOW + 45 * DAY) for day in (70, 71))
    kept = booked(session, world, request, 75, now=DUE - timedelta(minutes=1), hold=True)
    for hold in (False, True):
        with pytest.raises(Conflict) as refused:
            booked(session, world, request, 72, now=DUE, hold=hold)
        assert refused.value.code == "allocation.consent_lapsed"
        assert "can renew it" in refused.value.message
    with pytest.raises(Conflict) as refused:  # a time that is only kept is not booked yet
        confirm(session, actor=world.applicant, now=DUE, booking=kept)
    assert refused.value.code == "allocation.consent_lapsed"
    session.expire_all()
    assert {first.state, second.state} == {"confirmed"}
    by = {"actor": world.applicant, "now": DUE + DAY}
    move(session, booking=first, wishes=wishes(at(73)), **by)
    with pytest.raises(Conflict) as longer:
        move(session, booking=first, wishes=wishes(at(73, 3)), **by)
    assert longer.value.code == "allocation.consent_lapsed"
    cancel(session, booking=second, **by)
    assert (first.state, second.state) == ("confirmed", "cancelled")


def test_who_renews_and_the_team_are_told_ahead_and_when_it_is_due(database):
    with database.writer() as session:
        world = make_world(session, rules=[OPEN_TO_ALL, COMMUNITY], terms={})
        authority = make_authority(session, world)
        request = make_consented(session, world, authority)
    near = max(DUE - 30 * DAY, DUE - (DUE - NOW - DAY) / 3)
    assert remind_of_reviews(database, now=near - timedelta(minutes=1)) == 0
    assert [remind_of_reviews(database, now=near) for _each in range(2)] == [1, 0]
    with database.reader() as session:
        people, (mail, *_others) = addressed(session, request, Kind.CONSENT_NEAR_REVIEW, near)
        assert people == {authority.account_id, world.applicant.account_id}
        assert f"{DUE:%Y-%m-%d %H:%M}" in mail.get_content()
        assert request.title not in mail.as_string()
        assert addressed(session, request, Kind.CONSENT_LAPSED, near) == (set(), [])
    assert [remind_of_reviews(database, now=DUE) for _each in range(2)] == [1, 0]
    with database.reader() as session:
        assert told(session) == ["consent_near_review", "consent_lapsed"]
        assert addressed(session, request, Kind.CONSENT_LAPSED, DUE)[0] == people
        assert addressed(session, request, Kind.CONSENT_NEAR_REVIEW, DUE) == (set(), [])
    with database.writer() as session:
        approval = consent_of(session, session.get_one(AccessRequest, request.id))
        renew(session, actor=authority, now=DUE + DAY, approval=approval, review_at=DUE + 90 * DAY)
    with database.reader() as session:
        assert addressed(session, request, Kind.CONSENT_RENEWED, DUE + DAY)[0] == people
        assert addressed(session, request, Kind.CONSENT_LAPSED, DUE + DAY) == (set(), [])
        acts = session.scalars(select(AuditEvent.action).where(AuditEvent.action.like("%consent%"))).all()
    assert sorted(acts) == [
        "access_request.consent_renewed",
        "approval.consent_lapsed",
        "approval.consent_near_review",
    ]
    assert remind_of_reviews(database, now=DUE + 59 * DAY) == 0
    assert remind_of_reviews(database, now=DUE + 61 * DAY) == 1


def test_a_worker_that_slept_tells_only_that_it_lapsed_and_of_what_ended_nothing(database):
    with database.writer() as session:
        world = make_world(session, rules=[OPEN_TO_ALL, COMMUNITY], terms={})
        authority = make_authority(session, world)
        make_consented(session, world, authority)
        withdrawn = make_consented(session, world, authority)
        taken_back = make_consented(session, world, authority)
        revoke_access(
            session, actor=authority, now=NOW + 2 * DAY, access_request=taken_back, reason="Used for something else."
        )
        submitting.withdraw(session, actor=world.applicant, now=NOW + 2 * DAY, access_request=withdrawn)
    assert [remind_of_reviews(database, now=DUE + DAY) for _each in range(2)] == [2, 0]
    with database.reader() as session:
        assert told(session) == ["consent_lapsed"]


@pytest.mark.parametrize(("reminded", "what"), [(DUE - DAY, "consent_near_review"), (DUE + DAY, "consent_lapsed")])
def test_what_an_appeal_brings_back_is_told_of_once_it_is_back(database, reminded, what):
    with database.writer() as session:
        world = make_world(session, rules=[OPEN_TO_ALL, COMMUNITY], terms={})
        authority = make_authority(session, world)
        officer = make_network_administrator(session)
        request = make_consented(session, world, authority)
        reason = {"reason": "Used for something else.", "access_request": request}
        revoke_access(session, actor=authority, now=reminded - 3 * DAY, **reason)
    assert remind_of_reviews(database, now=reminded - 2 * DAY) == 0
    with database.writer() as session:
        request = session.get_one(AccessRequest, request.id)
        appeals.appeal(session, actor=world.applicant, now=reminded - 2 * DAY, reason="No.", access_request=request)
    assert remind_of_reviews(database, now=reminded - DAY) == 0
    with database.writer() as session:
        request = session.get_one(AccessRequest, request.id)
        appeal = session.scalars(select(Approval).where(Approval.subject_kind == "appeal")).one()
        decide(session, officer, appeal, now=reminded - DAY)
        assert request.state == "active"
        assert told(session) == []
    assert [remind_of_reviews(database, now=reminded) for _each in range(2)] == [1, 0]
    with database.reader() as session:
        assert told(session) == [what]


def test_renewing_opens_it_again_and_only_who_decides_may(session, world, authority):
    request = consented(session, world, authority)
    approval = consent_of(session, request)
    later = {"now": DUE + DAY, "approval": approval, "review_at": DUE + 90 * DAY}
    for other in (world.applicant, world.manager, make_actor(session)):
        with pytest.raises(Forbidden):
            renew(session, actor=other, **later)
    with pytest.raises(Invalid) as past:
        renew(session, actor=authority, **later | {"review_at": DUE + DAY})
    assert list(past.value.fields) == ["review_at"]
    with pytest.raises(DomainError) as stale:
        renew(session, actor=authority, expected_version=approval.version - 1, **later)
    assert stale.value.code == "version.stale"
    renew(session, actor=authority, expected_version=approval.version, reason="They came and told us.", **later)
    assert booked(session, world, request, 72, now=DUE + DAY).state == "confirmed"
    revoke_access(session, actor=authority, now=DUE + 2 * DAY, access_request=request, reason="Not as agreed.")
    with pytest.raises(Conflict) as ended:
        renew(session, actor=authority, **later | {"now": DUE + 3 * DAY})
    assert ended.value.code == "approval.no_review"


@pytest.mark.parametrize("disclosure", ["generic", "none"])
def test_the_mail_of_a_consent_by_a_rule_that_is_not_disclosed_names_no_role(session, disclosure):
    rules = [OPEN_TO_ALL, COMMUNITY | {"disclosure": disclosure}]
    world = make_world(session, rules=rules, terms={}, access_unit="hour")
    request = consented(session, world, make_authority(session, world))
    _people, mails = addressed(session, request, Kind.CONSENT_LAPSED, DUE)
    assert mails
    for mail in mails:
        assert "(A check by the facility)" in " ".join(mail.get_content().split())
        assert "ommunity" not in mail.get_content()


def test_where_two_people_decide_nobody_renews_for_both(session, world, authority):
    control(session, world.instrument)
    other = make_authority(session, world)
    request = make_submitted(session, world, quantity="20", access_unit="hour")
    both = session.scalars(select(Approval).where(Approval.subject_id == request.id).order_by(Approval.id)).all()
    for actor, approval in zip((authority, other), both, strict=True):
        decide(session, actor, approval, narrower=Narrower(review_at=DUE))
    assert request.state == "active"
    with pytest.raises(Forbidden) as refused:
        renew(session, actor=authority, now=NOW + 2 * DAY, approval=both[1], review_at=DUE + DAY)
    assert refused.value.code == "approval.two_people"
    for actor, approval in zip((authority, other), both, strict=True):
        renew(session, actor=actor, now=NOW + 2 * DAY, approval=approval, review_at=DUE + DAY)
    assert allocation_of(session, request).review_at == DUE + DAY
