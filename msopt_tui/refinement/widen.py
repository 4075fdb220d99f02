"""Proposals about the batch, the sources, and what of the network learns: from a finding to one typed change."""

from __future__ import annotations

from math import sqrt

import msgspec

from msopt_tui.config.fields import Scalar
from msopt_tui.config.schema import Config
from msopt_tui.protocol.adjustable import ACCUMULATION, MICRO, SOURCE_WEIGHTS
from msopt_tui.protocol.events import Finding, Proposal
from msopt_tui.refinement.means import Means

MORE = 2.0
"""Times a source's share that it gets more of, relative to the others."""
THAW_RATE = 0.5
"""What parts learn with that were frozen before, as a share of the rate: their moments are cold."""
MAX_RANK = 512


def larger_batch(finding: Finding, config: Config, steps_left: int) -> list[Proposal]:
    """Twice the rows a step, by accumulation, so that memory stays as it is; half as many steps."""
    changes: dict[str, Scalar] = {ACCUMULATION: 2 * config.train.gradient_accumulation_steps, **_rate(config, sqrt(2))}
    return [
        Proposal(
            id="larger-batch",
            title="twice the rows a step, by accumulation, and 1.4 times the rate",
            reason=finding.evidence,
            expected="steps that go where the data says",
            cost="half as many steps for the same tokens",
            changes=changes | _steps(config, steps_left, 0.5),
        )
    ]


def smaller_batch(finding: Finding, config: Config, steps_left: int) -> list[Proposal]:
    """Half the rows a step: of the accumulation where there is any, else of the micro-batch; twice as many steps."""
    train = config.train
    if train.gradient_accumulation_steps % 2 == 0:
        changes: dict[str, Scalar] = {ACCUMULATION: train.gradient_accumulation_steps // 2}
    elif train.per_device_train_batch_size % 2 == 0:
        changes = {MICRO: train.per_device_train_batch_size // 2}
    else:
        return []
    return [
        Proposal(
            id="smaller-batch",
            title="half the rows a step and 0.7 times the rate",
            reason=finding.evidence,
            expected="twice as many steps from the same tokens, each about as good",
            cost="smaller parts may use the device less well",
            changes=changes | _rate(config, sqrt(0.5)) | _steps(config, steps_left, 2.0),
        )
    ]


def more_of_a_source(finding: Finding, config: Config, means: Means) -> list[Proposal]:
    """Twice the share of the source that still falls most."""
    falls = {name: fall for name, fall in finding.figures.items() if fall is not None and name in means.sources}
    now = config.data.source_weights or [float(rows) for rows in means.source_rows]
    if not falls or len(now) != len(means.sources) or sum(weight > 0 for weight in now) < 2:
        return []
    chosen = means.sources.index(max(falls, key=falls.__getitem__))
    if not means.source_rows[chosen] or not now[chosen]:
        return []
    more = [weight * (MORE if number == chosen else 1.0) for number, weight in enumerate(now)]
    shares = [round(weight / sum(more), 4) for weight in more]
    before, after = now[chosen] / sum(now), more[chosen] / sum(more)
    return [
        Proposal(
            id="more-of-a-source",
            title=f"more of {means.sources[chosen]}: {after:.0%} of the rows instead of {before:.0%}",
            reason=finding.evidence,
            expected="rows where there is still something to learn",
            cost="fewer rows of the others",
            changes={SOURCE_WEIGHTS: msgspec.json.encode(shares).decode()},
        )
    ]


def freeze_lower(finding: Finding, config: Config, means: Means) -> list[Proposal]:
    """The lower half of a pretrained network stays as it is: what is general in it can't be unlearned."""
    model = config.model
    if not model.pretrained or model.lora.r or model.freeze or len(means.blocks) < 2:
        return []
    lower = list(means.blocks[: len(means.blocks) // 2])
    return [
        Proposal(
            id="freeze-lower-half",
            title=f"freeze the lower half of the layers, {lower[0]} to {lower[-1]}",
            reason=finding.evidence,
            expected="fewer weights learn by heart, and steps are cheaper",
            changes={"model.freeze": msgspec.json.encode(lower).decode()},
        )
    ]


def wider(finding: Finding, config: Config) -> list[Proposal]:
    """More of the network learns: what is frozen, or adapters of a higher rank."""
    return [*thaw(finding, config), *more_rank(finding, config)]


def thaw(finding: Finding, config: Config) -> list[Proposal]:
    """What is frozen learns too, from the best checkpoint, at half the rate."""
    if not config.model.freeze or config.model.lora.r:
        return []
    return [
        Proposal(
            id="unfreeze",
            title=f"let {', '.join(config.model.freeze)} learn too, at half the rate",
            reason=finding.evidence,
            expected="room for what the free parts can't express",
            cost="gradients and moments of these parts",
            changes={"model.freeze": "[]", **_rate(config, THAW_RATE)},
        )
    ]


def more_rank(finding: Finding, config: Config) -> list[Proposal]:
    """Adapters of twice the rank, multiplied by as much: they begin with what they have learnt."""
    lora = config.model.lora
    if not lora.r or 2 * lora.r > MAX_RANK:
        return []
    return [
        Proposal(
            id="more-rank",
            title=f"adapters of rank {2 * lora.r} instead of {lora.r}, which begin as they are",
            reason=finding.evidence,
            expected="room for what adapters of this rank can't express",
            cost="twice their weights and moments",
            changes={"model.lora.r": 2 * lora.r, "model.lora.alpha": 2 * lora.alpha},
        )
    ]


def _rate(config: Config, factor: float) -> dict[str, Scalar]:
    """Noise of Adam's steps goes with the root of the batch (Malladi et al. 2022, arXiv:2205.10287)."""
    return {"train.learning_rate": min(10.0, float(f"{config.train.learning_rate * factor:.3g}"))}


def _steps(config: Config, steps_left: int, factor: float) -> dict[str, Scalar]:
    """As many tokens as before, where the round is counted in steps."""
    return {"train.max_steps": max(1, round(steps_left * factor))} if config.train.max_steps > 0 else {}
