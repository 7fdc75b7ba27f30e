"""Numbers with their intervals, in words."""

from collections.abc import Mapping


def numbers_in_words(
    numbers: Mapping[str, float], intervals: Mapping[str, tuple[float, float]]
) -> str:
    """α = 0.1 [0.09, 0.11], β = …"""
    parts = []
    for symbol, value in numbers.items():
        low, high = intervals[symbol]
        parts.append(f"{symbol} = {value:.4g} [{low:.4g}, {high:.4g}]")
    return ", ".join(parts)
