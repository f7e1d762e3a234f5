"""The form of an access request: what was typed, in the shape that the commands take, and back.

Rows of people and samples are fields such as `participants.0.email`, as refusals name them; a person without a name
and an address is left out, and a sample of which nothing is said. A form may show some of the questions only: what it
does not show is kept.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pyramid.request import Request
from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.questions import Group
from infra_access.access_requests.request_queries import RequestView
from infra_access.catalogue.models import Organisation
from infra_access.catalogue.queries import list_organisations
from infra_access.core.decision import Missing
from infra_access.core.errors import DomainError, Invalid
from infra_access.core.i18n import _
from infra_access.core.zones import day_start
from infra_access.policy.vocabulary import END_USE_DECLARATION
from infra_access.web.corrections import Entries, to_correct
from infra_access.web.forms import day_in
from infra_access.web.rendering import local_days

ABOUT, TEAM = "about", "team"
EVERYTHING: frozenset[str] = frozenset({ABOUT, TEAM, *Group})
"""The parts of the form: what everybody is asked, and the groups of questions that rules may ask for."""

PEOPLE, SAMPLES = "participants", "samples"
PARTS: Mapping[str, tuple[str, ...]] = {
    PEOPLE: ("name", "email", "role", "organisation", "country_of_work", "presence", "remote_from"),
    SAMPLES: ("kind", "country", "hazards", "biosafety", "fate", "papers"),
}
_TELLING = {PEOPLE: ("name", "email"), SAMPLES: PARTS[SAMPLES]}
_PROJECT = ("purpose", "field", "funder", "funder_country")
_SDGS = "sdgs"
_YES_NO = ("dual_use", "ethics_approved")
_ANSWERS: Mapping[bool | None, str] = {True: "yes", False: "no", None: ""}
_DOCUMENT = "documents."
_END_USE = "end_use."
_SUPPLIED = ("assurance", "document", "funding")
_DAY = timedelta(days=1)
_FOUND = 20

Rows = dict[str, list[Entries]]


@dataclass(frozen=True, slots=True)
class Asked:
    """Something that the rules ask the team to state or to name, and what it said so far."""

    kind: str
    code: str
    missing: Missing | None
    value: str


def rows_in(entered: Mapping[str, str]) -> Rows:
    """Return the rows that were typed, without empty ones, numbered anew."""
    found: Rows = {}
    for name, parts in PARTS.items():
        numbers = {int(n) for key in entered if (n := _number(name, key)) is not None}
        rows = [
            Entries({part: entered.get(f"{name}.{number}.{part}", "").strip() for part in parts})
            for number in sorted(numbers)
        ]
        found[name] = [row for row in rows if any(row[part] for part in _TELLING[name])]
    return found


def with_rows_changed(rows: Rows, what: str) -> Rows:
    """Return the rows after the button "add:participants" or "remove:participants:2"."""
    verb, name, *rest = (*what.split(":"), "")
    if name not in rows:
        return rows
    kept = list(rows[name])
    if verb == "add":
        kept.append(Entries())
    elif verb == "remove" and rest[0].isdecimal() and int(rest[0]) < len(kept):
        del kept[int(rest[0])]
    return rows | {name: kept}


def values_in(
    session: Session,
    entered: Mapping[str, str],
    rows: Rows,
    *,
    instruments: list[str],
    assurances: list[str],
    zone: str,
    view: RequestView | None = None,
    parts: Collection[str] = EVERYTHING,
) -> dict[str, Any]:
    """Return the values of a request as the commands take them; `view` is the one that is changed, if any.

    What the form does not show is kept, and what it shows coarser than it is stored stays as it is where nobody
    changed it. Raises Invalid for an organisation that nobody knows.
    """
    values: dict[str, Any] = {}
    if ABOUT in parts:
        values |= _about(entered, instruments, zone, view)
    if TEAM in parts:
        values["participants"] = _participants(session, rows[PEOPLE], view)
    if not set(Group).isdisjoint(parts):
        stored = view.access_request.project if view else {}
        values["project"] = _project(entered, rows, assurances, stored, parts)
    return values


def to_correct_request(request: Request, error: DomainError) -> dict[str, Any]:
    """Return what the form needs to be shown again after a refusal, with each fault at the field that it has here."""
    shown = to_correct(request, error)
    return shown | {"errors": by_field(shown["errors"])}


def by_field(errors: Mapping[str, str]) -> Entries:
    """Return what was refused by the names that the fields have in the form.

    >>> by_field({"project.samples.0.documents": "Too long.", "": "Look again."})
    {'samples.0.papers': 'Too long.', '': 'Look again.'}
    """
    found = Entries()
    for path, text in errors.items():
        name = path.removeprefix("project.")
        name = re.sub(r"^(samples\.\d+)\.documents.*", r"\1.papers", name)
        name = re.sub(r"^(instruments|assurances|end_use\.countries|samples\.\d+\.hazards|sdgs)\.\d+$", r"\1", name)
        found[{"period": "period.start"}.get(name, name)] = text
    return found


def entered_of(view: RequestView, zone: str) -> dict[str, str]:
    """Return what the form shows of a request."""
    row, project = view.access_request, view.access_request.project
    first, last = days_of(row.period_start, row.period_end, zone)
    return {
        "title": row.title,
        "summary": row.summary,
        "regime": row.regime,
        "access_type": row.access_type,
        "quantity": f"{row.quantity.normalize():f}",
        "acting_for": view.acting_for.public_id if view.acting_for else "",
        "period.start": first,
        "period.end": last,
        **{name: str(project.get(name) or "") for name in _PROJECT},
        **{name: _ANSWERS[project.get(name)] for name in _YES_NO},
        _SDGS: ", ".join(project.get(_SDGS, ())),
        **_declared(project.get("end_use", {})),
    }


def rows_of(session: Session, view: RequestView) -> Rows:
    """Return the rows of a request."""
    names = _names_of(session, [key for _person, key in view.team if key])
    people = [
        Entries(
            name=person.name,
            email=person.email,
            role=person.role,
            organisation=names.get(key or "", ""),
            country_of_work=person.country_of_work,
            presence=person.presence,
            # Who takes part from where they work says nothing more.
            remote_from="" if person.remote_from == person.country_of_work else person.remote_from or "",
        )
        for person, key in view.team
    ]
    samples = [
        Entries(
            kind=one.get("kind", ""),
            country=one.get("country", ""),
            hazards=", ".join(one.get("hazards", ())),
            biosafety=one.get("biosafety", ""),
            fate=one.get("fate", ""),
            papers="\n".join(f"{code}: {reference}" for code, reference in one.get("documents", {}).items()),
        )
        for one in view.access_request.project.get("samples", ())
    ]
    return {PEOPLE: people, SAMPLES: samples}


def asked_for(missing: Iterable[Missing], project: Mapping[str, Any], entered: Mapping[str, str]) -> list[Asked]:
    """Return what the rules ask to be stated, and what was stated before."""
    stated = {("assurance", code): "yes" for code in project.get("assurances", ())}
    stated |= {("document", END_USE_DECLARATION): "yes"} if project.get("end_use") else {}
    stated |= {("document", code): str(reference) for code, reference in project.get("documents", {}).items()}
    if project.get("funding"):
        stated["funding", project["funding"]] = "yes"
    found = {(one.kind, one.code): one for one in missing if one.kind in _SUPPLIED}
    return [
        Asked(*key, found.get(key), entered.get(f"{_DOCUMENT}{key[1]}") or stated.get(key, ""))
        for key in dict.fromkeys((*stated, *found))
        # An organisation is named by acting for it, not by a reference.
        if key != ("document", "organisation-named")
    ]


def days_of(start: datetime, end: datetime, zone: str) -> tuple[str, str]:
    """Return the first and the last day of a period at its place."""
    first, last = local_days(start, end, zone)
    return first.isoformat(), last.isoformat()


def _number(name: str, key: str) -> int | None:
    found = re.fullmatch(rf"{name}\.([0-9]{{1,3}})\.\w+", key)
    return int(found[1]) if found else None


def _about(entered: Mapping[str, str], instruments: list[str], zone: str, view: RequestView | None) -> dict[str, Any]:
    values: dict[str, Any] = {
        **{name: entered.get(name, "") for name in ("title", "summary", "regime", "access_type", "quantity")},
        "instruments": instruments,
    }
    period = (entered.get("period.start", ""), entered.get("period.end", ""))
    if view is None or period != days_of(view.access_request.period_start, view.access_request.period_end, zone):
        values["period"] = _period(*period, zone)
    acting_for = entered.get("acting_for") or None
    if view is None or acting_for != (view.acting_for.public_id if view.acting_for else None):
        values["acting_for"] = acting_for
    return values


def _period(first: str, last: str, zone: str) -> tuple[datetime, datetime]:
    days = [day_in(text, field) for field, text in (("period.start", first), ("period.end", last))]
    return day_start(days[0], zone).astimezone(UTC), day_start(days[1] + _DAY, zone).astimezone(UTC)


def _project(
    entered: Mapping[str, str],
    rows: Rows,
    assurances: list[str],
    stored: Mapping[str, Any],
    parts: Collection[str],
) -> dict[str, Any]:
    given: dict[str, Any] = {name: entered[name].strip() for name in _PROJECT if name in entered}
    given |= {name: {"yes": True, "no": False}.get(entered[name]) for name in _YES_NO if name in entered}
    if _SDGS in entered:
        given[_SDGS] = _listed(entered[_SDGS])
    if Group.FUNDING in parts:
        given["funding"] = entered.get("funding", "")
    if Group.STATEMENTS in parts:
        given["assurances"] = assurances
        given["documents"] = {
            key.removeprefix(_DOCUMENT): text.strip()
            for key, text in entered.items()
            if key.startswith(_DOCUMENT) and text.strip()
        }
    if f"{_END_USE}user" in entered:
        given["end_use"] = _end_use(entered)
    if Group.SAMPLES in parts:
        given["samples"] = [_sample(row, stored.get("samples", ())) for row in rows[SAMPLES]]
    emptied = {name for name, value in given.items() if not value and value is not False}
    return {name: value for name, value in {**stored, **given}.items() if name not in emptied}


def _listed(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]


def _end_use(entered: Mapping[str, str]) -> dict[str, Any]:
    """Return what was declared as far as it was filled in; all but that it is peaceful says that it is not."""
    text = {name: entered.get(f"{_END_USE}{name}", "").strip() for name in ("user", "use", "countries", "peaceful")}
    countries = [one.upper() for one in _listed(text.pop("countries"))]
    declared: dict[str, Any] = {**text, "countries": countries, "peaceful": bool(text["peaceful"])}
    if all(value for name, value in declared.items() if name != "peaceful"):
        return declared
    return {name: value for name, value in declared.items() if value}


def _declared(end_use: Mapping[str, Any]) -> dict[str, str]:
    return {
        f"{_END_USE}user": end_use.get("user", ""),
        f"{_END_USE}use": end_use.get("use", ""),
        f"{_END_USE}countries": ", ".join(end_use.get("countries", ())),
        f"{_END_USE}peaceful": "yes" if end_use.get("peaceful") else "",
    }


def _sample(row: Mapping[str, str], stored: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    papers = [one.partition(":") for one in re.split(r"[;\n]", row["papers"]) if one.strip()]
    documents = {code.strip(): reference.strip() for code, _colon, reference in papers}
    said: dict[str, Any] = {name: row[name] for name in ("country", "biosafety", "fate")}
    said |= {"hazards": _listed(row["hazards"]), "documents": documents}
    sample = {"kind": row["kind"], **{name: value for name, value in said.items() if value}}
    # What is stored as empty stays so: a sample of which only the papers change is not looked at anew.
    before = next((one for one in stored if _essence(one) == _essence(sample)), {})
    return {name: value for name, value in before.items() if not value} | sample


def _essence(sample: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in sample.items() if value and name != "documents"}


def _participants(
    session: Session, rows: Iterable[Mapping[str, str]], view: RequestView | None
) -> list[dict[str, Any]]:
    team = {person.email: person for person, _key in view.team} if view else {}
    names = _names_of(session, [key for _person, key in view.team if key]) if view else {}
    known = {name.casefold(): key for key, name in names.items()}
    people: list[dict[str, Any]] = []
    for position, row in enumerate(rows):
        person: dict[str, Any] = {name: value for name, value in row.items() if value and name != "organisation"}
        if row["organisation"]:
            person["organisation"] = _organisation(session, row["organisation"], known, position)
        before = team.get(row["email"].strip().lower())
        if before is not None:
            person |= {"phone": before.phone} if before.phone else {}
        people.append(person)
    return people


def _organisation(session: Session, name: str, known: dict[str, str], position: int) -> str:
    wanted = name.casefold()
    if wanted not in known:
        for one in list_organisations(session, q=name, limit=_FOUND).items:
            known.setdefault(one.name.casefold(), one.public_id)
    if wanted not in known:
        message = _("No organisation has this name here. Leave it empty, or enter the organisation first.")
        field = f"{PEOPLE}.{position}.organisation"
        raise Invalid("organisation.unknown", message, fields={field: [message]})
    return known[wanted]


def _names_of(session: Session, public_ids: list[str]) -> dict[str, str]:
    if not public_ids:
        return {}
    rows = session.execute(
        select(Organisation.public_id, Organisation.name).where(Organisation.public_id.in_(sorted(set(public_ids))))
    )
    return {row.public_id: row.name for row in rows}
