"""A flipped bit in any file of a checkpoint is noticed before its weights are used."""

from __future__ import annotations

from benchmarks.reliability_parts.bit_flips import measure


def test_no_flipped_bit_goes_unnoticed() -> None:
    found = measure(80)
    assert found.missed == []
    assert found.detected == found.tried == 80
