"""/bookings/together: several instruments at once or one after the other, all or nothing."""

from typing import Any

from infra_access.api.booking_shapes import BookingOut, whole
from infra_access.api.contract import Call, resource
from infra_access.api.fields import Instant, Line, ListOf, Part, PublicId
from infra_access.api.schemas import Body, Out
from infra_access.api.serving import Created
from infra_access.core.authority import Permission
from infra_access.core.errors import Invalid
from infra_access.core.i18n import _
from infra_access.core.timespan import TimeSpan
from infra_access.scheduling.booking_queries import booking_by_public_id
from infra_access.scheduling.places import place_by_public_id
from infra_access.scheduling.plan import Wish
from infra_access.scheduling.together import FEWEST, MOST, Item, book_together


class TogetherItemBody(Body):
    """An instrument, and when."""

    instrument = PublicId(required=True)
    start = Instant(required=True)
    end = Instant(required=True)
    resource = PublicId("A copy of the instrument; any free one if left out.")


class BookTogetherBody(Body):
    """Bookings that only make sense together, such as a set that find-time gave."""

    items = ListOf(Part(TogetherItemBody), least=FEWEST, most=MOST, required=True)
    allocation = PublicId("What an access request granted; every booking draws on it.")
    title = Line(most=300)


class BundleOut(Out):
    """Bookings made together. Each can be moved or cancelled alone; the others stay."""

    bundle = PublicId()
    items = ListOf(Part(BookingOut), most=MOST)


@resource(
    "api.bookings_together",
    "POST",
    permission=Permission.BOOKING_CREATE,
    body=BookTogetherBody,
    out=BundleOut,
    status=201,
    errors=(404, 409, 410),
)
def create(call: Call) -> Created:
    """Book several instruments, all of them or none; a refusal names the instrument that it is about."""
    items = [_item(call, one, f"items.{position}") for position, one in enumerate(call.body["items"])]
    made = book_together(
        call.db,
        actor=call.actor,
        now=call.now,
        items=items,
        allocation=call.body.get("allocation"),
        title=call.body.get("title", ""),
    )
    views = [booking_by_public_id(call.db, one.public_id, actor=call.actor) for one in made]
    shown = {"bundle": made[0].bundle, "items": [whole(view) for view in views]}
    return Created(shown, f"/api/v1/bookings/{made[0].public_id}")


def _item(call: Call, given: dict[str, Any], path: str) -> Item:
    if given["end"] <= given["start"]:
        message = _("The end must lie after the start.")
        raise Invalid("time.order", message, fields={f"{path}.end": [message]})
    place = place_by_public_id(call.db, given["instrument"], actor=call.actor)
    return Item(place, Wish(TimeSpan(given["start"], given["end"]), given.get("resource")))
