import re
from pathlib import Path

import pytest
from jinja2 import StrictUndefined, nodes

from mdk_web.rendering import WEB, environment
from tree import ROOT, name_of, templates

FORBIDDEN = {
    "hx-on": r"\bhx-on\b",
    "a value that is evaluated": r"\bjs:|javascript:",
    "a trigger filter": r"""hx-trigger\s*['"]?\s*[=:]\s*['"][^'"]*\[""",
    "an inline style": r"""(?<![\w-])style\s*['"]?\s*[=:]\s*['"]|<style\b""",
    "an inline script": r"<script(?![^>]*\bsrc=)",
    "an inline handler": r"""(?<![\w-])on(?:\w*click|change|submit|input|load|error|focus|key\w*)\s*['"]?\s*[=:]""",
    "unescaped text": r"\|\s*safe\b",
    "another site's file": r"""(?:src|href)\s*=\s*["']https?://""",
}


def pages() -> list[Path]:
    shells = (WEB / "layout", WEB / "components")
    return [
        path
        for path in templates()
        if not path.name.startswith("_") and not any(path.is_relative_to(shell) for shell in shells)
    ]


def test_an_unknown_name_in_a_template_raises() -> None:
    assert environment().undefined is StrictUndefined


@pytest.mark.parametrize("template", templates(), ids=name_of)
def test_the_template_compiles(template: Path) -> None:
    assert environment().get_template(template.relative_to(WEB).as_posix()).root_render_func is not None


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_template_holds_what_the_content_policy_or_escaping_forbids(what: str) -> None:
    found = [
        f"{name_of(path)}:{number}: {line.strip()}"
        for path in templates()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if re.search(FORBIDDEN[what], line)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("hx-on", '<a hx-on:click="x">'),
        ("a value that is evaluated", "<a hx-vals='js:{}'>"),
        ("a trigger filter", '<a hx-trigger="click[ctrlKey]">'),
        ("an inline style", '<p style="color:red">'),
        ("an inline script", "<script>alert(1)</script>"),
        ("an inline handler", '<p onclick="x()">'),
        ("unescaped text", "{{ x | safe }}"),
        ("another site's file", '<link href="https://cdn.example/x.css">'),
    ],
)
def test_what_is_forbidden_would_be_found(what: str, line: str) -> None:
    assert re.search(FORBIDDEN[what], line)


def test_every_page_has_a_title_of_its_own() -> None:
    untitled = []
    for page in pages():
        tree = environment().parse(page.read_text(encoding="utf-8"))
        titles = [block for block in tree.find_all(nodes.Block) if block.name == "title"]
        if not any(block.body for block in titles):
            untitled.append(name_of(page))
    assert untitled == []


def test_templates_are_only_where_their_handlers_are() -> None:
    assert [name_of(path) for path in templates() if not path.is_relative_to(ROOT / "web" / "mdk_web")] == []


def test_every_class_that_a_template_writes_has_a_rule_or_a_script_and_no_rule_is_left_over() -> None:
    static = WEB / "static"
    styles = re.sub(r"(?s)/\*.*?\*/", "", (static / "mdk.css").read_text(encoding="utf-8"))
    styled = set(re.findall(r"\.(mdk-[\w-]+)", styles))
    scripted = set(re.findall(r"mdk-[\w-]+", (static / "app.js").read_text(encoding="utf-8")))
    markup = "".join(path.read_text(encoding="utf-8") for path in templates())
    written = " ".join(re.findall(r"""class['"]?\s*[=:]\s*["']([^"']*)["']""", markup))
    whole = set(re.findall(r"(?<![\w-])mdk-[\w-]*\w(?![\w-]|\{)", written))
    assert whole - styled - scripted == set()
    known = set(re.findall(r"mdk-[\w-]*\w", markup))
    assert {name for name in styled - known if name.rpartition("--")[0] not in known} == set()
