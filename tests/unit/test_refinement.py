"""Diagnosis, proposal, race and decision on curves made for the purpose."""

from __future__ import annotations

import math
import random
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msopt_tui.config.change import with_changes
from msopt_tui.config.schema import Config
from msopt_tui.protocol import events as ev
from msopt_tui.protocol.commands import Decide
from msopt_tui.refinement.decide import RaceResult, by_person, by_race, by_trial
from msopt_tui.refinement.diagnose import diagnose, of_test
from msopt_tui.refinement.evidence import Evidence, evidence_of, noise_of, window_medians
from msopt_tui.refinement.means import Means
from msopt_tui.refinement.probe import Margin, Outcome, margin
from msopt_tui.refinement.propose import before_the_first, propose
from msopt_tui.refinement.rate_test import Reading
from msopt_tui.state.run_state import RunState

STEPS = 400


def curve(start: float, end: float, noise: float = 0.02, seed: int = 0) -> list[float]:
    draw = random.Random(seed)
    return [end + (start - end) * math.exp(-4 * n / STEPS) + draw.gauss(0, noise) for n in range(STEPS)]


def evidence(train: list[float], validation: list[float], not_finite: int = 0) -> Evidence:
    every = STEPS // max(len(validation), 1)
    return Evidence(1, train, not_finite, [(n * every, loss) for n, loss in enumerate(validation)])


FALLING = [6.0, 5.0, 4.3, 3.8, 3.5, 3.2, 3.0, 2.8, 2.7]
FLAT = [6.0, 4.0, 3.0, 2.6, 2.502, 2.501, 2.5005, 2.5, 2.4999]
TURNING = [6.0, 4.0, 3.2, 3.0, 3.05, 3.1, 3.2, 3.3, 3.4]

CASES = {
    "improving": evidence(curve(6, 2.5), FALLING),
    "plateau": evidence(curve(6, 2.4), FLAT),
    "overfitting": evidence(curve(6, 1.5), TURNING),
    "diverging": evidence(curve(6, 2.0)[:200] + [2.5 + n * 0.02 for n in range(200)], TURNING),
}


@pytest.mark.parametrize("kind", CASES)
def test_each_kind_of_curve_is_told_from_the_others(kind: str) -> None:
    findings = diagnose(CASES[kind])
    assert findings[0].kind == kind
    assert any(character.isdigit() for character in findings[0].evidence)


def test_a_step_that_is_not_finite_is_certain_divergence() -> None:
    first = diagnose(evidence(curve(6, 2), FALLING, not_finite=2))[0]
    assert (first.kind, first.confidence) == ("diverging", 1.0)


def test_spikes_are_instability() -> None:
    train = [loss + (1.0 if n % 30 == 29 else 0.0) for n, loss in enumerate(curve(6, 2.5))]
    assert "unstable" in [finding.kind for finding in diagnose(evidence(train, FALLING))]
    assert "unstable" not in [finding.kind for finding in diagnose(evidence(curve(6, 2.5), FALLING))]


def test_too_little_to_go_by_gives_no_finding_and_no_proposal() -> None:
    assert diagnose(evidence([], [])) == []
    assert diagnose(evidence([3.0, 2.9], [3.0])) == []
    assert propose([], Config(), 100) == []


@given(st.floats(0.1, 10), st.floats(-5, 5), st.sampled_from(sorted(CASES)))
def test_the_trend_of_a_scaled_curve_is_the_same(scale: float, shift: float, kind: str) -> None:
    """Losses in other units must not change what is seen (a shift changes relative figures, a scale does not)."""
    case = CASES[kind]
    scaled = Evidence(
        1, [scale * value for value in case.train], 0, [(step, scale * loss) for step, loss in case.validation]
    )
    assert diagnose(scaled)[0].kind == kind


@given(st.lists(st.floats(-1e6, 1e6), max_size=300), st.lists(st.floats(-1e6, 1e6), max_size=30))
def test_no_curve_breaks_it(train: list[float], validation: list[float]) -> None:
    for finding in diagnose(evidence(train, validation)):
        assert 0 <= finding.confidence <= 1


MEANS = Means(("model.layers.0", "model.layers.1", "model.layers.2"), ("books", "web"), (300, 100))


@pytest.mark.parametrize("kind", get_args(ev.FindingKind))
def test_every_proposal_is_a_change_the_settings_can_hold(kind: ev.FindingKind) -> None:
    finding = ev.Finding(kind=kind, confidence=0.9, evidence="because", figures={"books": -0.01, "web": 0.03})
    for base in (Config(), with_changes(Config(), {"model.dropout": 0.5, "train.weight_decay": 10.0})):
        proposals = propose([finding], base, 100, MEANS)
        assert proposals
        assert len({one.id for one in proposals}) == len(proposals)
        for proposal in proposals:
            assert with_changes(base, proposal.changes) != base
            assert proposal.reason == "because"


def test_an_unsure_finding_leads_to_something_only_where_no_other_is_surer() -> None:
    unsure = ev.Finding(kind="plateau", confidence=0.04, evidence="")
    surer = ev.Finding(kind="improving", confidence=0.9, evidence="")
    assert {one.id for one in propose([surer, unsure], Config(), 100)} == {"longer"}
    assert propose([unsure], Config(), 100)


def test_pairing_takes_the_rows_own_difficulty_out() -> None:
    draw = random.Random(1)
    rows = [draw.uniform(1, 9) for _ in range(200)]
    better = [row - 0.02 + draw.gauss(0, 0.01) for row in rows]
    result = margin(Outcome("control", rows), Outcome("p", better))
    assert result.mean == pytest.approx(0.02, abs=0.003)
    assert result.standard_error < 0.002
    assert result.convincing


def test_noise_alone_convinces_nobody() -> None:
    draw = random.Random(2)
    rows = [draw.uniform(1, 9) for _ in range(200)]
    assert not margin(Outcome("control", rows), Outcome("p", [row + draw.gauss(0, 0.5) for row in rows])).convincing


def test_a_contestant_that_blew_up_loses() -> None:
    fine, broken = Outcome("a", [1.0, 2.0]), Outcome("b", [1.0, math.nan])
    assert not margin(fine, broken).convincing
    assert margin(broken, fine).convincing


PROPOSAL = ev.Proposal(id="longer", title="t", reason="r", changes={"train.learning_rate": 0.05})
OTHER = ev.Proposal(id="again", title="t", reason="r", changes={"train.weight_decay": 0.5}, start="fresh")


def race(margin: Margin, gain: Margin | None = None, winner: str = "longer") -> RaceResult:
    return RaceResult(winner, margin, gain)


def test_auto_adopts_only_what_was_measured_better() -> None:
    adopted = by_race([OTHER, PROPOSAL], race(Margin(0.1, 0.01)))
    assert (adopted.verdict, adopted.changes, adopted.start) == ("accepted", PROPOSAL.changes, "best")
    assert by_race([PROPOSAL, OTHER], race(Margin(0.1, 0.01), winner="again")).start == "fresh"
    unmeasured = by_race([PROPOSAL], None)
    assert (unmeasured.verdict, unmeasured.next_round) == ("rejected", False)


def test_auto_goes_on_unchanged_while_that_gains_and_stops_when_it_does_not() -> None:
    going = by_race([PROPOSAL], race(Margin(0.001, 0.01), Margin(0.1, 0.01)))
    assert (going.verdict, going.next_round, going.changes) == ("rejected", True, {})
    stopping = by_race([PROPOSAL], race(Margin(0.001, 0.01), Margin(-0.1, 0.01)))
    assert (stopping.verdict, stopping.next_round) == ("rejected", False)


def test_a_trial_says_that_it_was_not_raced() -> None:
    assert "trial" in by_trial(PROPOSAL).reason


def test_a_persons_word_counts() -> None:
    table = [PROPOSAL, OTHER]
    yes = by_person(table, Decide(proposal="longer", accept=True, who="ann"))
    assert (yes.verdict, yes.who, yes.next_round, yes.changes) == ("accepted", "ann", True, PROPOSAL.changes)
    assert by_person(table, Decide(proposal="again", accept=True)).start == "fresh"
    edited = by_person(table, Decide(proposal="longer", accept=True, changes={"train.learning_rate": 0.01}))
    assert (edited.verdict, edited.changes) == ("edited", {"train.learning_rate": 0.01})
    own = by_person(table, Decide(proposal="own", accept=True, changes={"model.dropout": 0.3}))
    assert (own.verdict, own.proposal, own.changes) == ("edited", "own", {"model.dropout": 0.3})
    no = by_person(table, Decide(proposal="longer", accept=False))
    assert (no.verdict, no.next_round, no.changes) == ("rejected", True, {})
    done = by_person(table, Decide(proposal="longer", accept=False, finish=True))
    assert (done.verdict, done.next_round) == ("rejected", False)


def test_evidence_is_of_the_current_round_only() -> None:
    state = RunState()
    for event in (
        ev.RunStarted(run="r", project="p", settings={}),
        ev.StepsDone(first=1, losses=[9.0] * 10, grad_norms=[1.0] * 10, learning_rates=[0.1] * 10, seconds=1, tokens=1),
        ev.RoundStarted(round=2, step=10, last_step=20),
        ev.StepsDone(
            first=11, losses=[2.0, None, 1.0], grad_norms=[1.0] * 3, learning_rates=[0.1] * 3, seconds=1, tokens=1
        ),
        ev.Evaluated(step=13, round=2, split="validation", reason="cadence", metrics={"loss": 1.5}, seconds=1),
    ):
        state.apply(event)
    found = evidence_of(state)
    assert (found.round, found.train, found.not_finite) == (2, [2.0, 1.0], 1)
    assert found.best == (13, 1.5)


def test_noise_is_measured_on_differences_so_that_a_trend_is_none() -> None:
    draw = random.Random(3)
    trend = [10 - n * 0.01 + draw.gauss(0, 0.1) for n in range(2000)]
    assert noise_of(trend) == pytest.approx(0.1, rel=0.15)
    assert len(window_medians(trend)) == 20
    assert window_medians([1.0, 2.0]) == []


READING = Reading(suggested=6e-3, lowest_at=4e-2, descent=1.2)


def first_round(config: Config, passes: float) -> ev.Proposal:
    return before_the_first(READING, of_test(config.train.learning_rate, READING, cautious=False), config, 800, passes)


def test_what_the_first_round_takes_unmeasured_is_named_and_can_be_left_out() -> None:
    trunk = first_round(Config(), passes=9.0)
    assert set(trunk.changes) == {
        "train.learning_rate",
        "train.lr_scheduler_type",
        "train.warmup_steps",
        "train.weight_decay",
        "model.dropout",
    }
    said = trunk.reason.partition("not measured in this run: ")[2]
    assert "warmup_steps" in said
    assert "dropout" in said
    assert "learning_rate" not in said
    written = first_round(with_changes(Config(), {"refine.first_round": "as-written"}), passes=9.0)
    assert written.changes == {"train.learning_rate": 6e-3}
    assert "not measured" not in written.reason
    assert "passes" not in written.reason


def test_few_passes_leave_weight_decay_and_dropout_alone() -> None:
    assert not {"train.weight_decay", "model.dropout"} & set(first_round(Config(), passes=2.0).changes)
