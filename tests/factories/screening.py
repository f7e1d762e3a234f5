"""Small lists of our own, in the two formats, and a request to screen; nobody and nothing in the lists exists."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from sqlalchemy.orm import Session

from infra_access.access_requests.models import AccessRequest, Approval
from infra_access.catalogue.models import Organisation
from infra_access.core.authority import Actor
from infra_access.screening.loading import load_list
from infra_access.screening.models import ScreeningList
from tests.factories.access_requests import NOW, OPEN_TO_ALL, SYSTEM, World, make_submitted, make_world, pending
from tests.factories.people import make_actor

HEADINGS = (
    "id,schema,name,aliases,birth_date,countries,addresses,identifiers,sanctions,phones,emails,dataset,first_seen,"
    "last_seen,last_change"
)
ENTRIES = (
    'T-1,Person,Ömer Testmann,"Omar Testman;Тестманн Омер",1961-05-04,zz,,,Regulation 1 of Nowhere,,,demo,,,',
    "T-2,Company,Sensors of Nowhere LLC,Nowhere Sensors,,zz,,,Regulation 2 of Nowhere,,,demo,,,",
    "T-3,Vessel,Ada Example,,,zz,,,,,,demo,,,",
    'T-4,LegalEntity,"Quiet Harbour, Trading",,,yy,,,,,,demo,,,',
)
SDN = (
    '101,"EXAMPLE, Ada","individual","NOWHERE-1","Director",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,"DOB 01 Feb 1970."',
    '102,"NOWHERE SHIPPING CO.","-0- ","NOWHERE-2",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ',
    '103,"SEA OF NOWHERE","vessel","NOWHERE-2",-0- ,"XX1","Tanker",-0- ,-0- ,"Nowhere",-0- ,-0- ',
)
ALT = ('101,1,"aka","BEISPIEL, Adele",-0- ', '102,2,"fka","Harbour Lines",-0- ')


def simple_csv(entries: Sequence[str] = ENTRIES, *, headings: str = HEADINGS, ending: str = "\n") -> BytesIO:
    """Return a list of OpenSanctions as a file."""
    return BytesIO("".join(f"{line}{ending}" for line in (headings, *entries)).encode())


def ofac(lines: Sequence[str] = SDN, *, end: bytes = b"\x1a") -> BytesIO:
    """Return a file of OFAC, which ends with a control character."""
    return BytesIO("".join(f"{line}\r\n" for line in lines).encode() + end)


EXPORT_CONTROL = {
    "id": "export-control",
    "applies_to": ["request", "book"],
    "effect": {"type": "approve", "role": "export_control_officer", "scope": "organisation"},
    "rests_on": ["participants", "project"],
    "grounds": "security",
    "disclosure": "generic",
    "message": {"en": "The export control officer looks at it."},
    "expected_days": 4,
    "latest_days": 10,
}
OMER = {"email": "omer@startup.example", "name": "Omer Testmann", "role": "member", "country_of_work": "KE"}


@dataclass(frozen=True, slots=True)
class Screened:
    """A request whose team has a name like one on the list that is loaded, and the officer who decides."""

    world: World
    request: AccessRequest
    approval: Approval
    officer: Actor
    list: ScreeningList


def make_list(session: Session, content: BytesIO | None = None, **overrides: Any) -> ScreeningList:
    """Load a list, that of OpenSanctions by default."""
    return load_list(session, **{"actor": SYSTEM, "now": NOW, "content": content or simple_csv()} | overrides)


def make_officer(session: Session, world: World) -> Actor:
    """Return the export control officer of the organisation that runs the facility."""
    home = session.get_one(Organisation, world.facility.organisation_id)
    return make_actor(session, ("export_control_officer", ("organisation", home.public_id)))


def make_screened(session: Session, **overrides: Any) -> Screened:
    """Return a request that waits for the export control officer."""
    world = make_world(session, rules=(OPEN_TO_ALL, EXPORT_CONTROL))
    officer = make_officer(session, world)
    row = make_list(session)
    request = make_submitted(session, world, **{"participants": [OMER]} | overrides)
    return Screened(world, request, pending(session, request)["export_control_officer"], officer, row)
