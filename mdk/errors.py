"""Owns what can go wrong in the core: a few kinds, each with a stable code and a Swedish sentence."""

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """One bad or missing field: its dotted path and a sentence that names the remedy."""

    field: str
    message: str


class MdkError(Exception):
    """Base of all domain errors; `code` is stable, `message` is for people."""

    code = "mdk"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotFound(MdkError):
    """It does not exist, or the viewer may not know that it does."""

    code = "not-found"

    def __init__(self, message: str = "Det du söker finns inte, eller så har du inte tillgång till det.") -> None:
        super().__init__(message)


class NotAllowed(MdkError):
    """The viewer's role may never do this."""

    code = "not-allowed"

    def __init__(self, message: str = "Din roll ger inte rätt att göra detta. Byt uppdrag om du har fler.") -> None:
        super().__init__(message)


class RuleBroken(MdkError):
    """A rule of the field or a state forbids the act; `rule` is its stable id, such as `conference.no-quorum`."""

    def __init__(self, rule: str, message: str, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(message)
        self.rule = rule
        self.code = rule
        self.problems = problems


class SignInRefused(MdkError):
    """Who asks to come in is not let in; `code` says why, `person_id` whom it was about when that is known."""

    def __init__(self, code: str, message: str, *, person_id: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.person_id = person_id


class BadFile(RuleBroken):
    """A file that cannot be kept as it is; the message names the way out."""


class FileTooLarge(BadFile):
    """A file with more bytes than may be kept."""


class Invalid(MdkError):
    """Input that cannot be used as it stands; `problems` names every bad field at once."""

    code = "invalid"

    def __init__(self, problems: list[Problem], message: str = "Rätta de markerade uppgifterna.") -> None:
        super().__init__(message)
        self.problems = tuple(problems)


class Stale(MdkError):
    """Someone else changed it after it was read; `current` is the version that stands."""

    code = "stale"

    def __init__(
        self, current: int, message: str = "Någon annan hann före. Läs in den senaste versionen och försök igen."
    ) -> None:
        super().__init__(message)
        self.current = current


NO_RIGHTS = "42501"  # PostgreSQL's code for it
NOT_OWNER = (
    "Användaren i MDK_DATABASE_URL saknar rätt till det i databasen. Databasen ska ägas av den användaren: "
    "ALTER DATABASE … OWNER TO …"
)


class Unavailable(MdkError):
    """The store cannot answer just now; nothing was changed and it is safe to try again."""

    code = "unavailable"

    def __init__(
        self, message: str = "Systemet kan inte svara just nu. Inget har ändrats. Försök igen om en stund."
    ) -> None:
        super().__init__(message)
