"""The help's account of how figures come about: every table and source, and examples that the code itself computes."""

import make
import stores
from mdk.clinical.bilaga1 import POLICY
from mdk.clinical.factor_sets import factor_sets
from mdk.clinical.pump import contraindications
from mdk.clinical.reference import regions
from mdk.db import Choices, Database
from mdk_web.home import examples
from visiting import People, visiting


def test_the_opioid_examples_show_every_verdict_and_what_their_titles_say() -> None:
    found = {each.title: (each.omeq.verdict, each.omeq.low, each.omeq.high) for each in examples.dosed()}
    assert found == {
        "Oxikodon 40 mg × 2, vid behov 10 mg som togs 4 gånger per dygn": ("table_dependent", 180, 240),
        "Morfin 100 mg × 2": ("not_over", 200, 200),
        "Hydromorfon 15 mg × 2": ("table_dependent", 150, 225),
        "Fentanylplåster 62 µg/h": ("not_over", 118.8, 186),
        "Ketobemidon 50 mg × 5": ("over", 250, 333.3333),
        "Metadon 20 mg × 3 och morfin 30 mg × 2": ("incomplete", 60, None),
        "Metadon 20 mg × 3 och morfin 120 mg × 2": ("over", 240, None),
    }
    assert {verdict for verdict, _, _ in found.values()} == {"over", "not_over", "table_dependent", "incomplete"}


def test_the_examples_of_bilaga_1_are_the_truth_table() -> None:
    assert [(each.identification.result, bool(each.identification.remark)) for each in examples.judged()] == [
        ("yes", False),
        ("no", True),
        ("no", False),
        ("no", False),
        ("yes", False),
        ("unknown", True),
        ("yes", False),
        ("yes", False),
        ("unknown", False),
        ("no", False),
        ("unknown", True),
    ]


def test_the_page_names_every_table_source_criterion_and_region(people: People) -> None:
    page = people[make.STEERING].get("/help/calculations")
    assert page.status == 200
    for table in factor_sets():
        assert f"{table.name}, {table.version}" in page.words
        assert table.source in page.words
    assert f"policy {POLICY}" in page.words
    for prompt in contraindications():
        assert prompt.source in page.words
    for region in regions():
        assert region.extern_capability in page.words
    assert "aldrig en dos att byta opioid efter" in page.words
    assert "avgör ingen enskild tabell" in page.words
    for name in ("omeq", "omeq-examples", "bilaga1", "intern", "regions", "other", "tables"):
        assert (f'href="#{name}"' in page.html, f'id="{name}"' in page.html) == (True, True), name


def test_the_page_says_which_table_an_installation_has_pinned(embedded: Database) -> None:
    pinned = stores.made(embedded.url.render_as_string(hide_password=False), Choices(omeq_table="UPP20"))
    with visiting(pinned) as people:
        assert "avgör tabellen UPP20" in people[make.REFERRER].get("/help/calculations").words
    pinned.close()


def test_every_figure_leads_to_how_it_is_computed(people: People) -> None:
    number = make.submitted(people.database)
    page = people[make.COORDINATOR].get(f"/cases/{number}")
    for part in ("omeq", "bilaga1"):
        assert f'href="/help/calculations#{part}"' in page.html
