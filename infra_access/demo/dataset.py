"""The demonstration's data as typed, immutable values, read from the JSON and Markdown files beside this module.

Nothing here knows the database. Places refer to each other by `key`, people by their address. Weeks are counted
from the one that is running (0), and "days ago" from its Monday, so that the demonstration never ages; times
of day are wall times of the facility.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import Any, TypeVar

from infra_access.demo.activity import Activity, ServiceOrder, read_activity, read_order

Entry = Mapping[str, Any]
Names = Mapping[str, str]
Kind = TypeVar("Kind")

_DATA = files("infra_access.demo") / "data"


@dataclass(frozen=True, slots=True)
class Organisation:
    """A legal body; the real ones carry their true ROR id, the invented ones a number of an invented register."""

    key: str
    names: Names
    country: str
    city: str
    latitude: float
    longitude: float
    website: str
    identifiers: tuple[tuple[str, str], ...]
    sector: str
    size: str
    startup: bool
    trust: str

    @property
    def ror(self) -> str | None:
        """Return the ROR id in its full form, if there is one."""
        return next((value for scheme, value in self.identifiers if scheme == "ror"), None)


@dataclass(frozen=True, slots=True)
class OpeningSpan:
    """Open on each of `days` ("mon" to "sun") from `opens` until `closes` ("24:00" is midnight), wall time."""

    days: tuple[str, ...]
    opens: str
    closes: str


@dataclass(frozen=True, slots=True)
class Resource:
    """A copy of an instrument, a room, a person or a plant, whose time can be taken."""

    key: str
    kind: str
    names: Names


@dataclass(frozen=True, slots=True)
class Facility:
    """A place with its hours, its contacts (role, address) and the plants that its instruments may depend on."""

    key: str
    organisation: str
    names: Names
    description: Names
    country: str
    city: str
    zone: str
    latitude: float
    longitude: float
    website: str
    opening_hours: tuple[OpeningSpan, ...]
    contacts: tuple[tuple[str, str], ...]
    security_contact: str
    plants: tuple[Resource, ...]
    holidays: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Capability:
    """What an instrument reaches, as decimal strings."""

    quantity: str
    min: str
    max: str
    unit: str


@dataclass(frozen=True, slots=True)
class Instrument:
    """Something offered. `always_needs` names resources taken with every session, `depends_on` the plants."""

    key: str
    facility: str
    names: Names
    description: Names
    kind: str
    manufacturer: str | None
    model: str | None
    techniques: tuple[str, ...]
    capabilities: tuple[Capability, ...]
    hazards: tuple[str, ...]
    control_codes: tuple[str, ...]
    access_types: tuple[str, ...]
    tags: tuple[str, ...]
    status: str
    listing: str
    access_unit: str
    resources: tuple[Resource, ...]
    always_needs: tuple[str, ...]
    depends_on: tuple[str, ...]
    booking_rules: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Round:
    """One call of a route, in weeks from the one that is running, each from its Monday, and what it has to give."""

    key: str
    opens_week: int
    closes_week: int
    decided_by_week: int
    access_from_week: int
    access_until_week: int
    units_offered: int | None = None


@dataclass(frozen=True, slots=True)
class Tariff:
    """The list price of one access unit under a regime."""

    regime: str
    amount: int
    currency: str
    per: str


@dataclass(frozen=True, slots=True)
class Route:
    """One way in to `instruments`; a continuous one has no rounds here.

    `terms` names an agreement's template, `mta` that for samples that are handed over, `agreements` those that rules
    ask for, by their code.
    """

    key: str
    facility: str
    instruments: tuple[str, ...]
    names: Names
    access_mode: str
    serves: Names
    regimes: tuple[str, ...]
    access_types: tuple[str, ...]
    entry: str
    rounds: tuple[Round, ...]
    stages: tuple[str, ...]
    time_given: str
    operated_by: str
    access_unit: str
    tariffs: tuple[Tariff, ...]
    terms: str
    report_due_days: int
    turnaround_days: int | None = None
    mta: str | None = None
    agreements: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules in the form of policy documents, published alike at each of `scope_keys` (the network's is empty)."""

    key: str
    names: Names
    scope_kind: str
    scope_keys: tuple[str, ...]
    rules: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class CountryGroup:
    """A group of countries on a date, by a source; rules name it by `code`."""

    code: str
    names: Names
    as_of: str
    source: str
    countries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Training:
    """A completed training; weeks count from the one that is running."""

    code: str
    issuer: str
    completed_week: int
    expires_week: int


@dataclass(frozen=True, slots=True)
class Assurance:
    """What somebody vouches for; the week counts from the one that is running."""

    code: str
    source: str
    valid_until_week: int


@dataclass(frozen=True, slots=True)
class Grant:
    """A role within a scope: network (no key), country, organisation or facility."""

    role: str
    scope: str
    key: str


@dataclass(frozen=True, slots=True)
class Person:
    """A demonstration account."""

    email: str
    name: str
    affiliation: str
    affiliated_since_week: int
    country_of_work: str
    locale: str
    zone: str
    roles: tuple[Grant, ...]
    trainings: tuple[Training, ...]
    assurances: tuple[Assurance, ...] = ()


@dataclass(frozen=True, slots=True)
class Terms:
    """One version of an agreement's template; `text` is Markdown, `points` state publication by regime."""

    key: str
    version: int
    title: str
    text: str
    points: Entry

    def for_part(self, part: str) -> dict[str, Any]:
        """Return the terms of a way in for a regime, for samples (mta), or for what a rule asks for."""
        points = {name: said for name, said in self.points.items() if name != "publication"}
        duty = self.points.get("publication", {}).get(part)
        said = points | {"publication": duty} if duty else points
        return {"title": self.title, "version": str(self.version), "text": self.text, "points": said}


@dataclass(frozen=True, slots=True)
class Framework:
    """What two organisations agreed for later requests, or are about to, so many days before this week's Monday."""

    kind: str
    host: str
    partner: str
    drafted_by: str
    title: str
    text_version: str
    text: str
    regimes: tuple[str, ...]
    points: Entry
    days_ago: int
    state: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """Everything that the demonstration shows."""

    organisations: tuple[Organisation, ...]
    facilities: tuple[Facility, ...]
    instruments: tuple[Instrument, ...]
    routes: tuple[Route, ...]
    policies: tuple[Policy, ...]
    country_groups: tuple[CountryGroup, ...]
    people: tuple[Person, ...]
    terms: tuple[Terms, ...]
    frameworks: tuple[Framework, ...]
    activity: Activity
    service_orders: tuple[ServiceOrder, ...]


@lru_cache(maxsize=1)
def dataset() -> Dataset:
    """Read all files once; a missing or unknown key raises, because the files are part of the program."""
    instruments = _all("instruments", _instrument)
    points = _json("term_points")
    return Dataset(
        organisations=_all("organisations", _organisation),
        facilities=_all("facilities", _facility),
        instruments=instruments,
        routes=_all("routes", lambda entry: _route(entry, instruments)),
        policies=_all("policies", _policy),
        country_groups=_all("country_groups", lambda entry: CountryGroup(**_tuples(entry))),
        people=_all("people", _person),
        terms=tuple(_terms(path.read_text("utf-8"), points) for path in sorted((_DATA / "terms").iterdir(), key=str)),
        frameworks=_all("frameworks", lambda entry: Framework(**_tuples(entry))),
        activity=read_activity(_json("activity")),
        service_orders=tuple(read_order(entry) for entry in _json("service_orders")),
    )


def _json(name: str) -> Any:
    return json.loads((_DATA / f"{name}.json").read_text("utf-8"))


def _all(name: str, read: Callable[[Entry], Kind]) -> tuple[Kind, ...]:
    return tuple(read(entry) for entry in _json(name))


def _tuples(entry: Entry) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}


def _organisation(entry: Entry) -> Organisation:
    rest = dict(entry)
    place = rest.pop("coordinates")
    identifiers = tuple((each["scheme"], each["value"]) for each in rest.pop("identifiers"))
    return Organisation(**rest, **place, identifiers=identifiers)


def _facility(entry: Entry) -> Facility:
    rest = dict(entry)
    place = rest.pop("coordinates")
    hours = tuple(OpeningSpan(tuple(each["days"]), each["from"], each["until"]) for each in rest.pop("opening_hours"))
    contacts = tuple((each["role"], each["email"]) for each in rest.pop("contacts"))
    plants = tuple(Resource(kind="plant", **each) for each in rest.pop("plants"))
    return Facility(**rest, **place, opening_hours=hours, contacts=contacts, plants=plants)


def _instrument(entry: Entry) -> Instrument:
    rest = _tuples(entry)
    rest["capabilities"] = tuple(Capability(**each) for each in rest["capabilities"])
    rest["resources"] = tuple(Resource(**each) for each in rest["resources"])
    return Instrument(**rest)


def _route(entry: Entry, instruments: tuple[Instrument, ...]) -> Route:
    rest = _tuples(entry)
    entrance = rest.pop("entry")
    if rest["instruments"] == "all":
        rest["instruments"] = tuple(each.key for each in instruments if each.facility == entry["facility"])
    rest["tariffs"] = tuple(Tariff(**each) for each in rest["tariffs"])
    return Route(**rest, entry=entrance["kind"], rounds=tuple(Round(**each) for each in entrance["rounds"]))


def _policy(entry: Entry) -> Policy:
    rest = _tuples(entry)
    scope = rest.pop("scope")
    return Policy(**rest, scope_kind=scope["kind"], scope_keys=tuple(scope["keys"]))


def _person(entry: Entry) -> Person:
    rest = dict(entry)
    rest["roles"] = tuple(Grant(**each) for each in rest["roles"])
    rest["trainings"] = tuple(Training(**each) for each in rest["trainings"])
    rest["assurances"] = tuple(Assurance(**each) for each in rest.get("assurances", ()))
    return Person(**rest)


def _terms(text: str, points: Mapping[str, Entry]) -> Terms:
    _before, head, body = text.split("---\n", 2)
    fields = dict(line.split(": ", 1) for line in head.splitlines())
    key = fields["key"]
    return Terms(key, int(fields["version"]), fields["title"], body.strip() + "\n", points[key])
