"""Numbers as people read them: short, of steady width, never wrong in the digits shown."""

from __future__ import annotations

from math import floor, log10


def significant(value: float | None, digits: int = 4) -> str:
    """`digits` significant figures; `✗` for what is not finite."""
    if value is None:
        return "✗"
    if value == 0:
        return "0"
    if 1e-3 <= abs(value) < 10**digits:
        decimals = digits - 1 - floor(log10(abs(value)))
        return f"{value:.{max(decimals, 0)}f}"
    return f"{value:.{max(digits - 2, 1)}e}".replace("e-0", "e-").replace("e+0", "e+")


def compact(value: float) -> str:
    """`1.24M`, `41.2k`, `987`."""
    for bound, suffix in ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        # 999.95 would round up to a fourth digit, so it already belongs to the next unit.
        if abs(value) >= bound * 0.99995:
            scaled = value / bound
            return f"{scaled:.{2 if abs(scaled) < 9.995 else 1 if abs(scaled) < 99.95 else 0}f}{suffix}"
    return f"{value:.0f}" if value == int(value) or abs(value) >= 100 else f"{value:.3g}"


def counted(count: int, noun: str) -> str:
    """`1 step`, `2,000 steps`: for nouns whose plural is formed with an s."""
    return f"{count:,} {noun if count == 1 else noun + 's'}"


def units(count: str, plural: str) -> str:
    """The noun behind a written number: `document` behind `1`; for plurals that are formed with an s."""
    return plural.removesuffix("s") if count == "1" else plural


def size(count: float) -> str:
    """Bytes as `6.2 GiB`."""
    value = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(value) < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"


def duration(seconds: float | None) -> str:
    """`0.8 s`, `42 s`, `12:40`, `3:04:10`, `2d 03:04`."""
    if seconds is None:
        return "–"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= 24:
        return f"{hours // 24}d {hours % 24:02d}:{minutes:02d}"
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
