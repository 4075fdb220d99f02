"""A sample as one line, for output without a screen. Pure."""

from __future__ import annotations

from msopt_tui.protocol.values import Sample
from msopt_tui.state.text import clean

MOST = 160
"""Characters of a text that are shown where a row of the data was asked, which may be an article."""
_MARKS = {True: "✓", False: "✗", None: "»"}


def sample_line(sample: Sample) -> str:
    """`» prompt | continuation`, or `✗ question | answer | should be: reference (F1 67)`."""
    if not (sample.reference or sample.context or sample.note or sample.correct is not None):
        return f"» {clean(sample.prompt)} | {clean(sample.text)}"
    answer = shortened(sample.text.strip()) or "(nothing)"
    parts = [f"{_MARKS[sample.correct]} {shortened(sample.prompt)}", answer]
    if sample.reference and sample.reference.strip() != sample.text.strip():
        parts.append(f"should be: {shortened(sample.reference.strip())}")
    return " | ".join(parts) + (f" ({clean(sample.note)})" if sample.note else "")


def shortened(text: str) -> str:
    """The beginning of a text on one line, and how much more there is."""
    return clean(text) if len(text) <= MOST else f"{clean(text[:MOST])}… ({len(text) - MOST:,} more characters)"
