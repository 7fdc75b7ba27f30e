"""The best coefficients of a learner on a problem.

What a fair comparison with an optimal policy needs.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from scipy.optimize import differential_evolution, minimize

from ..model.problem import ControlProblem
from ..support.arguments import AnyNumber, Count, Filled, Index, Positive, Vector, Words, checked
from ..support.call_settings import settings_kept
from ..support.errors import ProblemError, check_choice
from ..support.results import Result
from .coefficient_scales import Scale, free_names
from .exact_linear import is_exact
from .exact_search import exact_best_coefficients
from .natural_units import natural_units
from .raw_learner import RawLearner
from .rollout import Rollout
from .simulate import simulate
from .stepping import rollout_horizon, rollout_step

_WORST = 1e12  # of the first cost: that of a diverged rollout, as the search sees it


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class Tuned(Result):
    """Best coefficients found.

    Attributes
    ----------
    learner : RawLearner with them
    coefficients : {name: value} of those that were tuned
    rollout : Rollout on the held-out seed; ``cost`` and ``standard_error`` are its
    training_cost : the cost that was searched: with ``method`` "exact" the expected cost itself,
        else the mean on the seed of the search, too low on average as it was chosen there
    evaluations : rollouts simulated, or exact costs computed
    converged : whether the search met its own tolerance
    at_bounds : names of coefficients that ended within 1 % of an end of their range: the range may
        hide a better one
    method : "exact", "nelder-mead" or "differential evolution", whichever ran
    """

    learner: RawLearner
    coefficients: dict[str, AnyNumber]
    rollout: Rollout
    training_cost: AnyNumber
    evaluations: int
    converged: bool
    at_bounds: tuple[str, ...]
    method: str

    @checked
    def summary(self) -> str:
        """One line: coefficients, the cost on new numbers and that of the search, how it ended."""
        found = ", ".join(f"{name} = {value:.4g}" for name, value in self.coefficients.items())
        ends = f"; at an end of its range: {', '.join(self.at_bounds)}" if self.at_bounds else ""
        settled = "" if self.converged else "; not converged"
        kind = "expected cost" if self.method == "exact" else "mean cost where it was searched"
        return (
            f"{type(self.learner).__name__}, {found}: {self.rollout.cost_words}, on other numbers"
            f" than the search; {kind} {self.training_cost:.6g} ({self.method},"
            f" {self.evaluations} evaluations){settled}{ends}"
        )

    def __repr__(self) -> str:
        return f"Tuned({self.summary()})"

    @property
    def cost(self) -> float:
        """Mean cost on the held-out seed."""
        return self.rollout.cost

    @property
    def standard_error(self) -> float:
        """Of :attr:`cost`."""
        return self.rollout.standard_error


@settings_kept
@checked
def best_coefficients(
    problem: ControlProblem,
    learner: RawLearner,
    *,
    free: Annotated[
        Sequence[str] | None, Filled(), Words(expected="at least one coefficient, by name")
    ] = None,
    bounds: Mapping[str, Vector] | None = None,
    method: Literal["exact", "nelder-mead", "differential evolution"] | None = None,
    episodes: Count = 500,
    seed: Index = 0,
    held_out_episodes: Count = 2000,
    held_out_seed: Index = 1,
    step: Positive | None = None,
    horizon: Positive | None = None,
    starts: Count = 3,
    most_evaluations: Count = 400,
    tolerance: Positive = 1e-3,
) -> Tuned:
    """Coefficients of ``learner`` that cost least.

    Exactly where that can be computed, else on common random numbers, judged on other numbers.

    A linear learner on a linear-quadratic problem has an exact expected cost, which
    :func:`exact_best_coefficients` minimises without episodes. Elsewhere the simulated cost is
    minimised: on fixed random numbers the mean cost is a deterministic function of the
    coefficients. "nelder-mead" (the default there) searches from the learner's own coefficients and
    from ``starts`` - 1 points drawn from the ranges; "differential evolution" searches all of the
    ranges (SciPy). Coefficients are searched on the scale of their range, a :class:`Coefficient`; ranges with a
    unit are measured in the problem's own gradients, speeds and times (:func:`.natural_units`).

    Parameters
    ----------
    learner : the family, by one member: fixed settings are kept, coefficients are where the search
        starts
    free : names of the coefficients to tune; None is all of ``learner.coefficients``
    bounds : {name: (least, most)} that replace the default ranges, in the learner's own numbers
    method : None is "exact" where it applies, else "nelder-mead"; the result says which ran
    episodes, seed : of a search that simulates
    held_out_episodes, held_out_seed : of the reported cost
    most_evaluations : rollouts, over all starts
    tolerance : of the coefficients on their scale, whose whole range is 1

    Raises
    ------
    ProblemError
        Unknown names, a held-out seed equal to the seed of the search, no coefficient to tune;
        method "exact" for a learner or a problem that is not linear, which is named.
    """
    if seed == held_out_seed:
        raise ProblemError(
            "held_out_seed",
            expected="another seed than that of the search",
            received=repr(seed),
            advice="the cost on the numbers that were searched is too good",
        )
    judged: dict[str, Any] = {
        "episodes": held_out_episodes,
        "seed": held_out_seed,
        "step": step,
        "horizon": horizon,
        "throw": False,
    }
    if method is None:
        method = "exact" if is_exact(problem, learner) else "nelder-mead"
    if method == "exact":
        found = exact_best_coefficients(
            problem, learner, free=free, bounds=bounds, step=step, horizon=horizon, starts=starts
        )
        return Tuned(
            learner=found.learner,
            coefficients=found.coefficients,
            rollout=simulate(problem, found.learner, **judged),
            training_cost=found.cost,
            evaluations=found.evaluations,
            converged=found.converged,
            at_bounds=found.at_bounds,
            method=method,
        )
    search = _Search(
        problem,
        learner,
        free_names(learner, free),
        bounds or {},
        {"episodes": episodes, "seed": seed, "step": step, "horizon": horizon},
    )
    if method == "differential evolution":
        point, converged = _evolve(search, most_evaluations, tolerance, seed)
    else:
        point, converged = _descend(search, starts, most_evaluations, tolerance, seed)
    best = search.learner(point)
    rollout = simulate(problem, best, **judged)
    at_bounds = [
        name
        for name, position in zip(search.names, point, strict=True)
        if position < 0.01 or position > 0.99
    ]
    return Tuned(
        learner=best,
        coefficients={name: best.coefficients[name] for name in search.names},
        rollout=rollout,
        training_cost=search.cost(point),
        evaluations=search.evaluations,
        converged=converged,
        at_bounds=tuple(at_bounds),
        method=method,
    )


class _Search:
    """The cost as a function on the unit cube."""

    def __init__(
        self,
        problem: ControlProblem,
        learner: RawLearner,
        names: list[str],
        bounds: Mapping[str, Vector],
        settings: Mapping[str, Any],
    ):
        self.problem, self.family, self.names, self.settings = problem, learner, names, settings
        for name in bounds:
            check_choice("bounds of a coefficient", name, names)
        horizon = rollout_horizon(problem, settings["horizon"])
        step, _ = rollout_step(problem, horizon, settings["step"], learner.own_step)
        units = natural_units(problem, learner, step)
        ranges = [units.measured(learner.all_bounds[name]) for name in names]
        self.scales = [
            Scale(each, bounds.get(name)) for each, name in zip(ranges, names, strict=True)
        ]
        self.evaluations = 0
        self.unit = math.nan  # the size of the first finite cost
        self._known: dict[tuple, float] = {}

    def learner(self, point: np.ndarray) -> RawLearner:
        """The member of the family at a point of the cube; beyond a face, at that face."""
        places = zip(self.names, self.scales, np.clip(point, 0, 1), strict=True)
        return self.family.with_coefficients({name: scale.value(x) for name, scale, x in places})

    def start(self) -> np.ndarray:
        """Where the learner itself stands."""
        given = self.family.coefficients
        pairs = zip(self.names, self.scales, strict=True)
        return np.array([scale.position(given[name]) for name, scale in pairs])

    def __call__(self, point: np.ndarray) -> float:
        """The cost in units of the first that is finite."""
        cost = self.cost(point)
        # a cost that is not a number counts as the worst too
        return cost / self.unit if cost < _WORST * self.unit else _WORST

    def cost(self, point: np.ndarray) -> float:
        """The mean cost, known ones without another rollout."""
        key = tuple(np.clip(point, 0, 1))
        if key not in self._known:
            self.evaluations += 1
            rollout = simulate(self.problem, self.learner(point), throw=False, **self.settings)
            self._known[key] = rollout.cost
            if math.isnan(self.unit) and math.isfinite(rollout.cost):
                self.unit = abs(rollout.cost) or 1.0
        return self._known[key]


def _descend(
    search: _Search, starts: int, most: int, tolerance: float, seed: int
) -> tuple[np.ndarray, bool]:
    """(best point, whether its search converged) of Nelder and Mead's method from many starts."""
    size, rng = len(search.names), np.random.default_rng(seed)
    points = [search.start(), *rng.random((starts - 1, size))]
    results = []
    for point in points:
        options = {
            "initial_simplex": _simplex(point),
            "xatol": tolerance,
            "fatol": 1e-6,
            "maxfev": max(most // starts, size + 2),  # the simplex, and one step at least
        }
        result = minimize(
            search, point, method="Nelder-Mead", bounds=[(0.0, 1.0)] * size, options=options
        )
        results.append(result)
    best = min(results, key=lambda result: result.fun)
    return np.clip(best.x, 0, 1), bool(best.success)


def _simplex(point: np.ndarray) -> np.ndarray:
    """The point, and its neighbours along every axis towards the middle of the cube."""
    steps = np.where(point < 0.5, 0.15, -0.15)
    corners = np.vstack([point, point + np.diag(steps)])
    return np.clip(corners, 0, 1)


def _evolve(search: _Search, most: int, tolerance: float, seed: int) -> tuple[np.ndarray, bool]:
    """(best point, whether the search converged) of differential evolution over the whole cube."""
    size = len(search.names)
    population = max(5, 15 // size)  # times the number of coefficients, as SciPy counts
    result = differential_evolution(
        search,
        [(0.0, 1.0)] * size,
        x0=search.start(),
        popsize=population,
        tol=tolerance,
        seed=seed,
        polish=False,
        maxiter=max(most // (population * size) - 1, 1),
        init="sobol",
    )
    return np.clip(result.x, 0, 1), bool(result.success)
