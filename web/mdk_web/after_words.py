"""Owns the Swedish words of the time after a decision was carried out: follow-ups, the on-call sheet, what is late."""

from collections.abc import Mapping
from types import MappingProxyType

AFTER_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "week": "Uppföljning",
        "alive": "Lever patienten",
        "nrs": "Smärta nu, NRS",
        "omeq": "Opioiddos som morfin peroralt",
        "side_effects": "Biverkningar",
        "complications": "Komplikationer",
        "pump_state": "Pumpens läge",
        "care_place": "Vårdas nu vid",
    }
)

AFTER_WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "follow_up_week": {"2": "2 veckor", "6": "6 veckor", "12": "12 veckor"},
        "refill": {"week": "Varje vecka", "two_months": "Varannan månad"},
        "on_call_hours": {
            "office": "Vardagar, kontorstid",
            "holiday_day": "Helg, dagtid",
            "night": "Kvällar och nätter",
        },
        "on_call_event": {
            "respiratory_depression": "Andningspåverkan",
            "withdrawal": "Abstinens",
            "device_failure": "Fel på pump eller kateter",
            "infection": "Infektion",
        },
        "late_kind": {
            "referral": "Remisser för intern pump",
            "assignment": "Uppdrag om extern pump",
            "action": "Åtgärder",
            "follow_up": "Uppföljningar",
            "unread": "Svar som ingen har läst",
        },
    }
)
