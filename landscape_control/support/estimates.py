"""Numbers with their errors in words: every ± says what it is the error of."""

import math


def with_error(value: float, error: float, kind: str, *, digits: int = 8) -> str:
    """E.g. "0.61942559 ± 2e-09 (discretisation)".

    The error is left out where none is computed (NaN), and said not to be known where it may have
    any size (infinite).
    """
    if math.isnan(value):
        return "not known"
    number = f"{value:.{digits}g}"
    if math.isinf(error):
        return f"{number} (error not known)"
    return number if math.isnan(error) else f"{number} ± {error:.1g} ({kind})"


def discretised(cost: float, error: float) -> str:
    """J of a plan with the estimated error of its discretisation."""
    return with_error(cost, error, "discretisation")
