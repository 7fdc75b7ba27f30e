"""Which family is best, when a richer one must earn its coefficients."""

from dataclasses import dataclass

import numpy as np

from ..rules.choice import simplest
from ..support.arguments import Entries, NonNegative, checked
from ..support.arrays import freeze, number
from ..support.errors import ProblemError
from ..support.results import Result


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class Choice(Result):
    """The preferred family in every cell.

    Attributes
    ----------
    best : (...) integers, index of the family; -1 where none has a cost
    gain : (...), cost of the simplest family that has one over that of the preferred one, minus 1;
        NaN where none has
    nearest : (...), cost of the next best family over that of the preferred one, minus 1; negative
        where a richer family is cheaper by less than it must be; NaN without another one
    """

    best: Entries
    gain: Entries
    nearest: Entries


@checked
def choose_family(
    costs: Entries,
    sizes: Entries,
    *,
    margin: NonNegative,
    standard_errors: Entries = 0.0,
    width: NonNegative = 2.0,
) -> Choice:
    """The simplest family that no other one beats by more than the noise and a stated share.

    Simpler is fewer coefficients, then a lower cost. Another family beats one if

        cost - other cost  >  max(margin·|cost|, width·√(se² + other se²)),

    see :func:`landscape_control.rules.choice.simplest`. The two estimates are taken as independent,
    which is cautious when they share their random numbers.

    Parameters
    ----------
    costs : (F, ...), NaN where a family has none
    sizes : (F,), number of free coefficients
    margin : share of the cost that another family must save, e.g. 0.01
    standard_errors : (F, ...) or a number, of the costs
    width : how many standard errors count as a difference
    """
    costs, sizes = np.asarray(costs, dtype=float), np.asarray(sizes)
    margin, width = number("margin", margin, low=0), number("width", width, low=0)
    if costs.ndim < 1 or sizes.shape != costs.shape[:1] or not len(sizes):
        raise ProblemError(
            "costs of families",
            expected="an array (F, ...) and F sizes",
            received=f"shapes {costs.shape} and {sizes.shape}",
            advice="one row of costs per family",
        )
    errors = np.broadcast_to(np.asarray(standard_errors, dtype=float), costs.shape)
    best = simplest(costs, sizes.tolist(), share=margin, noise=width * errors)
    known = np.where(np.isfinite(costs), costs, np.inf)
    cost = np.take_along_axis(costs, np.maximum(best, 0)[None], axis=0)[0]
    families = np.arange(len(costs)).reshape(-1, *[1] * best.ndim)
    others = np.where(families == best, np.inf, known).min(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return Choice(
            best=_whole(best),
            gain=freeze(_of_the_simplest(costs, sizes) / cost - 1),
            nearest=freeze(np.where(np.isfinite(others), others / cost - 1, np.nan)),
        )


def _of_the_simplest(costs: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """(...) cost of the family with fewest coefficients among those that have one, NaN without."""
    cost = np.full(costs.shape[1:], np.nan)
    for family in np.argsort(sizes, kind="stable"):
        cost = np.where(np.isnan(cost) & np.isfinite(costs[family]), costs[family], cost)
    return cost


def _whole(array: np.ndarray) -> np.ndarray:
    """A read-only copy as integers."""
    whole = np.array(array, dtype=int)
    whole.setflags(write=False)
    return whole
