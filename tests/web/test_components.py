"""The components: each renders, escapes what people typed, refuses a forgotten argument, and ties errors to fields."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from jinja2 import nodes
from jinja2.exceptions import UndefinedError
from msgspec import UNSET

from mdk.cases.file_structs import AttachmentLine
from mdk_web import rendering, state_words, words

EVIL = "<script>alert(1)</script>"
AT = datetime(2026, 11, 25, 12, 15, tzinfo=UTC)
CLOCK = {"days_waiting": 4, "days_allowed": 7, "share_used": 4 / 7, "whose_move": "referrer"}
CASE = {
    "number": "MDK-2026-0014",
    "age": 78,
    "sex": "female",
    "home_region": "kronoberg",
    "question": EVIL,
    "state": "supplement_requested",
    "clock": CLOCK,
    "is_child": False,
    "protected": True,
}
FIELD = {"name": "patient.name", "label": EVIL, "value": EVIL, "error": EVIL}
FILE = AttachmentLine(id="f1", name=EVIL, kind="pdf", size=1_234_567, at=AT, by=EVIL)
CHOICES = [("a", EVIL), ("b", "B")]

# One good call of every public macro; a new macro without one fails the second test.
CALLS: dict[str, dict[str, dict[str, Any]]] = {
    "shapes": {"shape": {"name": "check"}},
    "time": {
        "time": {"value": AT},
        "clock_time": {"value": AT},
        "distance": {"value": AT},
        "slot": {"start": AT, "end": AT},
    },
    "states": {
        "state_tag": {"kind": "case", "state": "accepted"},
        "person_answer": {"partstat": "NEEDS-ACTION"},
        "mark": {"kind": "prerequisite", "state": "met"},
        "flag_tag": {"text": EVIL, "color": "info"},
    },
    "case": {
        "clock": {"clock": CLOCK},
        "bar": {"percent": 40},
        "survival_clock": {"clock": {"days": 12, "of": 91, "is_least": True}},
        "case_strip": {"case": CASE},
        "identity": {"name": EVIL, "identity_number": "194001042383", "hidden": False},
    },
    "field_parts": {
        "required_mark": {"required": True},
        "field_label": {"id": "f-a", "label": EVIL, "required": True},
        "field_hint": {"id": "f-a", "hint": EVIL},
        "field_error": {"id": "f-a", "error": EVIL},
        "field_aria": {"id": "f-a", "hint": "h", "error": "e", "required": True},
    },
    "fields": {
        "text_field": FIELD,
        "number_field": FIELD,
        "date_field": FIELD,
        "textarea_field": FIELD,
        "select_field": {**FIELD, "options": CHOICES},
    },
    "choices": {
        "radio_group": {**FIELD, "options": CHOICES},
        "yes_no_unknown": FIELD,
        "checkbox_group": {"name": "pain.types", "label": EVIL, "options": CHOICES, "values": ["b"], "error": EVIL},
        "checkbox": {"name": "a", "label": EVIL, "checked": True, "error": EVIL},
    },
    "files": {
        "file_field": {"name": "files", "label": EVIL, "error": EVIL, "accept": "image/png"},
        "file_size": {"bytes": 340_000},
        "attachment_rows": {"number": "MDK-2026-0014", "files": [FILE], "removable": True},
    },
    "forms": {
        "csrf": {"token": EVIL},
        "version": {"number": 3},
        "error_summary": {"problems": [{"field": "medicines.opioids.0.dose", "message": EVIL}]},
        "primary_button": {"text": EVIL},
        "secondary_button": {"text": EVIL},
        "primary_link": {"text": EVIL, "href": "/a"},
        "secondary_link": {"text": EVIL, "href": "/a"},
    },
    "navigation": {
        "breadcrumb": {"trail": [{"href": "/a", "label": EVIL}]},
        "sections_nav": {"sections": [{"href": "#a", "label": EVIL, "missing": 2, "current": True}]},
        "empty_state": {"text": EVIL, "href": "/a", "label": EVIL},
        "next_link": {"text": EVIL, "href": "/a"},
        "next_button": {"text": EVIL},
    },
    "charts": {
        "bars": {
            "id": "c",
            "title": EVIL,
            "desc": EVIL,
            "most": 4,
            "rows": [{"label": EVIL, "value": 3, "text": EVIL, "tone": "skane"}],
        },
        "curve": {
            "id": "c",
            "title": EVIL,
            "desc": EVIL,
            "most": 10,
            "marks": [{"x": 0, "y": 7, "text": EVIL}, {"x": 6, "y": 3, "text": EVIL}],
        },
        "parts": {
            "id": "c",
            "title": EVIL,
            "desc": EVIL,
            "rows": [{"label": EVIL, "text": EVIL, "parts": [{"value": 3, "tone": "done"}]}],
        },
    },
    "live": {
        "live": {"conference_id": "c0ffee"},
        "refetched": {"path": "/a", "events": ["turn", "minutes-MDK-2026-0001"]},
    },
}
EVERY = [(file, macro) for file, macros in CALLS.items() for macro in macros]


def call(file: str, macro: str, **arguments: object) -> str:
    module = rendering.environment().get_template(f"components/{file}.html").module
    return str(getattr(module, macro)(**arguments))


def macros_in(file: str) -> Iterator[nodes.Macro]:
    path = rendering.WEB / "components" / f"{file}.html"
    for macro in rendering.environment().parse(path.read_text("utf-8")).find_all(nodes.Macro):
        if not macro.name.startswith("_"):
            yield macro


def ids_in(html: str) -> list[str]:
    return re.findall(r'\sid="([^"]+)"', html)


@pytest.mark.parametrize("file", sorted(path.stem for path in (rendering.WEB / "components").glob("*.html")))
def test_every_public_macro_is_called_here_and_told_of_in_the_file_header(file: str) -> None:
    names = {macro.name for macro in macros_in(file)}
    header = (rendering.WEB / "components" / f"{file}.html").read_text("utf-8").split("#}")[0]
    assert names == set(CALLS[file])
    assert [name for name in names if f"{name}(" not in header] == []


@pytest.mark.parametrize(("file", "macro"), EVERY)
def test_a_macro_renders_and_escapes_what_people_typed(file: str, macro: str) -> None:  # F30
    html = call(file, macro, **CALLS[file][macro])
    assert html.strip()
    assert "<script" not in html
    assert " style=" not in html
    assert " on" not in re.sub(r">[^<]*<", "><", html)


@pytest.mark.parametrize(("file", "macro"), EVERY)
def test_a_macro_raises_on_each_missing_argument(file: str, macro: str) -> None:
    found = next(each for each in macros_in(file) if each.name == macro)
    required = [arg.name for arg in found.args[: len(found.args) - len(found.defaults)]]
    assert set(required) <= set(CALLS[file][macro])
    for missing in required:
        given = {name: value for name, value in CALLS[file][macro].items() if name != missing}
        with pytest.raises(UndefinedError):
            call(file, macro, **given)


@pytest.mark.parametrize(("file", "macro"), [pair for pair in EVERY if pair[0] in {"fields", "choices"}])
def test_a_field_ties_label_hint_and_error_to_its_control(file: str, macro: str) -> None:
    arguments = CALLS[file][macro]
    html = call(file, macro, **arguments, **({} if macro == "checkbox" else {"hint": "h"}))
    ids = ids_in(html)
    assert rendering.field_id(arguments["name"]) in ids
    assert len(ids) == len(set(ids))
    pointed = re.findall(r'\sfor="([^"]+)"', html)
    for described in re.findall(r'aria-describedby="([^"]+)"', html):
        pointed += described.split()
    assert f"{rendering.field_id(arguments['name'])}-error" in pointed
    assert [each for each in pointed if each not in ids] == []
    assert 'aria-invalid="true"' in html


@pytest.mark.parametrize("field", [*words.FIELDS, "medicines.opioids.0.dose", "safety.anticoagulants[1].drug"])
def test_the_error_summary_links_to_the_field_and_names_it(field: str) -> None:
    summary = call("forms", "error_summary", problems=[{"field": field, "message": "Rätta."}])
    control = call("fields", "text_field", name=field, label="x", value=None, error="")
    linked = re.findall(r'href="#([^"]+)"', summary)
    assert linked == [each for each in ids_in(control) if each == linked[0]]
    assert words.label(field) != field
    assert f"{words.label(field)}: Rätta." in summary


def test_an_error_without_a_field_is_told_without_a_link() -> None:
    html = call("forms", "error_summary", problems=[{"field": "", "message": "Det går inte."}])
    assert "Det går inte." in html
    assert "<a " not in html
    assert call("forms", "error_summary", problems=[]).strip() == ""


def test_a_choice_is_kept_and_nothing_is_chosen_for_none() -> None:
    kept = call("choices", "radio_group", name="a", label="A", options=CHOICES, value="b", error="")
    assert re.findall(r'value="(\w)"[^>]*checked', kept) == ["b"]
    assert "checked" not in call("choices", "radio_group", name="a", label="A", options=CHOICES, value=None, error="")
    assert " selected" not in call("fields", "select_field", name="a", label="A", options=CHOICES, value=None, error="")


@pytest.mark.parametrize("value", [None, UNSET, ""])
def test_a_value_that_was_not_given_leaves_the_control_empty(value: object) -> None:
    for macro in ("text_field", "number_field", "date_field"):
        assert 'value=""' in call("fields", macro, name="a", label="A", value=value, error="")
    assert "checked" not in call("choices", "yes_no_unknown", name="a", label="A", value=value, error="")


def test_a_number_is_shown_with_a_decimal_comma_and_a_typed_word_as_it_was() -> None:
    assert 'value="12,5"' in call("fields", "number_field", name="a", label="A", value="12.5", error="")
    assert 'value="fyrtio"' in call("fields", "number_field", name="a", label="A", value="fyrtio", error="")


def test_a_textarea_keeps_what_was_typed_to_the_letter() -> None:
    html = call("fields", "textarea_field", name="a", label="A", value="rad 1\n  rad 2 & <3", error="")
    typed = re.findall(r"<textarea[^>]*>\n?(.*?)</textarea>", html, re.DOTALL)
    assert typed == ["rad 1\n  rad 2 &amp; &lt;3"]


def test_the_clock_is_full_and_told_in_words_when_time_is_over() -> None:
    late = call("case", "clock", clock={**CLOCK, "days_waiting": 9, "share_used": 9 / 7})
    assert 'width="100" height="8"' in late.split("mdk-clock__fill")[1]
    assert "9 av 7 dagar, över tiden" in late
    early = call("case", "clock", clock=CLOCK)
    assert 'width="57"' in early
    assert "över tiden" not in early


def test_a_draft_without_a_clock_or_a_question_still_has_a_strip() -> None:
    html = call("case", "case_strip", case={**CASE, "clock": None, "question": "", "age": None, "sex": None})
    assert "Frågeställning saknas" in html
    assert "okänd ålder, okänt kön · Kronoberg" in html
    assert "mdk-clock__bar" not in html


def test_every_state_has_a_word_a_known_shape_and_a_known_colour() -> None:
    for kind, states in state_words.STATES.items():
        for code, told in states.items():
            assert told.word in call("states", "state_tag", kind=kind, state=code)
            assert told.color in {"neutral", "info", "accent", "warning", "success", "danger"}


def test_states_of_one_kind_differ_in_word_or_shape_and_never_in_colour_alone() -> None:
    for states in state_words.STATES.values():
        assert len({told.word for told in states.values()}) == len(states)


def test_an_unknown_code_is_refused_and_nothing_given_is_a_dash() -> None:
    with pytest.raises(LookupError):
        words.word("region", "norrland")
    assert words.word("region", None) == "–"


def test_times_are_told_on_swedish_clocks_also_across_the_change_of_hour() -> None:
    today = date(2026, 11, 22)
    assert rendering.when(AT, today=today) == "ons 25 nov 13:15"
    assert rendering.when(datetime(2026, 7, 1, 11, 0, tzinfo=UTC), today=today) == "ons 1 juli 13:00"
    assert rendering.day("2025-08-02", today=today) == "lör 2 aug 2025"
    assert rendering.full_when(AT) == "onsdag 25 november 2026 kl. 13:15 (svensk tid)"
    assert 'datetime="2026-11-25T13:15:00+01:00"' in call("time", "time", value=AT)
    assert 'datetime="2026-11-25"' in call("time", "time", value=date(2026, 11, 25))
    assert call("time", "time", value=None) == "–"


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        rendering.when(datetime(2026, 11, 25, 12, 15))  # noqa: DTZ001 - that is the point


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (date(2026, 11, 22), "i dag"),
        (date(2026, 11, 21), "i går"),
        ("2026-11-23", "i morgon"),
        (AT, "om 3 dagar"),
        (date(2026, 11, 10), "för 12 dagar sedan"),
        (None, "–"),
    ],
)
def test_distances_are_told_in_days(value: date | str | None, told: str) -> None:
    assert rendering.days(value, today=date(2026, 11, 22)) == told


@pytest.mark.parametrize(
    ("value", "told"),
    [("12.5", "12,5"), (40, "40"), (120000, "120\u00a0000"), (-1.5, "\u22121,5"), ("10.00", "10"), (None, "–")],
)
def test_numbers_are_written_as_swedes_do(value: float | str | None, told: str) -> None:
    assert rendering.number(value) == told


PAGE: dict[str, Any] = {
    "nav": [{"href": "/", "label": EVIL, "current": True, "aside": False}],
    "viewer": {"name": EVIL, "role": "referrer", "unit": EVIL},
    "csrf_token": "t",
    "flash": {"text": EVIL, "undo": {"href": "/undo", "label": EVIL}},
    "back": {"href": "/", "label": EVIL},
    "printed_at": AT,
}


@pytest.mark.parametrize("shell", ["page", "plain", "print"])
def test_a_shell_renders_escapes_and_links_hashed_files(shell: str) -> None:
    html = rendering.render(f"layout/{shell}.html", **PAGE)
    assert EVIL not in html
    assert " style=" not in html
    for path in re.findall(r'(?:href|src)="(/static/[^"]+)"', html):
        assert re.fullmatch(r"/static/[\w./-]+\?v=[0-9a-f]{12}", path)


@pytest.mark.parametrize("missing", ["nav", "viewer", "csrf_token", "flash"])
def test_the_page_shell_says_when_its_context_is_incomplete(missing: str) -> None:
    given = {name: value for name, value in PAGE.items() if name != missing}
    with pytest.raises(UndefinedError):
        rendering.render("layout/page.html", **given)


@pytest.mark.parametrize(("count", "is_long"), [(7, False), (8, True)])
def test_only_a_long_menu_puts_what_is_no_daily_work_aside(count: int, *, is_long: bool) -> None:
    last = {"href": "/last", "label": "Sist", "current": True, "aside": True}
    nav = [{"href": f"/{n}", "label": "x", "current": False, "aside": False} for n in range(count - 1)] + [last]
    html = rendering.render("layout/page.html", **{**PAGE, "nav": nav})
    assert ('data-current="yes">Mer<' in html, html.index('href="/last"') > html.find(">Mer<")) == (is_long, True)
    assert html.count('aria-current="page"') == 1


def test_an_empty_side_column_leaves_nothing_behind() -> None:
    assert re.search(r"<aside[^>]*></aside>", rendering.render("layout/page.html", **PAGE))


@pytest.mark.parametrize(
    ("size", "told"), [(1, "1 kB"), (1_001, "2 kB"), (99_999, "100 kB"), (100_000, "0,1 MB"), (1_234_567, "1,2 MB")]
)
def test_a_size_is_told_as_people_say_it(size: int, told: str) -> None:
    assert " ".join(call("files", "file_size", bytes=size).split()) == told
