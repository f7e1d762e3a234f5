import pytest

from infra_access.core.errors import Invalid
from infra_access.people.addresses import normalise_email


@pytest.mark.parametrize(
    "address", ["a@demo.example", "first.last+tag@sub.example.co.ke", "o'neil@example.org", "x@xn--bcher-kva.example"]
)
def test_it_takes_ordinary_addresses(address: str) -> None:
    assert normalise_email(address.upper()) == address


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "a@localhost",
        "a@b..example",
        ".a@example.org",
        "a@example.org\nBcc: b@example.org",
        "a@[127.0.0.1]",
        "a@10.0.0.1",
        '"a b"@example.org',
        "a@example.org,b@example.org",
        "a" * 65 + "@example.org",
        "a@" + "b" * 300 + ".org",
        "ä@example.org",
        "a@-example.org",
        "a\x00@example.org",
        "A" * 100_000,
    ],
)
def test_it_refuses_what_could_be_no_address_or_more_than_one(address: str) -> None:
    with pytest.raises(Invalid) as caught:
        normalise_email(address)
    assert "email" in caught.value.fields
