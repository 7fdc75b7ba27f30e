"""The value function of a problem on a grid, by whichever scheme its horizon and discount call for."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ....model.problem import ControlProblem
from ....support.arguments import AnyNumber, Count, Entries, checked
from ....support.errors import ProblemError
from ..bounds.beyond import Beyond
from ..differences import one_sided
from ..hamiltonian import Hamiltonian
from ..march import MOST_STEPS
from ..mesh import Grid
from .fast_marching import eikonal_value
from .fields import hamiltonian_on
from .initial import initial_value
from .march import ORDER, march
from .stationary import stationary_value

if TYPE_CHECKING:
    OptionalBeyond = Beyond | None
else:
    OptionalBeyond = object  # made by this package alone: not checked

_ENDLESS = 16.0  # discounts γT beyond which a free end does not matter at the start


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class ValueFunction:
    """V(θ, t) in current value: the least cost to go from θ at time t, discounted to t.

    Attributes
    ----------
    grid : Grid
    hamiltonian : Hamiltonian
    to_go : (K+1,), increasing times-to-go s = T - t of the slices; (inf,) for an infinite horizon
    slices : (K+1, N_1, …), V at those times
    method : name of the scheme
    unsettled : how far an iteration was from its limit when it stopped, in units of V (0 for
    marches)
    """

    grid: Grid
    hamiltonian: Hamiltonian
    to_go: Entries
    slices: Entries
    method: str
    unsettled: AnyNumber = 0.0

    @property
    def now(self) -> np.ndarray:
        """V(·, t = 0) on the nodes, (N_1, …)."""
        return self.slices[-1]

    def at(self, theta: np.ndarray) -> float:
        """V(θ, t = 0) at one point (n,), between nodes by :meth:`Grid.value_at`."""
        return self.grid.value_at(self.now, np.asarray(theta, dtype=float))

    def velocity(self, k: int) -> np.ndarray:
        """The optimal θ̇ on the nodes at time-to-go ``to_go[k]``, (n, N_1, …)."""
        sides = one_sided(self.slices[k], self.grid, order=ORDER)
        return self.hamiltonian.velocity(self.hamiltonian.select(*sides))


@checked
def value_function(
    problem: ControlProblem,
    grid: Grid,
    *,
    slices: Count = 100,
    beyond: OptionalBeyond = None,
    max_steps: Count = MOST_STEPS,
) -> ValueFunction:
    """Solve the Hamilton-Jacobi-Bellman equation of a problem in one or two dimensions on a grid.

        -V_t + γV = kL + ∇Vᵀf - (η/2) ∇VᵀBG⁻¹Bᵀ∇V,    V(θ, T) = κΦ(θ)

    in the viscosity sense (Crandall & Lions 1983).

    Finite horizon: third-order WENO with Godunov's Hamiltonian, explicit in time. T = ∞ with γ > 0:
    the steady state by policy iteration and defect correction; also a free end at γT > 16, where
    the end weighs e^{-16}, less than any grid's error. T = ∞ with γ = 0: fast marching (see
    :func:`eikonal_value` for what it needs). ``slices`` is how many instants of V are kept for
    following optimal paths, ``max_steps`` what a march may take.

    At the walls motion outwards is stopped free of charge, so that V is the value of plans that
    stay inside: not below the true one unless a drift pushes outwards. With ``beyond``
    (:class:`Beyond`) it is a value that no plan undercuts, also none that leaves the box, up to the
    error of the scheme.

    Raises
    ------
    ProblemError
        More than two dimensions; functions not finite or G not positive definite in the box; a
        fixed end with B G⁻¹ Bᵀ singular; T = ∞ with γ = 0 outside the eikonal case.
    """
    refuse_dimension(problem)
    hamiltonian = hamiltonian_on(problem, grid, beyond)
    objective = problem.objective
    endless = problem.end is None and objective.discount * objective.horizon > _ENDLESS
    if math.isfinite(objective.horizon) and not endless:
        to_go, values = _march(problem, hamiltonian, grid, slices, beyond, max_steps)
        return ValueFunction(
            grid=grid, hamiltonian=hamiltonian, to_go=to_go, slices=values, method="WENO3 march"
        )
    unsettled, method = 0.0, "fast marching"
    if objective.discount > 0:
        value, unsettled = stationary_value(
            lambda level: hamiltonian_on(problem, level, beyond),
            grid,
            discount=objective.discount,
            beyond=beyond,
        )
        if endless:  # in place of a far end, which is left out
            unsettled += math.exp(-_ENDLESS) * float(np.ptp(value))
        method = "WENO3 policy iteration"
    else:
        value = eikonal_value(problem, grid, beyond)
    return ValueFunction(
        grid=grid,
        hamiltonian=hamiltonian,
        to_go=np.array([np.inf]),
        slices=value[None],
        method=method,
        unsettled=unsettled,
    )


def _march(problem, hamiltonian, grid, slices, beyond, max_steps):
    """Times-to-go, closer together near the end, and V at each."""
    objective = problem.objective
    first, begin = initial_value(problem, grid)
    if beyond is not None:
        first = beyond.begin(first, problem, grid)
    to_go = begin + (objective.horizon - begin) * np.linspace(0, 1, slices + 1) ** 2
    marched = march(
        first,
        hamiltonian,
        grid,
        discount=objective.discount,
        begin=begin,
        stops=to_go[1:],
        beyond=beyond,
        max_steps=max_steps,
    )
    return to_go, np.array([first, *marched])


def refuse_dimension(problem: ControlProblem) -> None:
    """Refuse problems beyond two parameters, whose grids grow out of hand."""
    if problem.dimension > 2:
        raise ProblemError(
            "grid certificate",
            expected="a problem with one or two parameters",
            received=f"n = {problem.dimension} parameters",
            advice=(
                "rely on the multi-start, solve(problem, starts=...), which lists every plan it"
                " finds"
            ),
        )
