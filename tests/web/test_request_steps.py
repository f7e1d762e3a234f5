"""Writing a request in steps: only what the rules need is asked, and nothing is lost on the way."""

import pytest
from sqlalchemy import select

from infra_access.access_requests.models import AccessRequest, AccessRoute
from infra_access.access_requests.needed import Needed
from infra_access.core import clock
from infra_access.core.i18n import plain
from infra_access.policy.rules import Disclosure, Require, RequirementKind
from infra_access.web.request_form import Asked
from infra_access.web.request_steps import path_of
from tests.factories.access_requests import OPEN_TO_ALL, make_route, make_world
from tests.factories.people import make_account
from tests.factories.policy import decide, raw_rule, rule

NEXT_YEAR = clock.now().year + 1
BONE = {"some": {"over": "samples", "when": {"op": "eq", "fact": "samples[].kind", "value": "bone"}}}
BONES = raw_rule(
    "bones",
    {"type": "approve", "role": "facility_manager", "scope": "facility"},
    BONE,
    applies_to=["request"],
    message={"en": "Bones are looked at first."},
)
VIRUSES = raw_rule(
    "viruses",
    {"type": "approve", "role": "facility_manager", "scope": "facility"},
    {"op": "eq", "fact": "project.field", "value": "virology"},
    applies_to=["request"],
)
END_USE = raw_rule(
    "end-use",
    {"type": "require", "kind": "document", "code": "end-use-declaration"},
    applies_to=["request"],
    disclosure="generic",
    message={"en": "Lasers above a secret limit."},
)


@pytest.fixture
def begun(browser, database):
    """Return a function that makes a world of some rules, writes the first step there, and returns what comes next."""

    def made(*rules, **route):
        with database.writer() as session:
            world = make_world(session, rules=(OPEN_TO_ALL, *rules), **route)
        first = browser(world.applicant_account).get(f"/instruments/{world.instrument.public_id}/request/steps")
        return world, first, _filled(first).submit("next").follow()

    return made


def test_what_rules_read_is_asked_and_nothing_else(begun, database):
    _world, first, team = begun(BONES, VIRUSES)
    assert _place(first) == ("1", "What you ask for · Step 1 of 5 · Request access · Infra Access")
    assert _place(team) == ("2", "Your team · Step 2 of 5 · Request access · Infra Access")
    samples = _form(team).submit("next").follow()
    assert _place(samples)[1].startswith("Samples · Step 3 of 5")
    assert "it says: Bones are looked at first." in samples.text
    form = _form(samples)
    form["samples.0.kind"] = "bone"
    more = _form(form.submit("rows", value="add:samples"))
    more["samples.1.kind"] = "tooth"
    before = more.submit("back").follow()
    assert _place(before)[0] == "2"
    again = _form(before).submit("next").follow()
    assert [_form(again)[f"samples.{row}.kind"].value for row in (0, 1)] == ["bone", "tooth"]
    project = _form(_form(again).submit("next").follow())
    assert "purpose" not in project.fields
    project["field"] = "geology"
    last = project.submit("next").follow()
    assert _place(last)[1].startswith("Check and send · Step 5 of 5")
    for said in ("Corrosion of sensors", "bone", "tooth", "Needs approval", "Who must agree"):
        assert said in last.text
    more = last.html.select_one("details.card")
    assert [one.get_text() for one in more.select("h3")] == [
        "The project",
        "Ethics and military use",
        "Declaration of end use",
        "Who pays",
    ]
    assert not more.has_attr("open")
    project = _form(last.click(href="/steps/project.*all"))
    project["purpose"] = "teaching"
    last = project.submit("next").follow()
    assert all(
        said in last.html.select_one("section:has(#step-project)").get_text() for said in ("geology", "teaching")
    )
    assert "It was sent." in last.forms[_at(last)].submit("send").follow().text
    with database.reader() as session:
        row = session.scalars(select(AccessRequest)).one()
        assert (row.state, [one["kind"] for one in row.project["samples"]]) == ("under_review", ["bone", "tooth"])


def test_how_dangerous_a_sample_is_is_asked_where_a_rule_reads_it(begun, database):
    level = {"op": "in", "fact": "samples[].biosafety", "value": ["bsl-2", "bsl-3", "bsl-4"]}
    officer = {"type": "approve", "role": "safety_officer", "scope": "facility"}
    _world, _first, team = begun(raw_rule("bsl", officer, {"some": {"over": "samples", "when": level}}))
    form = _form(team)
    form["participants.0.presence"], form["participants.0.remote_from"] = "remote", "NO"
    form = _form(form.submit("next").follow())
    form["samples.0.kind"] = "plasma"
    last = form.submit("next").follow()
    assert "Norway" in last.html.select_one("table").get_text()
    assert "Which biosafety level does sample 1 need?" in last.text
    assert "Needs approval" not in last.text
    form = _form(last.click("Say it"))
    form["samples.0.biosafety"], form["samples.0.fate"] = "bsl-2", "destroyed"
    last = form.submit("next").follow()
    for said in ("BSL-2: may make people ill", "Destroyed", "by safety officer", "Needs approval"):
        assert said in last.text
    with database.reader() as session:
        assert session.scalars(select(AccessRequest.project)).one()["samples"] == [
            {"kind": "plasma", "biosafety": "bsl-2", "fate": "destroyed"}
        ]


def test_the_end_use_is_asked_without_a_word_of_a_rule_that_may_not_be_read(begun):
    _world, _first, team = begun(END_USE)
    asked = _form(team).submit("next").follow()
    assert _place(asked) == ("3", "Declaration of end use · Step 3 of 4 · Request access · Infra Access")
    assert "The facility asks for this." in asked.text
    last = _form(asked).submit("next").follow()
    assert "1 thing missing" in last.text
    kept = last.forms[_at(last)].submit("send").follow()
    assert "it was not sent" in kept.text
    form = _form(kept.click("Say it"))
    form["end_use.user"], form["end_use.use"], form["end_use.countries"] = "We", "Better sensors", "KE"
    form["end_use.peaceful"] = True
    last = form.submit("next").follow()
    assert "thing missing" not in last.text
    assert "Better sensors" in last.text
    assert not any("secret limit" in page.text for page in (asked, kept, last))
    # What is changed from the last look leads back to it, and what no rule asks for can be said there.
    title = _form(last.click("Change", index=0))
    title["title"] = "Another title"
    last = title.submit("next").follow()
    assert "Another title" in last.html.select_one("#step-about").find_parent("section").get_text()
    project = _form(last.click(href="/steps/project"))
    project["purpose"] = "teaching"
    assert "teaching" in project.submit("next").follow().html.select_one("details.card").get_text()


def test_where_no_rule_reads_more_only_the_days_of_the_way_in_are_asked(begun, database):
    _world, first, team = begun(time_given="facility_schedules")
    # The same form sent twice begins one draft.
    assert _filled(first).submit("next").location == team.request.url
    days = _form(team).submit("next").follow()
    assert _place(days)[1].startswith("On which days · Step 3 of 4")
    form = _form(days)
    form["days.0.first"], form["days.0.reason"] = f"{NEXT_YEAR}-05-01", "A holiday"
    last = form.submit("next").follow()
    assert "A holiday" in last.text
    about = last.click("Change", index=0)
    mine, theirs = _form(about), _form(about)
    theirs["title"] = "First"
    theirs.submit("next")
    mine["title"] = "Second"
    stale = mine.submit("next", status=412)
    assert _form(stale)["title"].value == "Second"
    assert "changed this in the meantime" in stale.html.select_one("[role=alert]").get_text()
    form = _form(stale.click("Show it as it is now"))
    assert form["title"].value == "First"
    form["quantity"], form["summary"] = "0", "Kept"
    refused = form.submit("next", status=422)
    assert refused.html.select_one("#errors a")["href"] == "#field-quantity"
    assert refused.html.select_one("#errors").has_attr("autofocus")
    assert _form(refused)["summary"].value == "Kept"
    step = refused.request.path
    refused.test_app.get(step.replace("about", "samples"))
    refused.test_app.get(step.replace("about", "nothing"), status=404)
    refused.test_app.get(step.replace("about", "statements"), status=404)
    with database.writer() as session:
        session.scalars(select(AccessRequest)).one().state = "withdrawn"
    for page in (step, step.replace("steps/about", "check")):
        assert refused.test_app.get(page).location.endswith(step.partition("/steps")[0])


def test_whoever_works_nowhere_known_is_asked_where_first(browser, database):
    with database.writer() as session:
        world = make_world(session)
        make_route(session, facility=world.facility, instruments=[world.instrument], name="By mail", tariff={})
        account = make_account(session, country_of_work=None)
    ways = browser(account).get(f"/instruments/{world.instrument.public_id}/request/steps")
    form = _filled(ways.click("Request access this way", index=0), **{"participants.0.country_of_work": ""})
    refused = form.submit("next", status=422)
    assert refused.html.find(id="field-participants.0.country_of_work-error")
    form = _form(refused)
    form["participants.0.country_of_work"] = "KE"
    team = _form(form.submit("next").follow())
    assert (team["participants.0.email"].value, team["participants.0.country_of_work"].value) == (account.email, "KE")


@pytest.mark.parametrize(
    ("disclosure", "why"),
    [
        (None, None),
        ("full", "A rule asks for it. Where it applies, it says: Rule end-use."),
        ("generic", "The facility asks for this."),
        ("none", None),
    ],
)
def test_what_is_declared_freely_is_a_step_only_where_a_rule_that_is_shown_asks(disclosure, why):
    wants = Require(RequirementKind.DOCUMENT, "end-use-declaration")
    rules = () if disclosure is None else (rule("end-use", wants, disclosure=Disclosure(disclosure)),)
    declared = [Asked("document", "end-use-declaration", None, "yes")]
    path = path_of(Needed(decide([]), (), (), rules), declared, AccessRoute(time_given="team_picks"))
    assert [one.name for one in path.steps] == ["about", "team", *(["end-use"] if why else []), "check"]
    step = path.of("end-use")
    assert [plain(one) for one in step.why] == ([why] if why else [])
    assert (path.before(step), path.after(step)) == ("team" if why else "check", "check")


def _filled(page, **values):
    form = _form(page)
    form["title"], form["quantity"] = "Corrosion of sensors", "2"
    form["period.start"], form["period.end"] = f"{NEXT_YEAR}-04-01", f"{NEXT_YEAR}-06-30"
    for name, value in values.items():
        form[name] = value
    return form


def _form(page):
    return next(form for form in page.forms.values() if "steps" in form.action)


def _at(page):
    return next(key for key, form in page.forms.items() if isinstance(key, int) and form.action.endswith("/check"))


def _place(page):
    """Return the number of the step at hand, as the list of steps marks it, and the title of the page."""
    return page.html.select_one("[aria-current=step] .steps__number").get_text(), page.html.title.get_text()


def test_the_last_look_says_that_a_day_comes_before_the_first_that_is_safe(begun):
    visa = raw_rule("visa", {"type": "require", "kind": "gate", "code": "visa"}, applies_to=["book"], latest_days=700,
                    message={"en": "Whoever comes from abroad has a visa."})  # fmt: skip
    _world, _first, team = begun(visa)
    check = _form(team).submit("next").follow()
    notice = check.html.select_one(".notice").text
    assert "The earliest safe start is" in notice
    assert "Whoever comes from abroad has a visa." in notice
    assert "Whoever comes from abroad has a visa." in check.html.select_one(".decision").text
    sent = check.forms[_at(check)].submit("send").follow()
    gate = sent.html.select_one(".checklist").text
    assert "as soon as possible" in gate
    assert "Overdue" not in gate
