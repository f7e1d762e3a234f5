"""Countries and their zones."""

import csv
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from infra_access.catalogue.countries import (
    ZoneChoice,
    country_codes,
    country_name,
    valid_country,
    valid_zone,
    zone_of,
    zones_of,
)
from infra_access.core.errors import Invalid

_WITHOUT_ZONE = {"AQ", "BV", "HM", "UM"}


def test_it_accepts_a_code_in_any_case() -> None:
    assert valid_country(" ke ") == "KE"


@pytest.mark.parametrize("code", ["", "K", "KEN", "EU", "UN", "ZZ", "XA", "UK", "QO", "日本"])
def test_it_refuses_what_is_no_country(code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        valid_country(code)
    assert refusal.value.code == "country.unknown"


def test_it_knows_the_countries_of_iso_3166_and_kosovo(shared_data: Path) -> None:
    with (shared_data / "countries" / "country-codes.csv").open(encoding="utf-8", newline="") as file:
        codes = {row["ISO3166-1-Alpha-2"] for row in csv.DictReader(file)}

    assert country_codes() == codes | {"XK"}


def test_it_knows_every_country_of_the_sample_of_organisations(shared_data: Path) -> None:
    with (shared_data / "ror" / "ror_sample.csv").open(encoding="utf-8", newline="") as file:
        codes = {row["country_code"] for row in csv.DictReader(file)}

    assert {valid_country(code) for code in codes} == codes


@pytest.mark.parametrize(
    ("code", "locale", "name"),
    [
        ("JP", "en", "Japan"),
        ("JP", "ja", "日本"),
        ("DE", "pt-BR", "Alemanha"),
        ("DE", "pt_BR", "Alemanha"),
        ("DE", "no such language", "Germany"),
        ("de", "", "Germany"),
        ("XK", "en", "Kosovo"),
    ],
)
def test_it_names_a_country_in_the_readers_language(code: str, locale: str, name: str) -> None:
    assert country_name(code, locale) == name


def test_every_country_has_a_name() -> None:
    assert [code for code in country_codes() if country_name(code) == code] == []


def test_a_countrys_only_zone_is_sure_and_a_capitals_is_not() -> None:
    assert zone_of("jp") == ZoneChoice("Asia/Tokyo", sure=True)
    assert zone_of("GB") == ZoneChoice("Europe/London", sure=True)
    assert zone_of("BR") == ZoneChoice("America/Sao_Paulo", sure=False)
    assert zone_of("XK") == ZoneChoice("Europe/Belgrade", sure=True)


def test_every_country_but_those_without_a_capital_has_a_zone_of_its_own() -> None:
    for code in country_codes() - _WITHOUT_ZONE:
        choice = zone_of(code)
        assert choice.zone in zones_of(code)
        assert choice.sure is (len(zones_of(code)) == 1)
        assert ZoneInfo(choice.zone).key == choice.zone


@pytest.mark.parametrize("code", sorted(_WITHOUT_ZONE))
def test_it_asks_for_the_zone_where_it_cannot_tell(code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        zone_of(code)
    assert refusal.value.code == "country.no_zone"


def test_it_accepts_zones_of_the_iana_list_only() -> None:
    assert valid_zone("Europe/Berlin") == "Europe/Berlin"
    assert valid_zone("UTC") == "UTC"
    for name in ("", "Europe", "Mars/Base", "../etc/passwd", "Factory", "localtime"):
        with pytest.raises(Invalid) as refusal:
            valid_zone(name)
        assert refusal.value.code == "zone.unknown"
