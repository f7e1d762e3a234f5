"""Which days are public holidays, in which country and region, and by which names."""

from datetime import date

import pytest

from infra_access.core.errors import Invalid
from infra_access.scheduling.public_holidays import HolidayCalendar, countries, holidays_of


@pytest.mark.parametrize(
    ("country", "region", "day", "name"),
    [
        ("DE", None, date(2026, 10, 3), "German Unity Day"),
        ("DE", "BY", date(2026, 1, 6), "Epiphany"),
        ("GB", "SCT", date(2026, 11, 30), "Saint Andrew's Day"),
        ("KE", None, date(2026, 12, 12), "Jamhuri Day"),
        ("US", None, date(2026, 7, 3), "Independence Day (observed)"),
        ("TH", None, date(2026, 12, 10), "Constitution Day"),
    ],
)
def test_a_holiday_has_its_day_and_an_english_name(country: str, region: str | None, day: date, name: str) -> None:
    assert holidays_of(country, region, day.year)[day] == name
    assert HolidayCalendar(country, region).between(day, day) == [(day, name)]


@pytest.mark.parametrize(
    ("country", "region", "day"),
    [
        ("DE", None, date(2026, 1, 6)),
        ("DE", "BE", date(2026, 1, 6)),
        ("GB", "ENG", date(2026, 11, 30)),
        ("KE", None, date(2026, 7, 4)),
        (None, None, date(2026, 1, 1)),
    ],
)
def test_a_region_has_only_its_own(country: str | None, region: str | None, day: date) -> None:
    assert HolidayCalendar(country, region).between(day, day) == []


def test_it_reaches_over_the_years() -> None:
    found = HolidayCalendar("DE", "BE").between(date(2025, 12, 26), date(2027, 1, 1))
    assert [found[0][0], found[-1][0]] == [date(2025, 12, 26), date(2027, 1, 1)]
    assert len(found) == 1 + len(holidays_of("DE", "BE", 2026)) + 1


@pytest.mark.parametrize("year", [1970, 2150, 2198])
def test_years_that_the_library_does_not_know_do_not_fail(year: int) -> None:
    assert isinstance(HolidayCalendar("DE", "BE").between(date(year, 1, 1), date(year, 12, 31)), list)


@pytest.mark.parametrize(
    ("country", "region", "field"),
    [
        ("XX", None, "holidays.country"),
        ("DEU", None, "holidays.country"),
        ("de", None, "holidays.country"),
        ("", None, "holidays.country"),
        ("DE", "ZZ", "holidays.region"),
        ("DE", "", "holidays.region"),
        ("KE", "NBO", "holidays.region"),
        (None, "BE", "holidays.country"),
    ],
)
def test_an_unknown_calendar_is_named(country: str | None, region: str | None, field: str) -> None:
    with pytest.raises(Invalid) as caught:
        HolidayCalendar(country, region).check()
    assert (caught.value.code, set(caught.value.fields)) == ("holidays.unknown", {field})


def test_every_country_and_region_on_the_list_can_be_had() -> None:
    assert len(countries()) > 150
    for country in ("AU", "CA", "CH", "DE", "ES", "FR", "GB", "IN", "IT", "US"):
        for region in (None, *countries()[country]):
            HolidayCalendar(country, region).check()
            assert holidays_of(country, region, 2026)
