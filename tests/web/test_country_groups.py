"""The dated groups of countries: a page and a list for everybody, and named where a decision or a rule rests on one."""

from datetime import date

import pytest

from infra_access.people.models import Account
from tests.factories.people import make_account, make_actor
from tests.factories.policy import make_country_group, make_policy, raw_rule
from tests.factories.scheduling import make_place
from tests.statements import count_statements

ODA = raw_rule(
    "oda", {"type": "permit"}, {"op": "member_of", "fact": "applicant.country_groups", "value": "ODA:2026-01-01"}
)


@pytest.fixture
def groups(database):
    """Return a place that is open to countries of a group, of which there is an earlier list too."""
    with database.writer() as session:
        source = "The list of the committee"
        make_country_group(session, "ODA:2024", "KE", "BW", name="ODA-eligible", source=source)
        make_country_group(
            session, "ODA:2026-01-01", "KE", "JP", name="ODA-eligible", source=source, as_of=date(2026, 1, 1)
        )
        make_policy(session, ODA)
        return make_place(session)


def test_everybody_reads_who_is_in_them_as_of_when_and_by_whose_list(browser, groups):
    page = browser().get("/country-groups", headers={"Accept-Language": "ja"})
    later, earlier = page.html.select("main section")
    assert (later["id"], earlier["id"]) == ("ODA:2026-01-01", "ODA:2024")
    for told in ("ケニア", "日本", "2026", "The list of the committee"):
        assert told in later.text
    times = [one["datetime"] for one in earlier.select("time")]
    assert times == ["2024-01-01", "2026-01-01"]  # its own day, and that of the list that follows it
    items = browser().get("/api/v1/country-groups").json["items"]
    assert [(one["code"], one["as_of"], one["until"], one["countries"]) for one in items] == [
        ("ODA:2026-01-01", "2026-01-01", None, ["JP", "KE"]),
        ("ODA:2024", "2024-01-01", "2026-01-01", ["BW", "KE"]),
    ]


def test_a_decision_and_a_rule_that_hang_on_one_name_its_date_and_source(browser, database, groups):
    path = f"/instruments/{groups.instrument.public_id}?as=sector:company,country:BW"
    visitor = browser()
    visitor.get(path)
    with count_statements(database) as known:
        page = visitor.get(path)
    note = page.html.select_one(".decision a[href='/country-groups#ODA:2026-01-01']")
    assert note.text == "ODA-eligible"
    assert "as of 1 Jan 2026. Source: The list of the committee" in " ".join(note.parent.text.split())
    assert not any("country_group" in statement for statement in known)
    with database.writer() as session:
        account = make_account(session)
        make_actor(session, ("auditor", ("network", "")), account=account)
    with database.reader() as session:
        reader = browser(session.get_one(Account, account.id))
    page = reader.get("/policies").click("Rules ", index=0)
    assert page.html.select("a[href='/country-groups#ODA:2026-01-01']")
    assert reader.get("/policies").html.select("a[href='/country-groups']")
