"""The page of a request says whose approval it waits for, as far as rules disclose it, and since when time stands."""

from datetime import timedelta

from infra_access.access_requests import appeals
from infra_access.core import clock
from infra_access.people.models import Account
from tests.factories.access_requests import (
    FEASIBILITY,
    HOST_COUNTRY,
    NOW,
    OPEN_TO_ALL,
    decide,
    make_network_administrator,
    make_submitted,
    make_world,
    pending,
)


def _page(browser, database, actor, request, locale="en"):
    with database.reader() as session:
        visitor = browser(session.get_one(Account, actor.account_id))
    visitor.set_cookie("ia_lang", locale)
    return visitor.get(f"/access-requests/{request.public_id}").text


def test_it_names_country_and_facility_in_the_readers_language_and_nobody_behind_a_hidden_rule(browser, database):
    with database.writer() as session:
        world = make_world(session, rules=[OPEN_TO_ALL, {**FEASIBILITY, "disclosure": "none"}, HOST_COUNTRY])
        request = make_submitted(session, world)
    team = _page(browser, database, world.applicant, request)
    assert "Access administrator of Germany" in team
    assert f"This needs a check by the facility (case {request.case})." in team
    for hidden in ("Manager of the facility", "Staff check that there is time."):
        assert hidden not in team
    assert "ドイツの" in _page(browser, database, world.applicant, request, "ja")
    staff = _page(browser, database, world.administrator, request)
    assert f"Manager of the facility, {world.facility.name}" in staff


def test_it_says_since_when_deadlines_stand_still_and_until_when_an_appeal_is_looked_at(browser, database):
    with database.writer() as session:
        world = make_world(session)
        paused, refused = (make_submitted(session, world, title=title) for title in ("One", "Two"))
        decide(session, world.manager, pending(session, paused)["facility_manager"], "pause", reason="Wait for me.")
        decide(session, world.manager, pending(session, refused)["facility_manager"], "refuse", reason="No.")
        make_network_administrator(session)
        appeals.appeal(session, actor=world.applicant, now=NOW, access_request=refused, reason="It is.")
    held = _page(browser, database, world.applicant, paused)
    assert "Deadlines stand still since" in held
    assert f"Manager of the facility, {world.facility.name}: Paused, " in held
    assert "Access administrator of Germany: Waiting" in held
    assert " by <" not in held.partition("What happens next")[2].partition("How far it is")[0]
    appealed = _page(browser, database, world.applicant, refused)
    assert "Access administrator of Germany: by <" in appealed


def test_a_yes_ahead_can_be_narrowed_to_instruments_and_purposes(browser, database):
    with database.writer() as session:
        world = make_world(session)
        session.flush()
        manager = session.get_one(Account, world.manager.account_id)
    visitor, until = browser(manager), (clock.now() + timedelta(days=300)).date().isoformat()
    form = next(one for one in visitor.get("/standing-authorisations").forms.values() if "purposes" in one.fields)
    form["role"] = f"facility_manager|facility:{world.facility.public_id}"
    form["organisation"], form["reason"], form["until"] = world.startup.name, "Careful users.", until
    form["purposes"], form["instruments"] = "Corrosion\r\nWear", f"{world.instrument.name}\r\nNo such thing"
    refused = form.submit(status=422)
    assert "No such thing" in refused.html.select("#field-instruments-error")[0].text
    form["instruments"] = world.instrument.name
    form.submit(status=303)
    listed = visitor.get("/standing-authorisations").html.select("table")[0].text
    assert world.instrument.name in listed
    assert "Corrosion, Wear" in listed
