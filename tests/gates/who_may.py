"""Reading the table of who may, and asking what it says."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from webtest import TestResponse

from infra_access.core.errors import Forbidden
from tests.demo_world import MISSING, DemoWorld
from tests.gates.asking import ask
from tests.gates.calls import Call, call_of, key_of
from tests.gates.subjects import Subject

TABLE = Path(__file__).with_name("who_may.txt")
COLUMNS = ("visitor", "stranger", "owner", "other", "staff", "country", "auditor", "admin", "missing")
PEOPLE = {
    "visitor": None,
    "stranger": "student-jp",
    "other": "manager-tokyo",
    "country": "administrator",
    "auditor": "auditor",
    "admin": "admin",
    "missing": "admin",
}
_NO_RIGHT = {"permission.missing", "token.read_only"}


@dataclass(frozen=True, slots=True)
class Row:
    """What the table says of one view, by column."""

    name: str
    expected: Mapping[str, str]


def rows() -> dict[str, Row]:
    """Return the table by the name of the view. Words: see its head."""
    found = {}
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            name, *said = (part.strip() for part in line.split("|"))
            name = " ".join(name.split())
            words = said[0].split()
            assert name not in found, f"two rows for {name}"
            assert len(words) == len(COLUMNS), line
            found[name] = Row(name, dict(zip(COLUMNS, words, strict=True)))
    return found


def answers(world: DemoWorld, subject: Subject) -> dict[str, str]:
    """Return what everybody is told, in the words of the table; nothing that they did remains."""
    call = call_of(subject.name)
    asked = [column for column in COLUMNS if column != "missing" or subject.kind is not None]
    return {column: _word(subject, _answer(world, subject, call, column)) for column in asked}


def _answer(world: DemoWorld, subject: Subject, call: Call, column: str) -> TestResponse:
    key = MISSING if column == "missing" else key_of(world, subject.kind, call)
    by = {"owner": call.owner, "staff": call.staff}.get(column) or PEOPLE.get(column)
    return ask(world, subject, key, by=by, body=call.sent(world), query=call.query, doomed=True)


def _word(subject: Subject, answer: TestResponse) -> str:
    status = answer.status_int
    if status == Forbidden.status and subject.is_api and answer.json["code"] not in _NO_RIGHT:
        return "rules"
    if status in {401, 403, 404} or status >= 500:
        return str(status)
    return "yes"
