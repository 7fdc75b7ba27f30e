"""What is read off the verdicts of which_causal_rule, and the data of its picture."""

import numpy as np

from ..identification.maps import Conclusion
from ..identification.maps.verdict import judge
from ._which_causal_rule_subjects import NAMED


def named(verdict) -> str | None:
    """The rule that a verdict names, if it names one."""
    return verdict.best.key if verdict.conclusion is Conclusion.RULE else None


def named_at(criteria, verdict, seen) -> str | None:
    """The rule that the same fits name by other criteria, from the histories they are of."""
    train, _ = seen.split(seed=0)
    conclusion, rows, _ = judge(verdict.rows, train.targets, criteria)
    return rows[0].key if conclusion is Conclusion.RULE else None


def fits_none(verdict) -> bool:
    return verdict.conclusion is Conclusion.NONE_FITS


def distance(row, numbers) -> float:
    """Largest relative distance of the coefficients of a row from given numbers, ε in units
    of one.
    """
    return max(
        abs(row.coefficients[name] - value) / (1 if name == "epsilon" else abs(value))
        for name, value in numbers.items()
    )


def outside(row, numbers) -> int:
    """How many numbers are not in their intervals."""
    return sum(
        not row.intervals[name][0] <= value <= row.intervals[name][1]
        for name, value in numbers.items()
    )


def bias(row, name) -> float:
    """Relative distance of a coefficient from the continuous rule's, sampled at Δt."""
    return row.coefficients[name] / row.predicted[name] - 1


def picture(found, own, optimised, settled) -> dict:
    """Data of the figure coefficients: estimates with intervals against the numbers they were made
    with, those of beliefs with their bias.
    """
    subjects = [(key, "", found[key].row(key), NAMED[key][1]) for key in NAMED]
    subjects.append(("heavy_ball", "emergent, ", own.row("heavy_ball"), optimised))
    subjects.append((settled.key, "beliefs, ", settled, settled.predicted))
    rows = [
        (
            key,
            f"{place}{coefficient.name.replace('_', ' ')} {coefficient.symbol}"
            + (f", bias {bias(row, coefficient.name):+.2%}" if row is settled else ""),
            row.coefficients[coefficient.name],
            *row.intervals[coefficient.name],
            numbers[coefficient.name],
        )
        for key, place, row, numbers in subjects
        for coefficient in row.rule.coefficients
        if numbers[coefficient.name] > 1e-6  # a negligible ε is known to no relative accuracy
    ]
    keys, names, estimates, lower, upper, theory = zip(*rows, strict=True)
    return {
        "rules": list(keys),
        "names": list(names),
        "estimates": np.array(estimates),
        "lower": np.array(lower),
        "upper": np.array(upper),
        "theory": np.array(theory),
    }
