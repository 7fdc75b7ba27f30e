"""The least cost under limits, by sequential quadratic programs whose courses are evaluated together.

Every iteration evaluates two batches: a stencil around the best course, for the slope and curvature
of the cost and of the limits that are near; and the steps of that model inside boxes of several
sizes, of which the best is taken.
"""

from dataclasses import dataclass, replace

import numpy as np

from .evaluation import Evaluation, Values
from .model import QuadraticModel, models_of

BOX, APART = 1.0, 0.7  # the first box, and how far apart starts are: a factor e of rates is 1
SHARES = (1.0, 0.4, 0.15, 0.04, 0.004)  # of the box, tried together
GROWTH, LEAST_BOX, MOST_BOX = 3.0, 0.02, 3.0
PRICE = 10.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """Where a search is.

    Attributes
    ----------
    x : (n,)
    cost : log of the cost
    excess : logarithm by which limits are missed, 0 where they are satisfied
    box : half width of the next box
    price : of missing a limit, in the merit cost + price·excess
    gain : by how much the last iteration lowered the merit, as far as it is relevant
    model : the last one, whose curvature holds nearby
    """

    x: np.ndarray
    cost: float
    excess: float
    box: float = BOX
    price: float = PRICE
    gain: float = np.inf
    model: QuadraticModel | None = None

    @property
    def merit(self) -> float:
        """Cost and price of what is missed."""
        return self.cost + self.price * self.excess


def best_of(evaluate: Evaluation, points: np.ndarray, count: int) -> list[Found]:
    """The best ``count`` of some points that are apart from one another."""
    values = evaluate(points)
    merits = values.costs + PRICE * values.excess
    found: list[Found] = []
    for k in np.argsort(merits, kind="stable"):
        if not np.isfinite(merits[k]) or len(found) == count:
            break
        if all(np.abs(points[k] - other.x).max() > APART for other in found):
            cost, excess = float(values.costs[k]), float(values.excess[k])
            found.append(Found(x=points[k], cost=cost, excess=excess))
    return found


def raced(
    evaluate: Evaluation, begun: list[Found], *, laps: int, most: int, enough: float
) -> Found:
    """The best end of searches side by side, of which only the best goes on after ``laps``."""
    searches = begun
    for lap in range(most):
        searches = _iterations(evaluate, searches)
        searches.sort(key=lambda one: one.merit)
        running = [one for one in searches if one.gain >= enough]
        if not running or (lap + 1 >= laps and searches[0].gain < enough):
            break
        searches = searches[:1] if lap + 1 >= laps else searches
    return searches[0]


def improved(evaluate: Evaluation, found: Found, *, most: int, enough: float) -> Found:
    """Iterations from one course until one gains less than ``enough`` or ``most`` were made."""
    return raced(evaluate, [found], laps=1, most=most, enough=enough)


def corrected(evaluate: Evaluation, found: Found, *, most: int, enough: float) -> Found:
    """The same with new slopes only, from a course whose curvature is known by another evaluation."""
    curvature = found.model
    for _ in range(most):
        found = _iterations(evaluate, [found], curvature)[0]
        if found.gain < enough:
            break
    return found


def _iterations(
    evaluate: Evaluation, searches: list[Found], known: QuadraticModel | None = None
) -> list[Found]:
    """One iteration of every search: all stencils in one batch, all trial steps in another."""
    bounds = evaluate.variables.bounds
    models = models_of(evaluate, [one.x for one in searches], known)
    trials = []
    for one, model in zip(searches, models, strict=True):
        steps, duals = model.steps(one.box * np.array(SHARES), bounds)
        trials.append((np.vstack([steps, one.x]), max(one.price, 2 * duals)))
    values = evaluate(np.vstack([points for points, _ in trials]))
    parts = values.split([len(points) for points, _ in trials])
    return [
        _stepped(evaluate, one, model, points, price, part)
        for one, model, (points, price), part in zip(searches, models, trials, parts, strict=True)
    ]


def _stepped(
    evaluate: Evaluation,
    found: Found,
    model: QuadraticModel,
    points: np.ndarray,
    price: float,
    values: Values,
) -> Found:
    """The best of the points tried, of which the last is where the search was."""
    merits = values.costs + price * values.excess
    merits[np.isnan(merits)] = np.inf
    k, before = int(np.argmin(merits)), float(merits[-1])
    cost, excess = float(values.costs[k]), float(values.excess[k])
    end = Found(x=points[k], cost=cost, excess=excess, price=price, model=model)
    if not merits[k] < before:
        # the model was wrong at all sizes: once more nearby, unless it was small already
        again = found.box > LEAST_BOX and np.isfinite(before)
        return replace(end, x=found.x, box=found.box / 10, gain=np.inf if again else 0.0)
    gain = before - float(merits[k]) if np.isfinite(before) else np.inf
    far = float(np.abs(points[k] - found.x).max())
    box = min(max(GROWTH * far, LEAST_BOX), MOST_BOX)
    return replace(end, box=box, gain=gain * evaluate.relevance(cost))
