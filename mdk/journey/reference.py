"""Owns the loading of the reference data: regions and units, again and again without harm."""

import msgspec
from sqlalchemy.orm import Session

from mdk.cases import search
from mdk.clinical import reference
from mdk.people import service as people
from mdk.people.queries import units


def load(session: Session) -> tuple[int, int]:
    """Load or refresh every region and unit; gives how many of each."""
    for region in reference.regions():
        profile = msgspec.json.encode(region).decode()
        people.put_region(session, code=region.id, name=region.name, has_asih=region.has_asih, profile=profile)
    session.flush()
    known = {unit.id: unit.name for unit in units(session)}
    for unit in reference.units():
        if known.get(unit.id, unit.name) != unit.name:
            search.rename(session, unit.id, unit.name)
        people.put_unit(session, unit_id=unit.id, name=unit.name, region=unit.region, kind=unit.kind, place=unit.place)
    return len(reference.regions()), len(reference.units())
