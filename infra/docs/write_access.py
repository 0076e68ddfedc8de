"""Writes access.md beside this file from the table of who may and the table of addresses; a test compares the two."""

from pathlib import Path

from mdk.people.rules import ACCESS, Relation
from mdk.people.structs import Role
from mdk_web.access import ANYONE, BY_LINK, ROUTES, SIGNED_IN, WATCHING

HERE = Path(__file__).parent / "access.md"
_OPEN = {
    ANYONE: "anyone",
    BY_LINK: "whoever has the link",
    WATCHING: "what watches the system: the machine itself, or whoever shows the metrics token",
    SIGNED_IN: "everyone signed in, for themselves",
}
_HEAD = """# Who may

Written by `python infra/docs/write_access.py` from `mdk/people/rules.py` and `web/mdk_web/access.py`: change those, not this page.
`tests/web/test_access_matrix.py` walks every row as every role and relation. A cell tells which relation lets a role do the act:
one of those named is enough, `any` needs none, and an empty cell is a refusal (403). Whoever lacks the relation is told that
there is nothing (404), or refused (403) if they may read the thing itself.

| relation | what it is |
|---|---|
| own_unit | the case was referred by the viewer's unit |
| submitted | the case was sent in; for those who lead the work |
| conference | the case is on a released agenda that the viewer is invited to, until 30 days after the conference closed |
| receiver | the viewer's unit receives what was decided |
| glass | the viewer broke the glass with a reason, within 24 hours |
| invited, chairs, consults | the viewer's part in the conference |
| home_region, supports | the patient's home region is the viewer's; the viewer's unit was asked to support it |
| self | what is the viewer's own |

Whoever the patient has shut out holds no relation but `glass`. Of a patient with protected identity only own_unit, conference,
receiver and glass show the name and number (`infra/decisions/0015-protected-and-shut-out.md`).
"""


def document() -> str:
    """The whole page: acts by role, then addresses by role."""
    return f"{_HEAD}\n## Acts\n\n{_acts()}\n## Addresses\n\n{_addresses()}"


def _acts() -> str:
    return _table("act", [(f"`{act}`", [_cell(act, role) for role in Role]) for act in sorted(ACCESS)])


def _addresses() -> str:
    open_rows = [f"- `{row}`: {_OPEN[act]}" for row, act in ROUTES.items() if act in _OPEN]
    rows = [(f"`{row}` {act}", [_cell(act, role) for role in Role]) for row, act in ROUTES.items() if act not in _OPEN]
    return _table("address and act", rows) + "\nWithout an act of their own:\n\n" + "\n".join(open_rows) + "\n"


def _cell(act: str, role: Role) -> str:
    wanted = ACCESS[act].get(role, frozenset())
    return "any" if Relation.ANY in wanted else " ".join(sorted(wanted))


def _table(first: str, rows: list[tuple[str, list[str]]]) -> str:
    heads = [first, *(str(role).replace("regional_function", "function") for role in Role)]
    lines = [heads, ["---"] * len(heads), *([name, *cells] for name, cells in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    HERE.write_text(document(), encoding="utf-8")
