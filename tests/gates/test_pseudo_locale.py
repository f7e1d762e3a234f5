"""Every text that a page shows or speaks can be translated: in the pseudo-locale all of it stands in brackets."""

import pytest

from infra_access.http.localisation import PSEUDO
from tests.demo_world import MISSING, DemoWorld
from tests.gates.asking import ask, in_language
from tests.gates.calls import CALLS, call_of, key_of
from tests.gates.subjects import subjects
from tests.gates.visible_text import data_of, untranslatable

READERS = (None, "startup", "manager")


def test_it_finds_what_nobody_could_translate() -> None:
    page = """<title>Home</title><p>⟦Hello <b>you⟧</b> there</p><p translate="no">as it is</p>
        <input placeholder="Search" type="submit" value="Go"><p>42 · Tokyo (Wed 4 Mar)</p><script>let x</script>"""

    assert untranslatable(page, {"Tokyo", "Wed", "Mar"}) == ["Go", "Home", "Search", "there"]


@pytest.mark.parametrize("reader", READERS)
def test_every_page_can_be_translated(world: DemoWorld, reader: str | None) -> None:
    data = data_of(world)
    found: dict[str, list[str]] = {}
    for name, subject in subjects(world.registry).items():
        if subject.is_api or not subject.is_safe:
            continue
        call = call_of(name)
        answer = ask(
            world, subject, key_of(world, subject.kind, call), by=reader, query=call.query, cookies=in_language(PSEUDO)
        )
        if answer.content_type == "text/html" and (left := untranslatable(answer.text, data)):
            found[name] = left
    assert found == {}


def test_refused_forms_can_be_translated(world: DemoWorld) -> None:
    data = data_of(world)
    found: dict[str, list[str]] = {}
    for name, subject in subjects(world.registry).items():
        if subject.is_api or subject.is_safe:
            continue
        call = CALLS[name]
        empty = (
            {subject.button.partition("=")[0]: subject.button.partition("=")[2] or MISSING} if subject.button else {}
        )
        answer = ask(
            world,
            subject,
            key_of(world, subject.kind, call),
            by=call.by,
            body=empty,
            doomed=True,
            cookies=in_language(PSEUDO),
        )
        if answer.content_type == "text/html" and (left := untranslatable(answer.text, data)):
            found[name] = left
    assert found == {}
