"""What an event is about, as its mail needs it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from infra_access.core.i18n import Text
from infra_access.scheduling.calendars import CalendarEntry


@dataclass(frozen=True, slots=True)
class Outsider:
    """Somebody without an account; `public_id` is that of what they are asked, `make_token` ends their link."""

    public_id: str
    name: str
    email: str
    locale: str
    make_token: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Subject:
    """The facts of one event; `account_ids` are told unless the event names its people itself."""

    path: str
    values: Mapping[str, str] = field(default_factory=dict)
    account_ids: tuple[int, ...] = ()
    reason: str = ""
    entry: CalendarEntry | None = None
    before: CalendarEntry | None = None
    """The same at the time that it had."""
    words: Mapping[str, Text] = field(default_factory=dict)
    """Values that are translated for each reader."""
    paragraphs: tuple[Text, ...] = ()
    """What is said besides the words of its kind, after them."""
    entries: tuple[CalendarEntry, ...] = ()
    """Several sessions, such as those of a series, listed and attached together."""
    outsider: Outsider | None = None
    """Who alone is told, where that is nobody with an account."""
