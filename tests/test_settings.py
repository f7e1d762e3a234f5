from configparser import ConfigParser
from pathlib import Path

import pytest

from infra_access.core.errors import Invalid
from infra_access.settings import Settings, prepare_folders

ROOT = Path(__file__).parents[1]
STRONG = "Zk3vN8qLw2Rt7Yb5Xc9Pd4Hf6Jg1Ms0A"


def _ini(name: str, here: str = "/srv") -> dict[str, str]:
    parser = ConfigParser(defaults={"here": here})
    parser.read(ROOT / name)
    return dict(parser["app:main"])


def _production(**environ: str) -> Settings:
    values = {"DATABASE_URL": "postgresql+psycopg://u:p@db/infra", "SECRET": STRONG} | environ
    return Settings.from_ini(_ini("production.ini"), {f"INFRA_ACCESS_{name}": value for name, value in values.items()})


def test_the_development_ini_is_complete_and_binds_loopback(tmp_path: Path) -> None:
    settings = Settings.from_ini(_ini("development.ini", str(tmp_path)), {})
    assert (settings.listen_host, settings.listen_port) == ("127.0.0.1", 6543)
    assert settings.base_url == "http://127.0.0.1:6543"
    assert settings.hosts == ("localhost", "127.0.0.1")
    assert not settings.is_production
    assert not settings.secure_cookies
    prepare_folders(settings)
    assert (tmp_path / "var").is_dir()


def test_the_environment_overrides_the_ini() -> None:
    settings = Settings.from_ini(
        _ini("development.ini"),
        {
            "INFRA_ACCESS_LISTEN": "[::1]:7000",
            "INFRA_ACCESS_DATABASE_URL": "sqlite:///x.db",
            "INFRA_ACCESS_THREADS": "3",
            "INFRA_ACCESS_WHAT_IFS_PER_DAY": "5",
        },
    )
    assert (settings.listen_host, settings.listen_port) == ("::1", 7000)
    assert settings.base_url == "http://[::1]:7000"
    assert (settings.database_url, settings.threads, settings.what_ifs_per_day) == ("sqlite:///x.db", 3, 5)


def test_production_starts_with_its_secrets_from_the_environment() -> None:
    settings = _production(BASE_URL="https://labs.example.org/")
    assert settings.is_production
    assert settings.secure_cookies
    assert (settings.base_url, settings.hosts) == ("https://labs.example.org", ("labs.example.org",))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("secret", ""),
        ("secret", "development-only-secret-that-production-refuses"),
        ("secret", "short"),
        ("secret", "a" * 64),
        ("database_url", ""),
        ("database_url", "sqlite://"),
        ("database_url", "sqlite:///:memory:"),
        ("database_url", "sqlite:///file:x?mode=memory&uri=true"),
        ("database_url", "mysql://u@h/d"),
        ("base_url", "http://labs.example.org"),
        ("base_url", "labs.example.org"),
        ("secure_cookies", "false"),
        ("listen", "6543"),
        ("listen", "127.0.0.1:99999"),
        ("threads", "0"),
        ("threads", "many"),
        ("what_ifs_per_day", "0"),
        ("mail", "pigeon:x"),
        ("mail_from", "nobody"),
        ("mail_from", "a@b\r\nBcc: c@d"),
        ("environment", "staging"),
    ],
)
def test_production_refuses_what_is_unsafe_or_unclear(name: str, value: str) -> None:
    with pytest.raises(Invalid) as caught:
        _production(**{name.upper(): value})
    assert name in caught.value.fields


def test_a_setting_that_does_not_exist_is_refused() -> None:
    with pytest.raises(Invalid, match="databse_url"):
        Settings.from_ini(_ini("development.ini") | {"infra_access.databse_url": "x"}, {})


def test_keys_to_seal_with_are_checked_each_by_its_position_and_never_shown() -> None:
    keys = f"{'a' * 43}= {'b' * 43}="
    settings = _production(SEALING_KEYS=keys)
    assert settings.sealing_keys == tuple(keys.split())
    assert "aaa" not in repr(settings) + repr(settings.sealer)
    assert settings.sealer.open(settings.sealer.seal({"a": 1})) == {"a": 1}
    assert _production().sealer.open(_production().sealer.seal({"a": 1})) == {"a": 1}
    with pytest.raises(Invalid) as caught:
        _production(SEALING_KEYS=f"{keys} hidden {'c' * 43}=")
    assert "number 3 is none" in str(caught.value.fields["sealing_keys"][0].interpolate())
    assert "hidden" not in str(caught.value)


def test_no_secret_shows_in_a_refusal_or_in_the_settings() -> None:
    with pytest.raises(Invalid) as caught:
        _production(SECRET="development-only-hidden", DATABASE_URL="mysql://u:hidden@h/d")
    assert "hidden" not in str(caught.value)
    assert STRONG not in repr(_production())
    assert "u:p@db" not in repr(_production())
