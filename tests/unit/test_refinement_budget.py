"""What refinement may spend, what it never sees, and how races narrow down."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from msopt_tui.refinement import holdout
from msopt_tui.refinement.budget import Costs, Ledger, Limits, affordable_steps
from msopt_tui.refinement.probe import CONTROL, Outcome, heats, survivors


def spent_by(step: int, count: int, costs: Costs) -> int:
    """Walk through it: every step, every evaluation at the cadence, one at the end."""
    total = 0
    for at in range(step + 1, step + count + 1):
        total += costs.step
        if at % costs.every == 0 or at == step + count:
            total += costs.evaluation
    return total


@given(
    st.integers(0, 100_000),
    st.integers(0, 300),
    st.builds(Costs, st.integers(1, 500), st.integers(0, 2_000), st.integers(1, 60)),
)
def test_as_many_steps_as_the_tokens_pay_for_and_not_one_more(tokens: int, step: int, costs: Costs) -> None:
    count = affordable_steps(tokens, step, costs)
    assert count == 0 or spent_by(step, count, costs) <= tokens
    if count < 2_000:
        assert spent_by(step, count + 1, costs) > tokens


@given(st.integers(1_000, 50_000), st.builds(Costs, st.integers(10, 200), st.integers(0, 500), st.integers(5, 60)))
def test_the_end_of_a_round_does_not_move_while_it_is_trained(tokens: int, costs: Costs) -> None:
    """Each evaluation on the way was reserved: the schedule's total stays what it was."""
    first = affordable_steps(tokens, 0, costs)
    if first > costs.every:
        left = tokens - costs.every * costs.step - costs.evaluation
        assert costs.every + affordable_steps(left, costs.every, costs) == first


def test_the_ledger_and_its_limits() -> None:
    assert Ledger(evaluated=3, probed=4).spent(5) == {"trained": 5, "evaluated": 3, "probed": 4}
    assert Limits().left(10**9) is None
    assert Limits(tokens=10).left(4) == 6
    assert Limits(tokens=10).left(40) == 0
    assert not Limits().over(1e9)
    assert Limits(minutes=1, began=100.0).over(160.0)
    assert not Limits(minutes=1, began=100.0).over(159.0)


@given(st.integers(1, 500), st.floats(0.0, 0.49))
def test_rows_are_in_sight_or_out_of_it_and_always_the_same(count: int, fraction: float) -> None:
    losses = [float(row) for row in range(count)]
    visible = holdout.seen(losses, fraction)
    hidden = [row for row in range(count) if holdout.is_held_out(row, fraction)]
    if len(hidden) < count:
        assert set(visible) | {float(row) for row in hidden} == set(losses)
    assert abs(len(hidden) - count * fraction) < 3, (
        "spread evenly: within a few rows of the share, however many there are"
    )
    assert (holdout.unseen_loss(losses, fraction) is None) == (not hidden)


def test_heats_halve_the_field_and_end_at_the_last_step() -> None:
    assert heats(1, 40) == [40]
    assert heats(2, 40) == [40]
    assert heats(3, 40) == [20, 40]
    assert heats(8, 40) == [13, 27, 40]
    assert heats(8, 1) == [1]


@given(st.lists(st.floats(0, 10), min_size=1, max_size=8))
def test_the_better_half_stays_and_the_control_is_not_counted(losses: list[float]) -> None:
    outcomes = [Outcome(f"p{n}", [loss]) for n, loss in enumerate(losses)]
    stay = survivors([Outcome(CONTROL, [0.0]), *outcomes])
    assert CONTROL not in stay
    assert len(stay) == -(-len(losses) // 2)
    assert min(outcomes, key=lambda one: one.loss).proposal == stay[0]
