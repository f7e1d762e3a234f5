"""Templates are compiled once, whichever page includes them."""

from collections import Counter
from typing import Any

import pytest
from jinja2 import Environment
from webtest import TestApp

from infra_access.config import make_app
from infra_access.core.db import Database
from tests.web.conftest import SETTINGS


def test_a_template_is_compiled_once_for_all_pages(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: Counter[str | None] = Counter()
    compiles = Environment.compile

    def counting(self: Environment, source: Any, name: str | None = None, *args: Any, **more: Any) -> Any:
        compiled[name] += 1
        return compiles(self, source, name, *args, **more)

    monkeypatch.setattr(Environment, "compile", counting)
    # Not the application that the tests share, which has compiled them long ago.
    own = make_app(SETTINGS | {"infra_access.database_url": database_url}, database=database)
    visitor = TestApp(own, extra_environ={"HTTP_HOST": "localhost"})
    for address in ("/", "/about", "/catalogue", "/help", "/"):
        visitor.get(address)

    assert set(compiled.values()) == {1}
    assert {"layout.jinja2", "about.jinja2"} <= set(compiled)
