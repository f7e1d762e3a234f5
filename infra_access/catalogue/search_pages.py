"""Which instruments stand on a page of a search: an exact name first, then by name.

The order is our own, not a rank of the database, so that both give the same pages and a cursor can name a place in it.
"""

from typing import Any

from sqlalchemy import Select, case, literal, select, tuple_
from sqlalchemy.orm import Session

from infra_access.catalogue.filters import Filters, apply
from infra_access.catalogue.models import CatalogueEntry
from infra_access.catalogue.search_cache import PageKeys
from infra_access.core.authority import Scopes
from infra_access.core.paging import decode_cursor, page_of
from infra_access.core.search_text import order_key


def find_page(session: Session, filters: Filters, limit: int, cursor: str | None, veiled: Scopes) -> PageKeys:
    """Return a page of what the filters match. Raises Invalid for a cursor that was not made here."""
    query: Select[Any] = apply(
        select(CatalogueEntry.instrument_id, CatalogueEntry.name_key), filters, session.get_bind().dialect.name, veiled
    )
    order: tuple[Any, ...] = (CatalogueEntry.name_key, CatalogueEntry.instrument_id)
    rank: Any = literal(0)
    if filters.q:
        rank = case((CatalogueEntry.name_key == order_key(filters.q), 0), else_=1)
        order = (rank, *order)
    if cursor is not None:
        place = decode_cursor(cursor, (int, str, int))
        query = query.where(tuple_(*order) > tuple_(*place[-len(order) :]))
    rows = session.execute(query.add_columns(rank.label("rank")).order_by(*order).limit(limit + 1)).all()
    page = page_of(rows, limit, key=lambda row: (row.rank, row.name_key, row.instrument_id))
    return PageKeys(tuple(row.instrument_id for row in page.items), page.next)
