"""Owns the summary of a patient's record on paper: what people read first, with the whole of it in the files beside."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from mdk.keeping.structs import Record
from mdk_web.cases.sections import SECTIONS, Rows
from mdk_web.cases.told import worded
from mdk_web.minutes.paper import Fact, Paper, Part, printed
from mdk_web.rendering import full_day, full_when, identity_number, local
from mdk_web.state_words import STATES
from mdk_web.words import WORDS, label, word

Row = Mapping[str, Any]
_WHAT = {
    "attachment": "Bilaga",
    "minutes": "Protokoll",
    "signature": "Protokollets signatur",
    "summary": "Sammanfattning",
}
_UNNAMED = "Systemet"


def summary(record: Record) -> bytes:
    """The record's summary as a tagged PDF in Swedish (PDF/A-2a and PDF/UA-1)."""
    return printed(paper_of(record), author="MDK smärta", on=record.made.at)


def paper_of(record: Record) -> Paper:
    """The summary in words."""
    made, patient = record.made, record.patient
    parts = [part for case in record.cases for part in _parts(case, record)]
    parts += [
        Part("Vad som har hänt", [_step(move, record) for move in record.moves]),
        Part("Spärrar", [_block(block, record) for block in record.blocks]),
        Part("Filer", [Fact(_WHAT[file.what], file.path) for file in record.files]),
    ]
    return Paper(
        title="MDK smärta: patientens journal",
        head=[
            Fact("Patient", f"{patient.name}, {identity_number(patient.identity_number)}"),
            *([Fact("Skyddade personuppgifter", "Ja. Hantera filen enligt rutinen för dem.")] * patient.protected),
            Fact("Ärenden", ", ".join(case["number"] for case in record.cases)),
            Fact("Uttagen", f"{full_when(made.at)} av {made.by}, {made.unit}"),
            Fact("Diarienummer", made.reference),
        ],
        lead=Fact("Sammanfattning", "Allt som sparats står i record.json och i filerna bredvid."),
        parts=[Part(title, facts) for title, facts in parts if facts]
        + [Part("Åtkomstlogg", [Fact("Rader", f"{len(record.access_log)}, i record.json")])],
        footer=f"Journal ur MDK smärta · {made.reference} · uttagen {full_when(made.at)}",
    )


def _parts(case: Row, record: Record) -> Iterator[Part]:
    number, row = case["number"], case["case"]
    yield Part(f"Ärende {number}", list(_head(row, record)))
    yield Part(f"{number}: remissen", list(_submission(row["submission"])))
    yield Part(f"{number}: yttranden", [_said(each, each["text"], record) for each in case["opinions"]])
    yield Part(f"{number}: tillägg till protokoll", [_said(each, each["text"], record) for each in case["addenda"]])
    decided = [_said(each, _decision(each), record) for each in case["treatment_decisions"]]
    yield Part(f"{number}: behandlingsbeslut", decided)
    yield Part(f"{number}: uppföljningar", [_said(each, _follow_up(each), record) for each in case["follow_ups"]])


def _head(row: Row, record: Record) -> Iterator[Fact]:
    yield Fact("Läge", STATES["case"][row["state"]].word)
    yield Fact("Remitterande enhet", record.units[row["unit_id"]]["name"] or row["unit_id"])
    for name, title in (
        ("submitted_at", "Skickat in"),
        ("decided_at", "Rekommendation lämnad"),
        ("ended_at", "Avslutat"),
    ):
        if row[name]:
            yield Fact(title, full_when(row[name]))
    if row["outcome"]:
        yield Fact("Rekommendation", WORDS["outcome"].get(row["outcome"], row["outcome"]))
    if row["answer"]:
        yield Fact("Direkt svar", row["answer"])


def _submission(document: Row) -> Iterator[Fact]:
    """Every field that was given, in the form's order and words."""
    for section in SECTIONS:
        for part in section.parts:
            for path in [part.path] if isinstance(part, Rows) else [field.path for field in part]:
                text = worded(path, _at(document, path), full_day)
                if text:
                    yield Fact(label(path), text)


def _at(document: Any, path: str) -> Any:
    for step in path.split("."):
        document = document.get(step) if isinstance(document, dict) else None
    return document


def _said(row: Row, text: str, record: Record) -> Fact:
    return Fact(f"{_time(row['at'])}, {_name(row['person_id'], record)}", text)


def _time(at: datetime) -> str:
    return f"{local(at):%Y-%m-%d %H:%M}"


def _name(person_id: int | None, record: Record) -> str:
    return _UNNAMED if person_id is None else record.people[str(person_id)]["name"]


def _decision(row: Row) -> str:
    return ". ".join(filter(None, (word("follows", row["follows"]), row["why"])))


def _follow_up(row: Row) -> str:
    told = [
        f"{row['week']} veckor",
        full_day(row["day"]),
        "patienten lever" if row["alive"] == "yes" else "patienten har avlidit",
    ]
    told += [f"NRS {row['nrs']}"] * (row["nrs"] is not None)
    return "; ".join([*told, *filter(None, (row["side_effects"], row["complications"], row["pump_state"]))])


def _step(move: Row, record: Record) -> Fact:
    who = _name(move["person_id"], record)
    return Fact(_time(move["at"]), ". ".join(filter(None, (f"{_act(move)} ({who})", move["reason"]))))


def _act(move: Row) -> str:
    kind, state = move["kind"], move["to_state"]
    if kind == "case":
        return f"{move['subject']}: {WORDS['case_act'].get(move['act'], move['act'])}"
    if kind == "minutes":
        return f"{move['subject'].rpartition('/')[2]}: protokollet signerat"
    thing = WORDS["story_thing"].get(kind, kind)
    if kind == "prerequisite":
        return f"Förutsättning {move['subject'].rpartition('.')[2]}: {WORDS['prerequisite_set'].get(state, state)}"
    return f"{thing}: {STATES[kind][state].word if state in STATES.get(kind, {}) else state}"


def _block(block: Row, record: Record) -> Fact:
    unit, person = block["unit_id"], block["person_id"]
    whom = record.units[unit]["name"] or unit if unit else _name(person, record)
    lifted = f"; hävd {full_when(block['lifted_at'])}: {block['lift_reason']}" if block["lifted_at"] else ""
    return Fact(
        whom, f"{full_when(block['recorded_at'])}, {_name(block['recorded_by'], record)}: {block['wish']}{lifted}"
    )
