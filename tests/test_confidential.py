"""What is confidential in a proprietary request is seen by its team and the staff who decide on it, and nowhere else.

Each confidential text holds a word of its own, a canary; the whole flow is walked, then every place is searched.
"""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.orm import Session

from infra_access.core.db import Database
from infra_access.people.models import Account
from tests.api.conftest import Caller, anyone, api_app, caller, stored  # noqa: F401 - fixtures
from tests.api.test_access_requests import at, body_of
from tests.factories.access_requests import TERMS, World, make_world
from tests.factories.catalogue import make_facility
from tests.factories.people import make_account
from tests.serving import Post
from tests.web.conftest import application, browser  # noqa: F401 - fixtures

TITLE, SUMMARY, SAMPLE, BOOKING = "Kanarientitel", "Kanariensumme", "Kanarienprobe", "Kanarienzeit"
OUTCOME, DOI = "Kanarienbefund", "kanarien.doi"
PROPOSED = "Kanarienvorschlag"
PHONE = "+49 30 90145"
CANARIES = (TITLE, SUMMARY, SAMPLE, BOOKING, OUTCOME, DOI, PROPOSED, PHONE, "+493090145")

KEPT = {
    ("access_request", "title"): TITLE,
    ("access_request", "summary"): SUMMARY,
    ("access_request", "project"): SAMPLE,
    ("booking", "title"): BOOKING,
    ("participant", "phone"): PHONE,
    ("outcome", "title"): OUTCOME,
    ("request_correction", "changes"): PROPOSED,
    ("outcome", "identifier"): DOI,
}
"""The only columns that may hold them, beside the answers kept for the person who got them."""


@pytest.fixture
def world(stored) -> World:  # noqa: F811
    """Return a facility with a route for proprietary work too."""
    terms = TERMS | {"proprietary": {"title": "Proprietary access", "version": "1", "text": "Results stay yours."}}
    return stored(make_world, terms=terms)


def test_it_is_seen_by_the_team_and_the_named_staff_alone(
    world: World,
    caller: Callable[..., Caller],  # noqa: F811
    browser: Callable[..., Any],  # noqa: F811
    stored: Callable[..., Any],  # noqa: F811
    database: Database,
    tmp_path: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    startup, manager = caller(actor=world.applicant), caller(actor=world.manager)
    member = {"email": "li@nyota.example", "name": "Li", "role": "member", "country_of_work": "KE", "phone": PHONE}
    wish = body_of(world, regime="proprietary", title=TITLE, summary=SUMMARY, participants=[member])
    wish["project"]["samples"][0]["kind"] = SAMPLE
    made = startup.post("/access-requests", wish, Idempotency_Key="first")
    path = f"/access-requests/{made['id']}"
    startup.post(f"{path}/submit", status=200)
    (waiting,) = manager.get("/approvals")["items"]
    manager.post(f"/approvals/{waiting['id']}/decision", {"verdict": "request_changes", "reason": "When?"}, status=200)
    startup.patch(path, {"period": {"start": at(2), "end": at(70)}})
    scientist = caller(("instrument_scientist", ("facility", world.facility.public_id)))
    better = {"changes": {"title": f"{TITLE}, {PROPOSED}"}, "reason": "Say what it is."}
    (proposed,) = scientist.post(f"{path}/corrections", better, status=200)["items"]
    startup.post(f"{path}/corrections/{proposed['id']}", {"accept": False}, status=200)
    startup.post(f"{path}/submit", status=200)
    for actor in (world.manager, world.administrator):
        for approval in caller(actor=actor).get("/approvals")["items"]:
            caller(actor=actor).post(f"/approvals/{approval['id']}/decision", {"verdict": "approve"}, status=200)
    terms = startup.get(f"{path}/agreement")
    startup.post(f"{path}/agreement/accept", {"text_hash": terms["text_hash"]}, status=200)
    (allocation,) = startup.get("/allocations")["items"]
    span = {"start": at(5), "end": at(5, 12)}
    booking = {"instrument": world.instrument.public_id, "allocation": allocation["id"], "title": BOOKING, **span}
    booked = startup.post("/bookings", booking)
    startup.patch(f"/bookings/{booked['id']}", {"start": at(6), "end": at(6, 12)})
    again = {**booking, "start": at(6), "end": at(6, 12)}
    clash = startup.call("POST", "/bookings", again, status=409)
    assert not seen_in(clash.text)

    report = {"kind": "publication", "title": OUTCOME, "identifier": f"10.5555/{DOI}"}
    startup.post(f"{path}/outcomes", report)

    # Whom it belongs to and who decides on it see it.
    assert TITLE in startup.call("GET", path).text
    assert {TITLE, SUMMARY, SAMPLE} <= seen_in(manager.call("GET", path).text)
    assert PROPOSED in manager.call("GET", f"{path}/corrections").text
    assert {OUTCOME, DOI} <= seen_in(manager.call("GET", f"{path}/outcomes").text)
    assert BOOKING in startup.call("GET", f"/bookings/{booked['id']}.ics").text

    # Nobody else: neither over the API nor on pages, neither by what is theirs to see nor by what is refused.
    elsewhere = ("facility", stored(make_facility).public_id)
    others = [caller(), caller(("facility_manager", elsewhere)), caller(("auditor", ("country", "KE"))),
              caller(("access_administrator", ("country", "KE"))), caller(("signatory", ("country", "DE")))]  # fmt:skip
    place = f"/instruments/{world.instrument.public_id}"
    window = f"?start={at(4)}&end={at(9)}"
    paths = [path, f"{path}/corrections", f"{path}/outcomes", f"{path}/agreement", f"/approvals/{waiting['id']}",
             f"/bookings/{booked['id']}", f"/bookings/{booked['id']}.ics", "/access-requests", "/approvals",
             "/approvals?state=decided", "/allocations", "/bookings", place, f"{place}/availability{window}",
             f"{place}/routes", f"{place}/outcomes", "/instruments", "/overrides", "/standing-authorisations",
             "/framework-agreements", f"/approvals/{waiting['id']}/screening", f"/bookings/{booked['id']}/gates",
             f"/instruments?q={TITLE}", f"{place}/eligibility"]  # fmt: skip
    for other in others:
        for address in paths:
            assert not seen_in(other.call("GET", address).text), address
        assert not seen_in(other.call("POST", "/bookings", again).text)
    day = at(6)[:10]
    pages = ["/", "/catalogue", place, f"{place}?week={day}", f"/facilities/{world.facility.public_id}",
             f"/access-requests/{made['id']}", f"/bookings/{booked['id']}", "/approvals", "/account"]  # fmt: skip
    for page in (browser(), browser(stored(make_account))):
        for address in pages:
            assert not seen_in(page.get(address, expect_errors=True).text), address

    # Neither the audit, nor what waits to be sent, nor the log; mails to its own team alone.
    auditor = caller(("auditor", ("network", "")))
    for key in (made["id"], waiting["id"], booked["id"]):
        told = auditor.call("GET", f"/audit?object={key}&limit=200")
        assert not seen_in(told.text)
        assert told.json["items"] or key == waiting["id"], "what was done is told, without what it was about"
    with database.reader() as session:
        assert places_in(session) <= set(KEPT) | {("idempotency_key", "body")}
        assert places_in(session) >= set(KEPT)
    post = Post(database, tmp_path, "http://localhost")
    mails = post.new()
    assert mails
    with database.reader() as session:
        own = session.get_one(Account, world.applicant.account_id).email
    for mail in mails:
        if seen_in(unfolded(mail)):
            assert mail["To"].addresses[0].addr_spec == own
    assert not seen_in(caplog.text)


def seen_in(shown: str) -> set[str]:
    """Return the canaries in a text."""
    return {canary for canary in CANARIES if canary in shown}


def unfolded(mail: Any) -> str:
    """Return the headers and parts of a mail, decoded and unfolded."""
    parts = [str(part.get_content()) for part in mail.walk() if not part.is_multipart()]
    return "\n".join([*map(str, mail.values()), *parts]).replace("\r\n ", "").replace("\n ", "")


def places_in(session: Session) -> set[tuple[str, str]]:
    """Return each table and column that holds a canary."""
    found = set()
    inspector = inspect(session.connection())
    for table in inspector.get_table_names():
        for row in session.execute(text(f'SELECT * FROM "{table}"')).mappings():
            found |= {(table, column) for column, value in row.items() if value is not None and seen_in(_plain(value))}
    return found


def _plain(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes | memoryview) else str(value)
