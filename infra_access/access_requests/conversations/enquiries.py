"""An enquiry becomes a request: what was asked about an instrument is carried over, and stays with the request."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.models import AccessRequest, AccessRoute, Conversation, Message
from infra_access.access_requests.vocabularies import Visibility
from infra_access.catalogue.fields import fault
from infra_access.catalogue.models import Instrument
from infra_access.core.authority import Actor
from infra_access.core.errors import Invalid
from infra_access.core.i18n import _


@dataclass(frozen=True, slots=True)
class Enquiry:
    """What a conversation gives the request that is made of it."""

    conversation: str
    title: str
    summary: str


def may_become_request(conversation: Conversation, actor: Actor | None) -> bool:
    """Tell whether the actor may make a request of a conversation: who began it may, once, about an instrument."""
    return actor is not None and actor.account_id is not None and _hindrance(conversation, actor) is None


def enquiry_of(session: Session, public_id: str, *, actor: Actor) -> Enquiry:
    """Return what the request made of a conversation begins with. Raises Invalid `conversation`. Two statements."""
    conversation = _own(session, public_id, actor, lock=False)
    first = session.scalars(
        select(Message.text).where(Message.conversation_id == conversation.id).order_by(Message.id).limit(1)
    ).one()
    return Enquiry(conversation.public_id, conversation.subject, first)


def enquiry_for(session: Session, public_id: str, route: AccessRoute, *, actor: Actor) -> Conversation:
    """Lock the conversation of which a request on a route is made, so that one is. Raises Invalid `conversation`."""
    conversation = _own(session, public_id, actor, lock=True)
    if session.get_one(Instrument, conversation.instrument_id).facility_id != route.facility_id:
        message = _("This conversation is with another facility. Begin the request without it.")
        raise fault("conversation.elsewhere", "conversation", message)
    return conversation


def keep_with(conversation: Conversation, access_request: AccessRequest) -> None:
    """Let a conversation stay with the request: its team reads it from now on, and it still tells the instrument."""
    conversation.access_request_id = access_request.id


def _own(session: Session, public_id: str, actor: Actor, *, lock: bool) -> Conversation:
    query = select(Conversation).where(
        Conversation.public_id == public_id, Conversation.opened_by_id == actor.account_id
    )
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    conversation = session.scalars(query).one_or_none()
    if conversation is None:
        raise fault("conversation.unknown", "conversation", _("You began no such conversation."))
    hindrance = _hindrance(conversation, actor)
    if hindrance is not None:
        raise hindrance
    return conversation


def _hindrance(conversation: Conversation, actor: Actor) -> Invalid | None:
    if conversation.opened_by_id != actor.account_id:
        return fault("conversation.unknown", "conversation", _("You began no such conversation."))
    if conversation.about_kind is not None:
        message = _("This conversation is about a booking or an order. Begin the request without it.")
        return fault("conversation.booking", "conversation", message)
    if conversation.access_request_id is not None:
        message = _("A request belongs to this conversation already. Go on there, or begin another one without it.")
        return fault("conversation.has_request", "conversation", message)
    if conversation.visibility == Visibility.STAFF:
        message = _("The staff talks among itself here, so no request is made of it. Begin one without it.")
        return fault("conversation.staff", "conversation", message)
    return None
