"""Which familiar rule has nearly this kernel: gradient steps, momentum, Nesterov, weight decay."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from scipy.optimize import minimize, minimize_scalar

from ...rules.choice import Selection, select
from ...support.arguments import AnyNumber, Entries, Shape, checked
from ...support.arrays import freeze
from ...support.errors import ProblemError
from ...support.results import Result
from ..maps import Criteria


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class Equivalent(Result):
    """The member of a family of rules whose kernel comes nearest.

    Attributes
    ----------
    name : str
    coefficients : dict, as the family's formula names them
    kernel : (J, n, q), its response of the updates to one observation
    error : float, ‖kernel - target‖ / ‖target‖ in L2 over lags and entries
    """

    name: str
    coefficients: dict[str, AnyNumber]
    kernel: Entries
    error: AnyNumber


Kernel = Annotated[np.ndarray, Shape((3,))]


@checked
def nearest_rules(kernel: Kernel) -> dict[str, Equivalent]:
    """The best member of each family for a discrete kernel (J, n, n), scalars for all parameters.

    ====================  =====================================================================
    gradient descent      Δ_k = -α y_k
    momentum              Δ_k = βΔ_{k-1} - α y_k                           (heavy ball)
    moving average        m_k = βm_{k-1} + (1-β)y_k, Δ_k = -α m_k          (Adam's first moment)
    nesterov              m_k = βm_{k-1} + y_k, Δ_k = -α(y_k + βm_k)       (Sutskever et al. 2013)
    momentum with decay   Δ_k = βΔ_{k-1} - α y_k - decay·θ_k
    ====================  =====================================================================

    Momentum and moving average are the same family with α scaled by 1 - β, so their errors agree.
    Raises ProblemError for a kernel that is not (J, n, n), or does not die out.
    """
    if kernel.shape[1] != kernel.shape[2] or not np.abs(kernel).max() > 0:
        raise ProblemError(
            "kernel",
            expected="an array (J, n, n), one observation per parameter, not all zero",
            received=f"shape {kernel.shape}",
            advice="pass raw_rule(solution).sampled(step).kernel(length)",
        )
    # the part along the identity; the rest no scalar rule can give
    target = np.einsum("jaa->j", kernel) / kernel.shape[1]
    beta = _best(lambda b: _powers(b, len(target)), target)
    ahead = _best(lambda b: _nesterov(b, len(target)), target)
    slower, decay = _best_pair(target, beta)
    shapes: dict[str, tuple[Sequence[float], np.ndarray]] = {
        "gradient descent": ((), np.eye(len(target))[0]),
        "momentum": ((beta,), _powers(beta, len(target))),
        "moving average": ((beta,), (1 - beta) * _powers(beta, len(target))),
        "nesterov": ((ahead,), _nesterov(ahead, len(target))),
        "momentum with decay": ((slower, decay), _decaying(slower, decay, len(target))),
    }
    return {
        name: _equivalent(name, kernel, target, coefficients, shape)
        for name, (coefficients, shape) in shapes.items()
    }


@dataclass(frozen=True, kw_only=True)
class _Family:
    """A family as the choice between rules sees it."""

    key: str
    names: tuple[str, ...]
    contains: frozenset[str]

    @property
    def richness(self) -> tuple[int, int]:
        return len(self.names), len(self.contains)


_FAMILIES = (
    _Family(key="gradient descent", names=("alpha",), contains=frozenset()),
    _Family(key="momentum", names=("alpha", "beta"), contains=frozenset({"gradient descent"})),
    _Family(  # momentum with another α
        key="moving average",
        names=("alpha", "beta"),
        contains=frozenset({"gradient descent", "momentum"}),
    ),
    _Family(key="nesterov", names=("alpha", "beta"), contains=frozenset({"gradient descent"})),
    _Family(
        key="momentum with decay",
        names=("alpha", "beta", "decay"),
        contains=frozenset({"gradient descent", "momentum", "moving average"}),
    ),
)


@checked
def select_equivalent(
    equivalents: dict[str, Equivalent], *, criteria: Criteria | None = None
) -> Selection:
    """Which of the :func:`nearest_rules` the kernel is: the simplest within the margin of the best.

    "None" where no error is at most ``criteria.threshold``; families whose kernels differ by at most
    ``criteria.resolution`` of the preferred one's cannot be told apart.
    """
    criteria = Criteria() if criteria is None else criteria
    families = [family for family in _FAMILIES if family.key in equivalents]
    kernels = {name: equivalent.kernel for name, equivalent in equivalents.items()}

    def alike(name: str) -> list[str]:
        size = np.linalg.norm(kernels[name])
        return [
            other
            for other, kernel in kernels.items()
            if np.linalg.norm(kernel - kernels[name]) <= criteria.resolution * size
        ]

    return select(
        families,
        [equivalents[family.key].error for family in families],
        threshold=criteria.threshold,
        resolution=criteria.resolution,
        margin=criteria.margin,
        same={name: alike(name) for name in kernels},
    )


def _equivalent(
    name: str,
    kernel: np.ndarray,
    target: np.ndarray,
    coefficients: Sequence[float],
    shape: np.ndarray,
) -> Equivalent:
    """The rule whose kernel is a multiple of ``shape``, α by least squares."""
    rate = -float(shape @ target / (shape @ shape))
    fitted = -rate * shape[:, None, None] * np.eye(kernel.shape[1])
    named = dict(zip(("beta", "decay"), map(float, coefficients), strict=False))
    return Equivalent(
        name=name,
        coefficients={"alpha": rate, **named},
        kernel=freeze(fitted),
        error=float(np.linalg.norm(kernel - fitted) / np.linalg.norm(kernel)),
    )


def _powers(beta: float, length: int) -> np.ndarray:
    return beta ** np.arange(length)


def _nesterov(beta: float, length: int) -> np.ndarray:
    """Minus the updates after y_0 = 1 with α = 1: 1 + β, β², β³, …"""
    shape = beta ** np.arange(1.0, length + 1)
    shape[0] = 1.0 + beta
    return shape


def _decaying(beta: float, decay: float, length: int) -> np.ndarray:
    """Updates after y_0 = -1 of Δ_k = βΔ_{k-1} - α y_k - decay·θ_k with α = 1."""
    from scipy.signal import lfilter  # half a second of imports

    return lfilter([1.0, -1.0], [1.0, decay - 1.0 - beta, beta], np.eye(1, length)[0])


def _misfit(shape: np.ndarray, target: np.ndarray) -> float:
    """Squared distance of the target from the line along ``shape``."""
    size = shape @ shape
    if not np.isfinite(size):
        return np.inf
    return float(target @ target - (shape @ target) ** 2 / size)


def _best(family: Callable[[float], np.ndarray], target: np.ndarray) -> float:
    """β in [0, 1) by a grid and a golden-section search around its best point."""
    # even in log(1 - β): what counts is the memory 1/(1 - β), from one step to a million
    grid = 1 - np.geomspace(1e-6, 1.0, 121)[::-1]
    scores = [_misfit(family(beta), target) for beta in grid]
    place = int(np.argmin(scores))
    low, high = grid[max(place - 1, 0)], grid[min(place + 1, len(grid) - 1)]
    refined = minimize_scalar(
        lambda beta: _misfit(family(beta), target),
        bounds=(low, high),
        method="bounded",
        options={"xatol": 1e-12},
    )
    return float(refined.x) if refined.fun < scores[place] else float(grid[place])


def _best_pair(target: np.ndarray, beta: float) -> tuple[float, float]:
    """(β, decay) of momentum with decay, from several starts."""

    def score(pair: Sequence[float]) -> float:
        beta, decay = pair
        if not (0 <= beta < 1 and 0 <= decay < 2 * (1 + beta)):
            return 10 * float(target @ target)  # outside the stable rules
        return _misfit(_decaying(beta, decay, len(target)), target)

    starts = [(b, d) for b in (beta, beta / 2, 0.9) for d in (0.0, 1e-3, 1e-2, 0.1)]
    options = {"xatol": 1e-12, "fatol": 1e-18 * float(target @ target), "maxiter": 2000}
    runs = [
        minimize(score, start, method="Nelder-Mead", options=options)
        for start in sorted(starts, key=score)[:3]
    ]
    best = min(runs, key=lambda run: run.fun)
    return best.x[0], best.x[1]
