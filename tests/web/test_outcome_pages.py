"""On pages: completing a request, reporting what came of it, seeing it at the instrument, and who gave whom what."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from infra_access.audit.models import AuditEvent
from infra_access.core import clock
from infra_access.core.authority import NETWORK
from infra_access.outcomes.models import Outcome
from infra_access.people.models import Account, OwedReport
from infra_access.scheduling.places import place_of
from tests.factories.accounting import make_usage
from tests.factories.outcomes import make_completed, make_free_world, make_granted
from tests.factories.people import make_account, make_grant
from tests.factories.scheduling import make_booking, span


@pytest.fixture
def world(database):
    with database.writer() as session:
        return make_free_world(session)


def form(page, end, button=""):
    """Return the form that is sent to an address, with a button where several are."""
    found = [one for one in page.forms.values() if one.action.endswith(end) and (not button or button in one.fields)]
    return found[0]


def account_of(database, actor):
    with database.reader() as session:
        return session.get_one(Account, actor.account_id)


def test_a_request_is_completed_and_reported_on_its_page(browser, database, world):
    with database.writer() as session:
        request = make_granted(session, world)
    team, address = browser(world.applicant_account), f"/access-requests/{request.public_id}"
    manager = browser(account_of(database, world.manager))
    assert "reason" in form(manager.get(address), "/complete").fields
    page = form(team.get(address), "/complete").submit().follow()
    assert "Nothing more can be booked on it" in page.text
    assert "Report owed" in page.text
    report = form(page, "/outcomes")
    report["kind"], report["title"], report["identifier"] = "dataset", "Rust on sensors", "10.1/short"
    wrong = report.submit(status=422)
    assert "This is not a DOI" in wrong.text
    report = form(wrong, "/outcomes")
    assert report["title"].value == "Rust on sensors"
    report["identifier"], report["licence"] = "doi:10.5555/Rust", "cc-by-4.0"
    page = report.submit().follow()
    assert "https://doi.org/10.5555/rust" in page.text
    assert "CC-BY-4.0" in page.text
    shown = browser().get(f"/instruments/{world.instrument.public_id}")
    link = shown.html.select_one('a[href="https://doi.org/10.5555/rust"]')
    assert link["rel"] == ["noopener", "nofollow"]
    away = form(page, "/outcomes", "remove")
    away["reason"] = "It is withdrawn."
    page = away.submit("remove").follow()
    assert "It is withdrawn." in page.text
    assert "Rust on sensors" not in browser().get(f"/instruments/{world.instrument.public_id}").text
    nothing = form(page, "/outcomes", "nothing")
    nothing["reason"] = "The samples broke."
    page = nothing.submit("nothing").follow()
    assert "The samples broke." in page.text
    with database.reader() as session:
        assert session.scalars(select(OwedReport.met_at)).one() is not None
        assert len(session.scalars(select(Outcome)).all()) == 1


def test_an_overdue_report_is_among_the_next_steps(browser, database, world):
    with database.writer() as session:
        make_completed(session, world, now=clock.now() - timedelta(days=91), title="Corrosion")
        make_completed(session, world, now=clock.now() - timedelta(days=1), title="Seals")
    page = browser(world.applicant_account).get("/me")
    steps = [" ".join(step.text.split()) for step in page.html.select(".checklist li")]
    assert "Your report is overdue: say what came of it Corrosion" in steps[0]
    assert any("Report what came of it Seals" in step for step in steps[1:])
    assert "Report overdue" in page.click("Your report is overdue: say what came of it").text


def test_an_administrator_reads_who_gave_whom_how_much_and_each_look_is_recorded(browser, database, world):
    with database.writer() as session:
        administrator = make_account(session)
        make_grant(session, account=administrator, role="access_administrator", scope_kind=NETWORK[0], scope_key="")
        booking = make_booking(session, place_of(session, world.instrument.id), span(9, 10), actor=world.applicant)
        make_usage(session, world, booking.id, units=Decimal(3), list_value=Decimal("1234.50"))
    reader = browser(administrator)
    page = reader.get("/reciprocity?year=2026")
    assert "reciprocity" in reader.get("/approvals").text
    text = " ".join(page.html.select_one("main").text.split())
    assert "Germany" in text
    assert "Kenya" in text
    assert "3 shifts" in text
    assert "1,234.50" in text
    note = form(page, "/reciprocity?year=2026")
    note["organisation"], note["what"], note["value"] = world.startup.public_id, "A detector, on loan", "many"
    note["currency"], note["given_on"], note["reason"] = "eur", "2026-03-01", "Its rent"
    wrong = note.submit(status=422)
    note = form(wrong, "/reciprocity?year=2026")
    note["value"] = "250.50"
    assert "A detector, on loan" in note.submit().follow().text
    assert world.startup.name in reader.get("/reciprocity.csv?year=2026").text
    browser(world.applicant_account).get("/reciprocity", status=403)
    with database.reader() as session:
        looks = session.scalars(select(AuditEvent.details).where(AuditEvent.action == "reciprocity.read")).all()
        assert [look["by"] for look in looks] == ["country", "country", "csv"]
