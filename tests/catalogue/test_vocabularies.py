"""The closed vocabularies and their words."""

from enum import StrEnum

import pytest
from translationstring import TranslationString

from infra_access.catalogue import vocabularies
from infra_access.catalogue.vocabularies import Listing, Trust, label

_ALL = [
    member
    for vocabulary in vars(vocabularies).values()
    if isinstance(vocabulary, type) and issubclass(vocabulary, StrEnum) and vocabulary is not StrEnum
    for member in vocabulary
]


def test_there_are_fifteen_vocabularies() -> None:
    assert len({type(member) for member in _ALL}) == 15


@pytest.mark.parametrize("member", _ALL, ids=repr)
def test_every_value_has_a_translatable_label(member: StrEnum) -> None:
    text = label(member)

    assert isinstance(text, TranslationString)
    assert str(text)[0].isupper()


def test_equal_values_of_different_vocabularies_keep_their_own_label() -> None:
    assert str(label(Trust.VERIFIED)) == "Verified"
    assert str(label(Listing.UNCLAIMED)) == "Not claimed by its owner"


def test_labels_within_a_vocabulary_differ() -> None:
    for vocabulary in {type(member) for member in _ALL}:
        assert len({str(label(member)) for member in vocabulary}) == len(vocabulary)
