"""Suppression, attacked: an enemy who knows the method tries to work out what is hidden."""

from collections.abc import Iterator, Mapping, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from mdk.figures.suppression import SMALLEST_SHOWN, hidden

Sums = Sequence[tuple[str, Sequence[str]]]
SMALL = st.integers(0, 9)


def possible(counts: Mapping[str, int], sums: Sums, gone: set[str], most: int = 12) -> Iterator[dict[str, int]]:
    """Every table that agrees with what is shown: what is hidden is a whole number of at least one."""
    totals = {total for total, _ in sums}
    free = sorted(gone - totals)

    def fill(table: dict[str, int]) -> Iterator[dict[str, int]]:
        left = [cell for cell in free if cell not in table]
        if not left:
            whole = table | {total: sum(table[part] for part in parts) for total, parts in sums if total in gone}
            if all(whole[total] == sum(whole[part] for part in parts) for total, parts in sums):
                yield whole
            return
        for value in range(1, ceiling(table, left[0]) + 1):
            yield from fill(table | {left[0]: value})

    def ceiling(table: dict[str, int], cell: str) -> int:
        room = [
            counts[total] - sum(table.get(part, 1) for part in parts if part != cell)
            for total, parts in sums
            if cell in parts and total not in gone
        ]
        return min([most, *room])

    yield from fill({cell: count for cell, count in counts.items() if cell not in gone})


def check_safe(counts: Mapping[str, int], sums: Sums) -> None:
    gone = hidden(counts, sums)
    assert all(count == 0 or count >= SMALLEST_SHOWN for cell, count in counts.items() if cell not in gone)
    assert all(counts[cell] > 0 for cell in gone)
    values: dict[str, set[int]] = {cell: set() for cell in gone}
    for table in possible(counts, sums, gone):
        for cell in gone:
            values[cell].add(table[cell])
        if all(len(found) > 1 for found in values.values()):
            return
    assert not gone, (counts, values)


def test_a_count_of_one_to_four_is_hidden_and_zero_is_not() -> None:
    assert hidden({"a": 0, "b": 1, "c": 4, "d": 5}, []) == {"b", "c"}


def test_nothing_is_hidden_where_nothing_is_small() -> None:
    assert hidden({"a": 5, "b": 9, "all": 14}, [("all", ["a", "b"])]) == set()


def test_a_total_does_not_give_away_the_one_part_that_is_hidden() -> None:
    assert hidden({"a": 3, "b": 9, "c": 7, "all": 19}, [("all", ["a", "b", "c"])]) == {"a", "c"}


def test_two_hidden_parts_that_could_only_be_one_each_take_a_third_with_them() -> None:
    assert hidden({"a": 1, "b": 1, "c": 9, "all": 11}, [("all", ["a", "b", "c"])]) == {"a", "b", "c"}


def test_a_total_that_consists_of_one_small_part_is_hidden_too() -> None:
    assert hidden({"a": 3, "b": 0, "all": 3}, [("all", ["a", "b"])]) == {"a", "all"}


def test_the_same_count_shown_twice_is_hidden_twice() -> None:
    assert hidden({"a": 2, "b": 8, "all": 10, "n": 10}, [("all", ["a", "b"]), ("n", ["all"])]) >= {"a", "b"}
    assert hidden({"decided": 3, "n": 3}, [("n", ["decided"])]) == {"decided", "n"}


@settings(max_examples=100)
@given(st.lists(SMALL, min_size=2, max_size=4))
def test_no_subtraction_in_one_sum_reveals_a_hidden_count(parts: list[int]) -> None:
    counts = {f"p{place}": count for place, count in enumerate(parts)}
    check_safe({**counts, "all": sum(parts)}, [("all", list(counts))])


@settings(max_examples=40)
@given(st.lists(SMALL, min_size=6, max_size=6))
def test_no_subtraction_across_rows_and_columns_reveals_a_hidden_count(cells: list[int]) -> None:
    table = {f"{row}{column}": cells[2 * row + column] for row in range(3) for column in range(2)}
    sums: list[tuple[str, list[str]]] = [(f"row{row}", [f"{row}0", f"{row}1"]) for row in range(3)]
    sums += [(f"column{column}", [f"{row}{column}" for row in range(3)]) for column in range(2)]
    totals = {total: sum(table[part] for part in parts) for total, parts in sums}
    check_safe({**table, **totals}, sums)
