"""Any life of a conference: calendars end where the agenda does, SEQUENCE only rises, and every reader agrees."""

from pathlib import Path

import pytest
from hypothesis import Phase
from hypothesis import settings as effort
from hypothesis.stateful import run_state_machine_as_test

from invites.life import Ground, Life, ground
from invites.readers import by_icalendar, by_vobject, icaljs_reader, khal_reader, libical_reader, many


@pytest.fixture(scope="module")
def begun(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return ground(_sqlite_template, tmp_path_factory.mktemp("life"))


def live(begun: Ground, folder: Path, *, lives: int, steps: int) -> None:
    """Live so many lives; then have other people's readers read every calendar object that was sent in them."""

    class ThisLife(Life):
        ground, shown, last = begun, [], {}

    # Shrinking a life of 15 steps takes minutes; as it was found it can be read.
    phases = (Phase.explicit, Phase.generate)
    chosen = effort(max_examples=lives, stateful_step_count=steps, phases=phases)
    run_state_machine_as_test(ThisLife, settings=chosen, _min_steps=steps)
    sent = [raw for raw, _ in ThisLife.shown]
    meant = [span for _, span in ThisLife.shown]
    assert len(sent) > 10 * lives
    for reader in (libical_reader(folder), icaljs_reader(), many(by_vobject), many(by_icalendar)):
        assert reader(sent) == meant
    last = list(ThisLife.last.values())[-100:]
    assert khal_reader(folder)(last) == many(by_icalendar)(last)


def test_whatever_happens_the_calendars_end_where_the_agenda_does(begun: Ground, tmp_path: Path) -> None:  # F22
    live(begun, tmp_path, lives=3, steps=16)


@pytest.mark.long
def test_whatever_happens_in_many_long_lives(begun: Ground, tmp_path: Path) -> None:
    live(begun, tmp_path, lives=60, steps=40)
