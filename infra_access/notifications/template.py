"""How the words of a mail are kept."""

from dataclasses import dataclass

from infra_access.core.i18n import Text


@dataclass(frozen=True, slots=True)
class Template:
    """A subject and paragraphs; `${link}` is put beneath them."""

    subject: Text
    paragraphs: tuple[Text, ...]
