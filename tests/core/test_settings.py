"""Settings: environment before .env before default, one line for a bad one, and no secret shown."""

from pathlib import Path

import pytest

from mdk.settings import SETTINGS, BadSetting, Settings, load, make_secret

SECRET = "en-hemlighet-som-är-längre-än-trettiotvå-tecken"
NONE = Path("/nonexistent/.env")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Far from a demo that was run in this folder, whose secret the default data folder would give."""
    monkeypatch.chdir(tmp_path)


def loaded(dotenv: Path = NONE, **environment: str) -> Settings:
    return load({f"MDK_{name}": value for name, value in environment.items()}, dotenv=dotenv)


def shown(settings: Settings) -> dict[str, tuple[str, str]]:
    return {each.name: (each.value, each.source) for each in settings.shown()}


def test_the_environment_goes_before_the_file_and_the_file_before_the_default(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("MDK_LANGUAGE=en\nMDK_LOG_FORMAT=json\nOTHER=x\n")
    settings = loaded(file, LOG_FORMAT="console")
    assert shown(settings)["MDK_LANGUAGE"] == ("en", ".env")
    assert shown(settings)["MDK_LOG_FORMAT"] == ("console", "miljövariabel")
    assert shown(settings)["MDK_TIMEZONE"] == ("Europe/Stockholm", "förval")


def test_every_setting_of_the_contract_is_there_and_has_a_meaning() -> None:
    assert {setting.name for setting in SETTINGS} == {
        "DATABASE_URL", "BASE_URL", "SECRET_KEY", "SMTP_URL", "MAIL_FROM", "ORGANIZER", "VIDEO_URL_TEMPLATE",
        "OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET", "OMEQ_TABLE", "LANGUAGE", "TIMEZONE", "DATA_DIR",
        "LOG_FORMAT", "IMAP_URL", "CONTACT", "CALENDAR_HOSTS", "HOSTS", "PROXIES", "OIDC_NAME", "OIDC_SCOPES",
        "OIDC_PERSON_CLAIM", "OIDC_COMMISSION_CLAIM", "OIDC_UNIT_CLAIM", "OIDC_ACR", "OIDC_AMR",
        "OIDC_MAX_AGE",
        "SESSION_IDLE_MINUTES", "SESSION_HOURS", "SMTP_TLS", "METRICS_TOKEN", "DATA_KEY", "DATA_KEY_OLD", "REMOVAL",
    }  # fmt: skip
    assert all(setting.meaning for setting in SETTINGS)


@pytest.mark.parametrize("left_out", ["MDK_OIDC_ISSUER", "MDK_OIDC_CLIENT_ID", "MDK_OIDC_CLIENT_SECRET"])
def test_a_sign_in_that_is_set_in_part_stops_the_start_with_one_line_that_names_what_is_missing(left_out: str) -> None:
    given = {"MDK_OIDC_ISSUER": "https://idp.example", "MDK_OIDC_CLIENT_ID": "mdk", "MDK_OIDC_CLIENT_SECRET": "x"}
    with pytest.raises(BadSetting) as refused:
        load({name: value for name, value in given.items() if name != left_out}, dotenv=NONE)
    assert refused.value.message.startswith(f"{left_out} saknas.")
    assert "\n" not in refused.value.message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://x"), ("DATABASE_URL", "x"), ("BASE_URL", ""), ("BASE_URL", "mdk.example"),
        ("SECRET_KEY", "kort"), ("SECRET_KEY", "x" * 31), ("SMTP_URL", "mail.example"), ("MAIL_FROM", "x"),
        ("ORGANIZER", ""), ("LANGUAGE", "no"), ("TIMEZONE", "Mars/Base"), ("TIMEZONE", "/etc/passwd"),
        ("TIMEZONE", ""), ("TIMEZONE", "UTC"), ("LOG_FORMAT", "xml"), ("BASE_URL", "http://mdk.region.example"),
        ("HOSTS", "a/b"),
        ("OIDC_ISSUER", "http://idp.example"), ("OIDC_SCOPES", "email"), ("OIDC_PERSON_CLAIM", ""),
        ("PROXIES", "caddy"), ("SESSION_IDLE_MINUTES", "4"), ("SESSION_IDLE_MINUTES", "x"),
        ("SESSION_HOURS", "25"), ("SESSION_HOURS", ""), ("SMTP_TLS", "never"), ("OIDC_MAX_AGE", "59"),
        ("OIDC_MAX_AGE", "1h"),
    ],
)  # fmt: skip
def test_a_bad_setting_is_named_in_one_line_that_does_not_repeat_it(name: str, value: str) -> None:
    with pytest.raises(BadSetting) as refused:
        load({f"MDK_{name}": value}, dotenv=NONE)
    assert refused.value.message.startswith(f"MDK_{name} ")
    assert "\n" not in refused.value.message
    assert not value or len(value) < 5 or value not in refused.value.message


def test_another_zone_than_sweden_s_is_refused_and_told_why() -> None:
    with pytest.raises(BadSetting) as refused:
        loaded(TIMEZONE="Europe/Oslo")
    assert "kan bara vara Europe/Stockholm: allt räknas i svensk tid" in refused.value.message


def test_a_bad_setting_in_the_file_is_refused_too(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("MDK_LOG_FORMAT=xml\n")
    with pytest.raises(BadSetting, match=r"^MDK_LOG_FORMAT "):
        loaded(file)


def test_secrets_are_masked_and_empty_ones_are_seen_to_be_empty() -> None:
    secrets = {
        "SECRET_KEY": SECRET,
        "DATABASE_URL": "postgresql://mdk:lösen@db/mdk",
        "SMTP_URL": "smtps://mdk:lösen@mail",
        "OIDC_CLIENT_SECRET": "hemligt",
    }
    sign_in = {"MDK_OIDC_ISSUER": "https://idp.example", "MDK_OIDC_CLIENT_ID": "mdk"}
    told = shown(load(sign_in | {f"MDK_{name}": value for name, value in secrets.items()}, dotenv=NONE))
    assert {name: told[f"MDK_{name}"][0] for name in secrets} == dict.fromkeys(secrets, "••••••••")
    assert shown(loaded())["MDK_SECRET_KEY"][0] == ""
    assert "lösen" not in repr(told)


def test_a_missing_secret_is_named_when_it_is_needed() -> None:
    assert loaded(SECRET_KEY=SECRET).secret_key == SECRET
    with pytest.raises(BadSetting, match=r"^MDK_SECRET_KEY saknas"):
        loaded().secret_key  # noqa: B018 - reading it is what must fail


def test_the_data_folder_holds_database_mail_and_secret_unless_told_otherwise(tmp_path: Path) -> None:
    make_secret(tmp_path)
    kept = (tmp_path / "secret").read_text()
    make_secret(tmp_path)
    assert (tmp_path / "secret").read_text() == kept
    assert (tmp_path / "secret").stat().st_mode & 0o077 == 0
    settings = loaded(DATA_DIR=str(tmp_path))
    assert settings.database_url == f"sqlite:///{tmp_path}/mdk.sqlite"
    assert settings.mail_url == f"file:{tmp_path}/outbox"
    assert (settings.secret_key, shown(settings)["MDK_SECRET_KEY"][1]) == (kept, "datakatalogen")
    assert loaded(DATA_DIR=str(tmp_path), SECRET_KEY=SECRET).secret_key == SECRET
    assert load({}, dotenv=NONE, data_dir=tmp_path, is_demo=True).data_dir == tmp_path


@pytest.mark.parametrize("hosts", ["http://x", "a,,b", "x y"])
def test_hosts_beside_the_public_ones_are_named_one_by_one(hosts: str, tmp_path: Path) -> None:
    load({"MDK_CALENDAR_HOSTS": "kal.lan:8080, 10.0.0.1"}, dotenv=tmp_path / "none")
    with pytest.raises(BadSetting) as bad:
        load({"MDK_CALENDAR_HOSTS": hosts}, dotenv=tmp_path / "none")
    assert bad.value.message.startswith("MDK_CALENDAR_HOSTS har")
