"""What a distribution of landscapes refuses."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from ...support.arrays import freeze, matrix, vector
from ...support.errors import ProblemError
from .hidden import GaussianPrior, Hidden
from .landscape import Landscape
from .spectra import Discrete

if TYPE_CHECKING:
    from .distribution import LandscapeDistribution


def check_quadratic(task: "LandscapeDistribution") -> None:
    """Refuse random quadratics that mean nothing, or whose moments do not move linearly."""
    if isinstance(task.start_variance, np.ndarray):
        _check_start_variances(task.start_variance, task.curvatures)
    if not np.any(task.start_variance) and task.start_mean == 0 and task.minimum is None:
        raise ProblemError(
            "start_variance",
            expected="a start away from the minimum",
            received="start_variance = 0 at the minimum",
            advice="give start_variance > 0, or a start_mean",
        )
    for name in ("weights", "starts", "hidden"):
        if getattr(task, name) is not None:
            raise ProblemError(
                name,
                expected="None for random quadratics",
                received=type(getattr(task, name)).__name__,
                advice=f"{name} belongs to LandscapeDistribution.landscapes(...)",
            )
    if task.minimum is not None:
        _check_minimum(task.minimum)


def _check_start_variances(variances: np.ndarray, curvatures: Any) -> None:
    """One number >= 0 for each curvature of a Discrete spectrum."""
    advice = "pass one number for all modes, or Discrete(values) and one number for each value"
    if not isinstance(curvatures, Discrete):
        raise ProblemError(
            "start_variance",
            expected="one number, as the curvatures have a density",
            received=f"{len(variances)} numbers",
            advice=advice,
        )
    if len(variances) != len(curvatures.values):
        raise ProblemError(
            "start_variance",
            expected=f"one number, or {len(curvatures.values)}: one for each distinct curvature",
            received=f"{len(variances)} numbers",
            advice=advice,
        )
    if not (variances >= 0).all():
        raise ProblemError(
            "start_variance",
            expected="numbers >= 0",
            received=f"smallest {variances.min():g}",
            advice="pass variances, squares of distances",
        )


def _check_minimum(minimum: Hidden) -> None:
    kinds = "GaussianPrior, RandomWalk, OrnsteinUhlenbeck or a JumpProcess started at rest"
    advice = (
        "for other courses write the loss with hidden variables and use"
        " LandscapeDistribution.landscapes(...)"
    )
    if not isinstance(minimum, Hidden):
        raise ProblemError(
            "minimum",
            expected=kinds,
            received=type(minimum).__name__,
            advice="say how the minimum moves",
        )
    if not minimum.moves_linearly:
        raise ProblemError(
            "minimum", expected=kinds, received=type(minimum).__name__, advice=advice
        )
    if minimum.dimension != 1:
        raise ProblemError(
            "minimum",
            expected="one hidden variable, the place of the minimum of a mode",
            received=f"{minimum.dimension} variables",
            advice=advice,
        )
    if not minimum.is_gaussian and not minimum.is_at_rest:
        raise ProblemError(
            "minimum",
            expected=kinds,
            received=f"a {type(minimum).__name__} started away from rest",
            advice=advice,
        )


def as_landscapes(landscapes: Iterable[Landscape]) -> tuple[Landscape, ...]:
    """Several landscapes as a tuple; none is refused."""
    population = tuple(landscapes)
    if not population:
        raise ProblemError(
            "landscapes",
            expected="at least one landscape",
            received="an empty list",
            advice="give a Landscape, or a list of them",
        )
    return population


def check_population(task: "LandscapeDistribution") -> None:
    """Check a population against its starts and process; weights are normalised, starts read."""
    for member in task.population:
        if not isinstance(member, Landscape):
            raise ProblemError(
                "landscapes",
                expected="Landscape objects",
                received=type(member).__name__,
                advice=(
                    "e.g. landscape_control.double_well(); for random quadratics use"
                    " .quadratic(...)"
                ),
            )
    _same("dimension", {member.dimension for member in task.population})
    hidden = {member.hidden_dimension for member in task.population}
    _same("number of hidden variables", hidden)
    count = len(task.population)
    weights = np.ones(count) if task.weights is None else vector("weights", task.weights, count)
    if not (weights > 0).all():
        raise ProblemError(
            "weights",
            expected="positive numbers",
            received=f"smallest {weights.min():g}",
            advice="leave out landscapes that never occur",
        )
    object.__setattr__(task, "weights", freeze(weights / weights.sum()))
    object.__setattr__(task, "starts", _checked_starts(task.starts, task.dimension))
    if task.hidden is not None:
        _check_process(task.hidden, task.population[0].hidden_dimension)
    if task.minimum is not None:
        raise ProblemError(
            "minimum",
            expected="None for a population of landscapes",
            received=type(task.minimum).__name__,
            advice=(
                "let the loss depend on hidden variables: Landscape.from_expression(...,"
                " hidden=...)"
            ),
        )


def _same(what: str, values: set[int]) -> None:
    if len(values) > 1:
        raise ProblemError(
            "landscapes",
            expected=f"one {what} for all",
            received=f"{sorted(values)}",
            advice="one rule is planned for the whole population; make separate distributions",
        )


def _checked_starts(starts: Any, dimension: int) -> np.ndarray | GaussianPrior:
    if isinstance(starts, GaussianPrior):
        if starts.dimension != dimension:
            raise ProblemError(
                "starts",
                expected=f"a GaussianPrior of {dimension} variables",
                received=f"{starts.dimension} variables",
                advice="give one mean per parameter θ",
            )
        return starts
    if starts is None or isinstance(starts, Hidden):
        raise ProblemError(
            "starts",
            expected="points (M, n) or GaussianPrior(mean, covariance)",
            received=type(starts).__name__,
            advice="say where the learner starts",
        )
    points = matrix("starts", np.atleast_2d(starts), (None, dimension))
    if len(points) == 0:
        raise ProblemError(
            "starts",
            expected="at least one point",
            received="none",
            advice="say where the learner starts",
        )
    return points


def _check_process(hidden: Hidden, size: int) -> None:
    """Refuse a process of another number of variables than the landscapes hide."""
    if hidden.dimension != size:
        expected = f"a process of {size} hidden variables" if size else "None: nothing is hidden"
        raise ProblemError(
            "hidden",
            expected=expected,
            received=f"{hidden.dimension} variables",
            advice="declare hidden variables with Landscape.from_expression(..., hidden=...)",
        )
