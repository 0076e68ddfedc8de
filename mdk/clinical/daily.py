"""Owns what one opioid line amounts to a day, what is missing in it, and its words."""

from decimal import Decimal

import msgspec

from mdk.clinical.structs import DoseUnit, Drug, OpioidLine, Route
from mdk.errors import Problem

ZERO = Decimal(0)
HIGHEST = Decimal(1_000_000)
HOURS = Decimal(24)
SPINAL = frozenset({"epidural", "intrathecal"})

DRUGS: dict[Drug, str] = {
    "morphine": "Morfin",
    "oxycodone": "Oxikodon",
    "hydromorphone": "Hydromorfon",
    "fentanyl": "Fentanyl",
    "buprenorphine": "Buprenorfin",
    "tapentadol": "Tapentadol",
    "tramadol": "Tramadol",
    "codeine": "Kodein",
    "ketobemidone": "Ketobemidon",
    "methadone": "Metadon",
    "other": "Annan opioid",
}
ROUTES: dict[Route, str] = {
    "oral": "peroralt",
    "sublingual": "sublingualt",
    "subcutaneous": "subkutant",
    "intravenous": "intravenöst",
    "transdermal": "plåster",
    "transmucosal": "transmukosalt",
    "rectal": "rektalt",
    "epidural": "epiduralt",
    "intrathecal": "intratekalt",
}


class Daily(msgspec.Struct, frozen=True):
    """A line's known daily amount in `unit`, and what is missing so that the true amount may be higher."""

    line: OpioidLine
    amount: Decimal
    unit: DoseUnit
    missing: str | None


def number(value: Decimal) -> str:
    """A figure as Swedes write it: comma, no needless zeros, at most two decimals."""
    rounded = round(value, 2)
    text = f"{rounded:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace(".", ",")


def name(drug: Drug, route: Route) -> str:
    """A drug by its route, such as "Oxikodon peroralt"."""
    return f"{DRUGS[drug]} {ROUTES[route]}"


def problems_of(line: OpioidLine, field: str = "") -> list[Problem]:
    """Every figure of the line that cannot be a dose: below zero, not a number, or beyond all measure."""
    prefix = f"{field}." if field else ""
    return [
        Problem(f"{prefix}{key}", "Ange ett tal från 0 och uppåt, till exempel 40 eller 12,5.")
        for key in ("dose", "per_day", "rescue_dose", "rescue_per_day")
        if not _usable(getattr(line, key))
    ]


def manual_reason(line: OpioidLine) -> str | None:
    """Why the line is for manual judgement and never summed (decision 2 of the clinical rules); None when it is not."""
    if line.drug == "methadone":
        return "Metadon bedöms manuellt: omräkningen ändras med dosen."
    if line.route in SPINAL:
        return "Spinal tillförsel bedöms manuellt och räknas aldrig om."
    if line.drug == "fentanyl" and line.route in {"transmucosal", "sublingual"}:
        return "Transmukosalt fentanyl bedöms manuellt: upptaget skiljer sig mellan beredningar."
    return None


def daily(line: OpioidLine) -> Daily:
    """What the line amounts to a day: dose × times (a rate as it is) + rescue doses really taken."""
    if problems_of(line):
        return Daily(line, ZERO, line.unit, "Dosen är inget användbart tal.")
    if line.unit == "µg/h":
        return _rate(line)
    if line.route == "transdermal":
        return Daily(line, ZERO, line.unit, "Plåster anges i µg/h.")
    regular, missing_regular = _regular(line)
    rescue, missing_rescue = _rescue(line)
    return Daily(line, regular + rescue, line.unit, missing_regular or missing_rescue)


def words(line: OpioidLine) -> str:
    """The line as a sentence part, such as "Oxikodon peroralt 80 mg × 2 + vid behov 30 mg × 3"."""
    parts = []
    if line.unit == "µg/h":
        parts.append(_dose(line.dose, line.unit))
    elif line.per_day is not None:
        parts.append(f"{_dose(line.dose, line.unit)} × {_figure(line.per_day)}")
    if line.rescue_dose is not None or line.rescue_per_day is not None:
        parts.append(f"vid behov {_dose(line.rescue_dose, line.unit)} × {_figure(line.rescue_per_day)}")
    return f"{name(line.drug, line.route)} {' + '.join(parts) or _dose(line.dose, line.unit)}"


def _rate(line: OpioidLine) -> Daily:
    if line.per_day is not None or line.rescue_dose or line.rescue_per_day:
        return Daily(line, ZERO, "µg/h", "En hastighet i µg/h anges utan antal per dygn och utan extradoser.")
    if line.route not in {"transdermal", "subcutaneous", "intravenous"}:
        return Daily(line, ZERO, "µg/h", "µg/h gäller plåster och kontinuerlig infusion.")
    if line.dose is None:
        return Daily(line, ZERO, "µg/h", "Dosen saknas.")
    if line.route == "transdermal":
        return Daily(line, line.dose, "µg/h", None)
    return Daily(line, line.dose * HOURS, "µg", None)


def _regular(line: OpioidLine) -> tuple[Decimal, str | None]:
    if line.per_day is None:
        only_when_needed = line.rescue_dose is not None or line.rescue_per_day is not None
        return ZERO, None if only_when_needed else "Antal doser per dygn saknas."
    if line.per_day == 0:
        return ZERO, None
    if line.dose is None:
        return ZERO, "Dosen saknas."
    return line.dose * line.per_day, None


def _rescue(line: OpioidLine) -> tuple[Decimal, str | None]:
    if line.rescue_per_day is None:
        return ZERO, "Antal tagna extradoser per dygn saknas." if line.rescue_dose else None
    if line.rescue_per_day == 0:
        return ZERO, None
    if line.rescue_dose is None:
        return ZERO, "Extradosens storlek saknas."
    return line.rescue_dose * line.rescue_per_day, None


def _usable(value: Decimal | None) -> bool:
    return value is None or (value.is_finite() and ZERO <= value < HIGHEST)


def _figure(value: Decimal | None) -> str:
    return "?" if value is None or not _usable(value) else number(value)


def _dose(value: Decimal | None, unit: DoseUnit) -> str:
    return f"{_figure(value)} {unit}"
