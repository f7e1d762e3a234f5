"""Terms and other long texts: Markdown in, harmless HTML out."""

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

_TAGS = {
    *("h3", "h4", "h5", "h6", "p", "ul", "ol", "li", "strong", "em", "code", "pre", "blockquote", "hr", "br", "a"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
_READER = MarkdownIt("commonmark", {"html": False}).enable("table")
_BELOW = 2
"""Headings of the text stand beneath those of the page."""


def to_html(text: str) -> Markup:
    """Return Markdown as HTML of few kinds of elements; HTML within it stays text.

    >>> to_html("# Terms <b>").strip()
    Markup('<h3>Terms &lt;b&gt;</h3>')
    """
    tokens = _READER.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + _BELOW)}"
    shown = _READER.renderer.render(tokens, _READER.options, {})
    return Markup(nh3.clean(shown, tags=_TAGS, attributes={"a": {"href"}}, url_schemes={"https", "http", "mailto"}))
