"""Owns what tables share: value checks and the version that guards an edit."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import declared_attr
from sqlmodel import Field, SQLModel


def one_of(column: str, values: Iterable[str], *, optional: bool = False) -> CheckConstraint:
    """A CHECK that `column` holds one of `values` (or nothing, when optional)."""
    listed = ", ".join(f"'{value}'" for value in values)
    empty = f" OR {column} IS NULL" if optional else ""
    return CheckConstraint(f"{column} IN ({listed}){empty}", name=f"{column}_known")


class Versioned(SQLModel):
    """An editable row: its version starts at 1 and the mapper raises it by one at each change.

    A change that was made on an older version fails with SQLAlchemy's `StaleDataError`.
    """

    version: int = Field(default=None, nullable=False)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805 - SQLAlchemy hands over the class
        return {"version_id_col": cls.__table__.c.version}  # type: ignore[attr-defined]
