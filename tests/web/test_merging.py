"""Two people typing in the same minutes: what each changed stands, and what both changed is asked about."""

import pytest

import make
from mdk.minutes.structs import Attendance, MinutesBody
from mdk_web.minutes.merging import FIELDS, marks_of, merge

BEGAN = make.minutes_body(answer="Ja.", conditions="")


def changed(**fields: object) -> MinutesBody:
    return make.minutes_body(**{"answer": "Ja.", "conditions": "", **fields})


def test_what_only_one_of_two_changed_is_that_one_s() -> None:
    merged = merge(changed(answer="Nej."), changed(motivation="Annan."), marks=marks_of(BEGAN), choices={})
    assert (merged.body.answer, merged.body.motivation) == ("Nej.", "Annan.")
    assert (merged.clashes, merged.taken) == ([], ["motivation"])


@pytest.mark.parametrize(("choice", "stands"), [("mine", "Nej."), ("theirs", "Kanske.")])
def test_what_both_changed_is_whose_was_chosen(choice: str, stands: str) -> None:
    mine, theirs, marks = changed(answer="Nej."), changed(answer="Kanske."), marks_of(BEGAN)
    assert merge(mine, theirs, marks=marks, choices={}).clashes == ["answer"]
    assert merge(mine, theirs, marks=marks, choices={"answer": "något"}).clashes == ["answer"]
    merged = merge(mine, theirs, marks=marks, choices={"answer": choice})
    assert (merged.body.answer, merged.clashes) == (stands, [])


def test_one_s_own_earlier_save_is_no_clash_and_what_another_saved_before_it_stays() -> None:
    stored = changed(answer="Nej", motivation="Annan.")
    merged = merge(changed(answer="Nej, inte nu."), stored, marks=marks_of(BEGAN), choices={}, is_own=True)
    assert (merged.body.answer, merged.body.motivation, merged.clashes) == ("Nej, inte nu.", "Annan.", [])


def test_both_having_written_the_same_is_no_clash() -> None:
    assert merge(changed(answer="Nej."), changed(answer="Nej. "), marks=marks_of(BEGAN), choices={}).clashes == []


def test_nothing_is_nothing_however_it_was_left_out() -> None:
    assert marks_of(changed(conditions=None)) == marks_of(changed(conditions="")) == marks_of(BEGAN)


def test_without_marks_whatever_differs_is_asked_about() -> None:
    mine = changed(answer="Nej.", attendance=[Attendance(email="a@b.c")])
    for marks in ("", "x y", marks_of(BEGAN)[:5]):
        assert set(merge(mine, BEGAN, marks=marks, choices={}).clashes) == {"attendance", "answer"}


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_is_merged(name: str) -> None:
    emptied = changed(**{name: [] if isinstance(getattr(BEGAN, name), list) else None})
    assert getattr(merge(BEGAN, emptied, marks=marks_of(BEGAN), choices={}).body, name) in ([], None, "")
