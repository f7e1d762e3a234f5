"""Templates are compiled once, whichever page includes them."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from jinja2 import Environment


def test_a_template_is_compiled_once_for_all_pages(
    browser: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: Counter[str | None] = Counter()
    compiles = Environment.compile

    def counting(self: Environment, source: Any, name: str | None = None, *args: Any, **more: Any) -> Any:
        compiled[name] += 1
        return compiles(self, source, name, *args, **more)

    monkeypatch.setattr(Environment, "compile", counting)
    visitor = browser()
    for address in ("/", "/about", "/catalogue", "/help", "/"):
        visitor.get(address)

    assert set(compiled.values()) == {1}
    assert {"layout.jinja2", "about.jinja2"} <= set(compiled)
