"""From the surest finding to one typed change with its reason."""

from __future__ import annotations

from collections.abc import Callable

from msopt_tui.config.fields import Scalar
from msopt_tui.config.schema import Config
from msopt_tui.protocol.events import Finding, Proposal

MAX_DROPOUT = 0.5
MAX_WEIGHT_DECAY = 1.0

Rule = Callable[[Finding, Config], Proposal]


def propose(findings: list[Finding], config: Config) -> list[Proposal]:
    """The change that the surest finding asks for; none where there is no finding."""
    return [_RULES[findings[0].kind](findings[0], config)] if findings else []


def _rate(config: Config, factor: float) -> dict[str, Scalar]:
    return {"train.learning_rate": float(f"{config.train.learning_rate * factor:.3g}")}


def _diverging(finding: Finding, config: Config) -> Proposal:
    return Proposal(
        id="lower-rate",
        title="a quarter of the learning rate, from the best checkpoint",
        reason=finding.evidence,
        expected="the loss falls again",
        changes=_rate(config, 0.25),
    )


def _unstable(finding: Finding, config: Config) -> Proposal:
    norm = config.train.max_grad_norm
    return Proposal(
        id="calm",
        title="half the learning rate and tighter clipping",
        reason=finding.evidence,
        expected="fewer spikes",
        changes={**_rate(config, 0.5), "train.max_grad_norm": norm / 2 if norm > 0 else 1.0},
    )


def _overfitting(finding: Finding, config: Config) -> Proposal:
    dropout = min(MAX_DROPOUT, round(config.model.dropout + 0.1, 3))
    decay = min(MAX_WEIGHT_DECAY, max(0.1, config.train.weight_decay * 3))
    return Proposal(
        id="regularise",
        title="more dropout and weight decay, a third of the rate, from the best checkpoint",
        reason=finding.evidence,
        expected="a smaller gap between training and validation",
        changes={
            **_rate(config, 0.3),
            "model.dropout": dropout,
            "train.weight_decay": float(f"{max(decay, config.train.weight_decay):.3g}"),
        },
    )


def _plateau(finding: Finding, config: Config) -> Proposal:
    return Proposal(
        id="anneal",
        title="a third of the learning rate, from the best checkpoint",
        reason=finding.evidence,
        expected="smaller steps settle lower",
        changes=_rate(config, 0.3),
    )


def _improving(finding: Finding, config: Config) -> Proposal:
    return Proposal(
        id="longer",
        title="another round from here with half the peak rate",
        reason=finding.evidence,
        expected="the loss goes on falling without losing what the last decay gained",
        changes=_rate(config, 0.5),
    )


_RULES: dict[str, Rule] = {
    "diverging": _diverging,
    "unstable": _unstable,
    "overfitting": _overfitting,
    "plateau": _plateau,
    "improving": _improving,
}
