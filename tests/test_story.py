"""The main job from end to end, over HTTP: a startup in Kenya gets time at a beamline in Europe."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Protocol

import pytest
import vobject
from sqlalchemy import select
from webtest import TestApp

from infra_access.config import make_app
from infra_access.core.db import Database
from infra_access.demo.loading import load_demo
from infra_access.people.models import Account
from tests import databases
from tests.api.conftest import Caller
from tests.demo_world import NOW, stopped_clock
from tests.factories.people import make_token
from tests.serving import Post, served, through

SAID = "sector:company,startup:yes,country:KE,access_type:physical,regime:proprietary"
SECRET_TITLE = "Coating 7 against salt fog"
AMINA = "amina@pwani.example"
PASSWORD = "four words in a row"


class People(Protocol):
    """Somebody's program, by the first part of their address."""

    def program_of(self, name: str) -> Caller:
        """Return it."""
        ...


class Service:
    """The demonstration behind a running server: browsers, programs of its people, and its mails."""

    def __init__(self, database: Database, port: int, folder: Path) -> None:
        self._database, self._port = database, port
        self.post = Post(database, folder, "http://localhost")

    def browser(self) -> TestApp:
        """Open a browser that has no cookie."""
        return TestApp(through(self._port), extra_environ={"HTTP_HOST": "localhost:80"})

    def program(self, token: str | None = None) -> Caller:
        """Return a program with a token, or without one."""
        return Caller(self.browser(), token)

    def program_of(self, name: str) -> Caller:
        """Return the program of somebody of the demonstration."""
        with self._database.writer() as session:
            account = session.scalars(select(Account).where(Account.email == f"{name}@demo.example")).one()
            return self.program(make_token(session, account, now=NOW))

    def history(self, public_id: str) -> list[tuple[str, str]]:
        """Return what was done to an object and by whom, as an auditor reads it; nothing of it was refused."""
        events = self.program_of("auditor").get(f"/audit?object={public_id}&limit=200")["items"]
        assert {event["outcome"] for event in events} <= {"done"}
        return [(event["action"], event["actor"]) for event in events]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Serve the demonstration on each kind of database; its own mails are out already."""
    folder = tmp_path_factory.mktemp("story")
    if request.param == "sqlite":
        url = databases.copied_sqlite(request.getfixturevalue("sqlite_template"), folder)
    else:
        url = request.getfixturevalue("postgresql_url")
        databases.set_back(url)
    database = Database.connect(url)
    ini = {
        "infra_access.database_url": url,
        "infra_access.secret": "a secret of the tests that nothing rests on",
        "infra_access.hosts": "localhost",
    }
    with stopped_clock():
        load_demo(database, now=NOW)
        with served(make_app(ini, database=database)) as port:
            service = Service(database, port, folder / "mail")
            service.post.new()
            yield service
    database.dispose()


def test_a_startup_in_kenya_gets_time_at_a_beamline_in_europe(service: Service) -> None:
    anyone, amina = service.program(), service.browser()

    # Nobody knows her yet. What she says about herself gives one answer, in the list and on the page.
    (beamline,) = anyone.get(f"/instruments?q=EXAFS&country=CH&as={SAID}")["items"]
    badge, path = beamline["eligibility"], f"/instruments/{beamline['id']}"
    assert (badge["outcome"], badge["by"]) == ("conditional", "what you said")
    # The host country takes 7 days as a rule and 21 at most, then the terms 5 and 14: no earlier day would be honest.
    earliest = {name: date.fromisoformat(badge["earliest_start"][name]) for name in ("likely", "safe")}
    assert earliest == {"likely": date(2026, 3, 16), "safe": date(2026, 4, 8)}
    page = amina.get(path, {"as": SAID})
    shown = page.html.select_one(".decision").get_text(" ", strip=True)
    assert "By what you said" in shown
    assert "16 Mar 2026" in shown
    assert "8 Apr 2026" in shown

    startup, organisation = enter(service, amina, page)
    (greeting,) = service.post.new()
    assert greeting["To"].addresses[0].addr_spec == AMINA
    address = re.search(r"/confirm-address/\S+", everything_in(greeting))[0]
    confirmed = form_to(amina.get(address), address).submit(status=303).follow()
    assert "your address is confirmed" in confirmed.text

    # She asks for two shifts that she pays for, with a team of three.
    ways = anyone.get(f"{path}/routes")["items"]
    route = next(one["id"] for one in ways if one["regimes"] == ["proprietary"])
    draft = startup.post("/access-requests", wish(route, beamline["id"], organisation))
    request = f"/access-requests/{draft['id']}"
    assert (draft["state"], len(draft["participants"])) == ("draft", 3)
    assert told(service) == []
    sent = startup.post(f"{request}/submit", status=200)
    assert (sent["state"], sent["decision"]["outcome"]) == ("under_review", "needs_approval")
    assert {(one["role"], one["scope"]) for one in sent["waiting"]} == {
        ("facility_manager", "facility"),
        ("access_administrator", "country"),
    }
    case = sent["case"]
    asked = f"Please decide on request {case}"
    assert sorted(told(service)) == sorted(
        [
            (AMINA, f"Request {case} was received"),
            ("manager@demo.example", asked),
            ("administrator@demo.example", asked),
            ("administrator2@demo.example", asked),
        ]
    )

    # The facility and the host country say yes, nobody else may.
    for outsider in ("researcher", "manager-tokyo", "administrator-jp"):
        service.program_of(outsider).get(request, status=404)
    approve(service, "manager", draft["id"])
    assert startup.get(request)["state"] == "under_review"
    approve(service, "administrator", draft["id"])
    assert startup.get(request)["state"] == "agreement_pending"
    decided = [(AMINA, f"Request {case}: An approval was given"), (AMINA, f"Request {case} was approved")]
    assert told(service) == decided

    # The host has accepted by its yes; for the startup only she signs, who answers for it.
    terms = startup.get(f"{request}/agreement")
    assert [one["side"] for one in terms["accepted"]] == ["host"]
    colleague = service.program_of("colleague1")
    read = {"text_hash": terms["text_hash"]}
    refused = colleague.post(f"{request}/agreement/accept", read, status=403)
    assert (refused["code"], refused["signatories"]) == ("agreement.signatory", ["Amina Odhiambo"])
    assert "Amina Odhiambo signs for your organisation" in refused["detail"]
    assert startup.post(f"{request}/agreement/accept", read, status=200)["complete"]
    assert startup.get(request)["state"] == "active"
    assert told(service) == [(AMINA, f"Request {case} is active: you can book")]

    # A shift with its local contact, within what is free, drawn from what was granted.
    (allocation,) = startup.get("/allocations")["items"]
    start, end = first_shift(anyone, path, date(2026, 3, 30))
    booking = startup.post(
        "/bookings",
        {
            "instrument": beamline["id"],
            "start": start.isoformat(),
            "end": end.isoformat(),
            "allocation": allocation["id"],
            "title": SECRET_TITLE,
        },
    )
    assert (booking["state"], booking["units"]) == ("confirmed", 1)
    assert {line["resource_name"] for line in booking["lines"]} == {
        "Micro-spectroscopy end station",
        "Local contact, micro-spectroscopy",
    }
    assert {(line["start"], line["end"]) for line in booking["lines"]} == {(booking["start"], booking["end"])}
    (allocation,) = startup.get("/allocations")["items"]
    assert (allocation["used"], allocation["left"]) == (1, 1)
    (mail,) = service.post.new()
    assert mail["To"].addresses[0].addr_spec == AMINA
    assert mail["Subject"].startswith(f"Booked: {beamline['name']}, Monday, March 30, 2026")
    assert SECRET_TITLE not in everything_in(mail)

    # Her calendar reads the file, in Zurich's time and with nothing but the file's own rules.
    (attached,) = mail.iter_attachments()
    for text in (startup.call("GET", f"/bookings/{booking['id']}.ics", status=200).text, attached.get_content()):
        event = read_event(text)
        assert (event["DTSTART"], event["DTEND"]) == (start, end)
        assert event["UID"]
        assert event["STATUS"] == "CONFIRMED"

    # Others see that the time is taken, and nothing of what is measured.
    window = f"?start={day(start)}T00:00:00Z&end={day(end + timedelta(days=1))}T00:00:00Z"
    for program in (anyone, service.program_of("researcher")):
        seen = program.call("GET", f"{path}/availability{window}", status=200)
        assert [one["kind"] for one in seen.json["busy"]] == ["booking"]
        assert SECRET_TITLE not in seen.text
        program.call("GET", f"/bookings/{booking['id']}", status=401 if program is anyone else 404)
    assert SECRET_TITLE not in service.browser().get(path, {"week": day(start)}).text

    # Each step stands in the audit once.
    assert service.history(draft["id"]) == [
        ("access_request.created", "Amina Odhiambo"),
        ("access_request.submitted", "Amina Odhiambo"),
        ("access_request.decided", "Demo Manager"),
        ("access_request.decided", "Demo Access administrator"),
        ("agreement.accepted", "Amina Odhiambo"),
    ]
    assert service.history(booking["id"]) == [("booking.created", "Amina Odhiambo")]
    assert service.history(organisation) == [("organisation.create", "Amina Odhiambo")]
    steps = [action for action, _actor in service.history(startup.get("/me")["id"])]
    assert steps == ["account.sign_up", "session.begin", "affiliation.state", "account.confirm_address"]


def test_a_change_asks_again_exactly_the_approval_that_rests_on_it(service: Service) -> None:
    startup = service.program_of("startup")
    (organisation,) = startup.get("/me")["organisations"]
    (beamline,) = service.program().get("/instruments?q=EXAFS&country=CH")["items"]
    ways = service.program().get(f"/instruments/{beamline['id']}/routes")["items"]
    route = next(one["id"] for one in ways if one["regimes"] == ["proprietary"])
    made = startup.post("/access-requests", wish(route, beamline["id"], organisation, first="startup@demo.example"))
    path = f"/access-requests/{made['id']}"
    startup.post(f"{path}/submit", status=200)
    approve(service, "manager", made["id"])
    facility, country = given(service, "manager", made["id"]), waiting(service, "administrator", made["id"])
    service.post.new()

    team = [{key: value for key, value in one.items() if value is not None} for one in made["participants"]]
    team[1]["phone"] = "+254 20 555 0199"
    startup.patch(path, {"participants": team})
    assert waiting(service, "administrator", made["id"]) == country
    assert told(service) == []

    team.append({"email": "linh@demo.example", "name": "Linh", "role": "member", "country_of_work": "VN"})
    changed = startup.patch(path, {"participants": team})
    assert [one["role"] for one in changed["waiting"]] == ["access_administrator"]
    (again,) = waiting(service, "administrator", made["id"])
    assert again not in country
    assert given(service, "manager", made["id"]) == facility
    assert waiting(service, "manager", made["id"]) == []
    asked = {address for address, subject in told(service) if subject.startswith("Please decide")}
    assert asked == {"administrator@demo.example", "administrator2@demo.example"}

    approve(service, "administrator", made["id"])
    assert startup.get(path)["state"] == "agreement_pending"


@pytest.mark.parametrize("word", ["東京", "tokyo", "TOKYO"])
def test_a_place_is_found_in_either_script(service: Service, word: str) -> None:
    found = service.browser().get("/api/v1/instruments", {"q": word}).json["items"]
    assert {one["facility_name"] for one in found} >= {"Tokyo Shared Instrument Laboratory"}
    assert {one["city"] for one in found} == {"Tokyo"}


def enter(service: Service, browser: TestApp, page: Any) -> tuple[Caller, str]:
    """Sign up, sign in and enter the organisation on the pages; return her program and whom she acts for."""
    form = form_to(page.click("Sign up", index=0), "/sign-up")
    form["name"], form["email"], form["password"] = "Amina Odhiambo", AMINA, PASSWORD
    form["country_of_work"], form["timezone"] = "KE", "Africa/Nairobi"
    form = form_to(form.submit(status=303).follow(), "/sign-in")
    form["password"] = PASSWORD
    form.submit(status=303)
    form = form_to(browser.get("/organisations/new"), "/organisations/new")
    form["name"], form["country"], form["sector"], form["size"] = "Pwani Sensors Ltd", "KE", "company", "micro"
    form["startup"], form["scheme"], form["identifier"] = True, "registry", "PVT-2025-0417"
    assert "Pwani Sensors Ltd" in form.submit(status=303).follow().text
    form = form_to(browser.get("/account"), "/account/tokens")
    form["token_name"], form["scope"] = "laptop", "write"
    program = service.program(form.submit(status=200).html.select_one(".notice code").get_text())
    (organisation,) = program.get("/me")["organisations"]
    entered = program.get(f"/organisations/{organisation}")
    assert entered["identifiers"] == [{"scheme": "registry", "value": "PVT-2025-0417"}]
    assert entered["trust"] == "self-declared"
    return program, organisation


def wish(route: str, instrument: str, organisation: str, *, first: str = AMINA) -> dict[str, Any]:
    """Return a request for two shifts: one person from afar, one who travels, one of the beamline."""
    return {
        "route": route,
        "title": SECRET_TITLE,
        "summary": "Ten coupons of coated steel, as made and after a month by the sea.",
        "regime": "proprietary",
        "acting_for": organisation,
        "instruments": [instrument],
        "quantity": {"amount": 2, "access_unit": "shift"},
        "period": {"start": "2026-03-09T00:00:00Z", "end": "2026-06-01T00:00:00Z"},
        "access_type": "physical",
        "participants": [
            person(first, "principal", "KE", presence="remote", organisation=organisation),
            person("colleague1@demo.example", "member", "KE", presence="on-site"),
            person("scientist@demo.example", "local-contact", "CH", presence="on-site"),
        ],
        "project": {
            "purpose": "product development",
            "funding": "purchase-order",
            "samples": [{"kind": "coated steel", "country": "KE", "hazards": []}],
        },
    }


def person(email: str, role: str, country: str, **more: str) -> dict[str, str]:
    """Return a participant."""
    return {"email": email, "name": email.partition("@")[0], "role": role, "country_of_work": country, **more}


def waiting(people: People, name: str, request: str) -> list[str]:
    """Return the approvals of a request that wait for somebody."""
    return _approvals(people, name, request, "pending")


def given(people: People, name: str, request: str) -> list[str]:
    """Return the approvals of a request that somebody's role has given."""
    return _approvals(people, name, request, "approved")


def _approvals(people: People, name: str, request: str, state: str) -> list[str]:
    items = people.program_of(name).get(f"/approvals?state={state}&limit=200")["items"]
    return [one["id"] for one in items if one["subject"]["id"] == request]


def approve(people: People, name: str, request: str) -> None:
    """Give the one approval of a request that waits for somebody."""
    (approval,) = waiting(people, name, request)
    verdict = {"verdict": "approve", "reason": "It fits."}
    people.program_of(name).post(f"/approvals/{approval}/decision", verdict, status=200)


def told(service: Service) -> list[tuple[str, str]]:
    """Return who got which mail since the last look; none shows what is confidential."""
    mails = service.post.new()
    assert not [mail["Subject"] for mail in mails if SECRET_TITLE in everything_in(mail)]
    return [(mail["To"].addresses[0].addr_spec, mail["Subject"]) for mail in mails]


def everything_in(mail: EmailMessage) -> str:
    """Return the headers and every part of a mail, decoded and unfolded."""
    parts = [str(part.get_content()) for part in mail.walk() if not part.is_multipart()]
    return "\n".join([*map(str, mail.values()), *parts]).replace("\r\n ", "").replace("\n ", "")


def first_shift(program: Caller, path: str, on: date) -> tuple[datetime, datetime]:
    """Return the day shift of this date in Zurich's summer time, which the calendar says is free."""
    start = datetime(on.year, on.month, on.day, 6, tzinfo=UTC)
    end = start + timedelta(hours=8)
    window = f"?start={day(start)}T00:00:00Z&end={day(start + timedelta(days=1))}T00:00:00Z"
    free = program.get(f"{path}/availability{window}")["free"]
    assert any(
        datetime.fromisoformat(one["start"]) <= start < end <= datetime.fromisoformat(one["end"]) for one in free
    )
    return start, end


def day(instant: datetime) -> str:
    """Return the date of an instant in UTC."""
    return instant.date().isoformat()


def read_event(text: str) -> Mapping[str, Any]:
    """Read the one event of a calendar file with the parser of another library, its times by the file's own zones."""
    event = vobject.readOne(text).vevent
    return {
        "DTSTART": event.dtstart.value.astimezone(UTC),
        "DTEND": event.dtend.value.astimezone(UTC),
        "UID": event.uid.value,
        "STATUS": event.status.value,
    }


def form_to(page: Any, action: str) -> Any:
    """Return the form of a page that is sent to this address."""
    return next(form for form in page.forms.values() if form.action == action)
