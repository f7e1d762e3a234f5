"""What searches found, kept in each process for as long as the head of the catalogue stands still.

A shelf belongs to one database and one head. What is put on it was read at that head or later, and nobody who reads a
newer head finds the shelf again, so an answer can be newer than its head but never older.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Lock
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Pool
from sqlalchemy.orm import Session

from infra_access.catalogue.facets import Facets
from infra_access.catalogue.head import Head, read_head

MOST_FACETS = 300
MOST_PAGES = 1_000

Value = TypeVar("Value")


class Latest(Generic[Value]):
    """The most recently used values, at most so many, shared by threads."""

    def __init__(self, most: int) -> None:
        """Keep at most so many."""
        self._most = most
        self._values: OrderedDict[Hashable, Value] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable) -> Value | None:
        """Return a value that is here, which makes it the most recent."""
        with self._lock:
            value = self._values.get(key)
            if value is not None:
                self._values.move_to_end(key)
            return value

    def get_or_make(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """Return a value, made outside the lock where it is not here; two threads may both make it."""
        value = self.get(key)
        if value is None:
            value = make()
            with self._lock:
                self._values[key] = value
                if len(self._values) > self._most:
                    self._values.popitem(last=False)
        return value

    def __len__(self) -> int:
        """Return how many are here."""
        return len(self._values)


@dataclass(frozen=True, slots=True)
class PageKeys:
    """The keys of the instruments on a page in their order, and the cursor of the next page."""

    ids: tuple[int, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Shelf:
    """What was found at one head."""

    head: Head
    facets: Latest[Facets] = field(default_factory=lambda: Latest[Facets](MOST_FACETS))
    pages: Latest[PageKeys] = field(default_factory=lambda: Latest[PageKeys](MOST_PAGES))


_shelves: WeakKeyDictionary[Pool, Shelf] = WeakKeyDictionary()
"""One shelf for each database: its pool of connections stands for it and forgets it at its end."""


def shelf_of(session: Session) -> Shelf:
    """Return the shelf of the head that the session sees, an empty one where it moved; one statement."""
    head = read_head(session)
    pool = session.get_bind().engine.pool
    shelf = _shelves.get(pool)
    if shelf is None or shelf.head != head:
        shelf = _shelves[pool] = Shelf(head)
    return shelf
