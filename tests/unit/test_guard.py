from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from msopt_tui.refinement.guard import NEVER_ENDS, STAYS, Guard

Losses = list[float | None]


def guard() -> Guard:
    return Guard(spike_sigmas=6.0, max_broken_steps=3)


def feed(one: Guard, losses: Losses, batch: int = 10, first: int = 1) -> None:
    for at in range(0, len(losses), batch):
        part = losses[at : at + batch]
        one.see(first + at, part, [1.0] * len(part))


def falling(count: int, seed: int = 0) -> Losses:
    draw = random.Random(seed)
    return [2 + 4 * 0.99**n + draw.gauss(0, 0.1) for n in range(count)]


def test_a_healthy_curve_is_left_alone() -> None:
    for seed in range(20):
        one = guard()
        feed(one, falling(2000, seed))
        assert one.verdict is None


def test_a_jump_that_stays_is_a_spike_and_its_first_step_is_named() -> None:
    one = guard()
    feed(one, [*falling(300), *[9.0] * 20])
    assert one.verdict is not None
    assert one.verdict.since == 301
    assert "6 robust sigma" in one.verdict.reason


def test_a_jump_that_comes_down_again_is_not() -> None:
    one = guard()
    feed(one, [*falling(300), *[9.0] * (STAYS - 1), *[2.2] * 50, *[9.0] * (STAYS - 1), 2.2])
    assert one.verdict is None


def test_a_slow_rise_is_refinements_business_and_not_a_spike() -> None:
    one = guard()
    feed(one, [*falling(300), *[2.2 + n * 0.001 for n in range(1000)]])
    assert one.verdict is None


def test_three_broken_steps_in_fifty_are_too_many_and_two_are_not() -> None:
    one = guard()
    feed(one, [*falling(100), None, 2.0, None, *[2.0] * 60, None])
    assert one.verdict is None
    two = guard()
    feed(two, [*falling(100), None, 2.0, None, 2.0, None])
    assert two.verdict is not None
    assert two.verdict.since == 101


def test_a_gradient_that_is_not_finite_counts_like_a_loss() -> None:
    one = guard()
    one.see(1, [2.0, 2.0, 2.0], [None, None, None])
    assert one.verdict is not None


def test_it_can_be_turned_off() -> None:
    one = Guard(spike_sigmas=0.0, max_broken_steps=0)
    feed(one, [*falling(300), *[99.0] * 50, *[None] * 50])
    assert one.verdict is None


def test_after_a_reset_everything_is_new() -> None:
    one = guard()
    feed(one, [*falling(300), *[9.0] * 20])
    one.reset()
    feed(one, [9.0] * 100)
    assert one.verdict is None


@given(st.integers(1, 60), st.lists(st.one_of(st.none(), st.floats(0.1, 10)), max_size=200))
def test_a_verdict_names_a_step_that_was_seen(batch: int, losses: Losses) -> None:
    one = guard()
    feed(one, losses, batch)
    if one.verdict is not None:
        assert 1 <= one.verdict.since <= len(losses)


def test_a_stretch_of_bad_data_that_the_optimiser_left_out_is_told_and_no_reason_to_go_back() -> None:
    one = guard()
    feed(one, falling(300))
    one.see(301, [9.0] * 40, [11.0] * 40)
    assert one.verdict is None
    assert one.tell() is None, "it may go on"
    one.see(341, [2.1] * 10, [1.0] * 10)
    assert one.tell() == (40, 301, 340)
    assert one.tell() is None


def test_the_same_losses_with_ordinary_gradients_are_damage() -> None:
    one = guard()
    feed(one, falling(300))
    one.see(301, [9.0] * 40, [1.5] * 40)
    assert one.verdict is not None


def test_without_a_bound_no_gradient_is_out_of_the_ordinary() -> None:
    one = Guard(spike_sigmas=0.0, max_broken_steps=0)
    feed(one, falling(300))
    one.see(301, [9.0] * 40, [99.0] * 40)
    assert one.left_out == []


def test_gradients_that_stay_out_of_the_ordinary_are_damaged_weights() -> None:
    guard = Guard(spike_sigmas=6.0, max_broken_steps=3)
    guard.see(1, [2.0] * 60, [1.0] * 60)
    guard.see(61, [5.0] * (NEVER_ENDS - 1), [9.0] * (NEVER_ENDS - 1))
    so_far = guard.verdict
    guard.see(60 + NEVER_ENDS, [5.0], [9.0])
    in_the_end = guard.verdict
    assert so_far is None, "it may still be bad data"
    assert in_the_end is not None
    assert in_the_end.since == 61
