"""Numerical optimal control of learning: which learning rule is optimal, and when."""

from .errors import ProblemError, SolveError, UnstabilisableError
from .landscape import Landscape, double_well, find_minima, quadratic, rosenbrock
from .learner import Learner, LinearDrift, linear_drift
from .objective import Objective
from .problem import ControlProblem
from .solution import Plan, Solution, Status
from .solver import Solver, solve
from .transcription import Collocation, DiscretisedAction, MultipleShooting

__version__ = "0.1.0"
