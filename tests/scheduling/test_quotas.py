"""Quotas hold to the last minute and the last booking, for a person, a team and an organisation, however one books."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from infra_access.core.errors import Invalid
from infra_access.core.i18n import plain
from infra_access.core.named_locks import lock_names
from infra_access.core.timespan import TimeSpan
from infra_access.core.zones import local_to_instant
from infra_access.people.actors import load_actor
from infra_access.people.affiliations import affiliate
from infra_access.people.models import Account
from infra_access.scheduling.changes import cancel, move
from infra_access.scheduling.making import create, ready
from infra_access.scheduling.models import Booking
from infra_access.scheduling.places import locked_place
from infra_access.scheduling.quotas import Holder, Tally, Use, periods
from infra_access.scheduling.rule_parts import Counted, Measure, Period, Quota, Reach
from tests.factories.catalogue import make_organisation
from tests.factories.people import make_actor
from tests.factories.policy import make_policy
from tests.factories.scheduling import (
    MONDAY,
    SYSTEM,
    make_allocation,
    make_booking,
    make_companion,
    make_place,
    set_rules,
    span,
    wishes,
)
from tests.statements import count_statements

ME = Holder(1, 10, 100)
BERLIN = "Europe/Berlin"


def local(start: str, end: str) -> TimeSpan:
    return TimeSpan(*(local_to_instant(datetime.fromisoformat(one), BERLIN) for one in (start, end)))


def quota(
    amount: int, of: str = "person", measure: str = "bookings", per: str = "week", on: str = "instrument"
) -> Quota:
    return Quota(Counted(of), amount, Measure(measure), Period(per), Reach(on))


def total(rule: Quota, wanted: TimeSpan, *uses: Use) -> int | None:
    """Return what the quota says it would come to, or None where it is not broken."""
    found = Tally((rule,), ME, 5, uses, BERLIN, MONDAY).broken([wanted])
    return int(found[0].value) if found else None


def use(start: str, end: str, *, booking: int = 1, instrument: int = 5, holder: Holder = ME, state: str = "confirmed"):
    return Use(booking, instrument, holder, state, local(start, end))


WANTED = local("2026-03-04T09:00", "2026-03-04T10:00")


@pytest.mark.parametrize(
    ("rule", "uses", "expected"),
    [
        (quota(1), [], None),
        (quota(1), [use("2026-03-02T00:00", "2026-03-02T01:00")], 2),
        (quota(1), [use("2026-03-01T23:00", "2026-03-02T00:00")], None),  # ends as the week begins
        (quota(1), [use("2026-03-01T23:00", "2026-03-02T00:01")], 2),
        (quota(1), [use("2026-03-09T00:00", "2026-03-09T01:00")], None),  # begins as it ends
        (quota(2), [use("2026-03-02T00:00", "2026-03-02T01:00"), use("2026-03-02T00:00", "2026-03-02T01:00")], None),
        (quota(1, per="day"), [use("2026-03-03T23:00", "2026-03-04T00:00")], None),
        (quota(1, per="day"), [use("2026-03-03T23:00", "2026-03-04T00:15")], 2),
        (quota(1, per="month"), [use("2026-03-31T23:00", "2026-04-01T00:00")], 2),
        (quota(1, per="month"), [use("2026-04-01T00:00", "2026-04-01T01:00")], None),
        (quota(1, per="upcoming"), [use("2027-03-31T23:00", "2027-04-01T00:00")], 2),
        (quota(1, per="upcoming"), [use("2026-03-02T09:00", "2026-03-02T10:00")], None),  # over: it is ten in Berlin
        (quota(1, per="upcoming"), [use("2026-03-02T09:00", "2026-03-02T10:15")], 2),
        (quota(1, per="upcoming"), [use("2026-03-02T09:00", "2026-03-02T18:00", state="completed")], None),
        (quota(60, measure="minutes"), [], None),
        (quota(59, measure="minutes"), [], 60),
        (quota(120, measure="minutes"), [use("2026-03-02T09:00", "2026-03-02T10:00")], None),
        (quota(119, measure="minutes"), [use("2026-03-02T09:00", "2026-03-02T10:00")], 120),
        (quota(90, measure="minutes", per="day"), [use("2026-03-03T20:00", "2026-03-04T00:30")], None),
        (quota(89, measure="minutes", per="day"), [use("2026-03-03T20:00", "2026-03-04T00:30")], 90),
        (quota(60, measure="minutes", per="upcoming"), [use("2026-03-02T08:00", "2026-03-02T10:01")], 61),
        (quota(1), [use("2026-03-04T12:00", "2026-03-04T13:00", instrument=6)], None),
        (quota(1, on="facility"), [use("2026-03-04T12:00", "2026-03-04T13:00", instrument=6)], 2),
        (quota(1), [use("2026-03-04T12:00", "2026-03-04T13:00", state="no_show")], 2),
        (quota(1), [use("2026-03-04T12:00", "2026-03-04T13:00", holder=Holder(2, 10, 100))], None),
        (quota(1, of="team"), [use("2026-03-04T12:00", "2026-03-04T13:00", holder=Holder(2, 10, 101))], 2),
        (quota(1, of="team"), [use("2026-03-04T12:00", "2026-03-04T13:00", holder=Holder(1, 11, 100))], None),
        (quota(1, of="organisation"), [use("2026-03-04T12:00", "2026-03-04T13:00", holder=Holder(2, 9, 100))], 2),
        (quota(1, of="organisation"), [use("2026-03-04T12:00", "2026-03-04T13:00", holder=Holder(1, 10))], None),
    ],
)
def test_each_quota_holds_at_its_edge(rule: Quota, uses: list[Use], expected: int | None) -> None:
    assert total(rule, WANTED, *uses) == expected


def test_whoever_has_no_team_and_no_organisation_counts_alone() -> None:
    alone = Holder(1)
    uses = (
        Use(1, 5, alone, "confirmed", local("2026-03-04T12:00", "2026-03-04T13:00")),
        Use(2, 5, Holder(2), "confirmed", local("2026-03-04T13:00", "2026-03-04T14:00")),
        Use(3, 5, Holder(1, 7, 8), "confirmed", local("2026-03-04T14:00", "2026-03-04T15:00")),
    )
    for of in ("team", "organisation"):
        assert Tally((quota(2, of=of),), alone, 5, uses, BERLIN, MONDAY).broken([WANTED]) == []
        (found,) = Tally((quota(1, of=of),), alone, 5, uses, BERLIN, MONDAY).broken([WANTED])
        assert (found.code, found.limit, found.value) == (f"quota.{of}.week", 1, 2)


@pytest.mark.parametrize(("day", "minutes"), [("2026-03-29", 23 * 60), ("2026-10-25", 25 * 60), ("2026-07-01", 1440)])
def test_a_day_is_as_long_as_the_clocks_make_it(day: str, minutes: int) -> None:
    whole = [local(f"{day}T00:00", (datetime.fromisoformat(day) + timedelta(days=1)).isoformat())]
    assert total(quota(minutes, measure="minutes", per="day"), whole[0]) is None
    assert total(quota(minutes - 1, measure="minutes", per="day"), whole[0]) == minutes


def test_periods_are_those_of_the_place_that_the_spans_touch() -> None:
    late = TimeSpan(datetime(2026, 12, 31, 22, 30, tzinfo=UTC), datetime(2026, 12, 31, 23, 30, tzinfo=UTC))
    assert [first for first, _span in periods(Period.DAY, [late], BERLIN, MONDAY)] == [
        date(2026, 12, 31),
        date(2027, 1, 1),
    ]
    assert [first for first, _span in periods(Period.WEEK, [late], BERLIN, MONDAY)] == [date(2026, 12, 28)]
    assert [first for first, _span in periods(Period.MONTH, [late], BERLIN, MONDAY)] == [
        date(2026, 12, 1),
        date(2027, 1, 1),
    ]
    assert [first for first, _span in periods(Period.MONTH, [late], "America/Bogota", MONDAY)] == [date(2026, 12, 1)]


def test_the_sentence_says_whose_how_much_where_and_when() -> None:
    (found,) = Tally((quota(1),), ME, 5, (use("2026-03-04T12:00", "2026-03-04T13:00"),), BERLIN, MONDAY).broken(
        [WANTED]
    )
    assert plain(found.message) == (
        "You may have at most 1 bookings on this instrument in the week from 2 Mar 2026; with this one it would be 2."
    )


# In the database, through the commands.


@pytest.fixture
def place(session):
    """Return an instrument that everybody may book."""
    make_policy(session)
    return make_place(session, copies=4)


def limit(session, place, amount=1, of="person", measure="bookings", per="week", on="instrument", **rules):
    quotas = [{"of": of, "amount": amount, "measure": measure, "per": per, "on": on}]
    set_rules(session, place.instrument, quotas=quotas, **rules)


def refused(*args, **overrides):
    with pytest.raises(Invalid) as caught:
        make_booking(*args, **overrides)
    assert caught.value.code == "booking.rules"
    return [(one["code"], one["limit"], one["value"]) for one in caught.value.details["broken"]]


def test_a_quota_is_named_together_with_the_other_rules(session, place):
    limit(session, place, max_minutes=60)
    ada = make_actor(session)
    make_booking(session, place, span(9, 10), actor=ada)
    assert refused(session, place, span(12, 14), actor=ada) == [("max_length", 60, 120), ("quota.person.week", 1, 2)]
    make_booking(session, place, span(12, 13), actor=make_actor(session))
    make_booking(session, place, span(12, 13, day=7), actor=ada)


def test_several_sessions_in_one_booking_count_as_what_they_are(session, place):
    limit(session, place, amount=2)
    ada = make_actor(session)
    days = [span(9, 10, day=day) for day in (1, 2, 3)]
    assert refused(session, place, *days, actor=ada) == [("quota.person.week", 2, 3)]
    make_booking(session, place, *days[:2], actor=ada)
    assert refused(session, place, days[2], actor=ada) == [("quota.person.week", 2, 3)]
    together = [span(9, 10, day=8), span(9, 10, day=8)]
    make_booking(session, place, *together, actor=ada)  # on two copies at once: one session


def test_moving_does_not_count_against_itself_but_against_the_rest(session, place):
    limit(session, place)
    ada = make_actor(session)
    first = make_booking(session, place, span(9, 10), actor=ada)
    move(session, actor=ada, now=MONDAY, booking=first, wishes=wishes(span(11, 12)))
    second = make_booking(session, place, span(9, 10, day=8), actor=ada)
    with pytest.raises(Invalid):
        move(session, actor=ada, now=MONDAY, booking=second, wishes=wishes(span(14, 15)))
    cancel(session, actor=ada, now=MONDAY, booking=first)
    move(session, actor=ada, now=MONDAY, booking=second, wishes=wishes(span(14, 15)))


@pytest.mark.parametrize(("state", "later", "free"), [("held", 14, False), ("held", 16, True), ("proposed", 14, False)])
def test_a_hold_and_a_proposal_count_until_they_lapse(session, place, state, later, free):
    limit(session, place)
    ada = make_actor(session)
    made = ready(
        session,
        owner=ada,
        place=locked_place(session, place.instrument.id),
        wishes=wishes(span(9, 10)),
        granted=None,
        now=MONDAY,
    )
    create(session, made, now=MONDAY, state=state, answer_by=MONDAY + timedelta(minutes=15))
    now = MONDAY + timedelta(minutes=later)
    if free:
        make_booking(session, place, span(11, 12), actor=ada, now=now)
    else:
        assert refused(session, place, span(11, 12), actor=ada, now=now) == [("quota.person.week", 1, 2)]


def test_a_booking_that_waits_for_approval_counts(session, place):
    limit(session, place)
    ada = make_actor(session)
    booking = make_booking(session, place, span(9, 10), actor=ada)
    booking.state = "pending_approval"
    session.flush()
    assert refused(session, place, span(11, 12), actor=ada) == [("quota.person.week", 1, 2)]
    booking.state = "cancelled"
    session.flush()
    make_booking(session, place, span(11, 12), actor=ada)


def test_an_early_end_gives_minutes_back(session, place):
    limit(session, place, amount=120, measure="minutes")
    ada = make_actor(session)
    booking = make_booking(session, place, span(9, 11), actor=ada)
    booking.state, booking.ended_at = "completed", booking.starts + timedelta(minutes=30)
    session.flush()
    assert refused(session, place, span(12, 14), actor=ada) == [("quota.person.week", 120, 150)]
    make_booking(session, place, span(12, 13.5), actor=ada)


def test_a_team_shares_its_quota_and_a_room_does_not_count(session, place):
    limit(session, place, amount=60, of="team", measure="minutes")
    make_companion(session, place, kind="room")
    ada = make_actor(session)
    allocation = make_allocation(session, place, ada).public_id
    make_booking(session, place, span(9, 10), actor=ada, allocation=allocation)
    assert refused(session, place, span(11, 12), actor=ada, allocation=allocation) == [("quota.team.week", 60, 120)]
    make_booking(session, place, span(11, 12), actor=ada)  # on her own


def test_an_organisation_shares_its_quota_over_the_facility(session, place):
    other = make_place(session, facility=place.facility)
    organisation = make_organisation(session)
    people = []
    for _number in range(2):
        actor = make_actor(session)
        account = session.get_one(Account, actor.account_id)
        affiliate(session, actor=actor, now=MONDAY, account=account, organisation=organisation)
        people.append(load_actor(session, account.id, now=MONDAY))
    limit(session, place, of="organisation", on="facility")
    make_booking(session, other, span(9, 10), actor=people[0])  # has no quota itself, but counts
    assert refused(session, place, span(11, 12), actor=people[1]) == [("quota.organisation.week", 1, 2)]
    limit(session, place, of="organisation")
    make_booking(session, place, span(11, 12), actor=people[1])


def test_a_quota_costs_two_statements_and_none_costs_nothing(session, place, database):
    ada = make_actor(session)

    def counted(day):
        with count_statements(database) as statements:
            make_booking(session, place, span(9, 10, day=day), actor=ada)
        return statements.count

    counted(1)
    without = counted(2)
    limit(session, place, amount=10)
    assert counted(3) - without == (2 if database.engine.dialect.name == "postgresql" else 1)


def test_what_is_refused_leaves_nothing_behind(session, place):
    limit(session, place, amount=30, measure="minutes")
    refused(session, place, span(9, 10), actor=make_actor(session))
    assert session.scalars(select(Booking)).all() == []
    assert SYSTEM.account_id is None


def test_as_many_names_as_there_are_can_be_locked_at_once(session):
    lock_names(session, [f"person:{number}" for number in range(1_700)])
