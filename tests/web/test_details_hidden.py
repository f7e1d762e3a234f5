"""Details that the rules mask are shown to nobody before access was granted, on the page and by the API."""

from datetime import timedelta

import pytest

from infra_access.policy.lint import warnings
from infra_access.policy.rules import Action, Limit, Mask
from infra_access.scheduling.details import details_of
from tests.factories.access_requests import make_request, make_world
from tests.factories.catalogue import make_organisation
from tests.factories.people import make_account, make_actor, make_affiliation, make_grant
from tests.factories.policy import make_policy, raw_rule, rule
from tests.factories.scheduling import MONDAY, make_allocation, make_booking, make_place, span

SECRET = "Built for the sealed programme"
OPEN = raw_rule("open", {"type": "permit"})


def seeing(id, effect, when=None):
    return raw_rule(id, effect, when, applies_to=["view_details"])


MASK = seeing("sealed", {"type": "mask", "fields": ["description", "contact"]})


def make_sealed(session, *rules, **more):
    """Return an instrument with a secret, under these rules on its details."""
    make_policy(session, OPEN, *rules)
    values = {"description": SECRET, "contact_name": "Ada Park", "contact_email": "park@lab.example", "model": "X1"}
    return make_place(session, **values | more)


def hidden(session, place, actor=None, now=MONDAY):
    return details_of(session, place.instrument, actor=actor, now=now).hidden


def test_page_and_answer_leave_out_what_is_masked_and_say_so(browser, database):
    with database.writer() as session:
        place = make_sealed(session, MASK)
        staff = make_account(session)
        make_grant(
            session, account=staff, role="safety_officer", scope_kind="facility", scope_key=place.facility.public_id
        )
        key = place.instrument.public_id
    page = browser().get(f"/instruments/{key}?as=sector:academic")
    assert SECRET not in page.text
    assert "park@lab.example" not in page.text
    assert "X1" in page.text
    assert "Some details are shown only after access was granted." in page.text
    answer = browser().get(f"/api/v1/instruments/{key}")
    assert (answer.json["description"], answer.json["contact_name"], answer.json["contact_email"]) == ("", "", None)
    assert answer.json["hidden"] == ["description", "contact_name", "contact_email"]
    assert answer.json["model"] == "X1"
    assert "private" in answer.headers["Cache-Control"]
    assert "Authorization" in answer.headers["Vary"]
    assert SECRET not in browser().get("/api/v1/instruments?q=sealed").text
    whole = browser(staff).get(f"/instruments/{key}")
    assert SECRET in whole.text
    assert "Some details are shown only" not in whole.text


def test_a_request_page_names_no_contact_that_is_masked(browser, database):
    with database.writer() as session:
        world = make_world(session)
        make_policy(session, MASK, name="Sealed")
        world.instrument.contact_email = "park@lab.example"
        address = f"/access-requests/{make_request(session, world).public_id}"
    assert "park@lab.example" not in browser(world.applicant_account).get(address).text


@pytest.mark.parametrize("by", ["grant", "booking"])
def test_whoever_was_granted_access_sees_all_until_it_ends(session, by):
    place, actor = make_sealed(session, MASK), make_actor(session)
    assert hidden(session, place, actor) == ("description", "contact_name", "contact_email")
    if by == "grant":
        make_allocation(session, place, actor)
    else:
        make_booking(session, place, span(10, 12), actor=actor)
    session.flush()
    assert hidden(session, place, actor) == ()
    assert hidden(session, place, make_actor(session)) != ()
    assert hidden(session, place, actor, now=MONDAY + timedelta(days=61)) != ()


def test_a_mask_asks_who_looks_and_hides_from_whom_nothing_is_known(session):
    when = {"fact": "applicant.sector", "op": "eq", "value": "company"}
    place = make_sealed(session, seeing("sealed", {"type": "mask", "fields": ["description"]}, when))
    account = make_account(session)
    make_affiliation(session, account=account, organisation=make_organisation(session, facts={"sector": "company"}))
    assert hidden(session, place) == ("description",)
    assert hidden(session, place, make_actor(session, account=account)) == ("description",)
    assert hidden(session, place, make_actor(session)) == ()  # a private person


@pytest.mark.parametrize(
    ("rules", "shown"),
    [
        ([], True),
        ([seeing("shut", {"type": "deny"})], False),
        ([seeing("members", {"type": "permit"}, {"fact": "applicant.sector", "op": "eq", "value": "public"})], False),
        ([seeing("all", {"type": "permit"})], True),
        ([seeing("first", {"type": "require", "kind": "agreement", "code": "nda"})], False),
        ([raw_rule("other", {"type": "mask", "fields": ["description"]}, applies_to=["book"])], True),
    ],
)
def test_rules_on_seeing_the_details_close_them_all(session, rules, shown):
    place = make_sealed(session, *rules)
    found = details_of(session, place.instrument, actor=make_actor(session), now=MONDAY)
    assert (found.shown["description"] == SECRET) is shown
    assert (found.shown["model"] == "X1") is shown


def test_what_can_have_no_effect_is_warned_of():
    rules = [
        rule("title", Mask(("title",)), applies_to=(Action.VIEW_DETAILS,)),
        rule("book", Mask(("contact",))),
        rule("asked", Limit(horizon=3), applies_to=(Action.REQUEST,)),
        rule("right", Mask(("contact", "hazards")), applies_to=(Action.VIEW_DETAILS,)),
    ]
    found = [place for place, _message in warnings(rules, today=MONDAY.date(), trainings=(), groups={})]
    assert found == ["rules.0.effect.fields", "rules.1.applies_to", "rules.2.applies_to"]
