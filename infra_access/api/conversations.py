"""/conversations: questions and answers on an instrument, a request or a sample of it, a booking, a service order."""

from typing import Any

from infra_access.access_requests.conversations.speaking import (
    ConversationItem,
    ConversationPage,
    ConversationView,
    ask,
    conversation_by_public_id,
    conversations_on,
    facility_conversations,
    own_conversations,
    reply,
)
from infra_access.access_requests.models import Conversation
from infra_access.access_requests.vocabularies import Visibility
from infra_access.api.contract import Call, resource
from infra_access.api.fields import Choice, Flag, Instant, Integer, Line, Lines, ListOf, Part, PublicId
from infra_access.api.schemas import Body, Out, PageQuery, page_of
from infra_access.api.serving import Created
from infra_access.core.authority import Permission
from infra_access.core.paging import Page
from infra_access.orders.talking import ORDER, ask_about_order
from infra_access.scheduling.talking import BOOKING, ask_about_booking

_TEXT = 20_000
_PRIVATE = (Visibility.TEAM_AND_STAFF, Visibility.STAFF)


class ConversationBody(Body):
    """A conversation to begin, with its first message."""

    subject = Line(most=300, filled=True, required=True)
    text = Lines("The first message.", most=_TEXT, filled=True, required=True)
    visibility = Choice(_PRIVATE, "Team and staff by default; only staff talk among themselves.")


class QuestionBody(ConversationBody):
    """A question about an instrument."""

    visibility = Choice(Visibility, "Whoever asks and the staff by default; only staff talk among themselves.")


class RequestConversationBody(ConversationBody):
    """A conversation on a request, or on a sample of it."""

    sample = Integer("About one of its samples, by its number from 1.", low=1)


class MessageBody(Body):
    """What to say."""

    text = Lines(most=_TEXT, filled=True, required=True)


class MessageOut(Out):
    """One message."""

    author = Line("A name.", most=200)
    by_staff = Flag("Whether it answers for the facility.")
    text = Lines(most=_TEXT)
    sent_at = Instant()


class ConversationSummaryOut(Out):
    """A conversation in a list."""

    id = PublicId()
    subject = Line(most=300)
    visibility = Choice(Visibility)
    instrument = PublicId("What it is about, or the instrument of that.", allow_none=True)
    access_request = PublicId("What it is about, what that draws on, or what was made of it.", allow_none=True)
    booking = PublicId(allow_none=True)
    service_order = PublicId(allow_none=True)
    about_sample = Flag("Whether it is about one sample of its request.")
    sample = Integer("Its number now; none once the sample was changed or left out.", low=1, allow_none=True)
    opened_by = Line("A name.", most=200)
    created_at = Instant()


class ConversationOut(ConversationSummaryOut):
    """A conversation with all that was said, oldest first."""

    messages = ListOf(Part(MessageOut))


_LISTED: dict[str, Any] = {"query": PageQuery, "out": page_of(ConversationSummaryOut)}
_BEGUN: dict[str, Any] = {"permission": Permission.CONVERSATION_START, "out": ConversationOut, "status": 201}


@resource("api.own_conversations", "GET", permission=Permission.CONVERSATION_LIST, **_LISTED)
def list_own(call: Call) -> Page[dict[str, Any]]:
    """List the conversations that the caller began, or that are on what they or their teams have, newest first."""
    return _listed(own_conversations(call.db, actor=call.actor, **call.query))


@resource("api.facility_conversations", "GET", permission=Permission.CONVERSATION_READ, **_LISTED)
def list_of_facility(call: Call) -> Page[dict[str, Any]]:
    """List the conversations that a facility answers, to its staff, newest first."""
    return _listed(facility_conversations(call.db, actor=call.actor, facility=call.row, **call.query))


@resource("api.instrument_conversations", "GET", permission=Permission.CONVERSATION_LIST, errors=(410,), **_LISTED)
def list_on_instrument(call: Call) -> Page[dict[str, Any]]:
    """List the conversations about an instrument that the caller may read, newest first."""
    return _on(call, instrument=call.row.instrument)


@resource("api.instrument_conversations", "POST", body=QuestionBody, errors=(410,), **_BEGUN)
def ask_about_instrument(call: Call) -> Created:
    """Ask the facility about an instrument."""
    return _begun(call, ask(call.db, actor=call.actor, now=call.now, instrument=call.row.instrument, **call.body))


@resource("api.access_request_conversations", "GET", permission=Permission.REQUEST_READ, **_LISTED)
def list_on_request(call: Call) -> Page[dict[str, Any]]:
    """List the conversations on a request, its samples and its bookings that the caller may read, newest first."""
    return _on(call, access_request=call.row.access_request)


@resource("api.access_request_conversations", "POST", body=RequestConversationBody, **_BEGUN)
def ask_about_request(call: Call) -> Created:
    """Begin a conversation on a request or on a sample of it, as one of its team or of the staff."""
    request = call.row.access_request
    return _begun(call, ask(call.db, actor=call.actor, now=call.now, access_request=request, **call.body))


@resource("api.booking_conversations", "GET", permission=Permission.BOOKING_READ, **_LISTED)
def list_on_booking(call: Call) -> Page[dict[str, Any]]:
    """List the conversations on a booking that the caller may read, newest first."""
    return _on(call, about=(BOOKING, call.row.booking.public_id))


@resource("api.booking_conversations", "POST", body=ConversationBody, **_BEGUN)
def ask_on_booking(call: Call) -> Created:
    """Begin a conversation on a booking, as its owner, one of its team or of the staff."""
    booking = call.row.booking
    return _begun(call, ask_about_booking(call.db, actor=call.actor, now=call.now, booking=booking, **call.body))


@resource("api.service_order_conversations", "GET", permission=Permission.ORDER_READ, **_LISTED)
def list_on_order(call: Call) -> Page[dict[str, Any]]:
    """List the conversations on a service order and its samples that the caller may read, newest first."""
    return _on(call, about=(ORDER, call.row.order.public_id))


@resource("api.service_order_conversations", "POST", body=ConversationBody, **_BEGUN)
def ask_on_order(call: Call) -> Created:
    """Begin a conversation on a service order and its samples, as one of its team or of the staff."""
    order = call.row.order
    return _begun(call, ask_about_order(call.db, actor=call.actor, now=call.now, order=order, **call.body))


@resource("api.conversation", "GET", permission=Permission.CONVERSATION_READ, out=ConversationOut)
def read(call: Call) -> dict[str, Any]:
    """Show a conversation."""
    return _whole(call.row)


@resource(
    "api.conversation_messages",
    "POST",
    permission=Permission.CONVERSATION_READ,
    body=MessageBody,
    out=ConversationOut,
    status=201,
)
def say(call: Call) -> Created:
    """Say something in a conversation that the caller takes part in; the others are told by mail."""
    conversation = call.row.conversation
    reply(call.db, actor=call.actor, now=call.now, conversation=conversation, text=call.body["text"])
    return _begun(call, conversation)


def _on(call: Call, **what: Any) -> Page[dict[str, Any]]:
    # A conversation is the facility's: a role on the instrument alone does not read it.
    scopes = tuple(scope for scope in call.context.scopes if scope[0] != "instrument")
    return _listed(conversations_on(call.db, actor=call.actor, scopes=scopes, **what, **call.query))


def _listed(page: ConversationPage) -> Page[dict[str, Any]]:
    return Page([_item(one) for one in page.items], page.next)


def _begun(call: Call, conversation: Conversation) -> Created:
    view = conversation_by_public_id(call.db, conversation.public_id, actor=call.actor)
    return Created(_whole(view), f"/api/v1/conversations/{conversation.public_id}")


def _item(item: ConversationItem) -> dict[str, Any]:
    conversation = item.conversation
    return {
        **{name: getattr(conversation, name) for name in ("subject", "visibility", "created_at")},
        "id": conversation.public_id,
        "instrument": item.instrument_id,
        "access_request": item.access_request,
        **{kind: _about(conversation, kind) for kind in (BOOKING, ORDER)},
        "about_sample": conversation.sample is not None,
        "sample": item.sample,
        "opened_by": item.opener,
    }


def _whole(view: ConversationView) -> dict[str, Any]:
    item = ConversationItem(
        view.conversation,
        view.opener,
        view.instrument.name if view.instrument else None,
        view.told.public_id if view.told else None,
        view.instrument.public_id if view.instrument else None,
        view.sample.number if view.sample else None,
    )
    messages = [
        {"author": one.author, "by_staff": one.by_staff, "text": one.message.text, "sent_at": one.message.sent_at}
        for one in view.messages
    ]
    return {**_item(item), "messages": messages}


def _about(conversation: Conversation, kind: str) -> str | None:
    return conversation.about_public_id if conversation.about_kind == kind else None
