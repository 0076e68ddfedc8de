"""Owns the reference data of the sjukvårdsregion: its four regions, their units, and the point prevalence of 2023."""

from functools import cache
from typing import Literal

import msgspec

from mdk.clinical import published

RegionId = Literal["skane", "halland", "kronoberg", "blekinge"]
UnitKind = Literal[
    "palliative",
    "pain",
    "neurosurgery",
    "regional_function",
    "coordination",
    "paediatric",
    "steering",
    "administration",
]
OutOfHoursCover = Literal["round_the_clock", "holiday_daytime", "none"]


class Transfer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A municipality whose patients are taken to another place for the intervention."""

    origin: str
    destination: str


class Contacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who of a region's palliative care answers in office hours, by day on holidays, and at night; "" for nobody."""

    office: str
    holiday_day: str
    night: str


class Region(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A region's capabilities for advanced pain treatment, as the final report describes them."""

    id: RegionId
    name: str
    has_asih: bool
    home_care: str
    palliative_care: str
    inpatient_beds: str
    pain_unit: str
    consultant: str
    extern_capability: str
    inserts_extern: bool
    intern_capability: str
    inserts_intern: bool
    routines: str
    vulnerability: str
    out_of_hours_cover: OutOfHoursCover
    out_of_hours: str
    contacts: Contacts
    function_unit: str
    sources: tuple[str, ...]
    transfers: tuple[Transfer, ...] = ()


class Unit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A unit with a stable id; region None serves the whole sjukvårdsregion, place is empty where none is given."""

    id: str
    name: str
    kind: UnitKind
    region: RegionId | None = None
    place: str = ""


class PrevalenceRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row of Table 1: patients enrolled, those above 200 mg a day, and those with advanced treatment."""

    place: str
    region: RegionId
    patients: int
    high_dose: int
    advanced: int

    @property
    def share(self) -> float:
        """The share on a high dose, computed (0–1): the report's own percentages are wrong for two places."""
        return self.high_dose / self.patients


class Prevalence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The point prevalence as published, with its week and source."""

    year: int
    week: int
    source: str
    rows: tuple[PrevalenceRow, ...]


class _Municipalities(msgspec.Struct, frozen=True):
    note: str
    regions: dict[str, tuple[str, ...]]


class _Regions(msgspec.Struct, frozen=True):
    regions: tuple[Region, ...]


class _Units(msgspec.Struct, frozen=True):
    units: tuple[Unit, ...]


@cache
def regions() -> tuple[Region, ...]:
    """The four regions in their fixed order: Skåne, Halland, Kronoberg, Blekinge."""
    return published.load("regions", _Regions).regions


@cache
def units() -> tuple[Unit, ...]:
    """Every unit that is known from the start."""
    return published.load("units", _Units).units


@cache
def prevalence() -> Prevalence:
    """Table 1 of the final report: week 39, 2023."""
    return published.load("table1", Prevalence)


def region(region_id: str) -> Region | None:
    """Finds a region by its id; None outside the sjukvårdsregion."""
    return next((one for one in regions() if one.id == region_id), None)


def has_asih(region_id: str) -> bool:
    """Whether the region has ASIH; a region outside the sjukvårdsregion is taken to have none."""
    found = region(region_id)
    return found is not None and found.has_asih


@cache
def municipalities(region_id: str) -> tuple[str, ...]:
    """The municipalities of a region, to suggest; none outside the sjukvårdsregion."""
    return published.load("municipalities", _Municipalities).regions.get(region_id, ())
