"""The number of the catalogue: it moves in the same transaction as whatever searches show.

Bookings neither read nor move it. Changes of the catalogue wait for each other here, so it moves last in a command.
"""

from collections.abc import Collection
from typing import Any, NamedTuple

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from infra_access.catalogue.models import CatalogueHead
from infra_access.core.authority import Scope, Scopes
from infra_access.core.errors import Unavailable
from infra_access.core.i18n import _
from infra_access.core.ids import new_public_id

_HEAD_ID = 1
# Built once: making a statement anew costs as much as running it.
_HEAD = select(CatalogueHead.number, CatalogueHead.stamp, CatalogueHead.veiled).where(CatalogueHead.id == _HEAD_ID)


class Head(NamedTuple):
    """What the catalogue was at a moment: while number and stamp stand still, so does every answer of a search.

    Of instruments in the `veiled` scopes, searches match no text that a rule may hide.
    """

    number: int
    stamp: str
    veiled: Scopes = ()

    @classmethod
    def of(cls, number: int, stamp: str, veiled: Collection[Any]) -> "Head":
        """Return the head as its columns say it."""
        return cls(number, stamp, tuple((str(kind), str(key)) for kind, key in veiled))


def read_head(session: Session) -> Head:
    """Return the head as this session's transaction sees it. Raises Unavailable before the migrations have run."""
    row = session.execute(_HEAD).one_or_none()
    if row is None:
        raise Unavailable(
            "catalogue.no_head", _("The database was not set up completely. Run the migrations, then try again.")
        )
    return Head.of(*row)


def advance_head(session: Session) -> None:
    """Say that what searches show has changed; the change itself must have been flushed."""
    session.execute(
        update(CatalogueHead)
        .where(CatalogueHead.id == _HEAD_ID)
        .values(number=CatalogueHead.number + 1, stamp=new_public_id()),
        execution_options={"synchronize_session": False},
    )


def veil(session: Session, scopes: Collection[Scope]) -> None:
    """Say under which scopes rules hide some of what searches look in; where that changed, the head moves."""
    veiled = sorted(set(scopes))
    if read_head(session).veiled == tuple(veiled):
        return
    session.execute(
        update(CatalogueHead).where(CatalogueHead.id == _HEAD_ID).values(veiled=[list(scope) for scope in veiled]),
        execution_options={"synchronize_session": False},
    )
    advance_head(session)
