"""The limits of access rules hold for every way of making a booking, and whoever goes beyond one reads which it is."""

import pytest

from infra_access.core.errors import Conflict, Invalid
from infra_access.core.i18n import plain
from infra_access.scheduling.asking import ask_for_time
from infra_access.scheduling.changes import move
from infra_access.scheduling.drafts.conflicts import conflicts_of
from infra_access.scheduling.drafts.publishing import publish_schedule
from infra_access.scheduling.find_time import finding
from infra_access.scheduling.find_time.standings import Step
from infra_access.scheduling.lifecycle import BookingState
from infra_access.scheduling.plan import Wish
from infra_access.scheduling.series.booking import book_series
from infra_access.scheduling.waiting.wait_list import join
from tests.factories.drafts import make_draft, make_office, make_schedule, make_team
from tests.factories.find_time import asked, make_windows
from tests.factories.people import make_actor
from tests.factories.policy import make_policy, raw_rule
from tests.factories.scheduling import MONDAY, make_allocation, make_booking, make_place, set_rules, span, wishes

OPEN = raw_rule("open", {"type": "permit"})


def limited(session, *, copies=1, **limits):
    """Return a place that anybody may book within limits."""
    disclosure = {"disclosure": limits.pop("disclosure", "full")}
    make_policy(session, OPEN, raw_rule("fair-share", {"type": "limit", **limits}, **disclosure))
    return make_place(session, copies=copies)


def broken(command):
    """Return what a refusal names: the code, the limit and the rule of each."""
    with pytest.raises(Invalid) as caught:
        command()
    assert caught.value.code == "booking.rules"
    return [(one["code"], one["limit"], one.get("rule")) for one in caught.value.details["broken"]]


def test_a_horizon_holds_whatever_the_booking_rules_open(session):
    place, actor = limited(session, horizon=2), make_actor(session)
    assert broken(lambda: make_booking(session, place, span(10, 12, day=3), actor=actor)) == [
        ("horizon", 2, "fair-share")
    ]
    assert make_booking(session, place, span(10, 12, day=2), actor=actor).state == BookingState.CONFIRMED


def test_the_nearer_horizon_of_a_facility_is_not_laid_to_the_access_rules(session):
    place = limited(session, horizon=5)
    set_rules(session, place.instrument, horizon_days=1)
    assert broken(lambda: make_booking(session, place, span(10, 12, day=2))) == [("horizon", 1, None)]


def test_so_many_sessions_at_a_time_count_each_instrument_for_itself(session):
    place, actor = limited(session, spans=2), make_actor(session)
    make_booking(session, place, span(10, 12), actor=actor)
    last = make_booking(session, place, span(12, 14), actor=actor)
    assert broken(lambda: make_booking(session, place, span(14, 16), actor=actor)) == [
        ("quota.person.upcoming", 2, "fair-share")
    ]
    make_booking(session, place, span(14, 16))  # somebody else
    make_booking(session, make_place(session, facility=place.facility), span(14, 16), actor=actor)
    move(session, actor=actor, now=MONDAY, booking=last, wishes=wishes(span(16, 18)))
    make_booking(session, place, span(10, 12, day=2), actor=actor, now=span(12, 13).start)  # the first is over


def test_two_sessions_of_one_booking_are_two(session):
    place = limited(session, spans=1)
    assert broken(lambda: make_booking(session, place, span(10, 11), span(12, 13)))[0][1:] == (1, "fair-share")


def test_an_amount_is_of_all_sessions_of_one_booking_in_the_unit_that_was_granted(session):
    place, actor = limited(session, amount=2), make_actor(session)
    assert broken(lambda: make_booking(session, place, span(10, 11), span(12, 13.5), actor=actor)) == [
        ("amount", "2", "fair-share")
    ]
    booking = make_booking(session, place, span(10, 11), span(12, 13), actor=actor)
    with pytest.raises(Invalid):
        move(session, actor=actor, now=MONDAY, booking=booking, wishes=wishes(span(10, 12.25)))
    shifts = make_allocation(session, place, actor, access_unit="shift").public_id
    make_booking(session, place, span(14, 20), actor=actor, allocation=shifts)
    with pytest.raises(Invalid):
        make_booking(session, place, span(0, 17, day=2), actor=actor, allocation=shifts)


def test_a_team_counts_by_what_was_granted_to_it(session):
    place, actor = limited(session, spans=1), make_actor(session)
    grant = make_allocation(session, place, actor).public_id
    make_booking(session, place, span(10, 11), actor=actor, allocation=grant)
    assert broken(lambda: make_booking(session, place, span(12, 13), actor=actor, allocation=grant)) == [
        ("quota.team.upcoming", 1, "fair-share")
    ]


@pytest.mark.parametrize(
    ("disclosure", "rule", "said"),
    [
        ("full", "fair-share", "The access rules say: Rule fair-share."),
        ("generic", "withheld", "This needs a check by the facility"),
        ("none", None, "The last day is now 2 Mar 2026"),
    ],
)
def test_a_refusal_says_as_much_of_the_rule_as_is_disclosed(session, disclosure, rule, said):
    place = limited(session, horizon=0, disclosure=disclosure)
    with pytest.raises(Invalid) as caught:
        make_booking(session, place, span(10, 12))
    (one,) = caught.value.details["broken"]
    assert one.get("rule") == rule
    text = plain(one["message"])
    assert said.lower() in text.lower()
    assert ("fair-share" in text) is (disclosure == "full")


@pytest.mark.parametrize(("limits", "booked"), [({"horizon": 3}, 3), ({"spans": 2}, 2)])
def test_a_series_goes_as_far_as_the_limits(session, limits, booked):
    place, actor = limited(session, **limits), make_actor(session)
    values = {"place": place, "wish": Wish(span(10, 11)), "rrule": "FREQ=DAILY;COUNT=5"}
    made = book_series(session, actor=actor, now=MONDAY, **values)
    assert [one.state for one in made.report] == ["booked"] * booked + ["skipped"] * (5 - booked)


def test_nobody_waits_for_what_they_could_not_take(session):
    place, actor = limited(session, horizon=3, amount=1), make_actor(session)
    values = {"actor": actor, "now": MONDAY, "place": place}
    with pytest.raises(Invalid) as caught:
        join(session, **values, earliest=span(8, 9, day=4).start, latest=span(18, 19, day=4).end, minutes=60)
    assert caught.value.code == "wait.window"
    with pytest.raises(Invalid) as caught:
        join(session, **values, earliest=span(8, 9).start, latest=span(18, 19).end, minutes=75)
    assert caught.value.code == "wait.minutes"
    join(session, **values, earliest=span(8, 9).start, latest=span(18, 19).end, minutes=60)


@pytest.mark.parametrize(
    ("limits", "hours", "last"),
    [({"horizon": 2}, 12, 2), ({"amount": 12}, 12, 13), ({"amount": 12}, 12.5, None), ({"spans": 1}, 12, None)],
)
def test_find_time_offers_nothing_beyond_a_limit(session, monkeypatch, limits, hours, last):
    place, actor = limited(session, **limits), make_actor(session)
    make_booking(session, place, span(9, 10, day=0), actor=actor)
    make_windows(session)
    values = {"hours": hours, "step": Step.BOOK, "count": 50}
    named = asked(session, actor, instruments=(place.instrument.public_id,), **values)
    days = [(slot.span.start.date() - MONDAY.date()).days for slot in named.slots]
    assert max(days, default=None) == last
    monkeypatch.setattr(finding, "_FEW", 0)
    assert len(asked(session, actor, **values).slots) == (last is not None)


def test_find_time_on_a_grant_counts_its_team(session):
    place, actor = limited(session, spans=1), make_actor(session)
    grant = make_allocation(session, place, actor).public_id
    assert asked(session, actor, allocation=grant).slots
    make_booking(session, place, span(10, 11), actor=actor, allocation=grant)
    assert not asked(session, actor, allocation=grant).slots


def test_nobody_asks_for_a_time_beyond_a_limit(session):
    place, actor = limited(session, horizon=3, amount=2), make_actor(session)
    set_rules(session, place.instrument, ask_for_time=True)

    def ask(*times, minutes=None):
        ask_for_time(session, actor=actor, now=MONDAY, place=place, span=span(*times), minutes=minutes)

    assert broken(lambda: ask(8, 12, 4)) == [("horizon", 3, "fair-share"), ("amount", "2", "fair-share")]
    ask(8, 12, 3, minutes=120)


def test_a_draft_is_told_of_the_limits_that_publishing_refuses(session):
    place = limited(session, horizon=9, amount=4)
    office, team = make_office(session, place), make_team(session, place)
    schedule = make_schedule(session, place, office)
    make_draft(session, schedule, office, team, place, span(10, 15, day=10))
    codes = {one.code for one in conflicts_of(session, schedule, now=MONDAY)}
    assert {"horizon", "max_length"} <= codes
    with pytest.raises(Conflict) as caught:
        publish_schedule(session, actor=office, now=MONDAY, schedule=schedule, answer_by=span(9, 10, day=5).start)
    told = {one["code"]: plain(one["message"]) for one in caught.value.details["sessions"]}
    assert set(told) == {"horizon", "amount"}
    assert all("Rule fair-share." in one for one in told.values())


def test_a_draft_of_a_remote_session_is_told_of_the_limits_on_those(session):
    limit = {"type": "limit", "amount": 4}
    make_policy(session, OPEN, raw_rule("from-afar", limit, applies_to=["remote_session"]))
    place = make_place(session)
    office, team = make_office(session, place), make_team(session, place)
    team.access_request.access_type = "remote"
    schedule = make_schedule(session, place, office)
    make_draft(session, schedule, office, team, place, span(10, 15, day=10))
    with pytest.raises(Conflict) as caught:
        publish_schedule(session, actor=office, now=MONDAY, schedule=schedule, answer_by=span(9, 10, day=5).start)
    assert [one["code"] for one in caught.value.details["sessions"]] == ["amount"]
    assert "max_length" in {one.code for one in conflicts_of(session, schedule, now=MONDAY)}
