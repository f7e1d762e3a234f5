"""Access rules on pages: written in a form, tried out, published, and what is wrong said where it is."""

import json
from typing import Any

import pytest
from sqlalchemy import select, update

from infra_access.access_requests.what_if_models import WhatIfRun
from infra_access.access_requests.what_if_runs import work_on_runs
from infra_access.catalogue.models import Facility, Instrument
from infra_access.core import clock
from infra_access.people.models import Account
from infra_access.policy.models import PolicyDocument
from tests.factories.access_requests import make_route
from tests.factories.people import make_account, make_actor, make_grant
from tests.factories.policy import make_country_group, make_policy, raw_rule
from tests.factories.scheduling import make_place

OPEN = raw_rule("open", {"type": "permit"})


@pytest.fixture
def place(database):
    """Return an instrument of a facility, and open it to all."""
    with database.writer() as session:
        make_policy(session, OPEN)
        make_country_group(session, "ODA:2024", "KE", "BR")
        return make_place(session)


def last_form(page: Any) -> Any:
    """Return the form of the new rules; the search of every page and the languages come with it."""
    return next(form for form in page.forms.values() if "scope" in form.fields)


def begin(office: Any, place: Any, template: str = "", **settings: str) -> Any:
    """Make a draft for the facility and return its page."""
    query = f"?scope=facility:{place.facility.public_id}" + (f"&template={template}" if template else "")
    form = last_form(office.get(f"/policies/new{query}"))
    form["name"] = "House rules"
    for name, value in settings.items():
        form[name] = value
    return form.submit().follow()


def stored(database: Any) -> PolicyDocument:
    """Return the facility's rules."""
    with database.reader() as session:
        return session.scalars(select(PolicyDocument).where(PolicyDocument.name == "House rules")).one()


def form_of(page: Any, button: str, name: str = "save") -> Any:
    """Return the form with a button of this value."""
    forms = page.forms.values()
    return next(one for one in forms if button in [field.value_if_submitted() for field in one.fields.get(name, [])])


def without(page: Any, rule: str) -> Any:
    """Take a rule out and return the page."""
    return form_of(page, rule, "remove").submit("remove", value=rule).follow()


def add(page: Any, status: int | None = None, **values: Any) -> Any:
    """Fill in the form of a common rule and send it."""
    form = form_of(page, "rule")
    for name, value in values.items():
        if isinstance(value, list):
            for box in form.fields[name]:
                box.checked = box._value in value
        else:
            form[name] = value
    return form.submit("save", value="rule", status=status)


def change(office: Any, page: Any, rule: str) -> Any:
    """Open the form that changes a rule of a draft."""
    return office.get(f"{page.request.path}?rule={rule}")


def marked(page: Any) -> set[str]:
    """Return the names of the fields that are said to be wrong."""
    return {one["name"] for one in page.html.select("[aria-invalid=true]") if one.get("name")}


LASER = {
    "applies_to": ["book"], "sectors": ["company", "academic"], "startup": True, "from": "abroad", "then": "training",
    "code": "laser", "issuers": "PSI\nKEK", "expected_days": "3", "latest_days": "9", "grounds": "safety",
    "legal_ref": "Code, 4", "stage": "2", "disclosure": "generic", "overridable_by": "safety_officer",
    "valid_from": "2026-05-01", "valid_to": "2030-05-01", "message": "Take the laser course.", "message_ja": "講習を",
}  # fmt: skip


def test_a_rule_is_read_back_into_the_form_and_changed_in_its_place(office, place, database):
    page = add(add(begin(office, place, "wide"), **LASER).follow(), then="closed", message="Not for others.").follow()
    before = stored(database).rules
    assert [rule["id"] for rule in before] == ["open-to-all", "terms", "training-1", "closed-1"]
    for said in ("issued by: KEK, PSI", "from 2026-05-01 until before 2030-05-01", "a general sentence"):
        assert said in page.text
    page = change(office, page, "training-1")
    form = form_of(page, "rule")
    assert {
        name: form[name].value for name in LASER if name not in ("applies_to", "sectors", "startup", "issuers")
    } == {name: text for name, text in LASER.items() if name not in ("applies_to", "sectors", "startup", "issuers")}
    assert form["issuers"].value.split() == ["KEK", "PSI"]
    assert page.html.select_one("form details").has_attr("open")
    assert "As it stands: Needs first: Training (laser), issued by: KEK, PSI. What it is about: Book." in page.text
    page = form.submit("save", value="rule").follow()
    assert stored(database).rules == before
    page = add(change(office, page, "training-1"), issuers="", latest_days="12", sectors=[]).follow()
    assert "The rule is changed in the draft." in page.text
    after = stored(database).rules
    assert [after[0], after[1], after[3]] == [before[0], before[1], before[3]]
    assert (after[2]["id"], after[2]["latest_days"]) == ("training-1", 12)
    assert "issuers" not in after[2]["effect"]


def test_what_few_rules_need_is_folded_until_it_has_values_or_faults(office, place, database):
    page = begin(office, place)
    assert not page.html.select_one("form details").has_attr("open")
    wrong = add(page, 422, then="closed", message="No.", valid_from="2026-06-01", valid_to="2026-05-01")
    assert marked(wrong) == {"valid_to"}
    assert wrong.html.select_one("form details").has_attr("open")
    wrong = add(page, 422, then="closed", message="No.", issuers="PSI", asks=["nationality"])
    assert {one["id"] for one in wrong.html.select("form .field__error")} == {"field-issuers-error", "field-asks-error"}
    assert form_of(wrong, "rule")["issuers"].value == "PSI"
    page = office.get(page.request.path)
    asking = {"then": "approval", "role": "safety_officer", "expected_days": "1", "latest_days": "2", "message": "Ask."}
    wrong = add(page, 422, **asking, asks=["nationality"], disclosure="none")
    assert "Whoever is asked has to be able to read why." in wrong.text
    page = add(wrong, **asking, disclosure="full").follow()
    assert stored(database).rules[0]["effect"]["asks"] == ["nationality"]
    form = form_of(change(office, page, "approval-1"), "rule")
    assert form.fields["asks"][0].checked
    assert form["disclosure"].value == "full", "else a browser would not send what has to be chosen"


def test_a_change_is_refused_with_what_was_typed_where_the_draft_is_another_by_now(office, place, database):
    page = add(begin(office, place), **LASER).follow()
    wrong = add(change(office, page, "training-1"), 422, code="Laser Safety", message="Mine.")
    assert marked(wrong) == {"code"}
    assert (form_of(wrong, "rule")["rule"].value, form_of(wrong, "rule")["message"].value) == ("training-1", "Mine.")
    mine = change(office, page, "training-1")
    add(page, then="closed", message="Theirs.").follow()
    stale = add(mine, 412, message="Mine.")
    form = form_of(stale, "rule")
    assert (form["message"].value, form["rule"].value) == ("Mine.", "training-1")
    assert [rule["message"]["en"] for rule in stored(database).rules] == ["Take the laser course.", "Theirs."]
    form.submit("save", value="rule").follow()
    assert [rule["message"]["en"] for rule in stored(database).rules] == ["Mine.", "Theirs."]
    without(office.get(page.request.path), "training-1")
    gone = add(mine, 409, message="Mine again.")
    assert "somebody took it out" in gone.text
    form = form_of(gone, "rule")
    assert "rule" not in form.fields, "it can only be added again"
    form.submit("save", value="rule").follow()
    assert [rule["message"]["en"] for rule in stored(database).rules] == ["Theirs.", "Mine again."]


def test_a_rule_that_the_form_cannot_say_is_edited_alone_as_a_document(office, place, database):
    page = begin(office, place, "wide")
    shown = change(office, page, "terms")
    assert "The form cannot say when this rule applies." in shown.text
    assert not [one for one in shown.forms.values() if "then" in one.fields]
    form = form_of(shown, "document")
    rule = json.loads(form["document"].value)
    assert rule == stored(database).rules[1]
    form["document"] = json.dumps({**rule, "grounds": "luck"})
    wrong = form.submit("save", value="document", status=422)
    assert "grounds: Give one of" in wrong.text
    assert "rules.1" not in wrong.text
    form = form_of(wrong, "document")
    assert "luck" in form["document"].value
    form["document"] = json.dumps({**rule, "grounds": "legal"})
    page = form.submit("save", value="document").follow()
    assert [one["grounds"] for one in stored(database).rules[1:]] == ["legal"]
    posted = form_of(page, "rule")
    csrf = {name: posted[name].value for name in ("csrf_token", "version")}
    sent = {**csrf, "save": "rule", "rule": "terms", "applies_to": "book", "then": "closed", "message": "No."}
    refused = office.post(page.request.path, sent, status=409)
    assert "The form cannot say when this rule applies." in refused.text
    assert stored(database).rules[1]["grounds"] == "legal"


def test_a_version_in_force_is_not_changed_and_an_unknown_rule_is_none(office, place, database):
    draft = add(begin(office, place), **LASER).follow()
    office.get(f"{draft.request.path}?rule=nothing", status=409)
    mine = change(office, draft, "training-1")
    form_of(draft, "publish").submit("save", value="publish").follow()
    before = stored(database).rules
    shown = office.get(f"{draft.request.path}?rule=training-1", status=409)
    assert "Make a new draft of it." in shown.text
    assert not [one for one in shown.forms.values() if "then" in one.fields]
    assert "Make a new draft of it." in add(mine, 409, message="Mine.").text
    sent = {name: form_of(mine, "rule")[name].value for name in ("csrf_token", "version", "rule")}
    refused = office.post(draft.request.path, {**sent, "save": "document", "document": "{}"}, status=409)
    assert refused.html.select_one("h1").get_text() == "House rules", "the page of the rules, which says what holds"
    assert stored(database).rules == before


def test_rules_are_written_without_json_tried_and_put_in_force(office, place, database):
    page = begin(office, place)
    page = add(
        page, applies_to=["book", "request"], sectors=["company"], then="closed", grounds="capacity",
        message="No firms this year.", **{"from": "group"}, group="ODA:2024",
    ).follow()  # fmt: skip
    assert "No firms this year." in page.text
    assert "your sector is one of: Company" in page.text
    rule = stored(database).rules[0]
    assert rule["when"] == {
        "all": [
            {"op": "in", "fact": "applicant.sector", "value": ["company"]},
            {"op": "member_of", "fact": "applicant.country_groups", "value": "ODA:2024"},
        ]
    }
    assert (rule["id"], rule["effect"], rule["grounds"]) == ("closed-1", {"type": "deny"}, "capacity")
    tried = page.click("Try it")
    assert "These rules reach 1 published instrument." in tried.text
    table = tried.html.select("section[aria-labelledby=tried] table")[0]
    rows = [" ".join(row.get_text(" ").split()) for row in table.select("tbody tr")]
    assert "Startups Brazil, Kenya 1 0" in rows
    assert stored(database).state == "draft"
    published = form_of(tried, "publish").submit("save", value="publish").follow()
    assert "In force" in published.text
    assert stored(database).state == "published"
    assert not [form for form in published.forms.values() if "document" in form.fields]


def test_more_than_can_be_tried_at_once_is_said_on_the_page(office, place, monkeypatch):
    page = begin(office, place, "wide")
    monkeypatch.setattr("infra_access.access_requests.what_if.MOST_WORK", 1)
    tried = office.get(f"{page.request.path}?try=yes", status=409)
    assert "Try them at one facility" in tried.text
    assert form_of(tried, "publish")


def test_what_all_requests_would_be_answered_is_worked_out_meanwhile_and_stays_on_its_page(office, place, database):
    draft = begin(office, place, "wide")
    page = draft.click("What it would change for all requests")
    assert "Nobody has asked yet" in page.text
    page = button_form(page, "Find out").submit().follow()
    assert "This is being worked out" in page.text
    assert "Worked out at" not in page.click("Load this page again").text

    while work_on_runs(database, now=clock.now()):
        pass

    page = page.click("Load this page again")
    assert "Worked out at" in page.text
    assert "It holds for the rules as they are now." in page.text
    assert "These rules reach 1 published instrument." in page.text
    assert "0 of 0 looked at" in page.text
    without(draft, stored(database).rules[0]["id"])
    page = office.get(page.request.path)
    assert "These rules were changed since" in page.text
    assert "It holds for the rules" not in page.text
    page = button_form(page, "Work it out again").submit().follow()
    assert "This is being worked out" in page.text
    with database.writer() as session:
        session.execute(update(WhatIfRun).values(state="failed", error="what_if.failed"))
    page = office.get(page.request.path)
    assert "This could not be worked out" in page.text
    assert button_form(page, "Ask again")


def button_form(page: Any, label: str) -> Any:
    """Return the form whose button says this."""
    return next(form for form in page.forms.values() if label in form.text)


def test_every_fault_of_the_form_stands_at_its_field_and_what_was_typed_is_kept(office, place, database):
    page = begin(office, place)
    wrong = add(page, 422, applies_to=["book"], then="training", message="Take the laser course.", code="Laser Safety")
    marked = {one["name"] for one in wrong.html.select("[aria-invalid=true]") if one.get("name")}
    assert marked == {"code", "expected_days", "latest_days"}
    form = form_of(wrong, "rule")
    assert (form["message"].value, form["then"].value) == ("Take the laser course.", "training")
    assert stored(database).rules == []


def test_an_expert_edits_the_document_and_is_told_the_place_of_a_fault(office, place, database):
    page = begin(office, place, "wide")
    form = form_of(page, "document")
    form["document"] = "[{"
    assert "This is no JSON" in form.submit("save", value="document", status=422).text
    form["document"] = json.dumps([OPEN, {"id": "x"}])
    refused = form.submit("save", value="document", status=422)
    assert "rules.1.effect" in refused.text
    for odd in ('[{"\\ud800": 1}]', "[" * 50 + "]" * 50, '[{"id": "a", "id": "b"}]', "null"):
        form["document"] = odd
        form.submit("save", value="document", status=422)
    form["document"] = json.dumps({"rules": []})
    form.submit("save", value="document", status=422)
    form["document"] = json.dumps([OPEN])
    assert "The draft is saved." in form.submit("save", value="document").follow().text
    assert [rule["id"] for rule in stored(database).rules] == ["open"]
    form.submit("save", value="document", status=412)
    form["version"] = "٣"  # no version that anybody was shown
    form.submit("save", value="document", status=412)


def test_a_template_asks_for_its_settings_and_says_which_is_wrong(office, place, database):
    query = f"?template=development&scope=facility:{place.facility.public_id}"
    form = last_form(office.get(f"/policies/new{query}"))
    form["name"], form["group"] = "House rules", "Poor"
    wrong = form.submit(status=422)
    assert [one["name"] for one in wrong.html.select("[aria-invalid=true]")] == ["group"]
    again = last_form(wrong)
    again["group"] = "ODA:2024"
    page = again.submit().follow()
    assert "Startups and small and medium enterprises of countries in ODA:2024 may use this." in page.text
    assert len(stored(database).rules) == 4


def test_a_rule_is_taken_out_and_a_version_in_force_is_changed_by_a_new_draft(office, place, database):
    page = begin(office, place, "wide")
    page = without(page, "terms")
    assert [rule["id"] for rule in stored(database).rules] == ["open-to-all"]
    page = form_of(page, "publish").submit("save", value="publish").follow()
    again = form_of(page, "copy")
    draft = again.submit("save", value="copy").follow()
    assert again.submit("save", value="copy").follow().request.path == draft.request.path, "a second press made another"
    assert "Version 2" in draft.text
    assert "Nothing." in draft.text
    assert "taken out" in without(draft, "open-to-all").text
    withdrawn = form_of(page, "withdraw").submit("save", value="withdraw").follow()
    assert "No longer in force" in withdrawn.text


def test_who_writes_no_rules_is_told_so_and_strangers_see_none(browser, database, place):
    with database.writer() as session:
        account = make_account(session)
        auditor = make_account(session)
        make_grant(session, account=auditor, role="auditor", scope_kind="network", scope_key="")
    page = browser(account)
    assert "You write no rules yet" in page.get("/policies/new").text
    assert "No rules here yet" in page.get("/policies").text
    reader = browser(auditor)
    listed = reader.get("/policies")
    assert "The whole network" in listed.text
    shown = listed.click("Rules", href="/policies/")
    assert "Change these rules" not in shown.text
    assert page.get(shown.request.path, status=404).status_int == 404


def test_an_instrument_and_a_way_in_have_rules_of_their_own_from_their_pages(office, place, database):
    page = office.get(f"/instruments/{place.instrument.public_id}/edit").click("for this instrument alone")
    form = last_form(page)
    assert form["scope"].value == f"instrument:{place.instrument.public_id}"
    form["name"] = "House rules"
    assert place.instrument.name in form.submit().follow().text
    assert (stored(database).scope_kind, stored(database).scope_key) == ("instrument", place.instrument.public_id)
    with database.writer() as session:
        route = make_route(
            session,
            facility=session.get_one(Facility, place.facility.id),
            instruments=[session.get_one(Instrument, place.instrument.id)],
        )
    form = last_form(office.get(f"/routes/{route.public_id}").click("for this way in alone"))
    form["name"] = "Rules of the way in"
    form.submit().follow()
    with database.reader() as session:
        made = session.scalars(select(PolicyDocument).where(PolicyDocument.name == "Rules of the way in")).one()
    assert (made.scope_kind, made.scope_key) == ("route", route.public_id)


def test_the_network_writes_rules_for_a_label_and_nobody_below_it_does(browser, office, database):
    assert "Write rules for a label" not in office.get("/policies").text
    offered = last_form(office.get("/policies/new?label=laser"))["scope"].options
    assert "tag:laser" not in [value for value, _chosen, _text in offered]
    with database.writer() as session:
        account = make_account(session)
        make_actor(session, ("access_administrator", ("network", "")), account=account)
    with database.reader() as session:
        network = browser(session.get_one(Account, account.id))
    form = next(one for one in network.get("/policies").forms.values() if "label" in one.fields)
    form["label"] = "laser"
    beginning = last_form(form.submit())
    assert beginning["scope"].value == "tag:laser"
    beginning["name"] = "House rules"
    beginning.submit().follow()
    assert (stored(database).scope_kind, stored(database).scope_key) == ("tag", "laser")
