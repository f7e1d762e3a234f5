"""Names are compared by their words: order, case, accents, punctuation and legal forms never matter."""

import unicodedata
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_access.screening.names import Kind, may_be_same, readings_of, words_of

WORDS = st.lists(
    st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyzéüñøабвгдеж"), min_size=2, max_size=9), min_size=1, max_size=6
)


@given(WORDS, st.randoms(use_true_random=False), st.sampled_from([", ", " ", "-", " . ", "\u00a0"]), st.booleans())
def test_order_case_accents_and_punctuation_never_matter(
    words: list[str], random: Random, between: str, organisation: bool
) -> None:
    changed = list(words)
    random.shuffle(changed)
    other = between.join(random.choice([str.upper, str.title, str.lower])(word) for word in changed)
    other = unicodedata.normalize(random.choice(["NFC", "NFD"]), other)
    bare = "".join(one for one in unicodedata.normalize("NFD", other) if not unicodedata.combining(one))
    expected = words_of(" ".join(words), organisation=organisation)
    assert words_of(other, organisation=organisation) == words_of(bare, organisation=organisation) == expected


@given(WORDS, WORDS)
def test_whoever_may_be_the_same_may_be_it_the_other_way_round_too(one: list[str], other: list[str]) -> None:
    first, second = words_of(" ".join(one)), words_of(" ".join(other))
    assert may_be_same(first, first)
    assert may_be_same(first, second) == may_be_same(second, first)
    longer = first | second
    assert may_be_same(first, longer) == (first == longer or len(first) > 1)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Sensors Ltd", "SENSORS LIMITED"),
        ("Sensors S.A.", "Sensors SA"),
        ("Sensors & Sons, L.L.C.", "Sensors and Sons"),
        ("The Sensors Co., Ltd.", "Sensors"),
        ("ООО Датчики", "Датчики"),
        ("株式会社 感知器", "感知器"),
    ],
)
def test_legal_forms_of_organisations_do_not_matter(one: str, other: str) -> None:
    assert words_of(one, organisation=True) == words_of(other, organisation=True)


def test_what_is_a_legal_form_elsewhere_is_a_part_of_a_persons_name() -> None:
    assert words_of("Co, Ao") == {"co", "ao"}
    assert words_of("The Limited Company", organisation=True) == {"the", "limited", "company"}
    assert readings_of("Li Co", Kind.EITHER) == [{"li", "co"}, {"li"}]
    assert readings_of("Li Berg", Kind.EITHER) == [{"li", "berg"}]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Anna Berg", "BERG, Anna Lena", True),
        ("Anna Lena Berg", "Anna Berg", True),
        ("Berg", "Anna Berg", False),
        ("Anna Berg", "Anna Tal", False),
        ("山田 太郎", "山田太郎", True),
        ("", "", False),
        ("...", "Anna", False),
    ],
)
def test_two_words_and_all_of_the_shorter_name(one: str, other: str, same: bool) -> None:
    assert may_be_same(words_of(one), words_of(other)) is same
