"""Which eligibility class each bookable instrument is in, kept in the process while nothing that decides it changes.

The classes rest on the policy, the catalogue, the ways in and the day. One statement reads the heads of all; while they
stand still the classes are at hand. They are made anew in five statements, and one more for each 10,000 classes.
"""

import json
from array import array
from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from threading import Lock
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import Pool, Select, String, cast, func, null, select, true
from sqlalchemy.orm import Session

from infra_access.access_requests.models import AccessRoute, AccessRouteInstrument
from infra_access.access_requests.vocabularies import Entry, TimeGiven
from infra_access.catalogue.head import Head
from infra_access.catalogue.models import CatalogueEntry, CatalogueHead, Instrument, InstrumentTechnique
from infra_access.catalogue.search_cache import Latest
from infra_access.core.db import read_in_parts
from infra_access.core.errors import Unavailable
from infra_access.core.i18n import _
from infra_access.policy.classes import Partition, PartitionMaker, Sample, Way, traits_read
from infra_access.policy.models import PolicyHead
from infra_access.policy.places import places_of
from infra_access.policy.rulebook import HEAD_ID, RuleBook, rulebook_at

_AT_ONCE = 5_000
_MOST_FILTERED = 20
"""Filters whose matches are kept: 400 kB each for 100,000 instruments."""


class Heads(NamedTuple):
    """What the classes rest on, as one session sees it."""

    policy: tuple[int, str]
    catalogue: Head
    routes: tuple[int, int, int]
    day: date


# Built once: making a statement anew costs as much as running it.
_HEADS = (
    select(
        PolicyHead.number,
        PolicyHead.stamp,
        CatalogueHead.number,
        CatalogueHead.stamp,
        CatalogueHead.veiled,
        select(func.count(AccessRoute.id)).scalar_subquery(),
        select(func.max(AccessRoute.id)).scalar_subquery(),
        # Each change of a route raises its version, and so the sum.
        select(func.sum(AccessRoute.version)).scalar_subquery(),
    )
    .join(CatalogueHead, true())
    .where(PolicyHead.id == HEAD_ID, CatalogueHead.id == HEAD_ID)
)


@dataclass(frozen=True, slots=True)
class Kept:
    """The classes at one state of the heads, and the positions in them that filters matched since."""

    heads: Heads
    partition: Partition
    filtered: "Latest[array[int]]"


_kept: WeakKeyDictionary[Pool, Kept] = WeakKeyDictionary()
_making = Lock()
"""Making the classes of a large catalogue takes a second: one thread does, the others wait for it."""


def classes_now(session: Session, now: datetime) -> tuple[RuleBook, Kept]:
    """Return the rules in force and the classes. One statement while nothing changed."""
    heads = _heads(session, now)
    book = rulebook_at(session, heads.policy)
    pool = session.get_bind().engine.pool
    known = _kept.get(pool)
    if known is None or known.heads != heads:
        with _making:
            known = _kept.get(pool)
            if known is None or known.heads != heads:
                # What is read now was there at these heads or came later, so nobody finds it older than its heads.
                with read_in_parts(session):
                    made = _made(session, book, now)
                known = _kept[pool] = Kept(heads, made, Latest(_MOST_FILTERED))
    return book, known


def _heads(session: Session, now: datetime) -> Heads:
    row = session.execute(_HEADS).one_or_none()
    if row is None:
        raise Unavailable("setup.no_head", _("The database was not set up completely. Run the migrations, then retry."))
    number, stamp, catalogue, catalogue_stamp, veiled, *routes = row
    known = tuple(int(one or 0) for one in routes)
    return Heads((number, stamp), Head.of(catalogue, catalogue_stamp, veiled), known, now.astimezone(UTC).date())  # type: ignore[arg-type]


def _made(session: Session, book: RuleBook, now: datetime) -> Partition:
    ways = _ways_in(session)
    keys, facilities, alike = array("q"), array("q"), array("i")
    numbers: dict[Hashable, int] = {}
    samples: list[tuple[int, tuple[Way, ...]]] = []
    for key, facility, *traits in session.execute(_entries(book).execution_options(yield_per=_AT_ONCE)):
        likeness = (facility, ways.get(key, ()), *traits)
        if likeness not in numbers:
            numbers[likeness] = len(samples)
            samples.append((key, ways.get(key, ())))
        keys.append(key)
        facilities.append(facility)
        alike.append(numbers[likeness])
    places = places_of(session, [key for key, _ways in samples])
    maker = PartitionMaker(book, now)
    # One that left the catalogue between the statements is in no class.
    classes = [maker.number(Sample(places[key], own)) if key in places else -1 for key, own in samples]
    return Partition(keys, facilities, array("i", (classes[one] for one in alike)), tuple(maker.samples))


def _entries(book: RuleBook) -> Select[Any]:
    """Return the selection of bookable instruments with their traits, as far as any rule depends on them."""
    read = traits_read(book)
    techniques = (
        select(func.aggregate_strings(InstrumentTechnique.key, "\n"))
        .where(InstrumentTechnique.instrument_id == Instrument.id)
        .correlate(Instrument)
        .scalar_subquery()
    )
    traits = {
        "instrument.id": Instrument.id,
        "instrument.status": Instrument.status,
        "instrument.tags": cast(Instrument.tags, String),
        "instrument.control_codes": cast(Instrument.control_codes, String),
        "instrument.techniques": techniques,
    }
    columns = [column if path in read else null() for path, column in traits.items()]
    return (
        select(CatalogueEntry.instrument_id, CatalogueEntry.facility_id, *columns)
        .join(Instrument, Instrument.id == CatalogueEntry.instrument_id)
        .where(CatalogueEntry.bookable.is_(True))
        .order_by(CatalogueEntry.instrument_id)
    )


def _ways_in(session: Session) -> dict[int, tuple[Way, ...]]:
    """Return the ways in to each instrument; the same ones are one object. Two statements."""
    routes = {
        row.id: Way(
            row.public_id,
            frozenset(row.regimes),
            frozenset(row.access_types),
            row.entry == Entry.CONTINUOUS and row.time_given == TimeGiven.TEAM_PICKS,
            row.time_given != TimeGiven.QUEUE,
            json.dumps(row.booking_rules, sort_keys=True),
            row.access_unit,
        )
        for row in session.execute(
            select(
                AccessRoute.id,
                AccessRoute.public_id,
                AccessRoute.regimes,
                AccessRoute.access_types,
                AccessRoute.entry,
                AccessRoute.time_given,
                AccessRoute.booking_rules,
                AccessRoute.access_unit,
            ).where(AccessRoute.active.is_(True))
        )
    }
    led: dict[int, tuple[int, ...]] = defaultdict(tuple)
    for instrument, route in session.execute(
        select(AccessRouteInstrument.instrument_id, AccessRouteInstrument.route_id)
        .order_by(AccessRouteInstrument.route_id)
        .execution_options(yield_per=_AT_ONCE)
    ):
        if route in routes:
            led[instrument] += (route,)
    same: dict[tuple[int, ...], tuple[Way, ...]] = {}
    for keys in led.values():
        if keys not in same:
            same[keys] = tuple(routes[key] for key in keys)
    return {instrument: same[keys] for instrument, keys in led.items()}
