"""From findings to typed changes, each with its reason, what it should do and what it costs."""

from __future__ import annotations

from collections.abc import Callable

from msopt_tui.config.change import value_of, with_changes
from msopt_tui.config.fields import Scalar
from msopt_tui.config.schema import Config
from msopt_tui.protocol.events import Finding, Proposal
from msopt_tui.refinement import widen
from msopt_tui.refinement.means import Means
from msopt_tui.refinement.rate_test import Reading
from msopt_tui.refinement.signs.fit import MANY_PASSES

MAX_DROPOUT = 0.5
MAX_WEIGHT_DECAY = 1.0
LABEL_SMOOTHING = 0.1
MIN_CONFIDENCE = 0.2
"""Findings less sure than this are shown and lead to nothing, where there is a surer one."""
WARMUP_SHARE = 0.25
"""Share of a round that a fresh start at a measured rate warms up for. A long warm-up makes the rate matter little: on
small models rates 4 times apart ended within 1 % of each other with it, and 19 % apart with a twentieth."""

Rule = Callable[[Finding, Config, int], list[Proposal]]
NOTHING = Means()


def propose(findings: list[Finding], config: Config, steps_left: int, means: Means = NOTHING) -> list[Proposal]:
    """What the findings ask for, the surest first; each change once, and none that changes nothing.

    `steps_left`: how long the next round can be.
    """
    found: dict[str, Proposal] = {}
    for finding in [one for one in findings if one.confidence >= MIN_CONFIDENCE] or findings[:1]:
        further = _FURTHER.get(finding.kind)
        more = further(finding, config, means) if further else []
        for proposal in [*_RULES[finding.kind](finding, config, steps_left), *more]:
            if proposal.id not in found and with_changes(config, proposal.changes) != config:
                found[proposal.id] = proposal
    return list(found.values())


def before_the_first(
    reading: Reading, finding: Finding | None, config: Config, round_steps: int, passes: float
) -> Proposal:
    """What follows from a range test: a stable trunk that a decay can branch from at any step, at the written rate
    unless the test found that far off.

    The rate is reached slowly, held, and brought down at the end of the round. `passes`: how often the round goes over
    the data; where that is often, weight decay and dropout go up from the start. Only the rate is measured by the test:
    the reason names the rest, whose effect shows over a whole round only, and `refine.first_round` leaves it out.
    """
    trunk = _trunk(config, round_steps, passes)
    repeated = ""
    if trunk and passes > MANY_PASSES:
        repeated = f"; {passes:.0f} passes over the data are planned, which no short race shows the harm of"
    repeated += _unmeasured(config, trunk)
    if finding is None:
        rate = config.train.learning_rate
        return Proposal(
            id="stable-trunk",
            title="a long warm-up, the written rate held, decay at the end",
            reason=f"{rate:g} is within reach of the {reading.suggested:g} that the range test found{repeated}",
            expected="a decay can branch off whenever the curves ask for it",
            changes=trunk,
            start="fresh",
        )
    rest = ", a long warm-up, decay at the end" if trunk else ""
    return Proposal(
        id="measured-rate",
        title=f"learning rate {reading.suggested:g}{rest}",
        reason=finding.evidence + repeated,
        expected="stable progress from the first step on",
        changes={"train.learning_rate": reading.suggested, **trunk},
        start="fresh",
    )


def _trunk(config: Config, round_steps: int, passes: float) -> dict[str, Scalar]:
    """What the first round changes besides the rate; nothing where it is to begin as written."""
    if config.refine.first_round == "as-written":
        return {}
    trunk: dict[str, Scalar] = {
        "train.lr_scheduler_type": "warmup_stable_decay",
        "train.warmup_steps": max(config.train.warmup_steps, int(WARMUP_SHARE * round_steps)),
    }
    if passes > MANY_PASSES:
        trunk["train.weight_decay"] = _more_weight_decay(config)
        trunk["model.dropout"] = _more_dropout(config)
    return trunk


def _unmeasured(config: Config, changes: dict[str, Scalar]) -> str:
    """In words, which of the changes rest on no measurement of this run."""
    names = [key.rpartition(".")[2] for key, value in changes.items() if value_of(config, key) != value]
    if not names:
        return ""
    return f'; not measured in this run: {", ".join(names)} (refine.first_round = "as-written" leaves them)'


def _rate(config: Config, factor: float) -> dict[str, Scalar]:
    return {"train.learning_rate": float(f"{config.train.learning_rate * factor:.3g}")}


def _down(steps_left: int) -> dict[str, Scalar]:
    """The whole next round is the last part of warmup_stable_decay."""
    return {
        "train.lr_scheduler_type": "warmup_stable_decay",
        "train.decay_ratio": 1.0,
        "train.warmup_steps": 0,
        "train.max_steps": steps_left,
    }


def _more_weight_decay(config: Config) -> float:
    now = config.train.weight_decay
    return max(now, min(MAX_WEIGHT_DECAY, max(0.1, float(f"{now * 10:.3g}"))))


def _more_dropout(config: Config) -> float:
    now = config.model.dropout
    return max(now, min(MAX_DROPOUT, round(now + 0.2, 3)))


def _diverging(finding: Finding, config: Config, steps_left: int) -> list[Proposal]:
    return [
        Proposal(
            id="lower-rate",
            title="a quarter of the learning rate, from the best checkpoint",
            reason=finding.evidence,
            expected="the loss falls again",
            changes=_rate(config, 0.25),
        ),
        Proposal(
            id="start-again",
            title="a tenth of the learning rate and a warm-up, from the initial weights",
            reason=finding.evidence,
            expected="no damage to be undone",
            cost="what was learned so far",
            changes={**_rate(config, 0.1), "train.warmup_steps": max(config.train.warmup_steps, steps_left // 10)},
            start="fresh",
        ),
    ]


def _unstable(finding: Finding, config: Config, _steps_left: int) -> list[Proposal]:
    norm = config.train.max_grad_norm
    return [
        Proposal(
            id="calm",
            title="half the learning rate and tighter clipping",
            reason=finding.evidence,
            expected="fewer spikes",
            changes={**_rate(config, 0.5), "train.max_grad_norm": norm / 2 if norm > 0 else 1.0},
        )
    ]


def _overfitting(finding: Finding, config: Config, steps_left: int) -> list[Proposal]:
    decay, dropout = _more_weight_decay(config), _more_dropout(config)
    regular: dict[str, Scalar] = {"train.weight_decay": decay, "model.dropout": dropout}
    return [
        Proposal(
            id="regularise",
            title="more weight decay and dropout while the rate comes down, from the best checkpoint",
            reason=finding.evidence,
            expected="a smaller gap between training and validation",
            changes={**_down(steps_left), **regular},
        ),
        Proposal(
            id="decay-now",
            title="bring the rate down now, from the best checkpoint",
            reason=finding.evidence,
            expected="the best weights so far settle before they learn by heart",
            changes=_down(steps_left),
        ),
        Proposal(
            id="smooth-labels",
            title=f"label smoothing {LABEL_SMOOTHING:g} while the rate comes down, from the best checkpoint",
            reason=finding.evidence,
            expected="less certainty about what was seen before",
            changes={**_down(steps_left), "train.label_smoothing_factor": LABEL_SMOOTHING},
        ),
    ]


def _plateau(finding: Finding, config: Config, steps_left: int) -> list[Proposal]:
    return [
        Proposal(
            id="decay-now",
            title="bring the rate down now, from the best checkpoint",
            reason=finding.evidence,
            expected="smaller steps settle lower",
            changes=_down(steps_left),
        ),
        Proposal(
            id="anneal",
            title="a third of the learning rate, from the best checkpoint",
            reason=finding.evidence,
            expected="smaller steps settle lower, and learning goes on",
            changes=_rate(config, 0.3),
        ),
    ]


def _improving(finding: Finding, config: Config, steps_left: int) -> list[Proposal]:
    return [
        Proposal(
            id="longer",
            title="another round from here with half the peak rate",
            reason=finding.evidence,
            expected="the loss goes on falling without losing what the last decay gained",
            cost=f"{steps_left:,} steps",
            changes=_rate(config, 0.5),
        )
    ]


def _underfitting(finding: Finding, config: Config, _steps_left: int) -> list[Proposal]:
    return [
        Proposal(
            id="loosen",
            title="no dropout, no label smoothing, a tenth of the weight decay",
            reason=finding.evidence,
            expected="the network learns what it is kept from",
            changes={
                "model.dropout": 0.0,
                "train.label_smoothing_factor": 0.0,
                "train.weight_decay": float(f"{config.train.weight_decay / 10:.3g}"),
            },
        )
    ]


def _crawling(finding: Finding, config: Config, _steps_left: int) -> list[Proposal]:
    return [
        Proposal(
            id=f"rate-times-{factor}",
            title=f"{factor} times the learning rate",
            reason=finding.evidence,
            expected="the same descent in fewer steps",
            changes={"train.learning_rate": min(10.0, float(f"{config.train.learning_rate * factor:.3g}"))},
        )
        for factor in (10, 3)
    ]


def _noisy(finding: Finding, config: Config, steps_left: int) -> list[Proposal]:
    return [*_plateau(finding, config, steps_left)[:1], *widen.larger_batch(finding, config, steps_left)]


def _elsewhere(_finding: Finding, _config: Config, _steps_left: int) -> list[Proposal]:
    """Only what the run has can say what to do."""
    return []


_RULES: dict[str, Rule] = {
    "diverging": _diverging,
    "rate-too-high": _diverging,
    "unstable": _unstable,
    "overfitting": _overfitting,
    "data-exhausted": _overfitting,
    "plateau": _plateau,
    "improving": _improving,
    "underfitting": _underfitting,
    "rate-too-low": _crawling,
    "noisy": _noisy,
    "batch-too-small": widen.larger_batch,
    "batch-too-large": widen.smaller_batch,
    "uneven-sources": _elsewhere,
}
_FURTHER: dict[str, Callable[[Finding, Config, Means], list[Proposal]]] = {
    "overfitting": widen.freeze_lower,
    "data-exhausted": widen.freeze_lower,
    "plateau": lambda finding, config, _: widen.wider(finding, config),
    "underfitting": lambda finding, config, _: widen.wider(finding, config),
    "uneven-sources": widen.more_of_a_source,
}
"""What depends on the run's model or data, behind what always applies."""
