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


def test_the_network_enters_a_list_that_rules_may_name_and_corrects_it_for_a_reason(browser, database, groups):
    with database.writer() as session:
        account = make_account(session)
        make_actor(session, ("access_administrator", ("network", "")), account=account)
    with database.reader() as session:
        network = browser(session.get_one(Account, account.id))
    form = network.get("/country-groups").click("Enter a group").forms["enter-group"]
    for name, value in (("code", "LDC:2024"), ("name", "Least developed"), ("as_of", "2024-12-13"), ("source", "UN")):
        form[name] = value
    form["countries"] = "ke, UG\nXX"
    refused = form.submit(status=422)
    assert "unknown: XX" in refused.text
    again = refused.forms["enter-group"]
    again["countries"] = "ke, UG"
    assert "Rules may name it" in again.submit().follow().text
    path = "/country-groups/enter?like=LDC:2024"
    form = network.get(path).forms["enter-group"]
    assert form["countries"].value == "KE, UG"
    form["countries"] = "KE, UG, TZ"
    assert "say why" in form.submit(status=409).text
    form["reason"] = "TZ was left out"
    form.submit(status=303)
    with database.writer() as session:
        make_policy(session, raw_rule("now", {"type": "permit"}, {**ODA["when"], "value": "LDC:2024"}))
    browser().get(path, status=401)


@pytest.mark.parametrize("where", [("country", "KE"), ("facility", "here")])
def test_nobody_below_the_network_enters_one(browser, database, groups, where):
    with database.writer() as session:
        account = make_account(session)
        key = groups.facility.public_id if where[0] == "facility" else where[1]
        role = "facility_manager" if where[0] == "facility" else "access_administrator"
        make_actor(session, (role, (where[0], key)), account=account)
    with database.reader() as session:
        local = browser(session.get_one(Account, account.id))
    assert "Enter a group" not in local.get("/country-groups").text
    local.get("/country-groups/enter", status=403)
