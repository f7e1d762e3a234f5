"""Turning an event into mails: one for each person, in their language, as plain text.

Headers are set through `EmailMessage`, which refuses a line break in them, and every value is one line before that.
The Message-ID is made of the event and the person, so that a repeat is recognised as one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime as mail_date
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from sqlalchemy import select
from sqlalchemy.orm import Session
from translationstring import TranslationString

from infra_access.core.i18n import Text
from infra_access.core.zones import named_zone
from infra_access.notifications.kinds import WITH_CALENDAR, WITH_LINK, Kind
from infra_access.notifications.subject import Outsider, Subject
from infra_access.notifications.subjects import subject_of
from infra_access.notifications.templates import CLOSING, GREETING, LINK_LINE, REASON_LINE, TEMPLATES
from infra_access.outbox.events import Claimed
from infra_access.people.links import make_link
from infra_access.people.models import Account
from infra_access.scheduling.calendars import CalendarEntry, EntryStatus, Method, calendar

Translate = Callable[[Text, str], str]
"""From a text and a locale to the words that the reader sees."""


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What every mail has: who sends it, where its links lead, and how its words are translated."""

    mail_from: str
    base_url: str
    translate: Translate


def compose(session: Session, event: Claimed, *, letterhead: Letterhead, now: datetime) -> list[EmailMessage]:
    """Return the mails of an event; none where its subject is gone or nobody is to be told.

    The mail of a link makes the link, so that kind needs a session that may write.
    """
    kind = Kind(event.kind)
    subject = subject_of(session, kind, event.payload, now=now, base_url=letterhead.base_url)
    if subject is None:
        return []
    if subject.outsider is not None:
        link = letterhead.base_url + subject.path + subject.outsider.make_token()
        return [_mail(event.id, kind, subject, subject.outsider, link, letterhead, now)]
    mails = []
    for account in _recipients(session, kind, event.payload, subject):
        link = letterhead.base_url + subject.path
        if kind in WITH_LINK:
            link += make_link(session, account, now=now)
        mails.append(_mail(event.id, kind, subject, account, link, letterhead, now))
    return mails


def _recipients(session: Session, kind: Kind, payload: Mapping[str, Any], subject: Subject) -> Sequence[Account]:
    named = [*payload.get("accounts", []), *([payload["account"]] if "account" in payload else [])]
    chosen = Account.public_id.in_(named) if named else Account.id.in_(subject.account_ids)
    states = ("active", "invited") if kind is Kind.LINK else ("active",)
    return session.scalars(select(Account).where(chosen, Account.state.in_(states)).order_by(Account.id)).all()


def _mail(
    event_id: int,
    kind: Kind,
    subject: Subject,
    reader: Account | Outsider,
    link: str,
    letterhead: Letterhead,
    now: datetime,
) -> EmailMessage:
    values = {name: _one_line(value) for name, value in subject.values.items()}
    if subject.entry is not None:
        values["when"] = spell_time(subject.entry, reader.locale)
    if subject.before is not None:
        values["before"] = spell_time(subject.before, reader.locale)
    values |= {name: letterhead.translate(text, reader.locale) for name, text in subject.words.items()}

    def say(text: Text, **more: str) -> str:
        filled = text % {**values, **more} if isinstance(text, TranslationString) else text
        return letterhead.translate(filled, reader.locale)

    template = TEMPLATES[kind]
    paragraphs = [
        say(GREETING, name=_one_line(reader.name)),
        *(say(text) for text in (*template.paragraphs, *subject.paragraphs)),
    ]
    standing = [one for one in subject.entries if one.status is not EntryStatus.CANCELLED]
    if standing:
        paragraphs.append("\n".join(spell_time(one, reader.locale) for one in standing))
    if subject.reason and isinstance(reader, Account) and reader.id in subject.account_ids:
        paragraphs.append(say(REASON_LINE, reason=subject.reason))
    paragraphs += [say(LINK_LINE, link=link), say(CLOSING)]
    mail = EmailMessage(policy=SMTP)
    mail["From"] = letterhead.mail_from
    mail["To"] = Address(_one_line(reader.name), addr_spec=reader.email)
    mail["Subject"] = _one_line(say(template.subject))[:200]
    mail["Date"] = mail_date(now)
    mail["Message-ID"] = f"<{event_id}.{reader.public_id}@{letterhead.mail_from.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content("\n\n".join(paragraphs) + "\n")
    if subject.entry is not None and kind in WITH_CALENDAR:
        _attach(mail, [replace(subject.entry, organizer=letterhead.mail_from)], kind, now)
    if subject.entries:
        _attach(mail, [replace(one, organizer=letterhead.mail_from) for one in subject.entries], kind, now)
    return mail


def _attach(mail: EmailMessage, entries: Sequence[CalendarEntry], kind: Kind, now: datetime) -> None:
    method = Method.CANCEL if kind is Kind.BOOKING_CANCELLED else Method.PUBLISH
    mail.add_attachment(
        calendar(entries, name=entries[0].summary, now=now, method=method),
        maintype="text",
        subtype="calendar",
        filename="booking.ics",
        params={"method": method.value, "charset": "utf-8"},
    )


def spell_time(entry: CalendarEntry, locale: str) -> str:
    """Return an entry's time in its own zone, spelt for a locale: the day in words, then from, to and the zone."""
    zone = named_zone(entry.zone)
    start, end = entry.start.astimezone(zone), entry.end.astimezone(zone)
    day = format_date(start.date(), "full", locale=_known(locale))
    last = "" if start.date() == end.date() else format_date(end.date(), "full", locale=_known(locale)) + " "
    return f"{day} {start:%H:%M}\N{EN DASH}{last}{end:%H:%M} ({entry.zone})"


def _known(locale: str) -> Locale:
    try:
        return Locale.parse(locale, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en")


def _one_line(text: str) -> str:
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())
