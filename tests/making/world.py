"""Owns what every test starts from: the times, the official test numbers, and the demo's people by name."""

from datetime import UTC, date, datetime, timedelta

# A Monday morning in Sweden, in winter time; every act takes its time, so that no test depends on today.
AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
MEETS = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)  # 13:00 on the Wednesday after
TODAY = date(2026, 11, 23)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LATER = MEETS + DAY  # when a pathway is worked: the day after the conference that opened it

# Skatteverket's official test numbers (tests/data): nobody has them.
ADULT = "194001042383"
OTHER_ADULT = "189001019802"
CHILD = "202001012398"

REFERRER, OTHER_REFERRER = "remittent.vaxjo", "remittent.lund"
COORDINATOR, CHAIR, CONSULTANT, NURSE = "samordnare", "ordforande", "konsult", "deltagare"
SURGEON, PAEDIATRIC, FUNCTION = "neurokirurgi", "barnteam", "funktion.kronoberg"
STEERING, AUDITOR, ADMIN = "chefsamrad", "loggranskare", "admin"
EVERYONE = (
    REFERRER, "remittent.halmstad", "remittent.karlskrona", OTHER_REFERRER, COORDINATOR, CHAIR, CONSULTANT, NURSE,
    PAEDIATRIC, SURGEON, FUNCTION, "funktion.halland", "funktion.blekinge", "funktion.skane", STEERING, AUDITOR, ADMIN,
)  # fmt: skip
