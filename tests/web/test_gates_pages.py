"""What a session waits for, as its team and the staff meet it on pages."""

from datetime import timedelta

import pytest

from infra_access.core import clock
from infra_access.core.timespan import TimeSpan
from infra_access.people.actors import load_actor
from infra_access.people.models import Account
from tests.factories.access_requests import OPEN_TO_ALL, make_request, make_world
from tests.factories.people import make_account
from tests.factories.policy import make_policy, raw_rule
from tests.factories.scheduling import make_booking, make_place

WALK = raw_rule(
    "walk",
    {"type": "require", "kind": "gate", "code": "safety-walk"},
    applies_to=["book"],
    message={"en": "The safety officer walks through it with you."},
)
TRAINED = raw_rule(
    "trained",
    {"type": "require", "kind": "training", "code": "laser"},
    applies_to=["book"],
    message={"en": "Whoever is on site knows lasers."},
)


@pytest.fixture
def place(database):
    with database.writer() as session:
        make_policy(session, raw_rule("open", {"type": "permit"}), WALK)
        return make_place(session)


@pytest.fixture
def owner(database) -> Account:
    with database.writer() as session:
        return make_account(session, name="Ada")


@pytest.fixture
def address(database, place, owner) -> str:
    start = (clock.now() + timedelta(days=20)).replace(minute=0, second=0, microsecond=0)
    with database.writer() as session:
        actor = load_actor(session, owner.id, now=clock.now())
        booking = make_booking(
            session, place, TimeSpan(start, start + timedelta(hours=2)), actor=actor, now=clock.now()
        )
        return f"/bookings/{booking.public_id}"


def items(page) -> list[tuple[str, str]]:
    """Return the lines of the checklist: how each stands, and what it says."""
    return [(one["class"][0], one.h3.get_text().strip()) for one in page.html.select("#gates ~ .checklist > li")]


def test_the_team_sees_what_is_waited_for_and_the_staff_clears_it(browser, office, owner, address):
    mine = browser(owner)
    page = mine.get(address)
    assert items(page) == [("is-waiting", "The safety officer walks through it with you.")]
    assert "Safety officer" in page.text
    assert page.html.select_one('#gates ~ .checklist a[href$="/ask"]')
    assert not page.html.select('form[action$="/gates"]')
    clears = next(one for one in office.get(address).forms.values() if one.action == f"{address}/gates")
    refused = clears.submit().follow()
    assert "Say what was checked" in refused.text
    clears = next(one for one in refused.forms.values() if one.action == f"{address}/gates")
    clears["note"], clears["title"] = "Walked on Monday.", "Record of the walk"
    done = clears.submit().follow()
    assert items(done) == [("is-done", "The safety officer walks through it with you.")]
    assert "Record of the walk" in mine.get(address).text
    assert "Ready" in done.text
    back = next(one for one in done.forms.values() if one.action == f"{address}/gates/reopen")
    assert items(back.submit().follow())[0][0] == "is-todo"


def test_a_request_names_what_its_sessions_wait_for_and_of_whom(browser, database):
    with database.writer() as session:
        world = make_world(session, rules=[OPEN_TO_ALL, WALK, TRAINED])
        team = [
            {"email": "bob@example.org", "name": "Bob", "role": "member", "country_of_work": "KE"},
            {
                "email": "cleo@example.org",
                "name": "Cleo",
                "role": "data-only",
                "country_of_work": "KE",
                "presence": "none",
            },
        ]
        later = clock.now() + timedelta(days=40)
        request = make_request(
            session, world, now=clock.now(), participants=team, period=(later, later + timedelta(days=20))
        )
        address = f"/access-requests/{request.public_id}"
    page = browser(world.applicant_account).get(address)
    told = {words: state for state, words in items(page)}
    assert told == {
        f"Whoever is on site knows lasers. ({world.applicant_account.name})": "is-todo",
        "Whoever is on site knows lasers. (Bob)": "is-waiting",
        "The safety officer walks through it with you.": "is-waiting",
    }
