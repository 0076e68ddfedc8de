"""Owns the Swedish words for codes: what people read where the program stores a code."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from msgspec import UnsetType

from mdk_web.after_words import AFTER_FIELDS, AFTER_WORDS
from mdk_web.case_words import CASE_ACT_FIELDS, CASE_ACTS
from mdk_web.figure_words import FIGURE_FIELDS, FIGURE_WORDS
from mdk_web.meeting_words import CALENDAR_FAILURES, MEETING_FIELDS
from mdk_web.pathway_words import PATHWAY_ACTS, PATHWAY_FIELDS
from mdk_web.reply_words import MAIL_WORDS
from mdk_web.state_words import STATES, State

SECTIONS: Mapping[str, str] = MappingProxyType(
    {
        "patient": "Patient",
        "question": "Frågeställning",
        "diagnosis": "Diagnos",
        "pain": "Smärta",
        "medicines": "Läkemedel",
        "treatments": "Tidigare och pågående",
        "safety": "Säkerhet",
        "function": "Funktion",
        "patient_view": "Patientens önskemål",
        "home_care": "Hemsjukvård",
        "consent": "Samtycke",
        "attachments": "Bilagor",
    }
)

FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "patient.identity_number": "Personnummer, samordningsnummer eller reservnummer",
        "patient.name": "Namn",
        "patient.home_region": "Hemregion",
        "patient.municipality": "Kommun",
        "patient.care_place": "Vårdas nu vid",
        "patient.protected_identity": "Skyddade personuppgifter",
        "patient.interpreter_language": "Tolkspråk",
        "patient.next_of_kin": "Närstående",
        "urgency": "Brådskandegrad",
        "urgency_reason": "Skäl till brådskandegraden",
        "question": "Frågeställning till konferensen",
        "diagnosis.icd10": "Cancerdiagnos, ICD-10-SE",
        "diagnosis.description": "Diagnos i ord",
        "diagnosis.palliative": "Palliativt skede",
        "diagnosis.spread": "Spridning",
        "diagnosis.ecog": "Funktionsstatus, ECOG",
        "diagnosis.expected_survival": "Förväntad överlevnad",
        "diagnosis.expected_treatment_months": "Förväntad behandlingstid i månader",
        "diagnosis.oncological_treatment": "Onkologisk behandling",
        "pain.nrs": "Smärtskattning, NRS",
        "pain.nrs_now": "NRS nu",
        "pain.nrs_worst": "NRS värst",
        "pain.nrs_mean": "NRS medel",
        "pain.nrs_unobtainable_reason": "Skäl till att NRS saknas",
        "pain.constant": "Konstant smärta",
        "pain.breakthroughs_per_day": "Smärtgenombrott per dygn",
        "pain.breakthroughs_need_rescue": "Genombrotten kräver vidbehovsdos",
        "pain.types": "Smärttyp",
        "pain.location": "Lokalisation",
        "pain.dermatomes": "Dermatom",
        "pain.side": "Sida",
        "pain.extent": "Utbredning",
        "pain.refractory_since": "Bedömd som refraktär sedan",
        "medicines.opioids": "Opioider",
        "medicines.opioids.drug": "Preparat",
        "medicines.opioids.route": "Väg",
        "medicines.opioids.dose": "Dos",
        "medicines.opioids.unit": "Enhet",
        "medicines.opioids.per_day": "Gånger per dygn",
        "medicines.opioids.rescue_dose": "Vid behov, dos",
        "medicines.opioids.rescue_per_day": "Vid behov, per dygn",
        "medicines.other_analgesics": "Övriga analgetika",
        "medicines.side_effects": "Biverkningar",
        "medicines.side_effects.what": "Biverkning",
        "medicines.side_effects.severity": "Svårighetsgrad",
        "medicines.declines_opioids": "Vill inte ha opioider",
        "medicines.declines_reason": "Skäl till att opioider avböjs",
        "treatments.earlier": "Tidigare behandlingar och blockader",
        "treatments.ongoing": "Pågående behandlingar",
        "treatments.investigations": "Utredningar",
        "treatments.imaging": "Bilddiagnostik",
        "treatments.imaging.modality": "Metod",
        "treatments.imaging.date": "Datum",
        "treatments.imaging.region": "Undersökt område",
        "safety.anticoagulants": "Blodförtunnande läkemedel",
        "safety.anticoagulants.drug": "Läkemedel",
        "safety.anticoagulants.last_dose": "Senaste dos",
        "safety.anticoagulants.stoppable": "Kan sättas ut",
        "safety.platelets": "Trombocyter",
        "safety.platelets.value": "Trombocyter",
        "safety.platelets.date": "Trombocyter, provdatum",
        "safety.pk_inr": "PK-INR",
        "safety.pk_inr.value": "PK-INR",
        "safety.pk_inr.date": "PK-INR, provdatum",
        "safety.infection": "Pågående infektion",
        "safety.swab": "Odling (MRSA och andra), med datum",
        "safety.intraspinal_growth": "Intraspinal tumörväxt",
        "safety.spinal_metastases": "Spinala metastaser",
        "safety.raised_icp_suspected": "Misstänkt förhöjt intrakraniellt tryck",
        "safety.allergy": "Allergi",
        "safety.earlier_spinal_surgery": "Tidigare ryggkirurgi",
        "safety.mri_planned": "MR planerad",
        "safety.weight_kg": "Vikt i kg",
        "safety.cachexia": "Kakexi",
        "function.physical": "Fysisk funktion",
        "function.psychological": "Psykisk funktion",
        "function.social": "Social funktion",
        "function.comorbidity": "Samsjuklighet",
        "function.addiction": "Beroende, nu eller tidigare",
        "function.psychiatric_comorbidity": "Psykiatrisk samsjuklighet",
        "function.rapid_progression": "Snabb progress",
        "function.expected_severe_pain": "Förväntad svår smärta",
        "function.other_special_situation": "Annan särskild situation",
        "patient_view.goals": "Patientens mål",
        "patient_view.wanted_care_place": "Önskad vårdplats",
        "patient_view.acceptable": "Vad patienten kan acceptera",
        "patient_view.informed": "Informerad om vinster och risker",
        "patient_view.accepts": "Accepterar behandlingen",
        "patient_view.mobility_benefit": "Väntas få större rörelsefrihet av implanterad pump",
        "home_care.form": "Hemsjukvårdens form",
        "home_care.mas_contact": "Kontakt till MAS",
        "home_care.can_take_extern": "Hemsjukvården kan ta emot extern pump",
        "consent.basis": "Grund för att dela uppgifter",
        "consent.given_to": "Samtycket lämnat till",
        "consent.date": "Datum för samtycket",
        "consent.reason": "Skäl",
        "attachments": "Bilagor",
        **CASE_ACT_FIELDS,
        **AFTER_FIELDS,
        **FIGURE_FIELDS,
        **MEETING_FIELDS,
        **PATHWAY_FIELDS,
    }
)


WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        **{kind: {code: each.word for code, each in states.items()} for kind, states in STATES.items()},
        "outcome": {
            "extern_pump": "Extern pump",
            "intern_pump": "Intern pump",
            "epidural": "Epidural behandling",
            "nerve_block": "Nervblockad",
            "neurolysis": "Neurolys",
            "other_intervention": "Annan intervention",
            "optimise_conventional": "Optimera konventionell behandling",
            "further_workup": "Fortsatt utredning",
            "deferred": "Tas upp igen",
            "not_suitable": "Inte lämplig",
            "patient_declines": "Patienten avböjer",
            "too_late": "För sent",
            "no_recommendation": "Ingen rekommendation",
        },
        "queue_show": {
            "unplanned": "Inte planerade",
            "planned": "Planerade",
            "missing": "Uppgifter saknas",
            "child": "Barn",
        },
        "region": {"skane": "Skåne", "halland": "Halland", "kronoberg": "Kronoberg", "blekinge": "Blekinge"},
        "urgency": {"acute": "Akut, inom 48 timmar", "high": "Hög, inom 7 dagar", "normal": "Normal, inom 14 dagar"},
        "urgency_short": {"acute": "Akut", "high": "Hög", "normal": "Normal"},
        "survival": {
            "under_6_weeks": "Under 6 veckor",
            "6w_3_months": "6 veckor till 3 månader",
            "3_6_months": "3 till 6 månader",
            "6_12_months": "6 till 12 månader",
            "over_12_months": "Över 12 månader",
            "unknown": "Går inte att bedöma",
        },
        "yes_no": {"yes": "Ja", "no": "Nej"},
        "yes_partly_no": {"yes": "Ja", "partly": "Delvis", "no": "Nej"},
        "follows": {
            "yes": "Följer rekommendationen",
            "partly": "Följer rekommendationen delvis",
            "no": "Följer inte rekommendationen",
        },
        "yes_no_unknown": {"yes": "Ja", "no": "Nej", "unknown": "Vet inte"},
        "sex": {"female": "kvinna", "male": "man", "unknown": "okänt kön"},
        "sex_of_child": {"female": "flicka", "male": "pojke", "unknown": "okänt kön"},
        "drug": {
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
        },
        "route": {
            "oral": "Oral",
            "sublingual": "Sublingual",
            "subcutaneous": "Subkutan",
            "intravenous": "Intravenös",
            "transdermal": "Plåster (transdermal)",
            "transmucosal": "Transmukosal",
            "rectal": "Rektal",
            "epidural": "Epidural",
            "intrathecal": "Intratekal",
        },
        "unit": {"mg": "mg", "µg": "µg", "µg/h": "µg/h"},
        "catheter_route": {
            "intrathecal": "Intratekal",
            "epidural": "Epidural",
            "other": "Annan",
            "not_applicable": "Ingen kateter",
        },
        "every": {"1": "Varje vecka", "2": "Varannan vecka", "3": "Var tredje vecka", "4": "Var fjärde vecka"},
        "weekday": {"MO": "Måndag", "TU": "Tisdag", "WE": "Onsdag", "TH": "Torsdag", "FR": "Fredag"},
        "calendar_failure": CALENDAR_FAILURES,
        "news": {"invited": "kallas", "changed": "får ny tid", "dropped": "får återbud"},
        "pain_type": {
            "nociceptive_somatic": "Nociceptiv somatisk",
            "visceral": "Visceral",
            "neuropathic": "Neuropatisk",
            "mixed": "Blandad",
        },
        "side": {"left": "Vänster", "right": "Höger", "both": "Båda sidor", "midline": "Medellinje"},
        "extent": {"localised": "Lokaliserad", "diffuse": "Diffus"},
        "severity": {"mild": "Lindrig", "moderate": "Måttlig", "severe": "Svår"},
        "contraindication": {
            "none": "Ingen kontraindikation",
            "relative": "Relativ kontraindikation",
            "absolute": "Absolut kontraindikation",
            "unknown": "Inte känt",
        },
        "contraindication_what": {
            "infection": "Infektion",
            "coagulation": "Koagulation",
            "intraspinal_growth": "Intraspinal växt",
            "raised_icp": "Förhöjt intrakraniellt tryck",
            "allergy": "Allergi",
            "other": "Annat",
        },
        "home_care": {"asih": "ASIH", "municipal": "Kommunal hemsjukvård", "none": "Ingen", "unknown": "Vet inte"},
        "consent_basis": {
            "patient_consent": "Patientens samtycke",
            "guardian_consent": "Vårdnadshavares samtycke",
            "unable_to_consent": "Kan inte samtycka, bedömd och inte emot",
            "other_legal_basis": "Annan rättslig grund",
        },
        "care_place": {"home": "Hemma", "hospital": "Sjukhus", "palliative_unit": "Palliativ enhet"},
        "removal_state": {
            "proposed": "Väntar på bekräftelse",
            "confirmed": "Bekräftat, inte genomfört",
            "withdrawn": "Tillbakadraget",
            "finished": "Genomfört",
        },
        "check_verdict": {
            "as_expected": "Inget att anmärka",
            "asked": "Frågor ställda, besvarade",
            "deviation": "Avvikelse rapporterad",
        },
        "role": {
            "referrer": "Remittent",
            "coordinator": "MDK-koordinator",
            "chair": "Konferensordförande",
            "consultant": "Konsult, avancerad smärtbehandling",
            "deputy": "Konsultens ersättare",
            "presenter": "Föredrar ärende",
            "member": "Konferensdeltagare",
            "neurosurgery": "Neurokirurgi, mottagare",
            "regional_function": "Regional funktion",
            "steering": "Chefsamråd",
            "auditor": "Logggranskare",
            "admin": "Systemförvaltare",
        },
        "whose_move": {
            "referrer": "Remittenten",
            "coordinator": "Koordinatorn",
            "consultant": "Konsulten",
            "conference": "Konferensen",
            "neurosurgery": "Neurokirurgi",
            "regional_function": "Regional funktion",
            "nobody": "Ingen",
        },
        "not_done_reason": {
            "patient_wish": "Patientens önskan",
            "deterioration": "Försämring",
            "died": "Patienten har avlidit",
            "no_theatre_time": "Ingen operationstid",
            "no_bed": "Ingen vårdplats",
            "home_care_cannot": "Hemsjukvården kan inte ta emot",
            "no_trained_staff": "Utbildad personal saknas",
            "infection_or_coagulation": "Infektion eller koagulation",
            "other_treatment_worked": "Annan behandling hjälpte",
            "missing_documentation": "Underlag saknas",
            "other": "Annat",
        },
        "case_act": CASE_ACTS,
        **MAIL_WORDS,
        "pathway_act": PATHWAY_ACTS,
        "home_care_answer": {"yes": "Ja", "after_training": "Ja, efter utbildning", "no": "Nej"},
        "prerequisite_scope": {"patient": "Patientens", "unit": "Enhetens eller kommunens"},
        "prerequisite_set": {"met": "Uppfylld", "open": "Öppen", "not_met": "Inte uppfylld"},
        "omeq_verdict": {
            "over": "Över gränsen",
            "not_over": "Inte över gränsen",
            "table_dependent": "Beror på omräkningstabell",
            "incomplete": "Går inte att räkna ut än",
        },
        "story_thing": {
            "referral": "Implantationsremissen",
            "assignment": "Uppdraget om extern pump",
            "action": "Åtgärden",
        },
        "attachment_kind": {"pdf": "PDF", "png": "PNG-bild", "jpeg": "JPEG-bild"},
        "hint_kind": {"safety": "Säkerhet", "time": "Tid", "pathway": "Väg framåt"},
        "identification": {"yes": "Uppfyller kriterierna", "no": "Uppfyller inte kriterierna", "unknown": "Oklart än"},
        "required_for": {"submit": "för att skicka in", "release": "före konferensen"},
        "section": SECTIONS,
        **AFTER_WORDS,
        **FIGURE_WORDS,
    }
)


def word(group: str, code: str | UnsetType | None) -> str:
    """The word for a code of the group; a dash for nothing given. Raises LookupError for an unknown group or code."""
    if not code:
        return "–"
    return WORDS[group][code]


def options(group: str) -> list[tuple[str, str]]:
    """The group's codes with their words, in order, for a list of choices."""
    return list(WORDS[group].items())


def state(kind: str, code: str) -> State:
    """Word, shape and colour of a state. Raises LookupError for an unknown kind or state."""
    return STATES[kind][code]


def label(path: str) -> str:
    """The label of a field by its dotted path; places in lists are left out, so `…opioids.0.dose` is `…opioids.dose`.

    An unknown path is returned as it came: a problem with an unknown field must still be shown.
    """
    plain = re.sub(r"\[\d*\]|\.\d+(?=\.|$)", "", path)
    return FIELDS.get(plain, path)
