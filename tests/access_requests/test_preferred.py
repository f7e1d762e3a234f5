"""Requests that the rules prefer come first where requests are otherwise equal, as the pages say."""

from datetime import timedelta

import pytest

from infra_access.access_requests.approvals.queries import inbox
from infra_access.access_requests.models import Approval
from infra_access.scheduling.drafts.suggesting import suggest
from tests.factories.access_requests import FEASIBILITY, NOW, OPEN_TO_ALL, decide, make_submitted, make_world, pending
from tests.factories.drafts import make_office, make_schedule, make_team
from tests.factories.policy import make_policy, raw_rule
from tests.factories.scheduling import MONDAY, make_place

PREFERRED = raw_rule(
    "training", {"type": "prefer", "weight": 50}, {"fact": "request.purpose", "op": "eq", "value": "training"}
)
HIDDEN = raw_rule("less", {"type": "prefer", "weight": 20}, disclosure="none")


@pytest.fixture
def world(session):
    return make_world(session, rules=(OPEN_TO_ALL, FEASIBILITY, PREFERRED, HIDDEN))


def sent(session, world, purpose, hours=0):
    """Send a request whose approval is due so many hours later than usual; return it with its approval."""
    request = make_submitted(session, world, project={"purpose": purpose}, title=f"{purpose} {hours}")
    (approval,) = pending(session, request).values()
    approval.due_at += timedelta(hours=hours)
    session.flush()
    return request, approval


def titles(session, world, state="pending"):
    """Return the titles of an inbox, read two at a time."""
    found, cursor = [], None
    while True:
        page = inbox(session, actor=world.manager, now=NOW, state=state, limit=2, cursor=cursor)
        found += [one.title for one in page.items]
        cursor = page.next
        if cursor is None:
            return found


def test_what_is_due_on_one_day_is_decided_in_the_order_of_preference(session, world):
    for purpose, hours in [("research", 0), ("training", 24), ("training", 6), ("research", 7), ("training", 1)]:
        sent(session, world, purpose, hours)
    expected = ["training 1", "training 6", "research 0", "research 7", "training 24"]
    assert titles(session, world) == expected


def test_the_reserve_list_begins_with_whoever_is_preferred(session, world):
    for purpose, hours in [("research", 0), ("training", 72), ("research", 48), ("training", 96)]:
        _request, approval = sent(session, world, purpose, hours)
        decide(session, world.manager, approval, "reserve", now=NOW)
    assert titles(session, world, "reserved") == ["training 72", "training 96", "research 0", "research 48"]


def test_a_hidden_preference_counts_and_is_not_told(session, world):
    request, approval = sent(session, world, "training")
    assert request.preference == 70
    assert request.decision["limits"] == {"preference": 50}
    assert session.get_one(Approval, approval.id).access_request_id == request.id


def test_dates_are_suggested_first_to_whoever_is_preferred(session):
    make_policy(session)
    place = make_place(session)
    office = make_office(session, place)
    teams = [make_team(session, place, hours=8) for _one in range(3)]
    teams[2].access_request.preference = 50
    session.flush()
    schedule = make_schedule(session, place, office)
    drafts = suggest(session, actor=office, now=MONDAY, schedule=schedule).drafts
    order = [one.allocation_id for one in sorted(drafts, key=lambda one: one.starts)]
    assert order == [teams[n].allocation.id for n in (2, 0, 1)]
