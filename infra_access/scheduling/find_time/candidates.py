"""Which instruments a question is about: those named, or those that the filters match and that stand near enough."""

from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import cos, gcd, radians
from typing import Any
from zlib import crc32

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from infra_access.catalogue.filters import Filters, apply
from infra_access.catalogue.models import CatalogueEntry, Facility, Instrument
from infra_access.core.errors import Invalid
from infra_access.core.i18n import _
from infra_access.policy.classes import Partition
from infra_access.scheduling.find_time.partitions import Kept
from infra_access.scheduling.find_time.questions import Near, Question

_KM_OF_A_DEGREE = 111.0
_GOLDEN = 0.618
"""Steps of this part of the whole come by every instrument, and the next ones belong to other facilities."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """The positions of instruments in the classes, ascending; the distances of facilities where a place was named."""

    partition: Partition
    positions: Sequence[int]
    distances: Mapping[int, float] | None = None
    offset: int = 0

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.positions)

    def admits(self, position: int) -> bool:
        """Tell whether an instrument is one of them."""
        at = bisect_left(self.positions, position)
        return at < len(self.positions) and self.positions[at] == position

    def of_classes(self, numbers: Collection[int]) -> Iterator[int]:
        """Yield the keys of those of some classes, nearest first, or spread so that none is always first."""
        classes, keys = self.partition.classes, self.partition.keys
        for position in self._in_order():
            if classes[position] in numbers:
                yield keys[position]

    def distance(self, facility_id: int) -> float | None:
        """Return how far a facility lies from the place that was named."""
        return None if self.distances is None else self.distances.get(facility_id)

    def _in_order(self) -> Iterator[int]:
        if self.distances is not None:
            facilities, far = self.partition.facilities, self.distances
            yield from sorted(self.positions, key=lambda one: far[facilities[one]])
            return
        most = len(self.positions)
        step = int(most * _GOLDEN)
        while gcd(step, most) > 1:
            step -= 1
        for at in range(most):
            yield self.positions[(self.offset + at * step) % most]


def candidates_for(session: Session, asked: Question, kept: Kept) -> Candidates:
    """Return the candidates of a question. At most two statements. Raises Invalid for an instrument nobody knows."""
    partition = kept.partition
    positions: Sequence[int]
    if asked.instruments:
        positions = _named(session, asked.instruments, partition)
    elif asked.filters == Filters():
        positions = range(len(partition.keys))
    else:
        positions = kept.filtered.get_or_make(asked.filters.matched, lambda: _matched(session, asked.filters, kept))
    distances = _distances(session, asked.near) if asked.near else None
    if distances is not None:
        positions = [one for one in positions if partition.facilities[one] in distances]
    # The same question finds the same; another start begins elsewhere.
    offset = crc32(asked.window.start.isoformat().encode()) % max(1, len(positions))
    return Candidates(partition, positions, distances, offset)


def _named(session: Session, public_ids: Sequence[str], partition: Partition) -> list[int]:
    rows = session.execute(
        select(Instrument.public_id, Instrument.id)
        .join(CatalogueEntry, CatalogueEntry.instrument_id == Instrument.id)
        .where(Instrument.public_id.in_(public_ids))
    )
    known: dict[str, int] = {row.public_id: row.id for row in rows}
    unknown = [one for one in public_ids if one not in known]
    if unknown:
        message = _("There is no published instrument ${id}.", mapping={"id": unknown[0]})
        raise Invalid("instrument.unknown", message, fields={"instruments": [message]})
    found = (partition.position(key) for key in known.values())
    return sorted(position for position in found if position is not None)


def _matched(session: Session, filters: Filters, kept: Kept) -> "array[int]":
    query: Select[Any] = select(CatalogueEntry.instrument_id).where(CatalogueEntry.bookable.is_(True))
    keys = session.scalars(apply(query, filters, session.get_bind().dialect.name, kept.heads.catalogue.veiled))
    found = (kept.partition.position(key) for key in keys)
    return array("i", sorted(position for position in found if position is not None))


def _distances(session: Session, near: Near) -> dict[int, float]:
    """Return the facilities within the distance, by key. One statement."""
    reach = near.km / _KM_OF_A_DEGREE
    low, high = near.latitude - reach, near.latitude + reach
    query = select(Facility.id, Facility.latitude, Facility.longitude).where(
        Facility.latitude.between(low, high), Facility.longitude.is_not(None)
    )
    widest = max(abs(low), abs(high))
    if widest < 89:
        across = reach / cos(radians(widest))
        west, east = near.longitude - across, near.longitude + across
        # Around the other side of the globe the numbers begin again: the true distance decides there.
        if west >= -180 and east <= 180:
            query = query.where(Facility.longitude.between(west, east))
    rows = session.execute(query)
    found = {row.id: near.distance(row.latitude or 0.0, row.longitude or 0.0) for row in rows}
    return {key: distance for key, distance in found.items() if distance <= near.km}
