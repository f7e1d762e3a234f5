"""The strict fields of every body, query and answer: what marshmallow takes too gladly is refused here.

A field says in `metadata` how the contract describes it, so that the check and the description are one statement.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from marshmallow import fields
from marshmallow.exceptions import ValidationError

from infra_access.catalogue.countries import valid_country
from infra_access.core import ids
from infra_access.core.errors import Invalid
from infra_access.core.i18n import Text, _
from infra_access.core.input_text import clean_line, clean_text
from infra_access.core.zones import parse_instant

ID_PATTERN = f"^{ids.ID_PATTERN}$"
LARGEST = 2**53

_ID = re.compile(ids.ID_PATTERN)
_DIGITS = re.compile("-?[0-9]{1,16}")
_DECIMAL = re.compile(r"[0-9]{1,10}(?:\.[0-9]{1,2})?")
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Strict(fields.Field[Any]):
    """A field described by its metadata alone, whose messages stay translatable."""

    describes: Mapping[str, Any] = {}
    default_error_messages = {  # noqa: RUF012 - marshmallow reads it off the class
        "required": _("This is missing."),
        "null": _("This cannot be null."),
    }

    def __init__(
        self,
        description: str = "",
        *,
        required: bool = False,
        allow_none: bool = False,
        absent: bool = False,
        **facts: Any,
    ):
        """Take a description for readers and facts of the JSON schema; an answer may leave out an `absent` field."""
        metadata = {**self.describes, **facts, "absent": absent}
        if description:
            metadata["description"] = description
        if allow_none and "enum" in metadata:
            metadata["enum"] = [*metadata["enum"], None]
        super().__init__(required=required, allow_none=allow_none, metadata=metadata)

    def make_error(self, key: str, **kwargs: Any) -> ValidationError:
        """Return the error without formatting, which would lose the translation."""
        return ValidationError(self.error_messages[key])

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        try:
            return self.load(value, attr or "")
        except Invalid as error:
            raise ValidationError(
                [text for texts in error.fields.values() for text in texts] or [error.message]
            ) from None

    def load(self, value: Any, name: str) -> Any:
        """Return the checked value. Raises Invalid."""
        return value


class Line(Strict):
    """One line of text."""

    describes = {"type": "string"}  # noqa: RUF012

    def __init__(self, description: str = "", *, most: int, filled: bool = False, **rest: Any):
        """Take the longest length; `filled` refuses an empty text."""
        super().__init__(description, maxLength=most, minLength=1 if filled else 0, **rest)
        self.most, self.filled = most, filled

    def load(self, value: Any, name: str) -> str:
        """Return the line trimmed and in NFC."""
        return clean_line(_text(value), field=name, max_length=self.most, required=self.filled)


class Lines(Line):
    """Text of several lines."""

    def load(self, value: Any, name: str) -> str:
        """Return the text trimmed and in NFC."""
        return clean_text(_text(value), field=name, max_length=self.most, required=self.filled)


class PublicId(Strict):
    """The public id of something."""

    describes = {"type": "string", "format": "public-id", "pattern": ID_PATTERN}  # noqa: RUF012

    def load(self, value: Any, name: str) -> str:
        """Return the id."""
        if not isinstance(value, str) or not _ID.fullmatch(value):
            raise _wrong(_("This is not an id. Ids have 16 characters, such as 7mkq2x9ahc0v4tzn."))
        return value


class Country(Strict):
    """A country by its two letters (ISO 3166-1)."""

    describes = {"type": "string", "format": "country-code", "pattern": "^[A-Za-z]{2}$"}  # noqa: RUF012

    def load(self, value: Any, name: str) -> str:
        """Return the code."""
        return valid_country(_text(value))


class Choice(Strict):
    """One value of a closed vocabulary."""

    def __init__(self, vocabulary: type[StrEnum] | tuple[str, ...], description: str = "", **rest: Any):
        """Take the vocabulary, or its values."""
        self.values = tuple(str(value) for value in vocabulary)
        super().__init__(description, type="string", enum=list(self.values), **rest)

    def load(self, value: Any, name: str) -> str:
        """Return the value."""
        if not isinstance(value, str) or value not in self.values:
            raise _wrong(_("Give one of: ${names}.", mapping={"names": ", ".join(self.values)}))
        return value


class Flag(Strict):
    """True or false, and nothing that resembles it."""

    describes = {"type": "boolean"}  # noqa: RUF012

    def load(self, value: Any, name: str) -> bool:
        """Return the flag."""
        if not isinstance(value, bool):
            raise _wrong(_("This must be true or false."))
        return value


class Integer(Strict):
    """A whole number within bounds; 1.7, "1" and true are none. In a query (`text`) it is written in digits."""

    def __init__(
        self, description: str = "", *, low: int = -LARGEST, high: int = LARGEST, text: bool = False, **rest: Any
    ):
        """Take the bounds, both included."""
        super().__init__(description, type="integer", minimum=low, maximum=high, **rest)
        self.low, self.high, self.text = low, high, text

    def load(self, value: Any, name: str) -> int:
        """Return the number."""
        if self.text and isinstance(value, str) and _DIGITS.fullmatch(value):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not self.low <= value <= self.high:
            raise _wrong(_("Give a whole number from ${low} to ${high}.", mapping={"low": self.low, "high": self.high}))
        return value


class Number(Strict):
    """A number within bounds; a float only where the value is a measured one, such as a coordinate."""

    def __init__(self, description: str = "", *, low: float, high: float, **rest: Any):
        """Take the bounds, both included."""
        super().__init__(description, type="number", minimum=low, maximum=high, **rest)
        self.low, self.high = low, high

    def load(self, value: Any, name: str) -> float:
        """Return the number."""
        if not isinstance(value, int | float) or isinstance(value, bool) or not self.low <= value <= self.high:
            raise _wrong(_("Give a number from ${low} to ${high}.", mapping={"low": self.low, "high": self.high}))
        return float(value)


class Amount(Strict):
    """A positive amount with at most two decimals, as a number or a decimal string; answered as a number.

    Twelve digits are fewer than a double holds exactly, so the number that JSON carries loses nothing.
    """

    MOST = Decimal("9999999999")

    def __init__(self, description: str = "", *, answered: bool = False, **rest: Any):
        """Tell whether it stands in an answer, where it is always a number."""
        number = {"type": "number", "minimum": 0 if answered else 0.01, "maximum": int(self.MOST)}
        text = {"type": "string", "pattern": r"^[0-9]{1,10}(\.[0-9]{1,2})?$"}
        super().__init__(description, **(number if answered else {"anyOf": [number, text]}), **rest)

    def load(self, value: Any, name: str) -> Decimal:
        """Return the exact amount."""
        # The shortest text of a float is what was written in the body.
        written = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
        if isinstance(value, float) and value.is_integer() and abs(value) < LARGEST:
            written = str(int(value))
        if isinstance(written, str) and _DECIMAL.fullmatch(written) and 0 < Decimal(written) <= self.MOST:
            return Decimal(written)
        raise _wrong(_("Give an amount above zero with at most two decimals, such as 12 or 7.5."))

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> int | float | None:
        if value is None:
            return None
        return int(value) if value == int(value) else float(value)


class Instant(Strict):
    """A point in time: RFC 3339 with an offset going in, UTC coming out."""

    describes = {"type": "string", "format": "date-time", "examples": ["2026-03-02T09:00:00+02:00"]}  # noqa: RUF012

    def load(self, value: Any, name: str) -> datetime:
        """Return the UTC instant."""
        return parse_instant(_text(value))

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else utc(value)


class Day(Strict):
    """A calendar day."""

    describes = {"type": "string", "format": "date"}  # noqa: RUF012

    def load(self, value: Any, name: str) -> date:
        """Return the day."""
        try:
            if not _DAY.fullmatch(_text(value)):
                raise ValueError
            return date.fromisoformat(value)
        except ValueError:
            raise _wrong(_("This is not a day. Write one like 2026-03-29.")) from None

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return value.isoformat() if isinstance(value, date) else value


class ListOf(fields.List[Any]):
    """A list of bounded length."""

    default_error_messages = {  # noqa: RUF012
        "required": _("This is missing."),
        "null": _("This cannot be null."),
        "invalid": _("This must be a list."),
    }

    def __init__(
        self,
        item: fields.Field[Any],
        description: str = "",
        *,
        most: int = 200,
        least: int = 0,
        absent: bool = False,
        **rest: Any,
    ):
        """Take the field of each item and how many there may be; an answer may leave out an `absent` list."""
        facts = {"maxItems": most, "minItems": least, "absent": absent}
        words = {"description": description} if description else {}
        super().__init__(item, metadata={**facts, **words}, **rest)
        self.most, self.least = most, least

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> list[Any]:
        if isinstance(value, list) and not self.least <= len(value) <= self.most:
            raise ValidationError(
                _("Give from ${least} to ${most} of these.", mapping={"least": self.least, "most": self.most})
            )
        return super()._deserialize(value, attr, data, **kwargs)


class Part(fields.Nested):
    """An object within an object, which is given whole also where it is one of the fields to change."""

    default_error_messages = {  # noqa: RUF012
        "required": _("This is missing."),
        "null": _("This cannot be null."),
        "type": _("This must be an object."),
    }

    def _load(self, value: Any, partial: Any = None) -> Any:
        return super()._load(value)


class Free(Strict):
    """An object whose keys the document does not fix, such as names by language."""

    def __init__(self, description: str = "", *, values: Mapping[str, Any] | None = None, **rest: Any):
        """Take the schema of the values, any by default."""
        super().__init__(description, type="object", additionalProperties=dict(values) if values else True, **rest)
        self.texts = bool(values) and values.get("type") == "string"  # type: ignore[union-attr]

    def load(self, value: Any, name: str) -> dict[str, Any]:
        """Return the object."""
        if not isinstance(value, dict):
            raise _wrong(_("This must be an object."))
        if self.texts and not all(isinstance(item, str) for item in value.values()):
            raise _wrong(_("Each value must be text."))
        return value


def utc(value: datetime) -> str:
    """Return an instant as RFC 3339 in UTC with a Z.

    >>> utc(datetime(2026, 3, 2, 9, tzinfo=UTC))
    '2026-03-02T09:00:00Z'
    """
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong(_("This must be text."))
    return value


def _wrong(message: Text) -> Invalid:
    return Invalid("value.invalid", message)
