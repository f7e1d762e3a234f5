"""Sentences that the authors of rules wrote, in the languages they wrote them in, and how any text is shown."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from translationstring import TranslationString

from infra_access.core.i18n import Text

Translate = Callable[[Text], str]
"""Turns marked text into one reader's language."""


class Wording(str):
    """A sentence in one or more languages; used as plain text it is its English, else its first language.

    >>> Wording({"de": "Nur vor Ort", "en": "On site only"})
    'On site only'
    """

    by_locale: Mapping[str, str]

    def __new__(cls, by_locale: Mapping[str, str]) -> "Wording":
        """Keep every language. Raises ValueError where there is none."""
        if not by_locale:
            raise ValueError("a wording needs at least one language")
        text = by_locale.get("en", by_locale[min(by_locale)])
        wording = super().__new__(cls, text)
        wording.by_locale = MappingProxyType(dict(sorted(by_locale.items())))
        return wording

    def __getnewargs__(self) -> tuple[dict[str, str]]:  # type: ignore[override]
        """Return what a copy is made of."""
        return (dict(self.by_locale),)

    def __getstate__(self) -> None:
        """Copy nothing but the languages."""

    def in_locale(self, locale: str) -> str:
        """Return the sentence in `locale`, in its language, or as plain text.

        >>> Wording({"de": "Nur vor Ort", "en": "On site only"}).in_locale("de_AT")
        'Nur vor Ort'
        """
        language = locale.replace("_", "-").split("-")[0]
        return self.by_locale.get(locale, self.by_locale.get(language, str(self)))


def render(text: Text, translate: Translate, locale: str = "en") -> str:
    """Return `text` for one reader, with the texts inside its placeholders shown likewise."""
    if isinstance(text, Wording):
        return text.in_locale(locale)
    if not isinstance(text, TranslationString):
        return str(text)
    inner = {
        name: render(value, translate, locale) if isinstance(value, str) else value
        for name, value in (text.mapping or {}).items()
    }
    shown = TranslationString(text, domain=text.domain, default=text.default, mapping=inner, context=text.context)
    return translate(shown)
