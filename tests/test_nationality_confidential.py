"""What somebody says of their nationality shows in the reading of who decides, and nowhere else.

A member of a team says two countries that nothing else here names, the applicant another; then every place is searched.
"""

import logging
import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.orm import Session

from infra_access.core.db import Database
from infra_access.people.models import Account
from tests.api.conftest import Caller, anyone, api_app, caller, stored  # noqa: F401 - fixtures
from tests.factories.nationality import AskedTeam, make_asked
from tests.serving import Post
from tests.test_confidential import unfolded
from tests.web.conftest import SETTINGS, application, browser  # noqa: F401 - fixtures

CANARY = re.compile(r"Vanuatu|Kiribati|Palau|(?<![\w+/=-])(?:VU|KI|PW)(?![\w+/=-])")
"""The countries by name and code; a code within the letters of base 64 is none."""

FORM = re.compile(r"<select.*?</select>", re.DOTALL)
"""Where any country can be chosen; none is chosen ahead."""


@pytest.fixture
def asked(stored, monkeypatch: pytest.MonkeyPatch) -> AskedTeam:  # noqa: F811
    """Return a request whose team is asked; pages and API have the same keys, as in one service."""
    monkeypatch.setitem(SETTINGS, "infra_access.secret", "a secret of the tests that nothing rests on")
    return stored(make_asked)


def test_it_is_seen_by_who_decides_alone(
    asked: AskedTeam,
    caller: Callable[..., Caller],  # noqa: F811
    browser: Callable[..., Any],  # noqa: F811
    stored: Callable[..., Any],  # noqa: F811
    database: Database,
    tmp_path: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    path = f"/approvals/{asked.approval.public_id}"
    officer, applicant = caller(actor=asked.officer), caller(actor=asked.world.applicant)
    accounts = stored(accounts_of, asked=asked)
    pages = {name: browser(account) for name, account in accounts.items()}

    # Each says their own: one on the page, one by the API; a fault names its field.
    wrong = applicant.call("PUT", f"{path}/nationality", {"nationalities": ["PW", "Palau"]}, status=422)
    assert "nationalities.1" in wrong.json["errors"]
    told = applicant.call("PUT", f"{path}/nationality", {"nationalities": ["PW"]}, status=200, Idempotency_Key="one")
    assert (told.json["asked"], told.json["answered"], told.json["missing"]) == (2, 1, [])
    shown = pages["member"].get(f"{path}/nationality")
    assert {"The law of the site asks who enters it.", "visitors", "1 of 2"} <= said_in(shown.text)
    form = shown.forms[next(key for key, one in shown.forms.items() if one.action.endswith("/nationality"))]
    for field, code in zip(form.fields["nationalities"], ("VU", "KI", ""), strict=True):
        field.value = code
    kept = form.submit().follow()
    assert "It is kept under seal, so that it is not shown here." in kept.text
    assert 'selected translate="no"' not in kept.text

    # Who decides learns who has answered by looking, and what by an act.
    waiting = officer.get(f"{path}/nationality")
    assert (waiting["answered"], waiting["missing"], waiting["without_account"]) == (2, [], ["Baraka Without"])
    assert waiting["declared_at"] is None
    page = pages["officer"].get(path)
    assert "Baraka Without" in page.text
    assert not CANARY.search(page.text)
    reading = next(one for one in page.forms.values() if one.action.endswith("#nationalities"))
    reading["reading"] = "The law asks for it."
    opened = reading.submit()
    assert ({"Vanuatu", "Kiribati", "Palau"}, "no-store") == (
        set(CANARY.findall(FORM.sub("", opened.text))),
        opened.headers["Cache-Control"],
    )
    body = {"reason": "Once more."}
    read = officer.post(f"{path}/nationalities", body, status=200, Idempotency_Key="two")
    assert {one["person"]: one["nationalities"] for one in read["items"]} == {
        "Amina Member": ["KI", "VU"],
        accounts["applicant"].name: ["PW"],
    }
    assert (
        officer.post(f"{path}/nationalities", body, status=409, Idempotency_Key="two")["code"] == "idempotency.secret"
    )

    # The team sees that it was read, when and in which role; nobody else may read it, and no other look shows it.
    assert [one["role"] for one in applicant.get(f"{path}/nationality")["read"]] == ["safety_officer"] * 2
    assert "Safety officer" in pages["member"].get(f"{path}/nationality").text
    manager = caller(actor=asked.world.manager)
    others = [manager, caller(("auditor", ("network", "")), ("platform_admin", ("network", "")))]
    for other in [*others, applicant]:
        assert other.call("POST", f"{path}/nationalities", {}).status_int in (403, 404)
    for other in [*others, officer]:
        refused = other.call("PUT", f"{path}/nationality", {"nationalities": ["KE"]})
        assert refused.status_int in (403, 404)
    case = f"/access-requests/{asked.request.public_id}"
    audits = [f"/audit?object={one.public_id}" for one in (asked.approval, asked.request)]
    for one in [*others, applicant, officer]:
        for address in (path, f"{path}/nationality", "/approvals", case, *audits):
            assert not CANARY.search(one.call("GET", address).text), address
    for one in (pages["member"], pages["officer"], browser(stored(account_of, actor=asked.world.manager))):
        for address in (path, f"{path}/nationality", case):
            assert not CANARY.search(FORM.sub("", one.get(address, expect_errors=True).text)), address

    # Neither the tables, nor a mail, nor the log.
    post = Post(database, tmp_path, "http://localhost")
    mails = post.new()
    officer.post(f"{path}/decision", {"verdict": "approve"}, status=200)
    mails += post.new()
    with database.reader() as session:
        assert places_in(session) == set()
    asking = [mail for mail in mails if "please say your nationality" in mail["Subject"]]
    assert {mail["To"].addresses[0].addr_spec for mail in asking} == {
        accounts["member"].email,
        accounts["applicant"].email,
    }
    assert all(f"{path}/nationality" in unfolded(mail) for mail in asking)
    assert not any(CANARY.search(unfolded(mail)) for mail in mails)
    assert not CANARY.search(caplog.text)


def accounts_of(session: Session, *, asked: AskedTeam) -> dict[str, Account]:
    """Return the accounts of those who take part."""
    people = {"officer": asked.officer, "member": asked.member, "applicant": asked.world.applicant}
    return {name: account_of(session, actor=actor) for name, actor in people.items()}


def account_of(session: Session, *, actor: Any) -> Account:
    """Return somebody's account."""
    return session.get_one(Account, actor.account_id)


def said_in(shown: str) -> set[str]:
    """Return what a page has to say of why it asks."""
    return {one for one in ("The law of the site asks who enters it.", "visitors", "1 of 2") if one in shown}


def places_in(session: Session) -> set[tuple[str, str]]:
    """Return each table and column that holds a canary."""
    found = set()
    for table in inspect(session.connection()).get_table_names():
        for row in session.execute(text(f'SELECT * FROM "{table}"')).mappings():
            found |= {(table, column) for column, value in row.items() if CANARY.search(str(value))}
    return found
