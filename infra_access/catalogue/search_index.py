"""What a search finds an instrument by, kept in each database's own index of words.

The words are made here (`core.search_text`), so both databases hold the same ones and give the same answers: FTS5
keeps them as text on SQLite, a tsvector made of the ready words on PostgreSQL. The words of what no rule can hide
stand there once more, each behind a sign: where rules hide some of an instrument, only these are looked at.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Row, Select, String, bindparam, cast, column, select, table, text
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR
from sqlalchemy.orm import Session

from infra_access.catalogue.countries import names_of_country
from infra_access.catalogue.entries import rewrite_entries
from infra_access.catalogue.head import advance_head
from infra_access.catalogue.models import Facility, Instrument, InstrumentTechnique, Organisation
from infra_access.core.columns import KEY
from infra_access.core.search_text import Term, index_tokens

_BATCH = 500
_ALWAYS_SHOWN = "\ue000"
"""A character of private use, which is in no word of a text, so that nothing typed can be mistaken for it."""

_DELETE = {
    "sqlite": text("DELETE FROM instrument_search WHERE rowid IN :ids").bindparams(bindparam("ids", expanding=True)),
    "postgresql": text("DELETE FROM instrument_search WHERE instrument_id IN :ids").bindparams(
        bindparam("ids", expanding=True)
    ),
}
_INSERT = {
    "sqlite": text("INSERT INTO instrument_search (rowid, tokens) VALUES (:id, :tokens)"),
    "postgresql": text(
        "INSERT INTO instrument_search (instrument_id, tokens) VALUES (:id, array_to_tsvector(:tokens))"
    ).bindparams(bindparam("tokens", type_=ARRAY(String))),
}
_ROW_ID: ColumnElement[int] = column("rowid", KEY)
_TABLE: ColumnElement[str] = column("instrument_search", String)
_INSTRUMENT_ID: ColumnElement[int] = column("instrument_id", KEY)
_TOKENS: ColumnElement[str] = column("tokens", TSVECTOR)
_INDEX = table("instrument_search")


def reindex(session: Session, instrument_ids: Iterable[int]) -> None:
    """Write anew what these instruments are found and counted by; their rows must have been flushed."""
    dialect = session.get_bind().dialect.name
    for ids in _batches(instrument_ids):
        words = list(_words(session, ids))
        if dialect == "sqlite":
            rows = [{"id": key, "tokens": " ".join(tokens)} for key, tokens in words]
        else:
            rows = [{"id": key, "tokens": tokens} for key, tokens in words]
        session.execute(_DELETE[dialect], {"ids": ids})
        if rows:
            session.execute(_INSERT[dialect], rows)
        rewrite_entries(session, ids)
    advance_head(session)


def matching(dialect: str, terms: Sequence[Term], *, always_shown: bool = False) -> Select[int]:
    """Return the selection of the keys of the instruments in which every term occurs.

    With `always_shown`, it must occur in what no rule can hide.
    """
    if always_shown:
        terms = [Term(_ALWAYS_SHOWN + term.token, term.prefix) for term in terms]
    if dialect == "sqlite":
        return select(_ROW_ID).select_from(_INDEX).where(_TABLE.op("MATCH")(_fts5(terms)))
    words = cast(_tsquery(terms), TSQUERY)
    return select(_INSTRUMENT_ID).select_from(_INDEX).where(_TOKENS.op("@@")(words))


def _fts5(terms: Sequence[Term]) -> str:
    # Terms consist of letters and digits; the quotes keep AND, OR and NOT from being read as operators.
    return " AND ".join(f'"{term.token}"{" *" if term.prefix else ""}' for term in terms)


def _tsquery(terms: Sequence[Term]) -> str:
    return " & ".join(f"'{term.token}'{':*' if term.prefix else ''}" for term in terms)


def _words(session: Session, ids: Sequence[int]) -> Iterator[tuple[int, list[str]]]:
    techniques: dict[int, list[str]] = {}
    for key, name in session.execute(
        select(InstrumentTechnique.instrument_id, InstrumentTechnique.name).where(
            InstrumentTechnique.instrument_id.in_(ids)
        )
    ):
        techniques.setdefault(key, []).append(name)
    rows = session.execute(
        select(
            Instrument.id,
            Instrument.name,
            Instrument.names,
            Instrument.description,
            Instrument.manufacturer,
            Instrument.model,
            Instrument.technique_text,
            Instrument.tags,
            Facility.name.label("facility_name"),
            Facility.names.label("facility_names"),
            Facility.city,
            Facility.country,
            Organisation.name.label("organisation_name"),
            Organisation.names.label("organisation_names"),
        )
        .join(Facility, Facility.id == Instrument.facility_id)
        .join(Organisation, Organisation.id == Facility.organisation_id)
        .where(Instrument.id.in_(ids))
    )
    for row in rows:
        shown = "\n".join(_shown(row, techniques.get(row.id, ())))
        hideable = (row.manufacturer or "", row.model or "", *row.tags, row.description)
        # The long text is last: what is cut off an enormous record is the end of its description.
        tokens = index_tokens("\n".join((shown, *hideable)))
        yield row.id, [*tokens, *(_ALWAYS_SHOWN + token for token in index_tokens(shown))]


def _shown(row: Row[Any], techniques: Iterable[str]) -> Iterator[str]:
    """Yield the texts of the base record, which is public whatever the rules say."""
    yield row.name
    yield from row.names.values()
    yield from techniques
    yield row.technique_text
    yield row.facility_name
    yield from row.facility_names.values()
    yield row.organisation_name
    yield from row.organisation_names.values()
    yield row.city
    yield from names_of_country(row.country)


def _batches(ids: Iterable[int]) -> Iterator[list[int]]:
    ordered = sorted(set(ids))
    for start in range(0, len(ordered), _BATCH):
        yield ordered[start : start + _BATCH]
