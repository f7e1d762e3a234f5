import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_access.core.errors import Invalid
from infra_access.core.paging import clean_limit, decode_cursor, encode_cursor, page_of

keys = st.lists(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=50)
    | st.integers(-(2**63) + 1, 2**63 - 1),
    max_size=5,
)


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@given(keys)
def test_a_cursor_gives_back_its_values(values: list[str | int]) -> None:
    assert decode_cursor(encode_cursor(values)) == tuple(values)


@given(st.text(max_size=100))
def test_any_other_text_is_refused_or_is_a_cursor(text: str) -> None:
    try:
        values = decode_cursor(text)
    except Invalid:
        return
    assert encode_cursor(values) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "!",
        "é",
        "W10=",
        encoded('["a", 1]'),
        encoded("[1.5]"),
        encoded("[true]"),
        encoded("[null]"),
        encoded('{"a":1}'),
        encoded('["\\u0000"]'),
        encoded('["\\ud800"]'),
        encoded("[9223372036854775808]"),
        encoded("[" * 2_000),
        encoded("[" + "9" * 2_900 + "]"),
        encoded('["' + "x" * 5_000 + '"]'),
    ],
)
def test_it_refuses_what_was_not_made_here(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        decode_cursor(text)
    assert refusal.value.code == "cursor.invalid"


def test_it_refuses_a_cursor_of_another_list() -> None:
    cursor = encode_cursor(["a", 1])
    assert decode_cursor(cursor, (str, int)) == ("a", 1)
    for shape in ((int, str), (str,), (str, int, int)):
        with pytest.raises(Invalid):
            decode_cursor(cursor, shape)


def test_the_last_page_has_no_next() -> None:
    assert page_of([1, 2], 2, key=lambda row: [row]).next is None
    page = page_of([1, 2, 3], 2, key=lambda row: [row])
    assert page.items == [1, 2]
    assert decode_cursor(page.next or "") == (2,)


def test_a_limit_lies_between_1_and_200() -> None:
    assert (clean_limit(None), clean_limit(1), clean_limit(200)) == (50, 1, 200)
    for value in (0, -1, 201, True):
        with pytest.raises(Invalid):
            clean_limit(value)
