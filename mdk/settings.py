"""Owns the settings: environment variables with the prefix MDK_, a `.env` file beneath them, and their meaning."""

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from dotenv import dotenv_values

from mdk import setting_checks as checks
from mdk.errors import MdkError

PREFIX = "MDK_"
DEFAULT = "förval"
_OWN = {"SECRET_KEY": "secret", "BASE_URL": "base_url"}  # what a demo data folder keeps itself, and in which file


class BadSetting(MdkError):
    """A setting is missing or bad; the message is one line that names it."""

    code = "setting"


@dataclass(frozen=True)
class Setting:
    """One setting: its name, default, meaning in a sentence, whether it is secret, and its check."""

    name: str
    default: str
    meaning: str
    secret: bool = False
    check: Callable[[str], str] = lambda _value: ""


@dataclass(frozen=True)
class Shown:
    """A setting as `mdk config` prints it."""

    name: str
    value: str
    source: str
    meaning: str


SETTINGS = (
    Setting(
        "DATABASE_URL",
        "",
        "databasen: sqlite:///FIL eller postgresql://… (tomt: DATA_DIR/mdk.sqlite)",
        secret=True,
        check=checks.database,
    ),
    Setting("BASE_URL", "http://127.0.0.1:8000", "adressen som användare når systemet på", check=checks.protected),
    Setting(
        "HOSTS",
        "",
        "fler värdnamn än det i BASE_URL som får användas, med komma emellan; anrop till andra avvisas",
        check=checks.hosts,
    ),
    Setting(
        "PROXIES",
        "",
        "omvända proxyer framför systemet, vars X-Forwarded-For är att lita på: adresser eller nät (tomt: inga)",
        check=checks.networks,
    ),
    Setting(
        "SECRET_KEY",
        "",
        "hemlighet som skyddar API-nycklar och svarslänkar, minst 32 tecken",
        secret=True,
        check=checks.secret,
    ),
    Setting(
        "DATA_KEY",
        "",
        "nyckel som patienternas uppgifter krypteras med i databasen, minst 64 hexadecimala tecken (tomt: härleds ur "
        "SECRET_KEY); i drift ska den vara satt och sparas skild från säkerhetskopiorna",
        secret=True,
        check=checks.key,
    ),
    Setting(
        "DATA_KEY_OLD",
        "",
        "den DATA_KEY som gällde förut, medan den byts: sätt båda, kör mdk data-key rotate och ta bort den",
        secret=True,
        check=checks.key,
    ),
    Setting(
        "SMTP_URL", "", "vart e-post skickas: smtp://, smtps:// eller file:KATALOG", secret=True, check=checks.mail
    ),
    Setting(
        "SMTP_TLS",
        "required",
        "kryptering när e-post skickas med smtp:// till en annan dator: required (STARTTLS med giltigt certifikat, "
        "annars skickas inget) eller opportunistic (krypterat bara om servern erbjuder det)",
        check=checks.one_of("required", "opportunistic"),
    ),
    Setting(
        "IMAP_URL",
        "",
        "brevlådan som svar på kallelser läses ur: imaps://användare:lösenord@server/mapp (tomt: ingen); imap:// läses "
        "med STARTTLS",
        secret=True,
        check=checks.inbox,
    ),
    Setting("MAIL_FROM", "mdk@example.invalid", "avsändaradress", check=checks.mailbox),
    Setting(
        "ORGANIZER", "mdk@example.invalid", "funktionsbrevlådan som står som mötesorganisatör", check=checks.mailbox
    ),
    Setting(
        "CONTACT",
        "",
        "vem den som får ett mejl kan ringa, till exempel MDK-koordinatorn 031-390 06 00 (tomt: funktionsbrevlådan)",
        check=checks.line,
    ),
    Setting(
        "VIDEO_URL_TEMPLATE",
        "",
        "videolänk för nya konferenser; {id} byts mot konferensens id",
        check=checks.address_or_none,
    ),
    Setting(
        "OIDC_ISSUER",
        "",
        "inloggningstjänstens adress (issuer), precis som den står i dess tokens (tomt: ingen inloggning)",
        check=checks.protected_or_none,
    ),
    Setting("OIDC_CLIENT_ID", "", "systemets namn hos inloggningstjänsten", check=checks.line),
    Setting("OIDC_CLIENT_SECRET", "", "systemets hemlighet hos inloggningstjänsten", secret=True),
    Setting("OIDC_NAME", "tjänstelegitimation", "vad knappen säger: Logga in med …", check=checks.words),
    Setting(
        "OIDC_SCOPES",
        "openid email",
        "vad som begärs, med mellanslag emellan; för Inera till exempel: openid commission",
        check=checks.scopes,
    ),
    Setting(
        "OIDC_PERSON_CLAIM",
        "email",
        "uppgiften som säger vem personen är: email jämförs med adressen, allt annat med HSA-id (Inera: employeeHsaId)",
        check=checks.words,
    ),
    Setting(
        "OIDC_COMMISSION_CLAIM",
        "",
        "uppgiften med medarbetaruppdragets HSA-id, när den ska avgöra uppdraget (Inera: commissionHsaId)",
        check=checks.line,
    ),
    Setting(
        "OIDC_UNIT_CLAIM",
        "",
        "uppgiften med vårdenhetens HSA-id, när den ska avgöra uppdraget (Inera: healthCareUnitHsaId)",
        check=checks.line,
    ),
    Setting(
        "OIDC_ACR",
        "",
        "tillitsnivåer som godtas (acr), med mellanslag emellan, till exempel http://id.sambi.se/loa/loa3 (tomt: alla)",
        check=checks.line,
    ),
    Setting(
        "OIDC_AMR",
        "",
        "sätt att legitimera sig varav minst ett krävs (amr), med mellanslag emellan, till exempel mfa (tomt: alla)",
        check=checks.line,
    ),
    Setting(
        "OIDC_MAX_AGE",
        "",
        "högst så många sekunder sedan man legitimerade sig hos inloggningstjänsten (tomt: hur många som helst)",
        check=checks.or_none(checks.whole(60, 86_400)),
    ),
    Setting(
        "SESSION_IDLE_MINUTES",
        "60",
        "minuter utan att en sida används tills inloggningen tar slut",
        check=checks.whole(5, 1440),
    ),
    Setting("SESSION_HOURS", "10", "timmar tills inloggningen tar slut, hur den än används", check=checks.whole(1, 24)),
    Setting(
        "CALENDAR_HOSTS",
        "",
        "värdar på det egna nätet som publicerade kalendrar får läsas från, med komma emellan (tomt: bara publika)",
        check=checks.hosts,
    ),
    Setting("OMEQ_TABLE", "", "tabell som gäller för omräkning till morfinekvivalenter (tomt: alla jämförs)"),
    Setting(
        "LANGUAGE",
        "sv",
        "språk i mejl till en ny person som inget annat sägs om: sv eller en",
        check=checks.one_of("sv", "en"),
    ),
    Setting(
        "TIMEZONE",
        "Europe/Stockholm",
        "tidszon; dagar, frister och kallelser räknas alltid i svensk tid",
        check=checks.zone,
    ),
    Setting("DATA_DIR", "var/demo", "katalog för inbäddad databas och utgående e-post"),
    Setting(
        "METRICS_TOKEN",
        "",
        "nyckel som övervakningen visar för att läsa /metrics, minst 32 tecken (tomt: läses bara på den egna datorn)",
        secret=True,
        check=checks.secret,
    ),
    Setting(
        "REMOVAL",
        "off",
        "om bekräftade gallringsbeslut får genomföras här: on eller off (då rapporteras bara)",
        check=checks.one_of("on", "off"),
    ),
    Setting("LOG_FORMAT", "console", "loggens form", check=checks.one_of("console", "json")),
)


@dataclass(frozen=True)
class Settings:
    """Every setting, checked. `is_demo` lets people sign in by choosing who they are."""

    values: Mapping[str, str]
    sources: Mapping[str, str]
    is_demo: bool = False

    def __getitem__(self, name: str) -> str:
        return self.values[name]

    @property
    def is_placed(self) -> bool:
        """Whether somebody has said where the data lie."""
        return any(self.sources[name] != DEFAULT for name in ("DATABASE_URL", "DATA_DIR"))

    @property
    def data_dir(self) -> Path:
        return Path(self["DATA_DIR"])

    @property
    def database_url(self) -> str:
        return self["DATABASE_URL"] or f"sqlite:///{self.data_dir / 'mdk.sqlite'}"

    @property
    def mail_url(self) -> str:
        return self["SMTP_URL"] or f"file:{self.data_dir / 'outbox'}"

    @property
    def is_protected(self) -> bool:
        """Whether people reach the system over a protected line only."""
        return self["BASE_URL"].startswith("https://")

    @property
    def session_lasts(self) -> timedelta:
        return timedelta(hours=int(self["SESSION_HOURS"]))

    @property
    def session_idles(self) -> timedelta:
        return timedelta(minutes=int(self["SESSION_IDLE_MINUTES"]))

    @property
    def contact(self) -> str:
        """Whom the receiver of a mail can turn to."""
        return self["CONTACT"] or self["ORGANIZER"]

    @property
    def secret_key(self) -> str:
        """The secret. Raises `BadSetting` when there is none."""
        if not self["SECRET_KEY"]:
            raise BadSetting("MDK_SECRET_KEY saknas. Ange en hemlighet med minst 32 tecken.")
        return self["SECRET_KEY"]

    def shown(self) -> list[Shown]:
        """Every setting for people to read, secrets masked."""
        return [
            Shown(
                name=PREFIX + setting.name,
                value="••••••••" if setting.secret and self[setting.name] else self[setting.name],
                source=self.sources[setting.name],
                meaning=setting.meaning,
            )
            for setting in SETTINGS
        ]


def load(
    environment: Mapping[str, str] | None = None,
    *,
    dotenv: Path | None = None,
    data_dir: Path | None = None,
    is_demo: bool = False,
) -> Settings:
    """Read every setting: the environment goes before `.env`, which goes before the default.

    A demo data folder keeps its own secret and address, so that commands on it need no setting but `MDK_DATA_DIR`.
    Raises `BadSetting` naming the first bad one.
    """
    given = {key: value for key, value in (dotenv_values(dotenv or Path(".env"))).items() if value is not None}
    layers = ((os.environ if environment is None else environment, "miljövariabel"), (given, ".env"))
    values, sources = {}, {}
    for setting in SETTINGS:
        value, source = setting.default, DEFAULT
        for layer, name in reversed(layers):
            if PREFIX + setting.name in layer:
                value, source = layer[PREFIX + setting.name], name
        fault = setting.check(value)
        if fault:
            raise BadSetting(f"{PREFIX}{setting.name} {fault}.")
        values[setting.name], sources[setting.name] = value, source
    _check_together(values)
    if data_dir is not None:
        values["DATA_DIR"], sources["DATA_DIR"] = str(data_dir), "kommandoraden"
    for name, file in _OWN.items():
        own = Path(values["DATA_DIR"]) / file
        if sources[name] == DEFAULT and own.is_file():
            values[name], sources[name] = own.read_text().strip(), "datakatalogen"
    return Settings(values=values, sources=sources, is_demo=is_demo)


def _check_together(values: Mapping[str, str]) -> None:
    """A sign-in that is set in part is none, and nobody would know. Raises `BadSetting`."""
    needed = ("OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET")
    missing = [PREFIX + name for name in needed if not values[name]]
    if 0 < len(missing) < len(needed):
        rest = " och ".join(missing)
        raise BadSetting(f"{rest} saknas. Inloggningen behöver {', '.join(PREFIX + name for name in needed)}.")


def make_secret(data_dir: Path) -> None:
    """Give a demo data folder its own secret, readable by its owner only, unless it has one."""
    file = data_dir / "secret"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_hex(checks.SECRET_LENGTH))


def note_base_url(data_dir: Path, address: str) -> None:
    """Keep the address at which a demo is reached, so that tokens made on its data folder hold there."""
    (data_dir / _OWN["BASE_URL"]).write_text(address)
