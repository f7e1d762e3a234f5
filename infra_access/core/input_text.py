"""The floor under every text that comes from outside.

Whatever passes here can be stored by both databases, sent as UTF-8 and shown without turning the text around
it. Refused are NUL and the other control characters, lone surrogates, noncharacters and the bidirectional
overrides and isolates (Unicode TR 36, 3.1); the plain direction marks that Arabic and Hebrew need are kept.
"""

import re
import unicodedata

from infra_access.core.errors import Invalid
from infra_access.core.i18n import Text, _

_BREAKS = re.compile("\r\n?|[\u2028\u2029\u0085]")
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufff9-\ufffb"
    + "".join(chr(plane * 0x10000 + 0xFFFE) + chr(plane * 0x10000 + 0xFFFF) for plane in range(17))
    + "]"
)
_LINE_ENDS = re.compile("[\t\n]")
# Categories that leave no mark on the page: controls and formats, separators, combining marks alone.
_INVISIBLE = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp", "Mn", "Me"})


def clean_line(value: str, *, field: str, max_length: int, required: bool = False) -> str:
    r"""Return one line of text, trimmed and in NFC.

    Raises:
        Invalid: `text.unsafe`, `text.too_long` or `text.empty`, naming `field`.

    >>> clean_line("  Cafe\u0301 ", field="name", max_length=10)
    'Café'
    """
    text = clean_text(value, field=field, max_length=max_length, required=required)
    if _LINE_ENDS.search(text):
        raise _invalid("text.unsafe", field, _("This must be one line: remove the line breaks and tabs."))
    return text


def clean_text(value: str, *, field: str, max_length: int, required: bool = False) -> str:
    r"""Return text of several lines, trimmed, in NFC and with `\n` between the lines.

    Raises:
        Invalid: `text.unsafe`, `text.too_long` or `text.empty`, naming `field`.
    """
    # Before any work on it, so that an enormous text costs nothing; NFC never shortens fourfold.
    if len(value) > max_length * 4 + 1000:
        raise _too_long(field, len(value), max_length)
    text = _BREAKS.sub("\n", value)
    unsafe = _UNSAFE.search(text)
    if unsafe is not None:
        raise _invalid(
            "text.unsafe",
            field,
            _(
                "This holds a character that cannot be shown safely (${code}). Remove it, or type the text anew.",
                mapping={"code": f"U+{ord(unsafe[0]):04X}"},
            ),
        )
    text = unicodedata.normalize("NFC", text).strip()
    if len(text) > max_length:
        raise _too_long(field, len(text), max_length)
    if required and all(unicodedata.category(character) in _INVISIBLE for character in text):
        raise _invalid("text.empty", field, _("This is empty. Please fill it in."))
    return text


def _too_long(field: str, length: int, max_length: int) -> Invalid:
    message = _(
        "This has ${length} characters; at most ${max_length} are possible. Please shorten it.",
        mapping={"length": length, "max_length": max_length},
    )
    return _invalid("text.too_long", field, message)


def _invalid(code: str, field: str, message: Text) -> Invalid:
    return Invalid(code, message, fields={field: [message]})
