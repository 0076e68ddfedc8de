"""Owns what the demo's conference wrote in its minutes."""

from datetime import date, timedelta

from mdk.journey.demo_earlier import DOMAIN
from mdk.minutes.structs import Attendance, MinutesBody


def _present() -> list[Attendance]:
    return [
        Attendance(email=f"ordforande@{DOMAIN}", profession="läkare"),
        Attendance(email=f"konsult@{DOMAIN}", profession="läkare"),
        Attendance(email=f"deltagare@{DOMAIN}", profession="sjuksköterska", knows_patient=True),
        Attendance(email=f"neurokirurgi@{DOMAIN}", profession="läkare"),
    ]


def extern_minutes(held_on: date) -> MinutesBody:
    """What the conference recommended in one case, counted from the day on which it was held."""
    return MinutesBody(
        attendance=_present(),
        answer="Ja. Intratekal behandling med extern pump rekommenderas.",
        refractory="yes",
        alternatives="Fortsatt opioidökning bedöms inte ge bättre effekt. Epidural bedöms ha för kort varaktighet.",
        outcome="extern_pump",
        motivation="Refraktär sakral smärta trots höga opioiddoser. Hemsjukvården behöver utbildas innan hemgång.",
        conditions="MAS bekräftar kompetens i kommunen.",
        route="intrathecal",
        catheter_tip="L1",
        opioid_plan_owner="Palliativa teamet Växjö",
        out_of_hours_contact="Anestesijouren, Centrallasarettet Växjö, enligt vårdplan i hemmet",
        responsible_unit="Regional funktion Kronoberg",
        due=held_on + timedelta(days=10),
        follow_up=held_on + timedelta(days=24),
    )


def intern_minutes(held_on: date) -> MinutesBody:
    """What the conference recommended in one case, counted from the day on which it was held."""
    return MinutesBody(
        attendance=_present(),
        answer="Ja. Kriterierna för intern pump är uppfyllda.",
        refractory="yes",
        alternatives="Extern pump är möjlig men begränsar rörelsefriheten under lång tid.",
        outcome="intern_pump",
        motivation="Förväntad behandlingstid över ett år och tydlig nytta av att kunna röra sig fritt.",
        route="intrathecal",
        catheter_tip="Th10",
        opioid_plan_owner="Palliativa konsultteamet Halmstad",
        out_of_hours_contact="Anestesijouren, Hallands sjukhus Halmstad; dagtid helg palliativ läkarjour",
        responsible_unit="Neurokirurgiska kliniken, Sus Lund",
        due=held_on + timedelta(days=21),
        follow_up=held_on + timedelta(days=42),
    )


def block_minutes(held_on: date) -> MinutesBody:
    """What the conference recommended in one case, counted from the day on which it was held."""
    return MinutesBody(
        attendance=_present(),
        answer="Plexus coeliacus-blockad prövas i första hand.",
        refractory="yes",
        alternatives="Intratekal behandling om blockaden inte räcker.",
        outcome="nerve_block",
        motivation="Visceral smärta med tydlig lokalisation och kort förväntad tid.",
        responsible_unit="Smärtkliniken Region Halland",
        out_of_hours_contact="Medicinjouren, Hallands sjukhus Varberg; dagtid helg palliativ läkarjour",
        due=held_on + timedelta(days=7),
        follow_up=held_on + timedelta(days=21),
    )
