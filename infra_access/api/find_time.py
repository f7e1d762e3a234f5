"""/find-time: the earliest slots over all facilities that somebody may have, each with its decision."""

from collections.abc import Mapping
from typing import Any

from infra_access.api.contract import Call, resource
from infra_access.api.decisions import KNOWN, SAID, DecisionOut, VisitorQuery, applicant_of, shown
from infra_access.api.fields import (
    Amount,
    Choice,
    Country,
    Flag,
    Free,
    Instant,
    Integer,
    Line,
    ListOf,
    Number,
    Part,
    PublicId,
)
from infra_access.api.schemas import Body, Out
from infra_access.catalogue.filters import Filters, clean_filters
from infra_access.catalogue.vocabularies import AccessType, AccessUnit
from infra_access.core.authority import Permission
from infra_access.core.errors import Invalid
from infra_access.scheduling.find_time.finding import Found, Slot, find_time
from infra_access.scheduling.find_time.questions import (
    MOST_GAP,
    MOST_KM,
    MOST_NAMED,
    MOST_SLOTS,
    MOST_TOGETHER,
    Question,
    question,
)
from infra_access.scheduling.find_time.standings import Answer, Step

ORDERS = ("same", "sequence")


class FiltersBody(Body):
    """Which instruments, as in the search of the catalogue."""

    q = Line("Words that all occur; the last one may be a beginning.", most=200)
    country = Country()
    technique = Line(most=100)
    access_type = Choice(AccessType)
    facility = PublicId()


class NearBody(Body):
    """A place, and how far around it facilities may stand."""

    lat = Number(low=-90, high=90, required=True)
    lon = Number(low=-180, high=180, required=True)
    km = Number(low=0, high=MOST_KM, required=True)


class TogetherBody(Body):
    """How the instruments named belong together, 2 to 5 of them."""

    order = Choice(ORDERS, "At the same time, or in the order in which they are named.", required=True)
    min_gap_minutes = Integer("From the end of one session to the next.", low=0, high=MOST_GAP)
    max_gap_minutes = Integer("Any, if left out.", low=0, high=MOST_GAP)


class FindTimeBody(Body):
    """A question: when could I have so much time?"""

    duration_minutes = Integer("How long a session lasts; it is rounded up to the instrument's grid.", low=1)
    quantity = Amount("Instead of the duration: how many access units that are time.")
    access_unit = Choice(AccessUnit)
    start = Instant(required=True)
    end = Instant("At most 92 days after the start.", required=True)
    instruments = ListOf(PublicId(), least=1, most=MOST_NAMED)
    filters = Part(FiltersBody)
    near = Part(NearBody)
    access_type = Choice(AccessType, "How one wants to use it; of the ways in, only those that offer it.")
    count = Integer("How many slots, 10 by default.", low=1, high=MOST_SLOTS)
    action = Choice(Step, "Slots to book at once, or to request. By default to request only where none can be booked.")
    together = Part(TogetherBody)
    allocation = PublicId("Book on what was granted to a team of the caller: only its instruments, time and units.")


class Shared(Part):
    """A part that neighbours in a list share as one object: it is put into its form once for all of them."""

    _last: tuple[object, Any] = (None, None)

    def _serialize(self, value: Any, attr: Any, obj: Any, **kwargs: Any) -> Any:  # type: ignore[override]
        known, dumped = self._last
        if value is not known:
            dumped = super()._serialize(value, attr, obj, **kwargs)  # type: ignore[no-untyped-call]
            self._last = (value, dumped)
        return dumped


class SlotOut(Out):
    """A session that could be had."""

    instrument = PublicId()
    instrument_name = Line(most=300)
    facility = PublicId()
    facility_name = Line(most=300)
    country = Country()
    city = Line(most=200)
    timezone = Line("The zone of the facility.", most=64)
    start = Instant()
    end = Instant()
    next = Choice(Step, "What one does to get it.")
    only_if_quick = Flag("Whether it needs everything that is due to go as fast as expected.")
    distance_km = Number("How far from the place that was named.", low=0, high=MOST_KM, allow_none=True)
    decision = Shared(DecisionOut)


class SetOut(Out):
    """Sessions to take together; book them with POST /bookings/together."""

    start = Instant()
    end = Instant()
    items = ListOf(Part(SlotOut), most=MOST_TOGETHER)


class FindTimeOut(Out):
    """The slots by start: one for each instrument, or several where instruments are named; or sets of them."""

    items = ListOf(Part(SlotOut), most=MOST_SLOTS)
    sets = ListOf(Part(SetOut), most=MOST_SLOTS)
    refused = Free("Decisions on instruments that were named and are closed to whoever asks, by their id.")
    looked_until = Instant("How far was looked, where that is less far than was asked.", allow_none=True)
    by = Choice((SAID, KNOWN))


@resource(
    "api.find_time",
    "POST",
    permission=Permission.POLICY_EVALUATE,
    body=FindTimeBody,
    query=VisitorQuery,
    out=FindTimeOut,
    writes=False,
)
def find(call: Call) -> dict[str, Any]:
    """Find the earliest slots that the caller may have, or somebody of whom `as` says who they are."""
    by = KNOWN if call.visitor is not None and "as" not in call.query else SAID
    known = call.visitor if by == KNOWN else None
    found = find_time(
        call.db, _question(call), applicant=lambda book: applicant_of(call, book)[0], now=call.now, actor=known
    )
    return {**_shown(call, found), "by": by}


def _question(call: Call) -> Question:
    body = call.body
    near, together = body.get("near"), body.get("together")
    return question(
        now=call.now,
        start=body["start"],
        end=body["end"],
        minutes=body.get("duration_minutes"),
        quantity=body.get("quantity"),
        access_unit=body.get("access_unit"),
        instruments=tuple(body.get("instruments", ())),
        filters=_filters(body.get("filters")),
        near=(near["lat"], near["lon"], near["km"]) if near else None,
        access_type=body.get("access_type"),
        count=body.get("count", 10),
        step=body.get("action"),
        together=_together(together) if together else None,
        allocation=body.get("allocation"),
    )


def _filters(given: Mapping[str, Any] | None) -> Filters | None:
    """Return the checked filters. Raises Invalid naming each within `filters`."""
    if given is None:
        return None
    try:
        return clean_filters(**given)
    except Invalid as error:
        named = {f"filters.{name}": texts for name, texts in error.fields.items()}
        raise Invalid(error.code, error.message, fields=named, details=error.details) from error


def _together(given: Mapping[str, Any]) -> tuple[str, int, int | None]:
    return given["order"], given.get("min_gap_minutes", 0), given.get("max_gap_minutes")


def _shown(call: Call, found: Found) -> dict[str, Any]:
    known: dict[int, dict[str, Any]] = {}

    def decision(answer: Answer) -> dict[str, Any]:
        # Slots of one class share their decision, which is put into words once.
        if id(answer) not in known:
            known[id(answer)] = shown(call, answer.decision)
        return known[id(answer)]

    return {
        "items": [_slot(slot, decision(slot.answer)) for slot in found.slots],
        "sets": [
            {
                "start": min(slot.span.start for slot in one),
                "end": max(slot.span.end for slot in one),
                "items": [_slot(slot, decision(slot.answer)) for slot in one],
            }
            for one in found.sets
        ],
        "looked_until": found.looked_until,
        "refused": {key: shown(call, one) for key, one in (found.refused or {}).items()},
    }


def _slot(slot: Slot, decision: Mapping[str, Any]) -> dict[str, Any]:
    subject = slot.subject
    return {
        "instrument": subject.public_id,
        "instrument_name": subject.name,
        "facility": subject.facility,
        "facility_name": subject.facility_name,
        "country": subject.country,
        "city": subject.city,
        "timezone": subject.timezone,
        "start": slot.span.start,
        "end": slot.span.end,
        "next": slot.answer.step,
        "only_if_quick": slot.only_if_quick,
        "distance_km": None if slot.distance is None else round(slot.distance, 1),
        "decision": decision,
    }
