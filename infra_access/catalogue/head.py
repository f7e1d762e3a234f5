"""The number of the catalogue: it moves in the same transaction as whatever searches show.

Bookings neither read nor move it. Changes of the catalogue wait for each other here, so it moves last in a command.
"""

from typing import NamedTuple

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from infra_access.catalogue.models import CatalogueHead
from infra_access.core.errors import Unavailable
from infra_access.core.i18n import _
from infra_access.core.ids import new_public_id

_HEAD_ID = 1
# Built once: making a statement anew costs as much as running it.
_HEAD = select(CatalogueHead.number, CatalogueHead.stamp).where(CatalogueHead.id == _HEAD_ID)


class Head(NamedTuple):
    """What the catalogue was at a moment: while both stand still, so does every answer of a search."""

    number: int
    stamp: str


def read_head(session: Session) -> Head:
    """Return the head as this session's transaction sees it. Raises Unavailable before the migrations have run."""
    row = session.execute(_HEAD).one_or_none()
    if row is None:
        raise Unavailable(
            "catalogue.no_head", _("The database was not set up completely. Run the migrations, then try again.")
        )
    return Head(row.number, row.stamp)


def advance_head(session: Session) -> None:
    """Say that what searches show has changed; the change itself must have been flushed."""
    session.execute(
        update(CatalogueHead)
        .where(CatalogueHead.id == _HEAD_ID)
        .values(number=CatalogueHead.number + 1, stamp=new_public_id()),
        execution_options={"synchronize_session": False},
    )
