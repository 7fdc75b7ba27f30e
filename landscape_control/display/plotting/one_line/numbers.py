"""Numbers in legends, and which axes are logarithmic."""

import numpy as np


def short(number: float) -> str:
    """Four significant digits, with a true minus sign."""
    return f"{number:#.4g}".removesuffix(".").replace("-", "−")


def spread_over(values: np.ndarray) -> bool:
    """Whether positive values span more than three decades, so that a logarithm shows them."""
    known = values[np.isfinite(values)]
    return bool(known.size and known.min() > 0 and known.max() > 1e3 * known.min())
