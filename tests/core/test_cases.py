"""A case: what it must hold, how it moves, what triage answers, and who is told."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

import make
from mdk.cases import lists, queries, rules, service
from mdk.cases.structs import CaseState
from mdk.db import Database
from mdk.errors import Invalid, MdkError, NotAllowed, NotFound, RuleBroken, Stale
from mdk.outbox.tables import OutboxRow

REACHABLE = tuple(state for state in CaseState if state != "closed")
# Which acts of the referrer and of triage each state allows, and where they lead.
LEADS: dict[str, dict[str, str]] = {
    "draft": {"submit": "submitted"},
    "submitted": {
        "accept": "accepted",
        "request_supplement": "supplement_requested",
        "answer": "answered",
        "redirect": "redirected",
        "decline": "declined",
    },
    "supplement_requested": {"submit": "submitted"},
    "accepted": {
        "request_supplement": "supplement_requested",
        "answer": "answered",
        "redirect": "redirected",
        "decline": "declined",
    },
    "scheduled": {"supplement": "scheduled"},
    "discussed": {"supplement": "discussed"},
    "decided": {"supplement": "decided"},
}
ACTS = {
    "submit": make.REFERRER,
    "supplement": make.REFERRER,
    "accept": make.COORDINATOR,
    "request_supplement": make.COORDINATOR,
    "answer": make.COORDINATOR,
    "redirect": make.CONSULTANT,
    "decline": make.CONSULTANT,
}


def notices(database: Database, kind: str) -> list[tuple[int | None, str]]:
    with database.reading() as session:
        rows = session.execute(
            select(col(OutboxRow.person_id), col(OutboxRow.key)).where(col(OutboxRow.topic) == f"notice.{kind}")
        )
        return [(person_id, key) for person_id, key in rows]


@pytest.mark.parametrize("state", REACHABLE)
def test_from_each_state_only_the_acts_of_the_table_lead_on(clinic: Database, state: str) -> None:
    reference = make.case_in_state(clinic, state)
    assert make.state_of(clinic, reference) == state
    for name, who in ACTS.items():
        target = LEADS.get(state, {}).get(name)
        if target is not None:
            number = make.case_in_state(clinic, state)
            make.do(clinic, number, name, by=who)
            assert (name, make.state_of(clinic, number)) == (name, target)
            continue
        before = make.case_row(clinic, reference)
        with pytest.raises(MdkError) as refused:
            make.do(clinic, reference, name, by=who)
        expected = "case.wrong-state" if state != "draft" or who == make.REFERRER else "not-found"
        assert (name, refused.value.code) == (name, expected)
        after = make.case_row(clinic, reference)
        assert (after.state, after.version, after.changed_at) == (before.state, before.version, before.changed_at)


@pytest.mark.parametrize("state", CaseState)
@pytest.mark.parametrize("act", rules.MOVES)
def test_the_table_of_moves_answers_for_every_state(act: str, state: str) -> None:
    allowed, target = rules.MOVES[act]
    if state in allowed:
        assert rules.check_move(act, state) == target
        return
    with pytest.raises(RuleBroken) as refused:
        rules.check_move(act, state)
    assert refused.value.rule == "case.wrong-state"


def test_nothing_moves_on_from_where_a_case_has_ended() -> None:
    ended = set(CaseState) - rules.OPEN
    moves = [(act, state) for act, (allowed, _) in rules.MOVES.items() for state in allowed & ended]
    assert moves == [("report-death", CaseState.CLOSED)]


# ------------------------------------------------------------------------------------------------- what it must hold
def test_a_draft_needs_nothing_but_an_identity_number(clinic: Database) -> None:
    raw = {"patient": {"identity_number": "19400104-2383"}}
    number = make.draft(clinic, rules.read_submission(raw, today=make.TODAY))
    row = make.case_row(clinic, number)
    assert (row.number, row.state, row.identity_number, row.version) == ("MDK-2026-0001", "draft", make.ADULT, 1)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("patient.identity_number", "194001042384"),
        ("patient.identity_number", "209901019802"),
        ("pain.refractory_since", "2026-11-24"),
        ("safety.platelets.date", "2027-01-01"),
        ("safety.pk_inr.date", "2027-01-01"),
        ("consent.date", "2027-01-01"),
        ("treatments.imaging.0.date", "2027-01-01"),
    ],
)
def test_a_value_that_cannot_be_is_refused_even_in_a_draft(clinic: Database, path: str, value: str) -> None:
    with pytest.raises(Invalid) as refused:
        make.draft(clinic, make.submission(**{path: value}))
    assert [problem.field for problem in refused.value.problems] == [path]
    assert "194001042384" not in refused.value.message + refused.value.problems[0].message
    with pytest.raises(Invalid):
        make.do(clinic, make.draft(clinic), "replace", by=make.REFERRER, submission=make.submission(**{path: value}))


def test_what_happened_today_in_sweden_is_no_future(clinic: Database) -> None:
    late = make.AT.replace(hour=23, minute=30)
    make.draft(clinic, make.submission(**{"consent.date": "2026-11-24"}), at=late)


SUBMIT_MINIMA = [
    "patient.name", "patient.home_region", "urgency", "question", "diagnosis.icd10", "diagnosis.palliative",
    "diagnosis.expected_survival", "consent.basis",
]  # fmt: skip


@pytest.mark.parametrize("path", SUBMIT_MINIMA)
@pytest.mark.parametrize("value", [make.LEFT_OUT, None, "", "  "])
def test_each_minimum_is_needed_to_submit(ward: Database, path: str, value: Any) -> None:
    changes = {path: value}
    try:
        number = make.draft(ward, make.minimal(**changes))
    except Invalid:
        assert path not in {"patient.name", "question"}  # a code cannot be blank
        return
    with pytest.raises(RuleBroken) as refused:
        make.do(ward, number, "submit", by=make.REFERRER)
    assert refused.value.rule == "case.incomplete"
    assert [problem.field for problem in refused.value.problems] == [path]
    assert make.state_of(ward, number) == "draft"


def test_every_missing_minimum_is_told_at_once(clinic: Database) -> None:
    number = make.draft(clinic, rules.read_submission({"patient": {"identity_number": make.ADULT}}, today=make.TODAY))
    with pytest.raises(RuleBroken) as refused:
        make.do(clinic, number, "submit", by=make.REFERRER)
    assert [problem.field for problem in refused.value.problems] == SUBMIT_MINIMA


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"diagnosis.icd10": make.LEFT_OUT, "diagnosis.description": "Rektalcancer"},
        {"urgency": "acute", "urgency_reason": "Snabb försämring"},
        {"diagnosis.palliative": "unknown"},
        {"consent.basis": "unable_to_consent", "consent.reason": "Medvetslös, motsätter sig inte"},
        {"patient.identity_number": make.CHILD},
    ],
)
def test_the_minimum_is_enough_to_submit(ward: Database, changes: dict[str, Any]) -> None:
    number = make.submitted(ward, make.minimal(**changes))
    assert make.state_of(ward, number) == "submitted"


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"urgency": "acute"}, "urgency_reason"),
        ({"urgency": "high"}, "urgency_reason"),
        ({"consent.basis": "unable_to_consent"}, "consent.reason"),
        ({"consent.basis": "other_legal_basis"}, "consent.reason"),
    ],
)
def test_what_needs_a_reason_can_be_saved_but_not_submitted_without_it(
    ward: Database, changes: dict[str, Any], path: str
) -> None:
    number = make.draft(ward, make.minimal(**changes))
    with pytest.raises(RuleBroken) as refused:
        make.do(ward, number, "submit", by=make.REFERRER)
    assert [problem.field for problem in refused.value.problems] == [path]


def needed_for_release(**changes: Any) -> list[str]:
    submission = make.minimal(**changes)
    child = changes.get("patient.identity_number") == make.CHILD
    found = rules.completeness(submission, is_child=child)
    return [gap.field for gap in found.missing if gap.required_for == "release"]


def test_what_a_release_needs_is_what_the_contract_says_and_a_child_needs_no_nrs() -> None:
    gaps = [
        "diagnosis.expected_treatment_months",
        "pain.nrs",
        "safety.infection",
        "safety.intraspinal_growth",
        "patient_view.mobility_benefit",
        "home_care.can_take_extern",
    ]
    assert needed_for_release() == gaps
    assert needed_for_release(**{"patient.identity_number": make.CHILD}) == [gap for gap in gaps if gap != "pain.nrs"]
    assert "pain.nrs" not in needed_for_release(**{"pain.nrs_unobtainable_reason": "Sederad"})
    assert "safety.infection" not in needed_for_release(**{"safety.infection": "unknown"})
    assert "diagnosis.expected_treatment_months" not in needed_for_release(**{"diagnosis.expected_treatment_months": 0})


def test_completeness_is_the_share_given_and_each_gap_says_why() -> None:
    assert rules.completeness(make.submission(), is_child=False).share == 1
    some = rules.completeness(make.minimal(), is_child=False)
    assert 0 < some.share < 1
    assert all(gap.why.endswith(".") for gap in some.missing)


# ------------------------------------------------------------------------------------------------- patching
def test_a_patch_changes_what_it_names_and_null_takes_away(clinic: Database) -> None:
    number = make.draft(clinic)
    changes = {"question": "Ny?", "pain": {"types": ["visceral"], "location": None}, "safety": None}
    make.do(clinic, number, "patch", by=make.REFERRER, changes=changes)
    view = make.ask(clinic, make.REFERRER, queries.view, number)
    assert (view.question, view.pain.types, view.pain.nrs_worst) == ("Ny?", ["visceral"], 9)
    assert {"pain.location", "safety.infection"} <= {gap.field for gap in view.completeness.missing}
    assert (view.version, make.case_row(clinic, number).question) == (2, "Ny?")


@pytest.mark.parametrize(
    "changes", [{"patient": None}, {"patient": {"identity_number": None}}, {"patient": "x"}, {"colour": "red"}]
)
def test_a_patch_that_leaves_no_valid_case_is_refused(clinic: Database, changes: dict[str, Any]) -> None:
    number = make.draft(clinic)
    with pytest.raises(Invalid):
        make.do(clinic, number, "patch", by=make.REFERRER, changes=changes)
    assert make.version_of(clinic, number) == 1


@pytest.mark.parametrize("state", REACHABLE)
def test_a_case_may_be_patched_until_it_is_scheduled(clinic: Database, state: str) -> None:
    number = make.case_in_state(clinic, state)
    if state in {"draft", "submitted", "supplement_requested", "accepted"}:
        make.do(clinic, number, "patch", by=make.REFERRER, changes={"question": "Ny?"})
        assert (make.state_of(clinic, number), make.case_row(clinic, number).question) == (state, "Ny?")
        return
    with pytest.raises(RuleBroken) as refused:
        make.do(clinic, number, "patch", by=make.REFERRER, changes={"question": "Ny?"})
    assert refused.value.rule == "case.not-editable"


def test_who_may_comes_before_what_is_wrong_and_that_before_the_version_and_the_state(clinic: Database) -> None:
    number = make.case_in_state(clinic, "declined")
    passed = date(2020, 1, 1)
    with pytest.raises(NotFound):
        make.do(clinic, number, "patch", by=make.OTHER_REFERRER, changes={"colour": 1}, version=99)
    with pytest.raises(Invalid):
        make.do(clinic, number, "patch", by=make.REFERRER, changes={"colour": 1}, version=99)
    with pytest.raises(Stale):
        make.do(clinic, number, "patch", by=make.REFERRER, changes={}, version=99)
    with pytest.raises(NotAllowed):
        make.do(clinic, number, "request_supplement", by=make.REFERRER, until=passed, version=99)
    with pytest.raises(Invalid) as refused:
        make.do(clinic, number, "request_supplement", until=passed, version=99)
    assert [problem.field for problem in refused.value.problems] == ["until"]
    with pytest.raises(Stale):
        make.do(clinic, number, "request_supplement", version=99)
    draft = make.draft(clinic)
    with pytest.raises(NotFound):
        make.do(clinic, draft, "request_supplement", until=passed)


# ------------------------------------------------------------------------------------------------- triage
def test_triage_decides_the_urgency_and_the_referrer_does_not_change_it_back(clinic: Database) -> None:
    number = make.submitted(clinic)
    make.do(clinic, number, "accept", urgency="acute")
    assert (make.case_row(clinic, number).urgency, make.case_row(clinic, number).days_allowed) == ("acute", 2)
    make.do(clinic, number, "patch", by=make.REFERRER, changes={"urgency": "normal"})
    assert (make.case_row(clinic, number).urgency, make.case_row(clinic, number).days_allowed) == ("acute", 2)
    shown = make.ask(clinic, make.REFERRER, queries.view, number)
    assert (shown.urgency, shown.urgency_reason) == ("acute", "Ändrad vid triage.")


def test_a_case_at_triage_does_not_lose_what_submitting_needed(clinic: Database) -> None:
    number = make.case_in_state(clinic, "submitted")
    with pytest.raises(RuleBroken) as refused:
        make.do(clinic, number, "patch", by=make.REFERRER, changes={"question": None, "consent": None})
    assert refused.value.rule == "case.incomplete"
    assert [problem.field for problem in refused.value.problems] == ["question", "consent.basis"]


def test_a_supplement_that_is_asked_for_today_is_in_time(clinic: Database) -> None:
    number = make.submitted(clinic)
    make.do(clinic, number, "request_supplement", until=make.TODAY)
    asked = make.ask(clinic, make.REFERRER, queries.view, number).supplement_request
    assert (asked.what, asked.until) == ("Aktuella prover", make.TODAY)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("accept", "case-accepted"), ("request_supplement", "supplement-requested"), ("answer", "case-answered"),
        ("redirect", "case-redirected"), ("decline", "case-declined"),
    ],
)  # fmt: skip
def test_the_referrer_is_told_of_each_answer(clinic: Database, name: str, kind: str) -> None:
    number = make.submitted(clinic)
    coordinator = make.viewer(clinic, make.COORDINATOR)
    assert notices(clinic, "case-submitted") == [(coordinator.person_id, number)]
    make.do(clinic, number, name)
    assert notices(clinic, kind) == [(make.viewer(clinic, make.REFERRER).person_id, number)]


def test_a_supplement_to_a_scheduled_case_is_kept_in_its_history_and_told(clinic: Database) -> None:
    number = make.case_in_state(clinic, "scheduled")
    make.do(clinic, number, "supplement", by=make.REFERRER, text="Ny MR visar växt.")
    assert make.state_of(clinic, number) == "scheduled"
    assert notices(clinic, "case-supplemented") == [(make.viewer(clinic, make.COORDINATOR).person_id, number)]


def test_reading_is_confirmed_once_and_only_when_there_is_something_to_read(clinic: Database) -> None:
    waiting = make.submitted(clinic)
    with pytest.raises(RuleBroken) as refused:
        make.act(clinic, make.REFERRER, service.confirm_read, number=waiting)
    assert refused.value.rule == "case.wrong-state"
    for number in (make.case_in_state(clinic, "answered"), make.case_in_state(clinic, "decided")):
        for later in (0, 5):
            make.act(clinic, make.REFERRER, service.confirm_read, number=number, at=make.AT + later * make.DAY)
        assert make.case_row(clinic, number).read_confirmed_at == make.AT


def test_the_view_of_a_case_tells_who_the_patient_is_and_what_was_answered(clinic: Database) -> None:
    number = make.submitted(clinic, make.submission(**{"patient.identity_number": make.CHILD}))
    make.do(clinic, number, "answer", text="Öka dosen.")
    view = make.ask(clinic, make.REFERRER, queries.view, number)
    assert (view.age, view.sex, view.is_child, view.answer) == (6, "male", True, "Öka dosen.")
    assert (view.unit, view.referrer) == ("palliativa-vaxjo", "Vera Remitterius")
    assert view.omeq.verdict in {"over", "not_over", "table_dependent", "incomplete"}
    assert view.identification.result in {"yes", "no", "unknown"}


def test_a_list_is_narrowed_by_state_region_and_search_and_paged(clinic: Database) -> None:
    numbers = [make.submitted(clinic) for _ in range(5)]
    other = make.submitted(clinic, make.submission(**{"patient.home_region": "skane"}), by=make.OTHER_REFERRER)
    make.do(clinic, numbers[0], "accept")

    def found(**given: Any) -> list[str]:
        return [line.number for line in make.ask(clinic, make.COORDINATOR, lists.lines, **given)[0]]

    assert found() == [other, *reversed(numbers)]
    assert found(states=("accepted",)) == [numbers[0]]
    assert found(states=("accepted", "draft")) == [numbers[0]]
    assert found(region="skane") == [other]
    assert found(text=numbers[2].lower()) == [numbers[2]]
    assert found(text="asih lund") == [other]
    assert found(text="400104-2383") == [other, *reversed(numbers)]
    assert found(text="finns inte") == []
    first, cursor = make.ask(clinic, make.COORDINATOR, lists.lines, limit=4)
    rest, end = make.ask(clinic, make.COORDINATOR, lists.lines, limit=4, cursor=cursor)
    assert ([line.number for line in first + rest], end) == ([other, *reversed(numbers)], None)


def test_a_case_that_is_not_there_is_not_found(clinic: Database) -> None:
    for number in ("MDK-2026-0001", "", "x", "å"):
        with pytest.raises(NotFound):
            make.ask(clinic, make.COORDINATOR, queries.view, number)
