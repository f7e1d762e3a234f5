"""The bases of every body, query and answer, and the pages of lists."""

from collections.abc import Mapping
from typing import Any

from marshmallow import RAISE, Schema, fields
from marshmallow.exceptions import ValidationError

from infra_access.api.fields import Instant, Integer, Line, ListOf, Part
from infra_access.core.errors import Invalid
from infra_access.core.i18n import Text, _
from infra_access.core.paging import MAX_LIMIT


class Body(Schema):
    """What is sent: an unknown key is an error, a missing one is left out."""

    error_messages = {  # noqa: RUF012 - marshmallow reads it off the class
        "unknown": _("There is no such field."),
        "type": _("This must be an object."),
    }

    class Meta:
        """Nothing beyond what is declared."""

        unknown = RAISE


class Query(Body):
    """What stands after the question mark: every value is text."""


class Out(Schema):
    """What is answered: every declared key, and no other."""

    class Meta:
        """Nothing beyond what is declared."""

        unknown = RAISE

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Promise each field in the contract, unless it says that it may be absent."""
        field_obj.required = not field_obj.metadata.get("absent", False)

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        """Return a value; a promised one that is not there is a defect of ours, never a silent gap."""
        value = super().get_attribute(obj, attr, default)
        if value is default and self.fields[attr].required:
            raise LookupError(f"{type(self).__name__} promises {attr!r}")
        return value


class PageQuery(Query):
    """Which part of a list."""

    limit = Integer("How many items, 50 by default.", low=1, high=MAX_LIMIT, text=True)
    cursor = Line("Where the page before ended: its `next`.", most=4_000)


class SpanOut(Out):
    """A half-open span of time."""

    start = Instant()
    end = Instant()


_pages: dict[str, type[Out]] = {}


def page_of(item: type[Out], **beside: fields.Field[Any]) -> type[Out]:
    """Return the schema of a page of these items, with what stands beside them."""
    name = item.__name__.removesuffix("Out") + "PageOut"
    if name not in _pages:
        items = {"items": ListOf(Part(item)), "next": Line("The cursor of what follows.", most=4_000, allow_none=True)}
        _pages[name] = type(name, (Out,), {**items, **beside, "__doc__": "A page of a list."})
    return _pages[name]


def load(schema: Schema, data: Any) -> dict[str, Any]:
    """Return the checked data. Raises Invalid `input.invalid` with the messages of every field at fault."""
    try:
        loaded: dict[str, Any] = schema.load(data)
    except ValidationError as error:
        faults: dict[str, list[Text]] = {}
        _flatten("", error.messages, faults)
        raise Invalid(
            "input.invalid", _("Some of what was sent is not right. Each field is named."), fields=faults
        ) from None
    return loaded


def _flatten(path: str, messages: Any, into: dict[str, list[Text]]) -> None:
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            # marshmallow names the whole object "_schema"; the contract names it by its path.
            below = path if key == "_schema" else f"{path}.{key}" if path else str(key)
            _flatten(below, inner, into)
    else:
        into.setdefault(path or "body", []).extend(messages if isinstance(messages, list) else [messages])
