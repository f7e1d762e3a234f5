"""A request or a booking that is also a remote session, or takes data abroad, is judged by the rules on these too."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from infra_access.access_requests.models import Allocation
from infra_access.access_requests.needed import needed
from infra_access.core.errors import Forbidden
from infra_access.core.timespan import TimeSpan
from infra_access.policy import ruling
from infra_access.policy.applicants import visitor_facts
from infra_access.policy.decisions import decisions_about, replay
from infra_access.policy.eligibility import eligibility
from infra_access.policy.further import further_actions
from infra_access.policy.rulebook import rulebook
from infra_access.policy.rules import Action
from infra_access.scheduling.bookings import book
from infra_access.scheduling.gates.reading import gates_of
from infra_access.scheduling.places import place_of
from infra_access.scheduling.plan import Wish
from tests.factories.access_requests import (
    FEASIBILITY,
    HOST_COUNTRY,
    NOW,
    OPEN_TO_ALL,
    make_active,
    make_request,
    make_submitted,
    make_world,
    pending,
)
from tests.factories.people import make_actor
from tests.factories.policy import facts, raw_rule

REMOTE = {
    "email": "far@lab.example",
    "name": "Far",
    "role": "member",
    "country_of_work": "KE",
    "presence": "remote",
}
ABROAD = REMOTE | {"email": "data@lab.example", "presence": "none", "role": "data-only"}
HERE = REMOTE | {"presence": "on-site"}
NO_REMOTE = raw_rule("no-remote", {"type": "deny"}, applies_to=["remote_session"])
NO_EXPORT = raw_rule("no-export", {"type": "deny"}, applies_to=["export_data"])
CHECKED = {"type": "require", "kind": "gate", "code": "remote-link"}


def world_with(session, *rules):
    return make_world(session, rules=(OPEN_TO_ALL, FEASIBILITY, HOST_COUNTRY, *rules))


def reasons(request):
    return [one["rule"] for one in request.decision["reasons"]]


@pytest.mark.parametrize(
    ("rules", "people", "outcome", "named"),
    [
        ([NO_REMOTE], [REMOTE], "deny", ["no-remote"]),
        ([NO_REMOTE], [HERE], "needs_approval", ["feasibility", "host-country", "all"]),
        ([NO_EXPORT], [ABROAD], "deny", ["no-export"]),
        ([NO_EXPORT], [HERE], "needs_approval", ["feasibility", "host-country", "all"]),
        ([NO_REMOTE, NO_EXPORT], [REMOTE, ABROAD], "deny", ["no-remote", "no-export"]),
    ],
)
def test_a_request_is_judged_by_what_it_comes_to(session, rules, people, outcome, named):
    request = make_submitted(session, world_with(session, *rules), participants=people)
    assert request.decision["outcome"] == outcome
    assert reasons(request) == named
    (kept,) = decisions_about(session, subject_kind="access_request", subject_id=request.public_id)
    assert replay(kept) == kept.decision.encode()


def test_an_approval_of_remote_work_is_asked_beside_the_others(session):
    effect = {"type": "approve", "role": "safety_officer", "scope": "facility"}
    world = world_with(session, raw_rule("remote-safety", effect, applies_to=["remote_session"]))
    make_actor(session, ("safety_officer", ("facility", world.facility.public_id)))
    request = make_submitted(session, world, participants=[REMOTE])
    assert set(pending(session, request)) == {"facility_manager", "access_administrator", "safety_officer"}
    assert "open-remote-session" not in str(request.decision)


def test_remote_sessions_are_open_to_whom_a_rule_says_and_else_to_all_who_may_ask(session):
    companies = {"fact": "applicant.sector", "op": "eq", "value": "public"}
    only = raw_rule("public-only", {"type": "permit"}, companies, applies_to=["remote_session"])
    request = make_submitted(session, world_with(session, only), participants=[REMOTE])
    assert (request.decision["outcome"], request.state) == ("not_eligible", "refused")


def test_what_applies_to_booking_too_is_asked_when_one_books(session):
    training = {"type": "require", "kind": "training", "code": "remote-control"}
    world = world_with(
        session,
        raw_rule("trained", training, applies_to=["book", "remote_session"]),
        raw_rule("transfer", {"type": "require", "kind": "agreement", "code": "dta"}, applies_to=["remote_session"]),
    )
    request = make_active(session, world, participants=[REMOTE])
    with pytest.raises(Forbidden) as caught:
        booked(session, world, request)
    missing = [(one["kind"], one["code"]) for one in caught.value.details["decision"]["missing"]]
    assert missing == [("training", "remote-control"), ("agreement", "dta")]


def booked(session, world, request):
    grant = session.scalars(select(Allocation).where(Allocation.access_request_id == request.id)).one()
    start = NOW + timedelta(days=45)
    return book(
        session,
        actor=world.applicant,
        now=NOW + timedelta(days=3),
        place=place_of(session, world.instrument.id),
        wishes=[Wish(TimeSpan(start, start + timedelta(hours=2)))],
        allocation=grant.public_id,
    )


@pytest.mark.parametrize(("people", "gates"), [([REMOTE], {"gate:remote-link"}), ([HERE], set())])
def test_a_session_waits_for_what_remote_work_needs(session, people, gates):
    world = world_with(session, raw_rule("link", CHECKED, applies_to=["remote_session"]))
    booking = booked(session, world, make_active(session, world, participants=people))
    assert {one.key for one in gates_of(session, booking, now=NOW + timedelta(days=3))} == gates
    (kept,) = decisions_about(session, subject_kind="booking", subject_id=booking.public_id)
    assert replay(kept) == kept.decision.encode()


def test_nothing_more_is_evaluated_where_no_rule_speaks_of_it(session, monkeypatch):
    world = world_with(session)
    evaluate, calls = ruling.evaluate, []
    monkeypatch.setattr(ruling, "evaluate", lambda *a, **k: calls.append(a) or evaluate(*a, **k))
    make_submitted(session, world, participants=[REMOTE, ABROAD])
    assert len(calls) == 4  # for the applicant and for an officer, of asking and of booking afterwards


def test_a_visitor_who_wants_to_work_remotely_reads_what_that_needs(session):
    world = world_with(session, NO_REMOTE)
    book_ = rulebook(session)

    def outcome(text):
        return eligibility(
            session,
            world.instrument.id,
            applicant=visitor_facts(text, book_, NOW),
            action="request",
            now=NOW,
            routes=[world.route.public_id],
        ).outcome

    assert outcome("access_type:remote,country:DE") == "deny"
    assert outcome("access_type:physical,country:DE") != "deny"


def test_only_known_facts_make_a_remote_session_or_an_export():
    remote = facts({}, participants=[{"presence": "on-site"}, {"presence": "remote"}])
    abroad = facts({}, legs=[{"kind": "data", "crosses": True}, {"kind": "sample", "crosses": True}])
    assert further_actions("book", remote, NOW) == (Action.REMOTE_SESSION,)
    assert further_actions("request", abroad, NOW) == (Action.EXPORT_DATA,)
    assert further_actions("view_details", remote, NOW) == ()
    for known in (facts(), facts({}, participants=[{}]), facts({}, legs=[{"kind": "data", "crosses": False}])):
        assert further_actions("mail_in", known, NOW) == ()


def test_what_is_still_needed_of_a_draft_counts_a_session_from_afar(session):
    secure = {"type": "require", "kind": "document", "code": "remote-plan"}
    world = world_with(session, raw_rule("plan-it", secure, applies_to=["remote_session"]))

    def asked(people):
        request = make_request(session, world, participants=people)
        found = needed(
            session, actor=world.applicant, route=world.route, instrument_ids=(), now=NOW, access_request=request
        )
        return found.decision.outcome, {one.code for one in found.missing}

    assert asked([REMOTE]) == ("conditional", {"remote-plan"})
    assert asked([HERE]) == ("needs_approval", set())
