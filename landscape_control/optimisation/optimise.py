"""optimize_policy: the best rule of a family for a distribution of landscapes."""

from ..model.landscape import LandscapeDistribution
from ..model.objective import Objective
from ..model.observation import Sees
from ..rules.families import Family
from ..support.arguments import Index, Positive, checked
from ..support.call_settings import settings_kept
from .limits import CourseLimits, check_limits
from .policy_solver import PolicySolver, has_moments
from .program import CostName, PolicyProgram
from .program_solver import ProgramSolver, solve_once
from .progress import PROGRESS
from .result import PolicyResult
from .scenarios import ScenarioSolver
from .search_options import SearchOptions


@settings_kept
@checked
def optimize_policy(
    task: LandscapeDistribution,
    family: Family,
    objective: Objective,
    *,
    sees: Sees | None = None,
    cost: CostName = "terminal",
    starts: Index = SearchOptions.starts,
    seed: Index = SearchOptions.seed,
    tolerance: Positive | None = None,
    guess: object = None,
    throw: bool = True,
    progress: PROGRESS = None,
    **options: object,
) -> PolicyResult:
    """Minimise the expected cost of a causal rule over its coefficients.

        J = E[ κ e^{-γT} L(θ_T)  and/or  k Σ_{t=1..T} e^{-γt} L(θ_t)  +  Σ_{t<T} e^{-γt} |Δθ_t|²/2η
        ]

    over landscapes, starts and the noise of the observed gradients. Linear families on random
    quadratics are solved by exact second moments; everything else by sample averages over
    scenarios, judged on scenarios that the fit has not seen.

    Under noise a momentum of its own at every step stays in [0, 1] (as low as the best constant one
    where that is negative, and as far as a guess) unless ``within`` or ``fixed`` names it: no rule
    is best where it may have any value. The result's message says so.

    Parameters
    ----------
    task : LandscapeDistribution
    family : Family, e.g. landscape_control.policies.HeavyBall(constant=True)
    objective : Objective; horizon T a whole number of steps, learning_rate η = math.inf makes
        movement free
    sees : None (exact gradients), NoisyGradient(σ) or CurvatureNoise(...), σ per step and component
    cost : "terminal", "running" or "both"
    starts : int, starting points, drawn from the coefficients' ranges
    seed : int, of the starts and of the scenarios
    tolerance : float, relative to the cost: of the quadrature (1e-6 if None), or of the sampling
        (see the scenarios)
    guess : None, {name: value} or PolicyResult, optimised from as well
    throw : whether a failed solve raises or returns with its status
    progress : None, or a function of a :class:`PolicyProgress`, such as print: the best so far
    options : fixed={name: value} holds coefficients, within={name: (low, high)} narrows their
        ranges; and those of :class:`PolicySolver` (most_nodes, most_iterations, hessian, limits),
        or of :class:`ScenarioSolver`

    Raises ProblemError for input that cannot be used; with ``throw``, SolveError for a solve that
    failed, whose ``solution`` keeps what was found.
    """
    program = PolicyProgram(task=task, family=family, objective=objective, sees=sees, cost=cost)
    return solve_program(
        program,
        starts=starts,
        seed=seed,
        tolerance=tolerance,
        guess=guess,
        throw=throw,
        progress=progress,
        **options,
    )


@checked
def solve_program(
    program: PolicyProgram,
    *,
    tolerance: Positive | None = None,
    **options: object,
) -> PolicyResult:
    """The same for a program that exists; ``options`` are starts, seed, guess, throw and the rest."""
    if tolerance is not None:
        options["tolerance"] = tolerance
    kind = solver_of(program)
    limits = options.get("limits")
    if kind is ScenarioSolver and isinstance(limits, CourseLimits):
        check_limits(program, limits)
        del options["limits"]  # none of them limits anything
    return solve_once(kind, program, options)


def solver_of(program: PolicyProgram) -> type[ProgramSolver]:
    """The solver of a program: by exact moments where there are any, else by scenarios."""
    return PolicySolver if has_moments(program) else ScenarioSolver
