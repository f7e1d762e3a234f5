"""Codes of export control lists have the form of the regulation, or the country of a national list before them."""

import pytest

from infra_access.catalogue.control_codes import control_code
from infra_access.core.errors import Invalid


@pytest.mark.parametrize(
    ("given", "stored"),
    [("2B350", "2B350"), (" 3a001.A.2 ", "3A001.a.2"), ("us:EAR99", "US:EAR99"), ("DE:2b909.b", "DE:2B909.b")],
)
def test_a_code_is_stored_as_the_lists_write_it(given: str, stored: str) -> None:
    assert control_code(given, "control_codes.0") == stored


@pytest.mark.parametrize(
    "given", ["", "3F001", "A3001", "3A01", "3A001a", "3A001.", "3A001..a", "EAR99", "XX:EAR99", "see annex", 7]
)
def test_what_is_none_is_refused(given: object) -> None:
    with pytest.raises(Invalid):
        control_code(given, "control_codes.0")
