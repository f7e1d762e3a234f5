"""The mail of a series: every time of it, once, with all of them for calendars."""

from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from icalendar import Calendar
from sqlalchemy.orm import Session

from infra_access.core.i18n import plain
from infra_access.notifications.compose import Letterhead, compose
from infra_access.outbox.events import Claimed
from infra_access.scheduling.plan import Wish
from infra_access.scheduling.series.booking import book_series
from infra_access.scheduling.series.changing import cancel_series
from tests.factories.people import make_actor
from tests.factories.policy import make_policy
from tests.factories.scheduling import make_place, span

BASE = "https://access.example.org"
LETTERHEAD = Letterhead("no-reply@access.example.org", BASE, lambda text, _locale: plain(text))
SECRET_TITLE = "A battery nobody knows of"


def _mails(session: Session, now: datetime, kind: str, series: str) -> list[EmailMessage]:
    mails = compose(session, Claimed(7, kind, {"series": series}, 1), letterhead=LETTERHEAD, now=now)
    return [message_from_bytes(mail.as_bytes(), policy=default) for mail in mails]


def _text(mail: EmailMessage) -> str:
    body = mail.get_body()
    assert body is not None
    return str(body.get_content())


def test_a_series_is_told_once_with_all_its_times_and_without_its_title(session: Session, now: datetime) -> None:
    place = make_place(session)
    make_policy(session)
    actor = make_actor(session)
    made = book_series(
        session,
        actor=actor,
        now=now,
        place=place,
        wish=Wish(span(9, 10)),
        rrule="FREQ=WEEKLY;COUNT=3",
        title=SECRET_TITLE,
    )
    name = made.report[2].recurrence
    cancel_series(session, actor=actor, now=now, series=made.series, scope="one", occurrence=name)
    (mail,) = _mails(session, now, "booking.series_changed", series=made.series.public_id)
    assert _text(mail).count("10:00\N{EN DASH}11:00 (Europe/Berlin)") == 2
    assert f"{BASE}/booking-series/{made.series.public_id}" in _text(mail)
    (attached,) = mail.iter_attachments()
    events = Calendar.from_ical(attached.get_content()).walk("VEVENT")
    assert sorted(str(event["STATUS"]) for event in events) == ["CANCELLED", "CONFIRMED", "CONFIRMED"]
    assert SECRET_TITLE not in mail.as_string()
    assert "Booked: a series" in _mails(session, now, "booking.series_made", series=made.series.public_id)[0]["Subject"]
