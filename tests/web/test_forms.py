"""Days that are entered: those that a calendar here reaches, or an error at the field."""

from datetime import date

import pytest

from infra_access.core.errors import Invalid
from infra_access.web.forms import day_in, days_in


@pytest.mark.parametrize("text", ["", "soon", "2026-02-30", "9999-12-31", "0001-01-01", "2199-01-01", "1970-12-31"])
def test_a_day_beyond_every_calendar_is_refused_at_its_field(text):
    with pytest.raises(Invalid) as refused:
        day_in(text, "last")
    assert (refused.value.code, list(refused.value.fields)) == ("form.day", ["last"])


def test_the_last_day_may_be_the_first_and_not_before_it():
    assert days_in("2026-03-02", "2026-03-02") == (date(2026, 3, 2), date(2026, 3, 2))
    with pytest.raises(Invalid) as refused:
        days_in("2026-03-02", "2026-03-01", ("first_day", "last_day"))
    assert (refused.value.code, list(refused.value.fields)) == ("time.order", ["last_day"])
