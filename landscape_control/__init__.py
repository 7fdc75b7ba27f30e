"""Numerical optimal control of learning: which learning rule is optimal, and when.

    import landscape_control as lc

    problem = lc.ControlProblem(landscape=lc.double_well(), start=[-0.6, 0.55],
                                objective=lc.Objective(horizon=4.0, discount=0.1))
    solution = lc.solve(problem)
    verdict = lc.compare(problem)

The paper: J. J. Vastola, S. J. Gershman, K. Rajan, *Gradient Descent as Loss Landscape Navigation: a Normative Framework
for Deriving Learning Rules*, NeurIPS 2025, arXiv 2510.26997; cited as VGR25 throughout.
"""

from importlib import import_module

from .errors import ProblemError, SolveError, UnstabilisableError
from .landscape import (
    GaussianPrior,
    JumpProcess,
    Landscape,
    OrnsteinUhlenbeck,
    RandomWalk,
    TaskChain,
    double_well,
    find_minima,
    quadratic,
    rosenbrock,
)
from .learner import Learner, LinearDrift, linear_drift
from .objective import Objective
from .planning.dispatch import solve
from .problem import ControlProblem
from .sees import ExactGradient, NoisyGradient, NoisyLoss, Observe
from .solution import Plan, Solution, Status
from .solver import Solver
from .transcription import Collocation, DiscretisedAction, MultipleShooting

__version__ = "0.1.0"

# Rooms that a first solve does not need are opened when their names are first used.
_LATER = {
    "compare": "comparison",
    "path_law": "comparison",
    "preconditioner_exponent": "comparison",
    "exponent_curve": "comparison",
    "certify_global": "grid",
    "BeliefSolution": "planning",
    "linearised_rules": "planning",
    "nearest_rules": "planning",
    "raw_rule": "planning",
    "share_momentum": "planning",
    "belief_model": "belief",
    "best_coefficients": "simulation",
    "paired_difference": "simulation",
    "simulate": "simulation",
}
_ROOMS = (
    "belief",
    "claims",
    "comparison",
    "grid",
    "planning",
    "plotting",
    "reference",
    "rules",
    "simulation",
    "stochastic",
)

__all__ = [
    "BeliefSolution",
    "Collocation",
    "ControlProblem",
    "DiscretisedAction",
    "ExactGradient",
    "GaussianPrior",
    "JumpProcess",
    "Landscape",
    "Learner",
    "LinearDrift",
    "MultipleShooting",
    "NoisyGradient",
    "NoisyLoss",
    "Objective",
    "Observe",
    "OrnsteinUhlenbeck",
    "Plan",
    "ProblemError",
    "RandomWalk",
    "Solution",
    "SolveError",
    "Solver",
    "Status",
    "TaskChain",
    "UnstabilisableError",
    "belief_model",
    "best_coefficients",
    "certify_global",
    "compare",
    "double_well",
    "exponent_curve",
    "find_minima",
    "linear_drift",
    "linearised_rules",
    "nearest_rules",
    "paired_difference",
    "path_law",
    "plotting",
    "preconditioner_exponent",
    "quadratic",
    "raw_rule",
    "reference",
    "rosenbrock",
    "rules",
    "share_momentum",
    "simulate",
    "simulation",
    "solve",
]


def __getattr__(name):
    if name in _ROOMS:
        return import_module(f".{name}", __name__)
    if name in _LATER:
        return getattr(import_module(f".{_LATER[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *__all__, *_ROOMS})
