"""Column types and column facts that every table shares."""

from datetime import UTC, datetime
from typing import Annotated, Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, MetaData, String, Table
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import TypeDecorator

from infra_access.core.ids import new_public_id


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware going in, aware UTC coming out, on every database.

    SQLite knows no zones, so it holds the UTC wall time as text of fixed width, which also sorts.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive value, since nobody can know what it meant. Raises ValueError."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored instant needs a zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the instant in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


KEY = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only for a column declared exactly INTEGER."""

ORDER_KEY = String(300).with_variant(String(300, collation="C"), "postgresql")
"""A name as `search_text.order_key` makes it, compared byte by byte on both databases whatever their locale."""

JSON_DOCUMENT = JSON().with_variant(JSONB(), "postgresql")

PrimaryKey = Annotated[int, mapped_column(KEY, primary_key=True)]
PublicId = Annotated[str, mapped_column(String(16), unique=True, default=new_public_id)]


class Base(DeclarativeBase):
    """The base of every table; constraint names follow one convention so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it off the class
        datetime: UtcDateTime(),
        dict[str, Any]: JSON_DOCUMENT,
        list[Any]: JSON_DOCUMENT,
        int: KEY,
    }


def table_of(model: type[Base]) -> Table:
    """Return a model's table, for inserts that go past the unit of work at half of its cost."""
    table = model.__table__
    assert isinstance(table, Table), "every model has a table of its own"
    return table


def personal(
    purpose: str, *, retention: str = "account", exportable: bool = True, erasable: bool = True
) -> dict[str, Any]:
    """Return the `info` of a column that holds personal data: why it is kept, how long, what a person may do with it.

    `retention` names a class: account (while the account lives), record (as long as the booking or request), legal.
    """
    return {
        "personal": {"purpose": purpose, "retention": retention, "exportable": exportable, "erasable": erasable},
    }
