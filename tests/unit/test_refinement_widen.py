"""Batch, sources and frozen parts: what is found, and which change follows from it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msopt_tui.config.change import with_changes
from msopt_tui.config.fields import Scalar
from msopt_tui.config.schema import Config, DataTable, Source
from msopt_tui.protocol import events as ev
from msopt_tui.protocol.adjustable import ACCUMULATION, MICRO, SOURCE_WEIGHTS, rows_per_step
from msopt_tui.refinement.evidence import Evidence, Point
from msopt_tui.refinement.means import Means
from msopt_tui.refinement.propose import propose
from msopt_tui.refinement.signs.batch import LARGE, SMALL, Norms, of_norms
from msopt_tui.refinement.signs.sources import falls_of, uneven

MEANS = Means(tuple(f"model.layers.{at}" for at in range(5)), ("books", "web", "code"), (300, 100, 0))


def finding(kind: ev.FindingKind, **figures: float) -> ev.Finding:
    return ev.Finding(kind=kind, confidence=0.9, evidence="because", figures=dict(figures))


def norms(signal: float, noise: float, rows: int, steps: int = 8) -> Norms:
    return Norms(rows, signal + noise / rows, steps, signal + noise / (rows * steps))


@given(st.floats(1e-6, 1e6), st.floats(1e-6, 1e6), st.integers(1, 4096), st.integers(2, 64))
def test_two_batch_sizes_give_the_noise_scale(signal: float, noise: float, rows: int, steps: int) -> None:
    found = norms(signal, noise, rows, steps).scale
    if 1e-4 < noise / signal / rows < 1e4:  # else rounding takes the difference away
        assert found == pytest.approx(noise / signal, rel=1e-3)
        said = of_norms(norms(signal, noise, rows, steps))
        share = rows * signal / noise
        if share > 1.01 * LARGE or share < 0.99 * SMALL:
            assert said is not None
            assert said.kind == ("batch-too-large" if share > 1 else "batch-too-small")
            assert 0 < said.confidence <= 1
        elif 1.01 * SMALL < share < 0.99 * LARGE:
            assert said is None


def test_gradients_that_agree_on_nothing_say_nothing() -> None:
    assert Norms(32, 1.0, 4, 0.2).scale is None
    assert of_norms(Norms(32, 1.0, 4, 0.2)) is None


@given(st.integers(1, 64), st.integers(1, 8), st.sampled_from(["batch-too-small", "batch-too-large", "noisy"]))
def test_another_batch_reads_as_many_tokens(micro: int, accumulation: int, kind: ev.FindingKind) -> None:
    config = with_changes(Config(), {MICRO: micro, ACCUMULATION: accumulation, "train.max_steps": 100})
    for proposal in propose([finding(kind)], config, 100):
        if proposal.id.endswith("-batch"):
            changed = with_changes(config, proposal.changes)
            factor = rows_per_step(changed) / rows_per_step(config)
            assert factor == (0.5 if kind == "batch-too-large" else 2.0)
            assert rows_per_step(changed) * changed.train.max_steps == 100 * rows_per_step(config)
            assert changed.train.per_device_train_batch_size <= micro, "memory is not asked for more"
            assert changed.train.learning_rate == pytest.approx(config.train.learning_rate * factor**0.5, rel=0.01)
        else:
            assert kind == "noisy"


def test_an_odd_batch_is_not_halved_and_epochs_stay_epochs() -> None:
    odd = with_changes(Config(), {MICRO: 5, ACCUMULATION: 3})
    assert propose([finding("batch-too-large")], odd, 100) == []
    (one,) = propose([finding("batch-too-small")], odd, 100)
    assert "train.max_steps" not in one.changes


def by_source(**losses: list[float]) -> Evidence:
    points: dict[str, list[Point]] = {name: list(enumerate(values)) for name, values in losses.items()}
    return Evidence(1, [], 0, [], sources=points)


def test_sources_are_uneven_where_one_falls_and_another_has_stopped() -> None:
    turned = by_source(books=[3.0, 2.8, 2.7, 2.7, 2.75, 2.8], web=[4.0, 3.8, 3.6, 3.5, 3.4, 3.3])
    found = uneven(turned)
    assert found is not None
    assert found.kind == "uneven-sources"
    assert found.figures["web"] == pytest.approx((3.5 - 3.3) / 3.5)
    assert "books +3.7% to 2.800" in found.evidence
    assert "web -5.7% to 3.300" in found.evidence
    assert uneven(by_source(books=[3.0, 2.8, 2.7, 2.6], web=[4.0, 3.8, 3.6, 3.5])) is None, "both still fall"
    assert uneven(by_source(books=[3.0, 2.9, 2.95, 3.0])) is None
    assert falls_of(by_source(books=[3.0, 2.0])) == {}, "two evaluations are no curve"


@given(st.dictionaries(st.text(max_size=3), st.lists(st.floats(-1e6, 1e6), max_size=9), max_size=4), st.floats(0.1, 9))
def test_no_curves_by_source_break_it_and_their_unit_is_all_one(losses: dict[str, list[float]], scale: float) -> None:
    found = uneven(by_source(**losses))
    scaled = uneven(by_source(**{name: [value * scale for value in values] for name, values in losses.items()}))
    if found is not None and all(abs(value) > 1e-3 for values in losses.values() for value in values):
        assert 0 <= found.confidence <= 1
        assert scaled is not None
        assert scaled.confidence == pytest.approx(found.confidence)


@pytest.mark.parametrize("weights", ["[]", "[1, 1, 0]", "[0.2, 0.8, 0]"])
def test_the_source_that_falls_gets_twice_its_share(weights: str) -> None:
    config = with_changes(Config(data=DataTable(sources=[Source()] * 3)), {SOURCE_WEIGHTS: weights})
    (one,) = propose([finding("uneven-sources", books=-0.01, web=0.04, code=0.01)], config, 100, MEANS)
    before = json.loads(weights) or [300, 100, 0]
    after = json.loads(str(one.changes[SOURCE_WEIGHTS]))
    assert sum(after) == pytest.approx(1, abs=1e-3)
    assert after[1] / after[0] == pytest.approx(2 * before[1] / before[0], rel=1e-2)
    assert after[2] == 0
    assert "more of web" in one.title
    assert propose([finding("uneven-sources", books=-0.01, code=0.04)], config, 100, MEANS) == [], "it has no rows"
    assert propose([finding("uneven-sources", books=0.04)], config, 100) == [], "whose it is nobody knows"


def test_half_of_a_pretrained_network_is_frozen_and_what_is_frozen_is_let_free() -> None:
    def ids(kind: ev.FindingKind, **changes: Scalar) -> dict[str, ev.Proposal]:
        config = with_changes(Config(), {"model.pretrained": "somewhere", **changes})
        return {one.id: one for one in propose([finding(kind)], config, 100, MEANS)}

    frozen = ids("overfitting")["freeze-lower-half"]
    assert frozen.changes == {"model.freeze": '["model.layers.0","model.layers.1"]'}
    assert list(ids("overfitting"))[-1] == "freeze-lower-half", "behind what asks for less"
    assert "freeze-lower-half" not in ids("overfitting", **{"model.freeze": '["model.layers.0"]'})
    assert "freeze-lower-half" not in ids("overfitting", **{"model.lora.r": 8})
    assert "freeze-lower-half" not in ids("overfitting", **{"model.pretrained": ""})
    half: dict[str, Scalar] = {"model.freeze": '["model.layers.0"]', "train.learning_rate": 0.01}
    free = ids("plateau", **half)["unfreeze"]
    assert free.changes == {"model.freeze": "[]", "train.learning_rate": 0.005}
    assert "unfreeze" not in ids("plateau")


def test_adapters_get_twice_the_rank_at_the_same_scaling_where_they_stand_still() -> None:
    adapted: dict[str, Scalar] = {"model.pretrained": "somewhere", "model.lora.r": 8, "model.lora.alpha": 12.0}
    for kind, there in (("plateau", True), ("underfitting", True), ("overfitting", False)):
        table = {one.id: one for one in propose([finding(kind)], with_changes(Config(), adapted), 100, MEANS)}  # type: ignore[arg-type]  # kinds
        assert ("more-rank" in table) is there
        if there:
            assert table["more-rank"].changes == {"model.lora.r": 16, "model.lora.alpha": 24.0}
    huge = with_changes(Config(), {**adapted, "model.lora.r": 512})
    assert "more-rank" not in {one.id for one in propose([finding("plateau")], huge, 100, MEANS)}
