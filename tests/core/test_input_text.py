"""The floor under every text from outside."""

import pytest

from infra_access.core.errors import Invalid
from infra_access.core.i18n import plain
from infra_access.core.input_text import clean_line, clean_text


def test_it_trims_and_composes() -> None:
    assert clean_line(" \u3000Cafe\u0301\u00a0", field="name", max_length=4) == "Café"


def test_it_keeps_the_lines_of_a_text_and_one_kind_of_line_end() -> None:
    assert clean_text("a\r\nb\rc\u2028d\te", field="notes", max_length=50) == "a\nb\nc\nd\te"


@pytest.mark.parametrize("kept", ["שלום\u200f!", "می\u200cخواهم", "👩\u200d🔬", "東京", "a\u00adb"])
def test_it_keeps_what_writing_needs(kept: str) -> None:
    assert clean_line(kept, field="name", max_length=50) == kept


@pytest.mark.parametrize(
    "unsafe", ["\x00", "\x1b", "\x7f", "\x9f", "\ud800", "\u202e", "\u2066", "\ufffe", "\U0001ffff"]
)
def test_it_refuses_what_cannot_be_stored_or_shown(unsafe: str) -> None:
    with pytest.raises(Invalid) as refusal:
        clean_text(f"a{unsafe}b", field="summary", max_length=50)

    assert refusal.value.code == "text.unsafe"
    assert f"U+{ord(unsafe):04X}" in plain(refusal.value.fields["summary"][0])


@pytest.mark.parametrize("broken", ["a\nb", "a\tb", "a\r\nb"])
def test_a_line_is_one_line(broken: str) -> None:
    with pytest.raises(Invalid) as refusal:
        clean_line(broken, field="name", max_length=50)
    assert list(refusal.value.fields) == ["name"]


@pytest.mark.parametrize("length", [11, 10_000_000])
def test_it_refuses_what_is_too_long(length: int) -> None:
    with pytest.raises(Invalid) as refusal:
        clean_line("a" * length, field="name", max_length=10)
    assert refusal.value.code == "text.too_long"
    assert f"{length} characters" in plain(refusal.value.message)


@pytest.mark.parametrize("empty", ["", "  ", "\u200b", "\u3000\u200d", "\n"])
def test_what_shows_nothing_is_empty(empty: str) -> None:
    with pytest.raises(Invalid) as refusal:
        clean_text(empty, field="name", max_length=10, required=True)
    assert refusal.value.code == "text.empty"


def test_what_is_not_required_may_be_empty() -> None:
    assert clean_line("  ", field="name", max_length=10) == ""
