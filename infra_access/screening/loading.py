"""Taking in a list, in place of the one of the same name, and removing one.

What approvals look into changes at once, when all is written: whoever approves meanwhile uses the former list, whole.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from itertools import islice
from typing import BinaryIO

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from infra_access.audit.record import record
from infra_access.core.authority import Actor, Permission, require
from infra_access.core.columns import table_of
from infra_access.core.errors import NotFound
from infra_access.core.i18n import _
from infra_access.core.input_text import clean_line
from infra_access.core.named_locks import lock_names
from infra_access.screening.lists import Listed, ListFormat, read_aliases, read_list
from infra_access.screening.models import ScreeningEntry, ScreeningList, ScreeningWord
from infra_access.screening.names import readings_of

CURRENT, SUPERSEDED, REMOVED = "current", "superseded", "removed"
_LOADING = "loading"
_LOCK = "screening lists"
_BATCH = 500
_ENTRY, _WORD = table_of(ScreeningEntry), table_of(ScreeningWord)
_NAMES = {ListFormat.OPENSANCTIONS: "OpenSanctions", ListFormat.OFAC_SDN: "OFAC SDN"}


def load_list(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    content: BinaryIO,
    aliases: BinaryIO | None = None,
    name: str | None = None,
) -> ScreeningList:
    """Take in a list; the current one of its name, that of the format by default, is superseded.

    Raises Invalid `screening_list.invalid` naming the line, after which the caller's transaction must not commit.
    """
    require(actor, Permission.SCREENING_LIST_WRITE)
    name = clean_line(name or "", field="name", max_length=100)
    others, aliases_sha256 = read_aliases(aliases) if aliases else ({}, None)
    file = read_list(content, aliases=others)
    row = ScreeningList(
        name=name or _NAMES[file.format],
        format=file.format,
        sha256="",
        aliases_sha256=aliases_sha256,
        entries=0,
        compared=0,
        state=_LOADING,
        loaded_at=now,
        loaded_by=actor.label,
    )
    session.add(row)
    session.flush()  # its entries need its key
    while batch := list(islice(file.entries, _BATCH)):
        row.entries += len(batch)
        row.compared += _write(session, row.id, [entry for entry in batch if entry is not None])
    row.sha256 = file.digest.hexdigest()
    lock_lists(session)
    _end(session, row.name, SUPERSEDED, now)
    row.state = CURRENT
    session.flush()
    record(
        session,
        actor=actor,
        action="screening_list.loaded",
        object_kind="screening_list",
        object_id=row.public_id,
        now=now,
        details={field: getattr(row, field) for field in ("name", "format", "sha256", "aliases_sha256", "entries")},
    )
    return row


def remove_list(session: Session, *, actor: Actor, now: datetime, name: str) -> ScreeningList:
    """Take a list out of use, with its entries; that and when it was used stays known. Raises NotFound."""
    require(actor, Permission.SCREENING_LIST_WRITE)
    lock_lists(session)
    row = _end(session, name, REMOVED, now)
    if row is None:
        raise NotFound("screening_list.unknown", _('No list "${name}" is in use here.', mapping={"name": name}))
    record(
        session,
        actor=actor,
        action="screening_list.removed",
        object_kind="screening_list",
        object_id=row.public_id,
        now=now,
        details={"name": row.name, "sha256": row.sha256},
    )
    return row


def lists_in_use(session: Session) -> Sequence[ScreeningList]:
    """Return the current lists by name. One statement."""
    query = select(ScreeningList).where(ScreeningList.state == CURRENT)
    return session.scalars(query.order_by(ScreeningList.name, ScreeningList.id)).all()


def lock_lists(session: Session) -> None:
    """Keep which lists are current as it is until the transaction ends."""
    lock_names(session, [_LOCK])


def listed_name(entry: ScreeningEntry, position: int) -> str:
    """Return the name of an entry to which the words at a position belong."""
    name: str = entry.names[position % len(entry.names)]
    return name


def _end(session: Session, name: str, state: str, now: datetime) -> ScreeningList | None:
    row = session.scalars(
        select(ScreeningList).where(ScreeningList.state == CURRENT, ScreeningList.name == name)
    ).one_or_none()
    if row is not None:
        of_list = select(ScreeningEntry.id).where(ScreeningEntry.list_id == row.id)
        session.execute(delete(ScreeningWord).where(ScreeningWord.entry_id.in_(of_list)))
        session.execute(delete(ScreeningEntry).where(ScreeningEntry.list_id == row.id))
        row.state, row.ended_at = state, now
        session.flush()
    return row


def _write(session: Session, list_id: int, entries: Sequence[Listed]) -> int:
    """Write some entries with their words, and return how many."""
    if not entries:
        return 0
    made = session.scalars(
        insert(_ENTRY).returning(_ENTRY.c.id, sort_by_parameter_order=True),
        [{"list_id": list_id, **_columns(entry)} for entry in entries],
    ).all()
    words = [row for key, entry in zip(made, entries, strict=True) for row in _words(key, entry)]
    if words:
        session.execute(insert(_WORD), words)
    return len(entries)


def _columns(entry: Listed) -> dict[str, object]:
    values: dict[str, object] = {
        "kind": str(entry.kind),
        "reference": entry.reference,
        "names": list(entry.names),
        "born": entry.born,
        "countries": entry.countries,
        "programme": entry.programme,
        "remarks": entry.remarks,
    }
    said = json.dumps(values, ensure_ascii=False, sort_keys=True).encode("utf-8", "surrogatepass")
    return {**values, "digest": sha256(said).hexdigest()}


def _words(key: int, entry: Listed) -> Iterator[dict[str, object]]:
    """Yield the words of each name; a second reading of them stands after the names (see `listed_name`)."""
    for position, name in enumerate(entry.names):
        for reading, words in enumerate(readings_of(name, entry.kind)):
            at = reading * len(entry.names) + position
            for word in words:
                yield {"word": word, "entry_id": key, "position": at, "size": len(words)}
