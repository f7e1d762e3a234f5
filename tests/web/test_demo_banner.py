from webtest import TestApp

from infra_access.config import make_app
from tests.factories.catalogue import make_organisation
from tests.web.conftest import SETTINGS

WORDS = "Demonstration: the organisations are real"


def home(database, database_url) -> str:
    application = make_app(SETTINGS | {"infra_access.database_url": database_url}, database=database)
    return TestApp(application, extra_environ={"HTTP_HOST": "localhost:80"}).get("/").text


def test_pages_say_that_they_show_a_demonstration_only_where_they_do(database, database_url) -> None:
    assert WORDS not in home(database, database_url)
    with database.writer() as session:
        make_organisation(session, demo=True)
    assert WORDS in home(database, database_url)
