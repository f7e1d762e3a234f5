"""Public ids and the check digits of foreign ones."""

import csv
from pathlib import Path

import pytest

from infra_access.core.errors import Invalid
from infra_access.core.ids import new_public_id, normalise_orcid, normalise_ror


def _examples(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_public_id_is_sixteen_characters_that_nobody_misreads() -> None:
    ids = {new_public_id() for _ in range(2000)}

    assert len(ids) == 2000
    assert {len(identifier) for identifier in ids} == {16}
    assert set("".join(ids)) == set("0123456789abcdefghjkmnpqrstvwxyz")


@pytest.mark.parametrize(
    "value",
    [
        "https://ror.org/02mhbdp94",
        "http://ror.org/02mhbdp94",
        "https://www.ror.org/02mhbdp94/",
        "ror.org/02mhbdp94",
        "02mhbdp94",
        "  02MHBDP94 ",
    ],
)
def test_it_brings_every_form_of_a_ror_id_to_one(value: str) -> None:
    assert normalise_ror(value) == "https://ror.org/02mhbdp94"


@pytest.mark.parametrize(
    "value",
    [
        "",
        "02mhbdp95",
        "02mhbdp4",
        "12mhbdp94",
        "https://ror.org.evil.example/02mhbdp94",
        "https://evil.example/02mhbdp94",
        "0iloooo11",
        "02mhbdp\u0669\u0664",
        "02mhbdp94\n02mhbdp94",
    ],
)
def test_it_refuses_what_is_no_ror_id(value: str) -> None:
    with pytest.raises(Invalid) as refusal:
        normalise_ror(value)
    assert refusal.value.code == "ror.invalid"


def test_it_refuses_each_single_wrong_character_of_a_ror_id() -> None:
    for position in range(1, 7):
        for other in "0123456789abcdefghjkmnpqrstvwxyz":
            mistyped = "02mhbdp94"[:position] + other + "02mhbdp94"[position + 1 :]
            if mistyped != "02mhbdp94":
                with pytest.raises(Invalid):
                    normalise_ror(mistyped)


def test_it_judges_all_collected_ror_ids_rightly(shared_data: Path) -> None:
    examples = _examples(shared_data / "ror" / "ror_ids_valid_invalid.csv")

    judged = [(row["value"], _accepts(normalise_ror, row["value"])) for row in examples]

    assert judged == [(row["value"], row["expected"] == "valid") for row in examples]
    assert len(judged) == 158


def test_it_accepts_every_organisation_of_the_sample(shared_data: Path) -> None:
    ids = [row["id"] for row in _examples(shared_data / "ror" / "ror_sample.csv")]

    assert [normalise_ror(value) for value in ids] == ids
    assert len(ids) > 10_000


@pytest.mark.parametrize(
    "value",
    [
        "https://orcid.org/0000-0002-1825-0097",
        "http://orcid.org/0000-0002-1825-0097",
        "orcid.org/0000-0002-1825-0097",
        "0000-0002-1825-0097",
        "0000000218250097",
    ],
)
def test_it_brings_every_form_of_an_orcid_to_one(value: str) -> None:
    assert normalise_orcid(value) == "https://orcid.org/0000-0002-1825-0097"


def test_it_writes_the_check_character_x_in_upper_case() -> None:
    assert normalise_orcid("0000-0002-1694-233x") == "https://orcid.org/0000-0002-1694-233X"


@pytest.mark.parametrize(
    "value",
    [
        "",
        "0000-0002-1825-0098",
        "0000-0002-1825-009",
        "0000-0002-1X25-0097",
        "https://orcid.org.evil.example/0000-0002-1825-0097",
        "0000-0002-1825-009\u0667",
    ],
)
def test_it_refuses_what_is_no_orcid(value: str) -> None:
    with pytest.raises(Invalid) as refusal:
        normalise_orcid(value)
    assert refusal.value.code == "orcid.invalid"


def test_it_judges_all_collected_orcids_rightly(shared_data: Path) -> None:
    examples = _examples(shared_data / "orcid" / "orcid_valid_invalid.csv")

    judged = [(row["value"], _accepts(normalise_orcid, row["value"])) for row in examples]

    assert judged == [(row["value"], row["expected"] == "valid") for row in examples]
    assert len(judged) == 134


def _accepts(normalise: object, value: str) -> bool:
    assert callable(normalise)
    try:
        normalise(value)
    except Invalid:
        return False
    return True
