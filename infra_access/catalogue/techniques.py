"""The techniques and access types of an instrument; techniques that differ only in writing are one."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from infra_access.catalogue.models import InstrumentAccessType, InstrumentTechnique
from infra_access.core.search_text import fold

MAX_NAME = 100


def technique_key(name: str) -> str:
    """Return the form by which facets group techniques.

    >>> technique_key("  Micro-XANES ") == technique_key("micro xanes")
    True
    """
    return " ".join(fold(name).replace("-", " ").split())[:MAX_NAME]


def by_key(names: Iterable[str]) -> dict[str, str]:
    """Return the names by their key; of several that are one, the first."""
    found: dict[str, str] = {}
    for name in names:
        if key := technique_key(name):
            found.setdefault(key, name[:MAX_NAME])
    return found


def replace_techniques(session: Session, instrument_id: int, names: Iterable[str]) -> None:
    """Store the techniques of an instrument in place of those that it had."""
    session.execute(delete(InstrumentTechnique).where(InstrumentTechnique.instrument_id == instrument_id))
    _insert(
        session,
        InstrumentTechnique,
        [{"instrument_id": instrument_id, "key": key, "name": name} for key, name in by_key(names).items()],
    )


def replace_access_types(session: Session, instrument_id: int, access_types: Iterable[str]) -> None:
    """Store the access types of an instrument in place of those that it had."""
    session.execute(delete(InstrumentAccessType).where(InstrumentAccessType.instrument_id == instrument_id))
    _insert(
        session,
        InstrumentAccessType,
        [{"instrument_id": instrument_id, "access_type": access_type} for access_type in access_types],
    )


def _insert(session: Session, table: type[Any], rows: list[dict[str, Any]]) -> None:
    if rows:
        session.execute(insert(table), rows)
