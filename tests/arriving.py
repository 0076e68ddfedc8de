"""Owns what the tests of the sign-in at a provider share: what SITHS is asked and says, and how a refusal looks."""

from typing import Any

from sqlalchemy import select
from sqlmodel import col

from mdk.audit.tables import AccessLog
from mdk.db import Database

HSA, COMMISSION, OTHER_COMMISSION = "TSTNMT2321000156-1077", "TSTNMT2321000156-108K", "TSTNMT2321000156-108L"
UNIT = "TSTNMT2321000156-10NK"
SITHS = {
    "OIDC_NAME": "SITHS",
    "OIDC_SCOPES": "openid commission",
    "OIDC_PERSON_CLAIM": "employeeHsaId",
    "OIDC_COMMISSION_CLAIM": "commissionHsaId",
    "OIDC_UNIT_CLAIM": "healthCareUnitHsaId",
    "OIDC_ACR": "http://id.sambi.se/loa/loa3 http://id.sambi.se/loa/loa4",
    "OIDC_AMR": "mfa hwk",
}


def siths_claims(**changes: Any) -> dict[str, Any]:
    usual = {
        "employeeHsaId": HSA,
        "commissionHsaId": COMMISSION,
        "healthCareUnitHsaId": UNIT,
        "acr": "http://id.sambi.se/loa/loa3",
        "amr": ["pin", "hwk"],
    }
    return usual | changes


def newest(database: Database, count: int = 1) -> list[tuple[str, bool, str, int | None]]:
    with database.reading() as session:
        rows = session.scalars(select(AccessLog).order_by(col(AccessLog.id).desc()).limit(count))
        return [(row.act, row.allowed, row.reason, row.person_id) for row in rows]


def refused(answer: Any, database: Database, code: str) -> str:
    """What a page says to whom is not let in; no session is handed over, and the log tells why."""
    assert answer.status_code == 403, answer.text
    assert "mdk_session" not in answer.headers.get("set-cookie", "")
    assert newest(database)[0][:3] == ("sign-in", False, code)
    assert "Inloggningen gick inte" in answer.text
    return str(answer.text)
