"""Owns what the case's form shows: the whole page, the bottom bar after a save, and whose number was typed."""

from typing import Any

from litestar import Response

from mdk import clock
from mdk.cases import clock_rules, queries, rules
from mdk.cases.structs import CaseState, OpenCase
from mdk.cases.submission_structs import Submission
from mdk.cases.tables import Case
from mdk.clinical.identity import Identity, parse_identity
from mdk.clinical.pasted import brands
from mdk.conferences.outlook import outlook_of_typing
from mdk.db import choices
from mdk.errors import Problem, RuleBroken
from mdk_web.cases import clashes, forms
from mdk_web.cases.rows import reshapes
from mdk_web.cases.sections import SECTIONS, field_at
from mdk_web.cases.working import Working, working
from mdk_web.formkit import NO_REFUSAL, Form, Refusal
from mdk_web.visits import Visit, fragment, page

NEW = "/cases/new"
# What a number that is typed to its end may be told of at once; that it is short is no fault while it is being typed.
_TOLD_AT_ONCE = frozenset({"identity.check-digit", "identity.date", "identity.future"})


def edit_form(visit: Visit, number: str, form: Form | None, refusal: Refusal) -> Response[str]:
    """The form of a stored case, with what was typed in it (`form`) after a refusal or a change of rows."""
    view = queries.view(visit.session, number, by=visit.viewer, at=visit.at)
    filled = forms.stored(view) if form is None else forms.typed(form)
    is_clash = form is not None and (refusal.is_stale or clashes.is_settling(form))
    return case_form(
        visit,
        filled,
        refusal,
        here=f"/cases/{number}/edit",
        line=forms.strip_of(view),
        version=view.version if form is None or is_clash else form.made_from(view.version, refusal),
        base=clashes.traces(forms.bare(view)) if form is None or is_clash else form.get("base", ""),
        can_submit=view.state in rules.MOVES["submit"][0],
        autosaves=view.state == CaseState.DRAFT and not is_clash,
        added="" if form is None else reshapes(form),
        clash=clashes.clashes(forms.bare(view), form, clock.today(visit.at)) if form and is_clash else [],
    )


def case_form(visit: Visit, filled: forms.Filled, refusal: Refusal, **context: Any) -> Response[str]:
    """The whole page of the form; without more `context` it is a new case's."""
    number = (context.get("line") or {}).get("number", "")
    new_case = {"line": None, "here": NEW, "version": 0, "base": "", "can_submit": True, "autosaves": True}
    shown = {"saved_at": None, "added": "", "clash": [], "unsaved": 0, **new_case, **context}
    return page(
        visit,
        "cases/edit.html",
        status=refusal.status,
        filled=filled,
        number=number,
        refusal=forms.pointed(refusal),
        **follows(visit, forms.reread(filled), number),
        who=who_is(visit, filled, number),
        sections=SECTIONS,
        holder=forms.holder,
        field_at=field_at,
        required=forms.required_words,
        pasting=brands().note,
        suggestions=forms.suggestions(visit.viewer),
        **shown,
    )


def bar(
    visit: Visit,
    form: Form,
    case: Case | None,
    *,
    refusal: Refusal = NO_REFUSAL,
    unsaved: list[Problem] | None = None,
    saved: bool = False,
    created: bool = False,
) -> Response[str]:
    """The bottom bar after a save, or after one that could not be; a new case gets its address and head."""
    stored = None if case is None else queries.submission_of(case)
    number = "" if case is None else case.number
    answer = fragment(
        visit,
        "cases/_saved.html",
        status=refusal.status,
        working=working_of(visit, forms.lenient(form)),
        number=number,
        version=case.version if case and saved else form.version(),
        base=clashes.traces(stored) if saved and stored else form.get("base", ""),
        saved_at=visit.at if saved else None,
        refusal=refusal,
        unsaved=[forms.holder(problem.field) for problem in unsaved or []],
        anew=form.get("anew"),
        here=NEW if case is None else f"/cases/{number}/edit",
        can_submit=case is None or case.state in rules.MOVES["submit"][0],
        line=forms.strip_of(queries.view(visit.session, number, by=visit.viewer, at=visit.at)) if created else None,
        holder=forms.holder,
    )
    answer.headers |= {"HX-Retarget": "#case-bar", "HX-Reswap": "outerHTML"}
    if created:
        answer.headers["HX-Replace-Url"] = f"/cases/{number}/edit"
    if saved and not unsaved:
        answer.headers["X-Saved"] = "yes"
    return answer


def follows(visit: Visit, submission: Submission, number: str) -> dict[str, Any]:
    """What follows the typing in the case with `number` ("": a new one): what the system says of it, and its outlook.

    Raises `NotFound`, `NotAllowed` for a case that the viewer may not write in.
    """
    waited, is_draft = 0.0, True
    if number:
        case = queries.load(visit.session, number, act="case.patch", by=visit.viewer, at=visit.at)
        waited, is_draft = queries.clock_of(case, visit.at).days_waiting, case.state == CaseState.DRAFT
    return {
        "working": working_of(visit, submission),
        "ahead": outlook_of_typing(visit.session, submission, number=number, waited=waited, at=visit.at),
        "allowed": clock_rules.days_allowed_of(submission),
        "is_draft": is_draft,
    }


def working_of(visit: Visit, submission: Submission) -> Working:
    """What the system says of a submission as it stands."""
    return working(submission, clock.today(visit.at), choices(visit.session).omeq_table)


def who_is(visit: Visit, filled: forms.Filled, number: str) -> dict[str, Any]:
    """What an identity number tells as soon as it is whole: age, sex, whether a child, and other open cases."""
    found: Identity | None = None
    fault, others = "", list[OpenCase]()
    today = clock.today(visit.at)
    try:
        found = parse_identity(filled.one("patient.identity_number"), today=today)
    except RuleBroken as broken:
        fault = broken.message if broken.rule in _TOLD_AT_ONCE else ""
    if found:
        others = queries.open_cases(visit.session, found.value, besides=number, by=visit.viewer, at=visit.at)
    born = found.birth_date if found else None
    return {
        "found": found,
        "age": rules.age(born, today),
        "is_child": rules.is_child(born, today),
        "fault": fault,
        "others": others,
    }
