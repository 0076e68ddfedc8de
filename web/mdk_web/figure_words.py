"""Owns the Swedish words of the figures and of the learning bank."""

from collections.abc import Mapping
from types import MappingProxyType

FIGURE_WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "figures_region": {
            "skane": "Skåne",
            "halland": "Halland",
            "kronoberg": "Kronoberg",
            "blekinge": "Blekinge",
            "all": "Alla fyra",
        },
        "counted": {
            "submitted": "Inskickade ärenden",
            "answered": "Besvarade direkt",
            "discussed": "Diskuterade",
            "decided": "Med rekommendation",
            "done": "Utförda",
            "partly": "Delvis utförda",
            "not_done": "Inte utförda",
            "died_before": "Patienten avled före",
            "treated": "Fick interventionell smärtbehandling",
        },
        "counted_group": {
            "outcomes": "Rekommenderat",
            "implemented": "Utfört",
            "reasons": "Skäl till att det inte utfördes",
        },
        "step": {
            "submission_to_triage": "Från inskickat till bedömt",
            "acceptance_to_discussion": "Från accepterat till diskuterat",
            "submission_to_decision": "Från inskickat till rekommendation",
            "decision_to_read": "Från rekommendation till läst av remittenten",
            "decision_to_done": "Från rekommendation till utfört",
        },
        "step_target": {
            "submission_to_triage": "en arbetsdag",
            "acceptance_to_discussion": "",
            "submission_to_decision": "den tid som brådskandegrad och förväntad överlevnad tillåter",
            "decision_to_read": "",
            "decision_to_done": "den dag som protokollet anger",
        },
        "goal": {
            "triage_in_time": "Bedömt inom en arbetsdag",
            "decision_in_time": "Rekommendation inom tillåten tid",
            "read_in_time": "Läst av remittenten inom en arbetsdag",
            "implemented": "Det som rekommenderades blev utfört",
            "found_in_time": "Inte för sent: patienten hann få det som rekommenderades",
            "patient_heard": "Patientens egen syn var med i underlaget eller togs upp på konferensen",
            "followed_up": "Uppföljd inom en vecka efter sexveckorsdagen, av dem som levde då",
            "pain_eased": "Smärta NRS 4 eller lägre vid sex veckor, av dem som följdes upp",
        },
    }
)

FIGURE_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "title": "Rubrik",
        "reasoning": "Så resonerade konferensen",
        "six_weeks": "Så gick det, efter sex veckor",
        "note": "Anteckning",
        "year": "År",
        "week": "Vecka",
        "source": "Källa",
        "table": "Tabell",
    }
)
