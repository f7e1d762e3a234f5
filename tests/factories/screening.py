"""Small lists of our own, in the two formats; nobody and nothing in them exists."""

from collections.abc import Sequence
from io import BytesIO

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
