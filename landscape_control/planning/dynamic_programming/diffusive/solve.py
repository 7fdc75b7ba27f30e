"""solve_grid: the optimal learner in (θ, belief) by stochastic dynamic programming."""

import math
import time
from collections.abc import Sequence

from ....model.problem import ControlProblem
from ....support.arguments import Count, Duration, Matrix, NonNegative, Positive, checked
from ....support.pace import Pace
from .march import march
from .result import GridPolicy
from .setting import Setting, setting_of
from .solved import Solved
from .stationary import stationary_levels


@checked
def solve_grid(
    problem: ControlProblem,
    *,
    points: Count | Sequence[Count] | None = None,
    box: Matrix | None = None,
    margin: NonNegative = 0.3,
    order: int = 2,
    tolerance: Positive = 1e-06,
    accuracy: Positive = 0.01,
    covariance: str = "auto",
    steps: Count = 100,
    time_limit: Duration = 600.0,
) -> GridPolicy:
    """Solve the stochastic HJB equation of a partially observed problem on a grid.

        γV - V_t = min_u [uᵀGu/2η + k E[L|x] + ∇_θVᵀ(f + Bu) + bᵀ∇_zV + ½ tr(DDᵀ∇²_zV)],
        x = (θ, belief z)

    T = ∞: policy iteration on nested grids (Howard 1960; Kushner & Dupuis 2001). Finite T: implicit
    in time (BDF2). The belief coordinates are p₁ for two tasks, p₁ and p₂/(1 - p₁) for three; the mean, where the covariance
    settles whatever the learner does; and mean and variance of one hidden variable otherwise. Three
    coordinates at most.

    Parameters
    ----------
    problem : ControlProblem with hidden variables and noisy observations
    points
        Odd number of nodes per axis, or one for each; default 101 x 101 in two dimensions, 41 x 41
        x 21 in three.
    box
        [(low, high), …] for θ, then the belief, instead of the derived box; see
        ``derived_domain``.
    margin : by which fraction of its longest side the derived box exceeds the places named there
    order : 2, or 1 for the monotone upwind scheme, which settles also where V has kinks
    tolerance : change of V, relative to its range, at which the policy iteration stops
    accuracy
        Difference of two grids, relative to the range of V in the core, above which the status is
        "grid too coarse".
    covariance
        "steady" (held at its steady value), "coordinate", or "auto": steady where T = ∞ and it
        settles at a value above zero, or where the prior is there already.
    steps : time steps for a finite horizon, even
    time_limit
        Seconds that the march of a finite horizon may take: it is given up, with an estimate, as
        soon as its first steps show that it would take longer. Grids of the default size take 10 to
        20 s in three dimensions

    Raises
    ------
    ProblemError
        A march beyond ``time_limit``; more than three coordinates; nothing hidden; noise-free
        observations; a fixed end; T = ∞ with γ = 0; functions not finite in the box; a start outside
        it.
    """
    began = time.perf_counter()
    setting = setting_of(
        problem,
        points=points,
        box=box,
        margin=margin,
        order=order,
        covariance=covariance,
        steps=steps,
    )
    solved = optimal_levels(setting, tolerance, time_limit)
    return setting.result(solved, tolerance=tolerance, accuracy=accuracy, began=began)


def optimal_levels(
    setting: Setting, tolerance: float, time_limit: float = math.inf
) -> list[Solved]:
    """The optimum on the grid of twice the spacing, and on the grid."""
    began = time.perf_counter()
    system = setting.system
    if math.isinf(system.horizon):
        pair = stationary_levels(system, setting.grid, order=setting.order, tolerance=tolerance)
        return list(pair)
    levels = []
    for scheme, steps in setting.schemes:
        nodes = " x ".join(str(len(axis)) for axis in scheme.grid.axes)
        size = f"a horizon on {nodes} nodes"
        pace = Pace(
            steps,
            what="dynamic programming on a grid",
            size=size,
            fewer="pass fewer points= or steps=",
            began=began,
            time_limit=time_limit,
        )
        levels.append(march(scheme, steps, pace=pace))
    return levels
