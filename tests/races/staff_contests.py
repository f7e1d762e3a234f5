"""More contests for one slot: what a facility's office proposes and closes, whole series, and those who wait."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlalchemy import select

from infra_access.core import clock
from infra_access.core.timespan import TimeSpan
from infra_access.scheduling.lifecycle import BookingState
from infra_access.scheduling.models import Booking
from infra_access.scheduling.waiting.offers import make_offers
from tests.factories.scheduling import copies_of
from tests.races.contests import CROWD, OF_A_PLACE, Answer, Arena, Contest, Job, times

DAY = timedelta(days=1)
WORKERS = 2


def proposing(arena: Arena, slot: TimeSpan) -> Sequence[Job]:
    """Each of the crowd asked for a time, and the office proposes this one to all of them."""
    with arena.database.reader() as session:
        standing = select(Booking.public_id).where(
            Booking.instrument_id == arena.place.instrument.id, Booking.state == BookingState.REQUESTED
        )
        asked = [str(key) for key in session.scalars(standing)]
    # Who lost another round still asks; who won it is followed by somebody else.
    anywhere = TimeSpan(arena.slot(0).start, arena.slot(OF_A_PLACE).end)
    path = f"/instruments/{arena.place.instrument.public_id}/ask-for-time"
    for token in arena.people[: CROWD - len(asked)]:
        asked.append(str(arena.made(arena.call("POST", path, token, {**times(anywhere), "minutes": 120}))["id"]))
    wish = {**times(slot), "answer_by": (slot.start - timedelta(hours=1)).isoformat()}
    return [arena.call("POST", f"/bookings/{one}/propose", arena.manager, wish) for one in asked]


def accepting(arena: Arena, slot: TimeSpan) -> Sequence[Job]:
    """The time is proposed to one person, who accepts it again and again, while all others book it."""
    path = f"/instruments/{arena.place.instrument.public_id}/ask-for-time"
    asked = arena.made(arena.call("POST", path, arena.people[0], times(slot)))["id"]
    wish = {**times(slot), "answer_by": (slot.start - timedelta(hours=1)).isoformat()}
    arena.made(arena.call("POST", f"/bookings/{asked}/propose", arena.manager, wish))
    yes = [arena.call("POST", f"/bookings/{asked}/accept", arena.people[0]) for _number in range(CROWD // 2)]
    return [*yes, *(arena.book(token, slot) for token in arena.people[CROWD // 2 :])]


def repeating(arena: Arena, slot: TimeSpan) -> Sequence[Job]:
    """Everybody books a series, all or nothing: the slot is the first day of one half and the second of the other."""
    rule = {"rrule": "FREQ=DAILY;COUNT=2", "on_conflict": "fail"}
    firsts = (slot, TimeSpan(slot.start - DAY, slot.end - DAY))
    return [arena.book(token, firsts[number % 2], recurrence=rule) for number, token in enumerate(arena.people)]


def closing(arena: Arena, slot: TimeSpan) -> Sequence[Job]:
    """The instrument is to be closed unless a booking stands there, which all others make."""
    return [closure(arena, slot, "refuse"), *(arena.book(token, slot) for token in arena.people[1:])]


def closure(arena: Arena, slot: TimeSpan, displace: str) -> Job:
    """Return the job of closing the instrument in a slot."""
    with arena.database.reader() as session:
        resource = copies_of(session, arena.place)[0].public_id
    body = {"resource": resource, **times(slot), "label": "Service", "displace": displace}
    return arena.call("POST", f"/facilities/{arena.place.facility.public_id}/closures", arena.manager, body)


def offering(arena: Arena, slot: TimeSpan) -> Sequence[Job]:
    """Some wait for the time, which two workers offer to them, while all others book it."""
    for entry, token in arena.waiting.items():
        arena.call("POST", f"/wait-list/{entry}/leave", token)()
    wish = {
        "instrument": arena.place.instrument.public_id,
        "earliest": slot.start.isoformat(),
        "latest": slot.end.isoformat(),
        "minutes": 120,
    }
    waits = {token: arena.made(arena.call("POST", "/wait-list", token, wish)) for token in arena.people[:WORKERS]}
    arena.waiting = {str(entry["id"]): token for token, entry in waits.items()}

    def offer() -> Answer:
        made = make_offers(arena.database, now=clock.now())
        assert made <= 1, "one time was offered twice"
        return (201 if made else 409), {}

    return [*([offer] * WORKERS), *(arena.book(token, slot) for token in arena.people[WORKERS:])]


STAFF_CONTESTS: Mapping[str, Contest] = {
    "propose": proposing,
    "accept": accepting,
    "series": repeating,
    "maintenance": closing,
    "wait list": offering,
}
