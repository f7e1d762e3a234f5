"""A rule of a facility asks a team for its nationality: said by each, needed for a yes, read on purpose, erased."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from infra_access.access_requests.approvals.models import NationalityDeclaration
from infra_access.access_requests.approvals.nationality import declare, erase_needless, read, reseal
from infra_access.access_requests.approvals.nationality_queries import answers_to, readings_of
from infra_access.access_requests.approvals.queries import approvals_of, view_of
from infra_access.access_requests.drafting import amend
from infra_access.audit.models import AuditEvent
from infra_access.core.authority import NETWORK
from infra_access.core.errors import Conflict, Forbidden, Invalid
from infra_access.core.sealing import Sealer
from infra_access.outcomes import verdicts
from infra_access.scheduling.lifecycle import BookingState
from tests.factories.access_requests import (
    FEASIBILITY,
    NOW,
    OPEN_TO_ALL,
    SYSTEM,
    decide,
    make_submitted,
    make_world,
    pending,
)
from tests.factories.catalogue import make_facility
from tests.factories.nationality import ASKING, SEALER, make_asked, say
from tests.factories.people import make_actor
from tests.factories.policy import make_policy
from tests.factories.scheduling import MONDAY, make_booking, make_place, span

LATER = NOW + timedelta(days=1)


@pytest.fixture
def asked(session):
    return make_asked(session)


def opened(session, asked, actor=None, **overrides):
    values = {"now": LATER, "approval": asked.approval, "sealer": SEALER} | overrides
    return read(session, actor=actor or asked.officer, **values)


def events(session, action):
    return session.scalars(select(AuditEvent).where(AuditEvent.action == action).order_by(AuditEvent.id)).all()


def said(session):
    return session.scalar(select(func.count()).select_from(NationalityDeclaration))


def test_a_yes_waits_until_everybody_with_an_account_has_said_theirs(session, asked):
    assert (asked.approval.asks, "participants" in asked.approval.rests_on) == (["nationality"], True)
    answers = answers_to(session, view_of(session, asked.approval))
    assert (len(answers.asked), len(answers.missing), answers.without_account) == (2, 2, ["Baraka Without"])
    say(session, asked, asked.member, "ke", "DE", "KE")
    with pytest.raises(Conflict) as refused:
        decide(session, asked.officer, asked.approval)
    assert (refused.value.code, refused.value.details) == ("nationality.missing", {"missing": 1})
    say(session, asked, asked.world.applicant, "ZA")
    say(session, asked, asked.world.applicant, "ZM")
    assert {one.person: one.nationalities for one in opened(session, asked, reason="The law.")} == {
        "Amina Member": ("DE", "KE"),
        asked.world.applicant.name: ("ZM",),
    }
    decide(session, asked.officer, asked.approval)
    assert asked.request.state != "under_review"
    assert [one.details["again"] for one in events(session, "nationality.declared")] == [False, False, True]
    (reading,) = events(session, "nationality.read")
    whose = {asked.member.public_id, asked.world.applicant.public_id}
    assert set(reading.details["of"]) == whose
    assert (reading.details["role"], reading.details["reason"]) == ("safety_officer", "The law.")
    (seen,) = readings_of(session, view_of(session, asked.approval), asked.member)
    assert (seen.at, seen.role) == (LATER, "safety_officer")


def test_other_verdicts_need_no_answer(session, asked):
    decide(session, asked.officer, asked.approval, "request_changes")
    with pytest.raises(Conflict, match="does not wait any more"):
        say(session, asked, asked.member, "KE")
    with pytest.raises(Conflict, match="does not wait any more"):
        opened(session, asked)


def test_nobody_says_it_before_its_stage_is_asked(session):
    world = make_world(session, rules=(OPEN_TO_ALL, FEASIBILITY))
    scope = ("facility", world.facility.public_id)
    make_policy(session, {**ASKING, "effect": {**ASKING["effect"], "stage": 2}}, scope=scope)
    make_actor(session, ("safety_officer", scope))
    request = make_submitted(session, world)
    (waiting,) = [one for one in approvals_of(session, "access_request", request.id) if one.state == "waiting"]
    with pytest.raises(Conflict, match="once stage 1 is complete"):
        declare(session, actor=world.applicant, now=NOW, approval=waiting, nationalities=["KE"], sealer=SEALER)


def test_nobody_says_it_for_others_and_nobody_else_reads_it(session, asked):
    world = asked.world
    say(session, asked, asked.member, "KE")
    home = ("organisation", view_of(session, asked.approval).scopes[1][1])
    others = [
        make_actor(session, ("platform_admin", NETWORK)),
        make_actor(session, ("auditor", NETWORK)),
        make_actor(session, ("organisation_admin", home)),
        make_actor(session, ("safety_officer", ("facility", make_facility(session).public_id))),
        world.manager,
    ]
    for one in [*others, world.applicant, asked.member]:
        with pytest.raises(Forbidden):
            opened(session, asked, one)
    for one in [*others, asked.officer]:
        with pytest.raises(Forbidden):
            say(session, asked, one, "KE")
    assert not events(session, "nationality.read")
    assert not opened(session, asked, make_actor(session, ("safety_officer", NETWORK)))[1:]


def test_what_is_no_nationality_is_refused_at_its_place(session, asked):
    for codes, place in (((), ""), (("KE", "XX", "Kenya"), ".1"), (("KE", "DE", "FR", "ZA"), ""), (("",), ".0")):
        with pytest.raises(Invalid) as refused:
            say(session, asked, asked.member, *codes)
        assert f"nationalities{place}" in refused.value.fields
    assert said(session) == 0


def test_a_seal_opens_in_its_own_row_alone_and_with_the_keys_of_the_site(session, asked):
    for one, code in ((asked.member, "KE"), (asked.world.applicant, "ZA")):
        say(session, asked, one, code)
    rows = session.scalars(select(NationalityDeclaration).order_by(NationalityDeclaration.account_id)).all()
    rows[0].sealed, rows[1].sealed = rows[1].sealed, rows[0].sealed
    for sealer in (SEALER, Sealer((), "another secret")):
        with pytest.raises(Conflict) as refused:
            opened(session, asked, sealer=sealer)
        assert refused.value.code == "nationality.unreadable"
    rows[0].sealed, rows[1].sealed = rows[1].sealed, "spoilt"
    assert reseal(session, actor=SYSTEM, now=LATER, sealer=SEALER) == (1, 1)
    say(session, asked, asked.world.applicant, "ZA")
    say(session, asked, asked.member, "KE")
    assert len(opened(session, asked)) == 2


def test_it_is_erased_once_nothing_waits_for_a_verdict(session, database, asked):
    for one in (asked.member, asked.world.applicant):
        say(session, asked, one, "KE")
    session.commit()
    assert erase_needless(database, now=LATER) == 0
    decide(session, asked.officer, asked.approval)
    session.commit()
    assert erase_needless(database, now=LATER) == 2
    assert erase_needless(database, now=LATER) == 0
    assert said(session) == 0
    (erased,) = events(session, "nationality.erased")
    assert (erased.object_id, erased.details) == (asked.approval.public_id, {"people": 2})
    assert len(events(session, "nationality.declared")) == 2


def test_a_change_of_the_team_is_asked_anew_and_erases_what_was_said_before(session, database, asked):
    for one in (asked.member, asked.world.applicant):
        say(session, asked, one, "KE")
    decide(session, asked.officer, asked.approval)
    amend(session, actor=asked.world.applicant, now=LATER, access_request=asked.request, changes={"participants": []})
    again = pending(session, asked.request)["safety_officer"]
    assert (again.asks, len(answers_to(session, view_of(session, again)).missing)) == (["nationality"], 1)
    session.commit()
    assert erase_needless(database, now=LATER) == 2


def test_a_yes_given_before_the_rule_came_to_ask_is_asked_again(session):
    world = make_world(session, rules=(OPEN_TO_ALL,))
    scope = ("facility", world.facility.public_id)
    officer = make_actor(session, ("safety_officer", scope))
    silent = {**ASKING, "effect": {"type": "approve", "role": "safety_officer", "scope": "facility"}}
    make_policy(session, silent, scope=scope, name="Rules of the site")
    request = make_submitted(session, world)
    first = pending(session, request)["safety_officer"]
    make_policy(session, ASKING, scope=scope, name="Rules of the site")
    amend(session, actor=world.applicant, now=LATER, access_request=request, changes={"quantity": "1"})
    assert first.state == "void"
    assert pending(session, request)["safety_officer"].asks == ["nationality"]
    assert officer.account_id


def test_a_booking_asks_its_owner_too(session):
    place = make_place(session)
    scope = ("facility", place.facility.public_id)
    make_policy(session, OPEN_TO_ALL)
    make_policy(session, ASKING, scope=scope)
    officer, owner = make_actor(session, ("safety_officer", scope)), make_actor(session)
    booking = make_booking(session, place, span(10, 12), actor=owner)
    (approval,) = approvals_of(session, "booking", booking.id)
    values = {"now": MONDAY, "approval": approval, "verdict": "approve", "reason": "Fine."}
    with pytest.raises(Conflict) as refused:
        verdicts.decide(session, actor=officer, **values)
    assert refused.value.code == "nationality.missing"
    declare(session, actor=owner, now=MONDAY, approval=approval, nationalities=["KE"], sealer=SEALER)
    found = read(session, actor=officer, now=MONDAY, approval=approval, sealer=SEALER)
    assert [one.nationalities for one in found] == [("KE",)]
    verdicts.decide(session, actor=officer, **values)
    assert booking.state == BookingState.CONFIRMED
