"""Who may do what, asked over HTTP for every view, as the table says; each view has a row and each row a view."""

import pytest

from tests.demo_world import DemoWorld
from tests.gates.subjects import routes_without_views, subjects
from tests.gates.who_may import answers, rows


def test_every_view_has_a_row_and_every_row_a_view(world: DemoWorld) -> None:
    assert set(rows()) == set(subjects(world.registry))


def test_every_address_is_answered_by_a_view(world: DemoWorld) -> None:
    assert routes_without_views(world.registry) == set()


@pytest.mark.parametrize("name", rows())
def test_everybody_is_told_what_the_table_says(world: DemoWorld, name: str) -> None:
    subject = subjects(world.registry)[name]
    expected = {column: word for column, word in rows()[name].expected.items() if word != "-"}

    assert answers(world, subject) == expected
