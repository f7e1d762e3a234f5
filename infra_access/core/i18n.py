"""Marking of text that people read.

Domain code marks its messages with `_`; nothing is translated here. The result is a `str` that still
carries its placeholders (`${name}`) and their values, so that whoever shows it, in HTTP or in a mail,
translates it for that reader.
"""

from translationstring import TranslationString, TranslationStringFactory

DOMAIN = "infra_access"

_ = TranslationStringFactory(DOMAIN)

Text = TranslationString | str
"""Text for people: translatable where we wrote it, plain where a user did."""


def plain(text: Text) -> str:
    """Return the untranslated English with its values filled in, for logs and the command line.

    >>> plain(_("${count} left", mapping={"count": 3}))
    '3 left'
    """
    if not isinstance(text, TranslationString):
        return text
    values = {key: plain(value) if isinstance(value, str) else value for key, value in (text.mapping or {}).items()}
    return str(TranslationString(text.default or str(text), mapping=values).interpolate())
