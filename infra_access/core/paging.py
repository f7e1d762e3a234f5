"""Keyset paging: a cursor holds the sort key of the last row shown, so that no page costs more than the first.

A cursor is opaque to clients: the urlsafe base64 of canonical JSON. It gives no rights, so it needs no signature, but
whatever was not made here is refused before it can reach a query.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from infra_access.core.errors import Invalid
from infra_access.core.i18n import _

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
_MAX_CURSOR_CHARACTERS = 4_000
_LARGEST = 2**63 - 1

Key = str | int
T = TypeVar("T")
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items, and the cursor of those that follow, or None at the end."""

    items: list[T]
    next: str | None


def page_of(rows: Sequence[Row], limit: int, key: Callable[[Row], Sequence[Key]]) -> Page[Row]:
    """Return the page that `limit + 1` fetched rows make; the row too many only tells that more follow.

    >>> page_of(["a", "b", "c"], 2, key=lambda row: [row])
    Page(items=['a', 'b'], next='WyJiIl0')
    """
    items = list(rows[:limit])
    return Page(items, encode_cursor(key(items[-1])) if len(rows) > limit else None)


def encode_cursor(values: Sequence[Key]) -> str:
    """Return the cursor of a sort key.

    >>> decode_cursor(encode_cursor(["Ångström", 7]))
    ('Ångström', 7)
    """
    canonical = json.dumps(list(values), ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(canonical.encode()).decode().rstrip("=")


def decode_cursor(text: str, shape: Sequence[type[Key]] | None = None) -> tuple[Key, ...]:
    """Return the sort key of a cursor; `shape` names the types that its values must have.

    Raises Invalid `cursor.invalid` for anything that `encode_cursor` would not have made.
    """
    if len(text) > _MAX_CURSOR_CHARACTERS or not text.isascii():
        raise _invalid()
    try:
        padded = text + "=" * (-len(text) % 4)
        values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True).decode())
    except (binascii.Error, ValueError, RecursionError) as error:
        raise _invalid() from error
    if not isinstance(values, list) or not all(_is_key(value) for value in values) or encode_cursor(values) != text:
        raise _invalid()
    if shape is not None and [type(value) for value in values] != list(shape):
        raise _invalid()
    return tuple(values)


def clean_limit(value: int | None) -> int:
    """Return how many items a page has, 50 unless asked otherwise. Raises Invalid `limit.invalid`."""
    if value is None:
        return DEFAULT_LIMIT
    if isinstance(value, bool) or not 1 <= value <= MAX_LIMIT:
        message = _("A page has from 1 to ${most} items. Ask for a limit in between.", mapping={"most": MAX_LIMIT})
        raise Invalid("limit.invalid", message, fields={"limit": [message]})
    return value


def _is_key(value: object) -> bool:
    if isinstance(value, str):
        # Neither can be a parameter of a query.
        return "\0" not in value and not any("\ud800" <= character <= "\udfff" for character in value)
    return type(value) is int and -_LARGEST <= value <= _LARGEST


def _invalid() -> Invalid:
    message = _("This cursor was not made here, or it was cut. Begin again with the first page.")
    return Invalid("cursor.invalid", message, fields={"cursor": [message]})
