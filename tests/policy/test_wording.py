import copy
import pickle

import pytest

from infra_access.core.i18n import _, plain
from infra_access.policy.wording import Wording, render

SENTENCE = Wording({"ja": "現地のみ", "en": "On site only", "pt-BR": "Presencial"})


@pytest.mark.parametrize(
    ("locale", "shown"),
    [
        ("ja", "現地のみ"),
        ("ja_JP", "現地のみ"),
        ("pt-BR", "Presencial"),
        ("pt", "On site only"),
        ("fr", "On site only"),
    ],
)
def test_it_shows_the_sentence_nearest_to_the_reader(locale, shown):
    assert render(SENTENCE, plain, locale) == shown


def test_a_sentence_without_english_shows_its_first_language():
    assert Wording({"ja": "現地のみ", "de": "Nur vor Ort"}) == "Nur vor Ort"


def test_a_sentence_inside_a_text_is_shown_in_the_same_language():
    assert render(_("Not met: ${rule}", mapping={"rule": SENTENCE}), plain, "ja") == "Not met: 現地のみ"


def test_a_copy_keeps_every_language():
    for again in (copy.deepcopy(SENTENCE), pickle.loads(pickle.dumps(SENTENCE))):
        assert again.by_locale == SENTENCE.by_locale


def test_it_needs_a_language():
    with pytest.raises(ValueError, match="at least one"):
        Wording({})
