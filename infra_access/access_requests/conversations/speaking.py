"""Questions and answers on an instrument or a request, between a person or a team and the facility's staff."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, false, or_, select
from sqlalchemy.orm import Session

from infra_access.access_requests.gates.judging import Sample, samples_of
from infra_access.access_requests.lifecycle import RequestState
from infra_access.access_requests.models import AccessRequest, AccessRoute, Conversation, Message, Participant
from infra_access.access_requests.standing import team_of
from infra_access.access_requests.vocabularies import Visibility
from infra_access.audit.record import record
from infra_access.catalogue import fields
from infra_access.catalogue.models import Facility, Instrument
from infra_access.catalogue.scopes import facility_scopes
from infra_access.core.authority import Actor, Permission, Scopes, may, require
from infra_access.core.errors import Forbidden, NotFound
from infra_access.core.i18n import _
from infra_access.core.ids import new_public_id
from infra_access.core.input_text import clean_line, clean_text
from infra_access.core.paging import clean_limit, decode_cursor, encode_cursor
from infra_access.outbox.events import publish
from infra_access.people.models import Account


@dataclass(frozen=True, slots=True)
class About:
    """What lies above requests and is talked about, a booking or a service order: whose, on what, for which request."""

    kind: str
    public_id: str
    owner_id: int
    instrument: Instrument
    access_request: AccessRequest | None


@dataclass(frozen=True, slots=True)
class Said:
    """One message with its author's name; `by_staff` where the author speaks for neither opener nor team."""

    message: Message
    author: str
    by_staff: bool


@dataclass(frozen=True, slots=True)
class ConversationView:
    """A conversation with what it is about; `relations` are the reader's: opener, team, staff."""

    conversation: Conversation
    facility: Facility
    instrument: Instrument | None
    access_request: AccessRequest | None
    opener: str
    messages: tuple[Said, ...]
    relations: frozenset[str]

    @property
    def sample(self) -> Sample | None:
        """The sample that it is about, as long as its request names it as it was, for team and staff."""
        if self.access_request is None or not self.relations & {"team", "staff"}:
            return None
        found = samples_of(self.access_request.project)
        return next((one for one in found if one.mark == self.conversation.sample), None)

    @property
    def told(self) -> AccessRequest | None:
        """The request that it is about or that was made of it, as far as the reader may know of it."""
        is_enquiry = self.instrument is not None and self.conversation.about_kind is None
        return self.made if is_enquiry else self.access_request

    @property
    def made(self) -> AccessRequest | None:
        """The request that was made of it, for its team, and once it is sent for the staff."""
        if self.instrument is None or self.access_request is None or self.conversation.about_kind is not None:
            return None
        told = "team" in self.relations or (
            "staff" in self.relations and self.access_request.state != RequestState.DRAFT
        )
        return self.access_request if told else None


@dataclass(frozen=True, slots=True)
class ConversationItem:
    """A conversation in a list; `sample` is the number of the one that it is about, as its request names it now.

    `instrument` is a name, `access_request` and `instrument_id` are public ids. A request made of it is told to its
    team, and once it is sent to the staff, whoever else may read the conversation.
    """

    conversation: Conversation
    opener: str
    instrument: str | None
    access_request: str | None
    instrument_id: str | None
    sample: int | None


@dataclass(frozen=True, slots=True)
class ConversationPage:
    """One page of conversations, newest first; `next` is the cursor of the following page, or None."""

    items: tuple[ConversationItem, ...]
    next: str | None


def ask(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    subject: str,
    text: str,
    instrument: Instrument | None = None,
    access_request: AccessRequest | None = None,
    about: About | None = None,
    sample: int | None = None,
    visibility: str = Visibility.TEAM_AND_STAFF,
) -> Conversation:
    """Begin a conversation on an instrument, by anyone signed in, or on what a team has, by the team or the staff.

    That is a request, or a `sample` of it by its number from 1, or what lies above, `about`. Raises Invalid naming the
    field, Forbidden, NotFound for what is not the actor's.
    """
    require(actor, Permission.CONVERSATION_START)
    if about is not None:
        instrument, access_request = about.instrument, about.access_request
    elif (instrument is None) == (access_request is None):
        raise fields.fault("conversation.about", "instrument", _("Ask about an instrument or about a request."))
    conversation = Conversation(
        public_id=new_public_id(),
        instrument_id=instrument.id if instrument is not None else None,
        access_request_id=access_request.id if access_request is not None else None,
        about_kind=about.kind if about is not None else None,
        about_public_id=about.public_id if about is not None else None,
        with_id=about.owner_id if about is not None else None,
        sample=_mark_of(access_request, sample) if sample is not None else None,
        opened_by_id=actor.account_id,
        subject=clean_line(subject, field="subject", max_length=300, required=True),
        visibility=fields.one_of(Visibility)(visibility, "visibility"),
        created_at=now,
    )
    scopes = facility_scopes(session, _facility(session, conversation))
    relations = _relations(session, conversation, scopes, actor)
    ours = relations & {"team", "staff"}
    if about is not None and not ours:
        raise NotFound("conversation.about", _("There is nothing here that you could write about."))
    if access_request is not None and not ours:
        raise NotFound("access_request.unknown", _("There is no such access request, or it is not yours to see."))
    if conversation.visibility == Visibility.ALL and (access_request is not None or about is not None):
        message = _("Only what is asked about an instrument can be open to all.")
        raise fields.fault("conversation.not_public", "visibility", message)
    if conversation.visibility == Visibility.STAFF and "staff" not in relations:
        raise Forbidden("conversation.staff", _("Only the staff of the facility talk among themselves here."))
    session.add(conversation)
    session.flush()  # its first message needs its key
    _say(session, actor, conversation, text, now)
    _record(session, actor, "conversation.opened", conversation, now)
    return conversation


def reply(session: Session, *, actor: Actor, now: datetime, conversation: Conversation, text: str) -> Message:
    """Answer in a conversation that the actor takes part in. Raises Forbidden for somebody who only may read it."""
    scopes = facility_scopes(session, _facility(session, conversation))
    relations = _relations(session, conversation, scopes, actor)
    if conversation.visibility == Visibility.STAFF:
        relations &= {"staff"}
    require(actor, Permission.CONVERSATION_READ, (), {"team"} if relations else set())
    message = _say(session, actor, conversation, text, now)
    _record(session, actor, "conversation.replied", conversation, now)
    return message


def conversation_by_public_id(session: Session, public_id: str, *, actor: Actor | None) -> ConversationView:
    """Return a conversation that the actor may see. Raises NotFound otherwise."""
    found = session.scalars(select(Conversation).where(Conversation.public_id == public_id)).one_or_none()
    if found is not None:
        facility = _facility(session, found)
        scopes = facility_scopes(session, facility)
        relations = _relations(session, found, scopes, actor) if actor is not None else frozenset()
        if _may_read(found, relations):
            return _view(session, found, facility, relations)
    raise NotFound("conversation.unknown", _("There is no such conversation, or it is not yours to see."))


def own_conversations(
    session: Session, *, actor: Actor, limit: int | None = None, cursor: str | None = None
) -> ConversationPage:
    """Return the conversations that the actor opened, or that are on what they or their teams have. One statement."""
    return _page(session, actor, _own(actor), limit, cursor)


def facility_conversations(
    session: Session, *, actor: Actor, facility: Facility, limit: int | None = None, cursor: str | None = None
) -> ConversationPage:
    """Return the conversations that a facility's staff answers. Raises Forbidden. Two statements."""
    require(actor, Permission.CONVERSATION_READ, facility_scopes(session, facility))
    routes = select(AccessRoute.id).where(AccessRoute.facility_id == facility.id)
    of_facility = or_(Instrument.facility_id == facility.id, AccessRequest.route_id.in_(routes))
    return _page(session, actor, of_facility, limit, cursor, staff=True)


def conversations_on(
    session: Session,
    *,
    actor: Actor,
    scopes: Scopes,
    instrument: Instrument | None = None,
    access_request: AccessRequest | None = None,
    about: tuple[str, str] | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> ConversationPage:
    """Return the conversations on one of these that the actor may read: its facility's staff all. One statement.

    `scopes` are the facility's; `about` is the kind and the public id of what lies above.
    """
    on: ColumnElement[bool] = false()
    if about is not None:
        on = (Conversation.about_kind == about[0]) & (Conversation.about_public_id == about[1])
    elif access_request is not None:
        on = Conversation.access_request_id == access_request.id
    elif instrument is not None:
        on = Conversation.instrument_id == instrument.id
    staff = may(actor, Permission.CONVERSATION_READ, scopes)
    if not staff:
        on &= or_(_own(actor), Conversation.visibility == Visibility.ALL)
    return _page(session, actor, on, limit, cursor, staff=staff)


def conversations_of(session: Session, access_request: AccessRequest, *, staff: bool) -> Sequence[Conversation]:
    """Return the conversations on a request, oldest first; those among the staff only for them. One statement."""
    query = select(Conversation).where(Conversation.access_request_id == access_request.id).order_by(Conversation.id)
    return session.scalars(query if staff else query.where(Conversation.visibility != Visibility.STAFF)).all()


def conversations_about(session: Session, kind: str, public_id: str, *, staff: bool) -> Sequence[Conversation]:
    """Return those on a booking or an order, oldest first; those among the staff only for them. One statement."""
    query = (
        select(Conversation)
        .where(Conversation.about_kind == kind, Conversation.about_public_id == public_id)
        .order_by(Conversation.id)
    )
    return session.scalars(query if staff else query.where(Conversation.visibility != Visibility.STAFF)).all()


def _own(actor: Actor) -> ColumnElement[bool]:
    """Tell whether the actor opened a conversation or it is on what they or their teams have."""
    on_team = select(Participant.access_request_id).where(Participant.account_id == actor.account_id)
    return or_(
        Conversation.opened_by_id == actor.account_id,
        (Conversation.visibility != Visibility.STAFF)
        & or_(
            AccessRequest.requester_id == actor.account_id,
            Conversation.access_request_id.in_(on_team),
            Conversation.with_id == actor.account_id,
        ),
    )


def _page(
    session: Session,
    actor: Actor,
    condition: ColumnElement[bool],
    limit: int | None,
    cursor: str | None,
    *,
    staff: bool = False,
) -> ConversationPage:
    size = clean_limit(limit)
    own = _own(actor)
    told = case((or_(AccessRequest.state != RequestState.DRAFT, own) if staff else own, AccessRequest.public_id))
    query = (
        select(Conversation, Account.name, Instrument.name, told, Instrument.public_id, AccessRequest.project)
        .join(Account, Account.id == Conversation.opened_by_id)
        .outerjoin(Instrument, Instrument.id == Conversation.instrument_id)
        .outerjoin(AccessRequest, AccessRequest.id == Conversation.access_request_id)
        .where(condition)
    )
    if cursor:
        query = query.where(Conversation.id < decode_cursor(cursor, (int,))[0])
    rows = session.execute(query.order_by(Conversation.id.desc()).limit(size + 1)).all()
    items = tuple(
        ConversationItem(one, opener, name, request, instrument, _number_of(one.sample, project))
        for one, opener, name, request, instrument, project in rows[:size]
    )
    return ConversationPage(items, encode_cursor([items[-1].conversation.id]) if len(rows) > size else None)


def _view(
    session: Session, conversation: Conversation, facility: Facility, relations: frozenset[str]
) -> ConversationView:
    instrument = session.get(Instrument, conversation.instrument_id) if conversation.instrument_id else None
    access_request = (
        session.get(AccessRequest, conversation.access_request_id) if conversation.access_request_id else None
    )
    asking: set[int | None] = {conversation.with_id or conversation.opened_by_id}
    if access_request is not None:
        asking = {conversation.with_id, *team_of(session, access_request)}
    rows = session.execute(
        select(Message, Account.name)
        .join(Account, Account.id == Message.author_id)
        .where(Message.conversation_id == conversation.id)
        .order_by(Message.id)
    ).all()
    return ConversationView(
        conversation,
        facility,
        instrument,
        access_request,
        session.get_one(Account, conversation.opened_by_id).name,
        tuple(Said(row[0], row[1], row[0].author_id not in asking) for row in rows),
        relations,
    )


def _number_of(mark: str | None, project: Mapping[str, Any] | None) -> int | None:
    found = samples_of(project or {}) if mark is not None else []
    return next((one.number for one in found if one.mark == mark), None)


def _mark_of(access_request: AccessRequest | None, number: int) -> str:
    found = samples_of(access_request.project) if access_request is not None else []
    for one in found:
        if one.number == number:
            return one.mark
    raise fields.fault("conversation.sample", "sample", _("The request names no such sample. Choose another."))


def _facility(session: Session, conversation: Conversation) -> Facility:
    if conversation.instrument_id is not None:
        facility_id = session.get_one(Instrument, conversation.instrument_id).facility_id
    else:
        access_request = session.get_one(AccessRequest, conversation.access_request_id)
        facility_id = session.get_one(AccessRoute, access_request.route_id).facility_id
    return session.get_one(Facility, facility_id)


def _relations(session: Session, conversation: Conversation, scopes: Scopes, actor: Actor) -> frozenset[str]:
    relations = set()
    if actor.account_id is not None and conversation.opened_by_id == actor.account_id:
        relations.add("opener")
    if actor.account_id is not None and conversation.with_id == actor.account_id:
        relations.add("team")
    if conversation.access_request_id is not None and actor.account_id in team_of(
        session, session.get_one(AccessRequest, conversation.access_request_id)
    ):
        relations.add("team")
    if may(actor, Permission.CONVERSATION_READ, scopes):
        relations.add("staff")
    return frozenset(relations)


def _may_read(conversation: Conversation, relations: frozenset[str]) -> bool:
    if conversation.visibility == Visibility.ALL:
        return True
    return bool(relations & {"staff"} if conversation.visibility == Visibility.STAFF else relations)


def _say(session: Session, actor: Actor, conversation: Conversation, text: str, now: datetime) -> Message:
    message = Message(
        conversation_id=conversation.id,
        author_id=actor.account_id,
        text=clean_text(text, field="text", max_length=20_000, required=True),
        sent_at=now,
    )
    session.add(message)
    session.flush()
    publish(session, "conversation.message", {"conversation": conversation.public_id}, now=now)
    return message


def _record(session: Session, actor: Actor, action: str, conversation: Conversation, now: datetime) -> None:
    record(
        session,
        actor=actor,
        action=action,
        object_kind="conversation",
        object_id=conversation.public_id,
        now=now,
        details={"visibility": conversation.visibility},
    )
