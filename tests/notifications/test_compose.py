from datetime import datetime, timedelta
from decimal import Decimal
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from icalendar import Calendar
from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.conversations.speaking import ask as ask_about
from infra_access.access_requests.conversations.speaking import reply
from infra_access.access_requests.models import (
    AccessRequest,
    AccessRequestInstrument,
    AccessRoute,
    Approval,
    Conversation,
    Message,
)
from infra_access.catalogue.models import Facility, Instrument, Organisation
from infra_access.core.authority import NETWORK, system_actor
from infra_access.core.db import Database
from infra_access.core.i18n import Text, plain
from infra_access.notifications.compose import Letterhead, compose
from infra_access.notifications.delivery import deliver_by_mail
from infra_access.notifications.kinds import OF_A_CONSENT, OF_AN_APPROVAL, WITH_CALENDAR, Kind
from infra_access.notifications.memory import MemoryTransport
from infra_access.notifications.ports import Undeliverable
from infra_access.notifications.templates import TEMPLATES
from infra_access.outbox.events import Claimed
from infra_access.outbox.models import OutboxEvent
from infra_access.people.assurances import withdraw_assurance
from infra_access.people.links import account_of_link
from infra_access.people.models import Account, OneTimeLink
from infra_access.people.trainings import withdraw_training
from infra_access.scheduling.models import Booking
from infra_access.scheduling.waiting.models import WaitListEntry
from tests.factories.access_requests import NOW, make_submitted, make_world
from tests.factories.frameworks import make_draft, make_sides
from tests.factories.overrides import LATER, administrators, ask, confirm, make_refused
from tests.factories.people import make_account, make_actor, make_assurance, make_grant, make_training

BASE = "https://access.example.org"
LETTERHEAD = Letterhead("no-reply@access.example.org", BASE, lambda text, _locale: plain(text))
SECRET_TITLE = "A battery nobody knows of"


def _event(kind: str, **payload: Any) -> Claimed:
    return Claimed(7, kind, payload, 1)


def _mails(session: Session, now: datetime, kind: str, **payload: Any) -> list[EmailMessage]:
    """Compose and read back what leaves, as the other side would."""
    mails = compose(session, _event(kind, **payload), letterhead=LETTERHEAD, now=now)
    return [message_from_bytes(mail.as_bytes(), policy=default) for mail in mails]


def _text(mail: EmailMessage) -> str:
    body = mail.get_body()
    assert body is not None
    return str(body.get_content())


@pytest.fixture
def instrument(session: Session, now: datetime) -> Instrument:
    organisation = Organisation(name="Institute", country="DE", created_at=now)
    session.add(organisation)
    session.flush()
    facility = Facility(
        organisation_id=organisation.id, name="Ring", country="DE", timezone="Europe/Berlin", created_at=now
    )
    session.add(facility)
    session.flush()
    instrument = Instrument(facility_id=facility.id, name="EXAFS\r\nBcc: x@example.org", name_key="e", created_at=now)
    session.add(instrument)
    session.flush()
    return instrument


@pytest.fixture
def booking(session: Session, now: datetime, instrument: Instrument) -> Booking:
    owner = make_account(session, name="Wanjiku", locale="ja")
    booking = Booking(
        instrument_id=instrument.id,
        account_id=owner.id,
        title="Mine",
        starts=now + timedelta(days=1),
        ends=now + timedelta(days=1, hours=2),
        state="confirmed",
        uid="uid-1@access.example.org",
        created_at=now,
        changed_at=now,
    )
    session.add(booking)
    session.flush()
    return booking


@pytest.fixture
def access_request(session: Session, now: datetime, instrument: Instrument) -> AccessRequest:
    route = AccessRoute(
        facility_id=instrument.facility_id,
        name="Proprietary",
        access_mode="market-driven",
        entry="continuous",
        time_given="team_picks",
        operated_by="self",
        access_unit="hour",
        access_types=[],
        regimes=["proprietary"],
    )
    session.add(route)
    session.flush()
    found = AccessRequest(
        route_id=route.id,
        requester_id=make_account(session, name="Wanjiku").id,
        title=SECRET_TITLE,
        summary=SECRET_TITLE,
        regime="proprietary",
        access_type="physical",
        quantity=Decimal(1),
        access_unit="hour",
        period_start=now,
        period_end=now + timedelta(days=9),
        state="under_review",
        state_since=now,
        case="AB12-CD34",
        created_at=now,
    )
    session.add(found)
    session.flush()
    session.add(AccessRequestInstrument(access_request_id=found.id, instrument_id=instrument.id))
    session.flush()
    return found


def test_every_kind_has_its_words() -> None:
    assert set(TEMPLATES) == set(Kind)


def test_a_new_person_is_greeted(session: Session, now: datetime) -> None:
    account = make_account(session, name="Wanjiku")
    [mail] = _mails(session, now, "account.signed_up", account=account.public_id)
    assert mail["To"].addresses[0].addr_spec == account.email
    assert mail["Message-ID"] == f"<7.{account.public_id}@access.example.org>"
    assert _text(mail).startswith("Hello Wanjiku,")
    token = _text(mail).partition(f"{BASE}/confirm-address/")[2].split()[0]
    assert account_of_link(session, token, now=now) is account


def test_a_mail_repeated_has_the_same_message_id(session: Session, now: datetime) -> None:
    account = make_account(session)
    first, second = (_mails(session, now, "account.signed_up", account=account.public_id)[0] for _try in range(2))
    assert first["Message-ID"] == second["Message-ID"]


def test_a_link_is_made_when_its_mail_is_written(session: Session, now: datetime) -> None:
    account = make_account(session, password_hash=None)
    [mail] = _mails(session, now, "account.link", account=account.public_id)
    token = _text(mail).partition(f"{BASE}/set-password/")[2].split()[0]
    assert account_of_link(session, token, now=now) is account
    assert session.scalars(select(OneTimeLink.token_hash)).one() != token


def test_a_disabled_person_gets_no_mail(session: Session, now: datetime) -> None:
    account = make_account(session)
    account.state = "disabled"
    session.flush()
    assert _mails(session, now, "account.link", account=account.public_id) == []


@pytest.mark.parametrize("kind", ["booking.confirmed", "booking.pending", "booking.moved", "booking.cancelled"])
def test_a_booking_goes_to_its_owner_with_a_calendar(
    session: Session, now: datetime, booking: Booking, kind: str
) -> None:
    [mail] = _mails(session, now, kind, booking=booking.public_id)
    assert "2026年3月3日火曜日 10:00–12:00 (Europe/Berlin)" in mail["Subject"]
    assert f"{BASE}/bookings/{booking.public_id}" in _text(mail)
    [attachment] = mail.iter_attachments()
    assert attachment.get_content_type() == "text/calendar"
    calendar = Calendar.from_ical(attachment.get_payload(decode=True))
    assert calendar["METHOD"] == ("CANCEL" if kind == "booking.cancelled" else "PUBLISH")
    [event] = calendar.walk("VEVENT")
    assert event["UID"] == booking.uid


def test_no_value_can_add_a_header_or_a_recipient(session: Session, now: datetime, booking: Booking) -> None:
    owner = session.get_one(Account, booking.account_id)
    owner.name = 'Eve" <eve@example.org>,\r\nBcc: all@example.org'
    session.flush()
    [mail] = _mails(session, now, "booking.confirmed", booking=booking.public_id)
    assert mail["Bcc"] is None
    assert [address.addr_spec for address in mail["To"].addresses] == [owner.email]
    assert "EXAFS Bcc: x@example.org" in mail["Subject"]


def test_a_value_that_looks_like_a_placeholder_stays_what_it_is(
    session: Session, now: datetime, booking: Booking, instrument: Instrument
) -> None:
    instrument.name = "${facility}"
    session.flush()
    [mail] = _mails(session, now, "booking.confirmed", booking=booking.public_id)
    assert "${facility} at Ring" in _text(mail)


def test_those_who_may_decide_are_asked_but_never_the_applicant(
    session: Session, now: datetime, access_request: AccessRequest, instrument: Instrument
) -> None:
    facility = session.get_one(Facility, instrument.facility_id)
    applicant = session.get_one(Account, access_request.requester_id)
    officer = make_account(session)
    for account in (applicant, officer):
        make_grant(session, account=account, role="user_officer", scope_kind="facility", scope_key=facility.public_id)
    approval = Approval(
        subject_kind="access_request",
        subject_id=access_request.id,
        subject_public_id=access_request.public_id,
        access_request_id=access_request.id,
        instrument_ids=[instrument.id],
        applicant_id=applicant.id,
        role="user_officer",
        scope_kind="facility",
        scope_key=facility.public_id,
        rule="r",
        asked_at=now,
        due_at=now,
        remind_at=now,
    )
    session.add(approval)
    session.flush()
    for payload in ({"approval": approval.public_id}, {"access_request": access_request.public_id}):
        [mail] = _mails(session, now, "access_request.approval_asked", **payload)
        assert mail["To"].addresses[0].addr_spec == officer.email
        assert "AB12-CD34" in mail["Subject"]
        assert SECRET_TITLE not in mail.as_string()


def test_those_who_can_confirm_an_exception_are_told_until_somebody_has(session: Session) -> None:
    _world, request = make_refused(session)
    first, second = administrators(session)
    view = ask(session, first, request)
    [mail] = _mails(session, LATER, "override.asked", override=view.override.public_id)
    assert mail["To"].addresses[0].addr_spec == session.get_one(Account, second.account_id).email
    assert request.case in mail["Subject"]
    assert request.title not in mail.as_string()
    assert f"{BASE}/overrides" in _text(mail)
    confirm(session, second, view)
    assert _mails(session, LATER, "override.asked", override=view.override.public_id) == []


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind.startswith("access_request.")])
def test_no_mail_about_a_request_shows_its_title(
    session: Session, now: datetime, access_request: AccessRequest, kind: str
) -> None:
    stranger = make_account(session)
    access_request.state_reason = SECRET_TITLE
    session.flush()
    mails = _mails(session, now, kind, access_request=access_request.public_id, accounts=[stranger.public_id])
    assert len(mails) == (0 if kind in OF_AN_APPROVAL | OF_A_CONSENT else 1)
    for mail in mails:
        assert "AB12-CD34" in mail["Subject"]
        assert SECRET_TITLE not in mail["Subject"] + _text(mail)


def test_the_applicant_reads_the_reason(session: Session, now: datetime, access_request: AccessRequest) -> None:
    access_request.state_reason = "Please name the samples."
    session.flush()
    [mail] = _mails(session, now, "access_request.changes_requested", access_request=access_request.public_id)
    assert "Please name the samples." in _text(mail)


def test_a_message_goes_to_the_others_in_the_conversation_and_to_staff(
    session: Session, now: datetime, instrument: Instrument
) -> None:
    facility = session.get_one(Facility, instrument.facility_id)
    asker, scientist = make_account(session), make_account(session)
    make_grant(
        session, account=scientist, role="instrument_scientist", scope_kind="facility", scope_key=facility.public_id
    )
    conversation = Conversation(
        instrument_id=instrument.id,
        opened_by_id=asker.id,
        subject=SECRET_TITLE,
        visibility="team_and_staff",
        created_at=now,
    )
    session.add(conversation)
    session.flush()
    for author, reader in ((asker, scientist), (scientist, asker)):
        session.add(Message(conversation_id=conversation.id, author_id=author.id, text="Hello", sent_at=now))
        session.flush()
        [mail] = _mails(session, now, "conversation.message", conversation=conversation.public_id)
        assert mail["To"].addresses[0].addr_spec == reader.email
        assert SECRET_TITLE not in mail.as_string()


def test_a_message_on_a_booking_goes_to_its_owner_without_its_title(
    session: Session, now: datetime, booking: Booking
) -> None:
    scientist = make_account(session)
    conversation = Conversation(
        instrument_id=booking.instrument_id,
        about_kind="booking",
        about_public_id=booking.public_id,
        with_id=booking.account_id,
        opened_by_id=scientist.id,
        subject="Gases",
        visibility="team_and_staff",
        created_at=now,
    )
    session.add(conversation)
    session.flush()
    session.add(Message(conversation_id=conversation.id, author_id=scientist.id, text="Bring argon.", sent_at=now))
    session.flush()
    booking.title = SECRET_TITLE
    [mail] = _mails(session, now, "conversation.message", conversation=conversation.public_id)
    assert mail["To"].addresses[0].addr_spec == session.get_one(Account, booking.account_id).email
    assert SECRET_TITLE not in mail.as_string()
    conversation.visibility = "staff"
    assert _mails(session, now, "conversation.message", conversation=conversation.public_id) == []


@pytest.mark.parametrize("kind", [kind for kind in Kind if not kind.startswith("account.")])
def test_an_event_about_nothing_sends_nothing(session: Session, now: datetime, kind: str) -> None:
    gone = {"booking": "x", "access_request": "x", "conversation": "x"}
    assert _mails(session, now, kind, **gone) == []


def test_every_text_is_put_into_the_readers_language(session: Session, now: datetime) -> None:
    seen: list[tuple[str, str]] = []

    def translate(text: Text, locale: str) -> str:
        seen.append((str(text), locale))
        return "訳"

    account = make_account(session, locale="ja")
    letterhead = Letterhead("no-reply@access.example.org", BASE, translate)
    [mail] = compose(session, _event("account.signed_up", account=account.public_id), letterhead=letterhead, now=now)
    assert mail["Subject"] == "訳"
    assert {locale for _text_, locale in seen} == {"ja"}
    assert set(mail.get_content().split()) == {"訳"}


def test_whom_maintenance_moved_reads_both_times(session: Session, now: datetime, booking: Booking) -> None:
    before = {"start": "2026-03-02T08:00:00+00:00", "end": "2026-03-02T10:00:00+00:00"}
    [mail] = _mails(session, now, "booking.displaced", booking=booking.public_id, before=before)
    assert "09:00–11:00 (Europe/Berlin)" in _text(mail)
    assert mail["Subject"].startswith("Moved because of maintenance")


def test_a_change_of_status_tells_each_who_has_time_ahead_once(
    session: Session, now: datetime, booking: Booking, instrument: Instrument
) -> None:
    past = {"starts": now - timedelta(days=2), "ends": now - timedelta(days=1)}
    ahead = {"starts": now + timedelta(days=5), "ends": now + timedelta(days=6)}
    owner = booking.account_id
    for account_id, state, times in (
        (owner, "confirmed", ahead),
        (make_account(session).id, "confirmed", past),
        (make_account(session).id, "cancelled", ahead),
    ):
        session.add(
            Booking(
                instrument_id=instrument.id,
                account_id=account_id,
                uid=f"{account_id}-{state}@example.org",
                state=state,
                created_at=now,
                changed_at=now,
                **times,
            )
        )
    session.flush()
    told = {"instrument": instrument.public_id, "status": "degraded", "note": "One detector is dark."}
    [mail] = _mails(session, now, "instrument.status_changed", **told)
    assert str(session.get_one(Account, owner).email) in mail["To"]
    assert "One detector is dark." in _text(mail)
    assert "Operating with limits" in mail["Subject"]


def test_whoever_is_vouched_for_or_trained_is_told_and_told_again_when_that_is_taken_back(session: Session) -> None:
    person = make_account(session, name="Ada")
    training, assurance = make_training(session, account=person), make_assurance(session, person)
    for row, kind in ((training, "training"), (assurance, "assurance")):
        about = {kind: row.public_id}
        noted, gone = ("recorded" if row is training else "noted"), f"{kind}.withdrawn"
        (mail,) = _mails(session, LATER, f"{kind}.{noted}", **about)
        assert mail["To"].addresses[0].addr_spec == person.email
        assert row.code in _text(mail)
        assert "Passport" not in _text(mail)
        assert _mails(session, LATER, gone, **about) == []
    by = {"actor": system_actor("tests"), "now": LATER, "reason": "It was his colleague."}
    withdraw_training(session, training=training, **by)
    withdraw_assurance(session, assurance=assurance, **by)
    sent = session.scalars(select(OutboxEvent).order_by(OutboxEvent.id)).all()
    assert [event.kind for event in sent][-4:] == [
        "training.recorded", "assurance.noted", "training.withdrawn", "assurance.withdrawn",
    ]  # fmt: skip
    for event in sent[-2:]:
        (mail,) = _mails(session, LATER, event.kind, **event.payload)
        assert "It was his colleague." in _text(mail)
        assert f"{BASE}/account" in _text(mail)
    for event in sent[-4:-2]:
        assert _mails(session, LATER, event.kind, **event.payload) == []


def test_an_unknown_kind_counts_as_delivered(database: Database, now: datetime) -> None:
    transport = MemoryTransport()
    deliver_by_mail(database, transport, LETTERHEAD)(_event("instrument.polished"), now)
    assert transport.sent == []


def test_delivery_sends_each_mail_and_tolerates_a_refusal_for_good(database: Database, now: datetime) -> None:
    class FirstIsRefused(MemoryTransport):
        def send(self, message: EmailMessage) -> None:
            MemoryTransport.send(self, message)
            if len(self.sent) == 1:
                raise Undeliverable("550")

    with database.writer() as session:
        accounts = [make_account(session).public_id for _person in range(2)]
    transport = FirstIsRefused()
    deliver_by_mail(database, transport, LETTERHEAD)(_event("account.link", accounts=accounts), now)
    assert len(transport.sent) == 2
    with database.reader() as session:
        assert len(session.scalars(select(OneTimeLink)).all()) == 2


@pytest.mark.parametrize("kind", sorted(WITH_CALENDAR))
def test_no_mail_about_a_booking_shows_its_title_not_even_in_its_calendar(
    session: Session, now: datetime, booking: Booking, kind: str
) -> None:
    booking.title = SECRET_TITLE
    session.flush()
    [mail] = _mails(session, now, kind, booking=booking.public_id)
    [attached] = mail.iter_attachments()
    assert "SUMMARY:EXAFS" in attached.get_content()
    assert SECRET_TITLE not in attached.get_content()


def test_who_waited_in_vain_is_led_to_the_next_times(session: Session, now: datetime, instrument: Instrument) -> None:
    account = make_account(session)
    entry = WaitListEntry(
        instrument_id=instrument.id,
        account_id=account.id,
        earliest=now - timedelta(days=2),
        latest=now,
        minutes=60,
        state="lapsed",
        created_at=now - timedelta(days=3),
    )
    session.add(entry)
    session.flush()
    [mail] = _mails(session, now, "wait_list.lapsed", wait=entry.public_id)
    assert mail["To"].addresses[0].addr_spec == account.email
    assert f"/find-time?instrument={instrument.public_id}" in _text(mail)


def test_an_agreement_is_told_to_the_signatories_of_both_sides(session: Session) -> None:
    sides = make_sides(session, make_world(session))
    make_actor(session, ("organisation_admin", ("organisation", sides.host.public_id)))
    make_actor(session, ("signatory", NETWORK))
    framework = make_draft(session, sides)
    told = {sides.for_host.label, sides.for_partner.label}
    for step in ("offered", "in_force", "ended"):
        mails = _mails(session, NOW, f"framework_agreement.{step}", framework_agreement=framework.public_id)
        assert {mail["To"].addresses[0].display_name for mail in mails} == told
        for mail in mails:
            assert framework.title in mail["Subject"]
            assert sides.partner.name in _text(mail)
            assert f"{BASE}/framework-agreements/{framework.public_id}" in _text(mail)


def test_a_message_on_a_request_goes_to_its_team_and_to_who_answers_there(session: Session) -> None:
    world = make_world(session)
    request = make_submitted(session, world)
    people = {
        session.get_one(Account, key).email: name
        for key, name in ((world.applicant.account_id, "team"), (world.manager.account_id, "staff"))
    }
    words = {"subject": SECRET_TITLE, "text": "Which holder?"}
    talk = ask_about(session, actor=world.manager, now=NOW, access_request=request, **words)

    def told() -> list[str]:
        mails = _mails(session, NOW, "conversation.message", conversation=talk.public_id)
        assert not any(SECRET_TITLE in mail.as_string() for mail in mails)
        return [people[mail["To"].addresses[0].addr_spec] for mail in mails]

    assert told() == ["team"]
    reply(session, actor=world.applicant, now=NOW, conversation=talk, text="The round one.")
    assert told() == ["staff"]
    talk.visibility = "staff"
    assert told() == ["staff"]
    request.state = "draft"
    assert told() == []
