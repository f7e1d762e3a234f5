"""Lists as streams: both formats, what a human compares, and files that are none, refused with the line."""

from collections.abc import Sequence
from hashlib import sha256
from io import BytesIO

import pytest

from infra_access.core.errors import Invalid
from infra_access.screening import lists
from infra_access.screening.lists import Listed, ListFormat, read_aliases, read_list
from infra_access.screening.names import Kind
from tests.factories.screening import ALT, ENTRIES, HEADINGS, SDN, ofac, simple_csv


def test_the_simple_csv_of_opensanctions() -> None:
    file = read_list(simple_csv())
    assert file.format is ListFormat.OPENSANCTIONS
    assert list(file.entries) == [
        Listed(
            reference="T-1",
            kind=Kind.PERSON,
            names=("Ömer Testmann", "Omar Testman", "Тестманн Омер"),
            born="1961-05-04",
            countries="zz",
            programme="Regulation 1 of Nowhere",
        ),
        Listed(
            reference="T-2",
            kind=Kind.ORGANISATION,
            names=("Sensors of Nowhere LLC", "Nowhere Sensors"),
            countries="zz",
            programme="Regulation 2 of Nowhere",
        ),
        None,
        Listed(reference="T-4", kind=Kind.EITHER, names=("Quiet Harbour, Trading",), countries="yy"),
    ]
    assert file.digest.hexdigest() == sha256(simple_csv().getvalue()).hexdigest()


def test_further_columns_a_byte_order_mark_and_other_line_ends_do_not_matter() -> None:
    wider = simple_csv([f"{one},more" for one in ENTRIES], headings=f"{HEADINGS},program_ids", ending="\r\n")
    marked = BytesIO(b"\xef\xbb\xbf" + simple_csv().getvalue())
    assert list(read_list(wider).entries) == list(read_list(marked).entries) == list(read_list(simple_csv()).entries)


def test_sdn_of_ofac_with_the_further_names_of_alt() -> None:
    aliases, digest = read_aliases(ofac(ALT))
    file = read_list(ofac(), aliases=aliases)
    assert file.format is ListFormat.OFAC_SDN
    assert list(file.entries) == [
        Listed(
            reference="101",
            kind=Kind.PERSON,
            names=("EXAMPLE, Ada", "BEISPIEL, Adele"),
            programme="NOWHERE-1",
            remarks="Director; DOB 01 Feb 1970.",
        ),
        Listed(
            reference="102",
            kind=Kind.ORGANISATION,
            names=("NOWHERE SHIPPING CO.", "Harbour Lines"),
            programme="NOWHERE-2",
        ),
        None,
    ]
    assert digest == sha256(ofac(ALT).getvalue()).hexdigest()
    assert file.digest.hexdigest() == sha256(ofac().getvalue()).hexdigest()


def lines(*rows: str) -> bytes:
    return "\n".join(rows).encode()


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        (b"", 1, "empty"),
        (b"\n\n", 1, "empty"),
        (lines(HEADINGS), 2, "no entry"),
        (lines("instrument,email,start,end", "a,b,c,d"), 1, "neither the simple CSV"),
        (b"PK\x03\x04\x14\x00", 1, "no line of text"),
        (b"<?xml version='1.0'?><sdnList/>", 1, "neither the simple CSV"),
        (b'{"id": "T-1", "schema": "Person"}', 1, "neither the simple CSV"),
        (lines(HEADINGS.replace("aliases,", ""), ENTRIES[0]), 1, "heading aliases"),
        (lines(HEADINGS, ENTRIES[0], "T-2,Person,Somebody"), 3, "3 columns"),
        (lines(HEADINGS, ENTRIES[1], ENTRIES[1] + ",more"), 3, "16 columns"),
        (lines(HEADINGS, ENTRIES[1]) + b"\nT-5,Person,M\xfcller,,,,,,,,,,,,", 3, "not UTF-8"),
        (lines(HEADINGS, ENTRIES[1], "T-5,Person,So\x00me,,,,,,,,,,,,"), 3, "no line of text"),
        (lines(HEADINGS, 'T-5,Person,"Never closed,,,,,,,,,,,,', ENTRIES[1]), 3, "quote"),
        (lines(HEADINGS, f"T-5,Person,{'x' * 1_001},,,,,,,,,,,,"), 2, "at most 1000 characters"),
        (lines(HEADINGS, f"T-5,Person,Some,,,,{'x' * 100_001},,,,,,,,"), 2, "at most 100000 characters"),
        (lines(HEADINGS, "T-5,Person,Some" + "x" * 1_000_001), 2, "no line of text"),
        (lines(HEADINGS, "T-5,Person,  ,;,,,,,,,,,,,"), 2, "no name"),
        (lines(HEADINGS, ",Person,Somebody,,,,,,,,,,,,"), 2, "own number"),
        (lines(*SDN, "104,too,short"), 4, "3 columns"),
        (lines(SDN[0].replace('"EXAMPLE, Ada"', "-0- ")), 1, "no name"),
    ],
)
def test_what_is_no_such_list_is_refused_with_its_line(content: bytes, line: int, said: str) -> None:
    with pytest.raises(Invalid, match=said) as refusal:
        list(read_list(BytesIO(content)).entries)
    assert (refusal.value.code, refusal.value.details) == ("screening_list.invalid", {"line": line})
    assert list(refusal.value.fields) == [f"line {line}"]


@pytest.mark.parametrize("rows", [(), ("101,1,aka,Short",), ("x,1,aka,Name,-0- ",)])
def test_what_is_no_alt_file_is_refused(rows: Sequence[str]) -> None:
    with pytest.raises(Invalid) as refusal:
        read_aliases(ofac(rows))
    assert refusal.value.details == {"line": 1}


def test_opensanctions_needs_no_second_file() -> None:
    with pytest.raises(Invalid, match="names its aliases itself"):
        read_list(simple_csv(), aliases={"101": ["Somebody"]})


def test_a_list_beyond_all_bounds_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "MAX_ENTRIES", 3)
    with pytest.raises(Invalid, match="at most 3 entries"):
        list(read_list(simple_csv()).entries)
    monkeypatch.setattr(lists, "MAX_BYTES", 300)
    with pytest.raises(Invalid, match="at most 0 MB"):
        list(read_list(simple_csv()).entries)
