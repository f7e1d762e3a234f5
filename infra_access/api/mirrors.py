"""/instruments/{id}/mirrored-calendars: copies of the calendar of an instrument that is scheduled elsewhere."""

from typing import Any

from infra_access.api.contract import Call, resource
from infra_access.api.fields import Flag, Instant, Integer, Line, Lines, PublicId
from infra_access.api.schemas import Body, Out, page_of
from infra_access.core.authority import Permission
from infra_access.core.paging import Page
from infra_access.scheduling.mirrors.mirroring import STALE_MINUTES, drop_mirrors, mirror
from infra_access.scheduling.mirrors.queries import MirrorView, mirrors_of
from infra_access.scheduling.mirrors.reading import MOST_BYTES


class MirrorBody(Body):
    """A calendar file, and where it comes from."""

    content = Lines("The file (iCalendar).", most=MOST_BYTES, required=True)
    source = Line("What people call the other system.", most=200, required=True)
    resource = PublicId("Which copy of the instrument; its only one if left out.")
    stale_after_minutes = Integer(
        "After how long it is shown as out of date.", low=STALE_MINUTES[0], high=STALE_MINUTES[1]
    )


class MirrorOut(Out):
    """A copy: what it says is busy stands in the availability; nothing here is a promise."""

    resource = PublicId()
    resource_name = Line(most=200)
    source = Line(most=200)
    refreshed_at = Instant("As of when.")
    since = Instant("From when on events were copied.")
    until = Instant("Until when.")
    events = Integer()
    left_out = Integer("Events that could not be read, so that the copy lacks them.")
    stale = Flag("Whether it is older than it should be.")
    stale_after_minutes = Integer()


@resource("api.instrument_mirrors", "GET", permission=Permission.CATALOGUE_READ, out=page_of(MirrorOut), errors=(410,))
def show(call: Call) -> Page[dict[str, Any]]:
    """List the copies of an instrument's calendar, with their age."""
    return _listed(call)


@resource(
    "api.instrument_mirrors",
    "PUT",
    permission=Permission.MAINTENANCE_WRITE,
    body=MirrorBody,
    out=page_of(MirrorOut),
    errors=(409, 410),
)
def replace(call: Call) -> Page[dict[str, Any]]:
    """Replace the copy of the calendar by what a file says."""
    mirror(call.db, actor=call.actor, now=call.now, place=call.row, **call.body)
    return _listed(call)


@resource("api.instrument_mirrors", "DELETE", permission=Permission.MAINTENANCE_WRITE, errors=(410,))
def drop(call: Call) -> None:
    """Remove the copies of the calendar, such as before an instrument is scheduled here."""
    drop_mirrors(call.db, actor=call.actor, now=call.now, place=call.row)


def _listed(call: Call) -> Page[dict[str, Any]]:
    return Page([_shown(view, call) for view in mirrors_of(call.db, call.row.instrument.id)], None)


def _shown(view: MirrorView, call: Call) -> dict[str, Any]:
    copy = view.mirror
    names = ("source", "refreshed_at", "since", "until", "events", "left_out", "stale_after_minutes")
    return {
        "resource": view.resource,
        "resource_name": view.name,
        "stale": view.is_stale(call.now),
        **{name: getattr(copy, name) for name in names},
    }
