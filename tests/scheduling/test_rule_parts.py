"""Horizons by applicant, escorts and quotas as data: what is right is kept as it is, what is wrong is named."""

from datetime import UTC, datetime
from typing import Any

import pytest

from infra_access.core.errors import Invalid
from infra_access.core.timespan import TimeSpan
from infra_access.scheduling.booking_rules import BookingRules, broken, from_json, to_json
from infra_access.scheduling.rule_parts import MOST, Counted, Measure, OffHours, Period, Quota, Reach

COMPANY = {"sector": "company", "days": 180}
SMALL_STARTUP = {"size": "small", "startup": True, "days": 30}
QUOTA = {"of": "team", "amount": 600, "measure": "minutes", "per": "month"}


@pytest.mark.parametrize(
    ("horizons", "facts", "days"),
    [
        ([], {}, 90),
        ([COMPANY], {"sector": "company"}, 180),
        ([COMPANY], {"sector": "academic"}, 90),
        ([COMPANY], {"sector": ""}, 90),  # known to be absent
        ([COMPANY], {}, 90),  # unknown: never wider
        ([SMALL_STARTUP], {}, 30),  # unknown: it might be nearer
        ([SMALL_STARTUP], {"startup": False}, 90),
        ([SMALL_STARTUP], {"startup": True}, 30),
        ([SMALL_STARTUP], {"startup": True, "size": "small"}, 30),
        ([SMALL_STARTUP, COMPANY], {"startup": True, "size": "small", "sector": "company"}, 30),
        ([COMPANY, SMALL_STARTUP], {"startup": True, "size": "small", "sector": "company"}, 180),
        ([SMALL_STARTUP, COMPANY], {"sector": "company"}, 30),
        ([COMPANY, {"relation": "internal", "days": 365}], {"relation": "internal"}, 180),
        ([COMPANY, {"relation": "internal", "days": 365}], {"relation": "internal", "sector": "public"}, 365),
        ([COMPANY, {"relation": "internal", "days": 365}], {"sector": "public"}, 90),
    ],
)
def test_the_first_horizon_that_matches_counts_and_the_unknown_never_widens(
    horizons: list[dict[str, Any]], facts: dict[str, object], days: int
) -> None:
    rules = from_json({"horizons": horizons, "horizon_days": 90})
    assert rules.seen_by(facts).horizon_days == days


def test_more_knowledge_of_the_same_never_leaves_fewer_days_than_its_lack() -> None:
    rules = from_json({"horizons": [SMALL_STARTUP, COMPANY], "horizon_days": 90})
    for sector in ("company", "academic"):
        for startup in (True, False):
            for size in ("small", "large"):
                known = {"sector": sector, "startup": startup, "size": size}
                full = rules.seen_by(known).horizon_days
                for left_out in known:
                    less = {key: value for key, value in known.items() if key != left_out}
                    assert rules.seen_by(less).horizon_days <= full


def test_rules_are_read_back_as_they_were_written() -> None:
    written = {
        "off_hours": "escort",
        "quotas": [{**QUOTA, "on": "facility"}],
        "horizons": [COMPANY, SMALL_STARTUP],
        "no_show_grace_minutes": 30,
        "hold_minutes": 20,
        "offer_minutes": 60,
    }
    rules = from_json(written)
    assert rules.off_hours is OffHours.ESCORT
    assert rules.quotas == (Quota(Counted.TEAM, 600, Measure.MINUTES, Period.MONTH, Reach.FACILITY),)
    assert rules.horizons[0].days == 180
    assert {key: to_json(rules)[key] for key in written} == written
    assert from_json(to_json(rules)) == rules
    assert from_json(to_json(BookingRules())) == BookingRules()


def test_without_a_word_nobody_is_a_no_show_and_holds_are_short() -> None:
    rules = from_json()
    assert (rules.no_show_grace_minutes, rules.hold_minutes, rules.offer_minutes) == (0, 15, 120)
    assert (rules.off_hours, rules.quotas, rules.horizons) == (OffHours.FORBIDDEN, (), ())


def test_a_later_level_replaces_the_whole_list() -> None:
    assert from_json({"quotas": [QUOTA]}, {"quotas": []}).quotas == ()
    assert len(from_json({"quotas": [QUOTA]}, {}).quotas) == 1


@pytest.mark.parametrize(
    ("rules", "named"),
    [
        ({"off_hours": "sometimes"}, {"off_hours"}),
        ({"quotas": "many"}, {"quotas"}),
        ({"quotas": [5]}, {"quotas.0"}),
        ({"quotas": [QUOTA] * (MOST + 1)}, {"quotas"}),
        ({"quotas": [QUOTA, {**QUOTA, "amount": 0}]}, {"quotas.1.amount"}),
        ({"quotas": [{**QUOTA, "amount": True}]}, {"quotas.0.amount"}),
        ({"quotas": [{**QUOTA, "per": ["day"]}]}, {"quotas.0.per"}),
        ({"quotas": [{**QUOTA, "colour": 1}]}, {"quotas.0.colour"}),
        ({"quotas": [{"amount": 1}]}, {"quotas.0.of", "quotas.0.measure", "quotas.0.per"}),
        ({"horizons": [{"days": 5}]}, {"horizons.0"}),
        ({"horizons": [{"sector": "firm"}]}, {"horizons.0.sector", "horizons.0.days"}),
        ({"horizons": [{"startup": "yes", "days": 3661}]}, {"horizons.0.startup", "horizons.0.days"}),
        ({"no_show_grace_minutes": -1, "hold_minutes": 0, "offer_minutes": 4}, 3),
    ],
)
def test_what_is_wrong_is_named(rules: dict[str, Any], named: set[str] | int) -> None:
    with pytest.raises(Invalid) as caught:
        from_json(rules)
    assert len(caught.value.fields) == named if isinstance(named, int) else set(caught.value.fields) == named


@pytest.mark.parametrize(
    ("escort", "expected"),
    [([], ["escort"]), ([(22, 23)], ["escort"]), ([(20, 24)], []), ([(22, 24)], []), ([(22, 23), (23, 24)], [])],
)
def test_an_escort_covers_all_of_it(escort: list[tuple[int, int]], expected: list[str]) -> None:
    def at(first: int, last: int) -> TimeSpan:
        day = datetime(2026, 3, 3, tzinfo=UTC)
        return TimeSpan(day.replace(hour=first), day.replace(hour=last) if last < 24 else day.replace(day=4))

    rules = BookingRules(off_hours=OffHours.ESCORT)
    now = datetime(2026, 3, 2, tzinfo=UTC)
    spans = [at(*one) for one in escort]
    found = broken(rules, at(22, 24), now=now, zone="UTC", open_spans=[at(9, 17)], escorts=spans)
    assert [one.code for one in found] == expected
    assert broken(rules, at(10, 11), now=now, zone="UTC", open_spans=[at(9, 17)]) == []
