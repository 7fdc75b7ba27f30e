"""Numerical optimal control of learning: which learning rule is optimal, and when.

    import landscape_control as lc

    problem = lc.ControlProblem(landscape=lc.double_well(), start=[-0.6, 0.55],
                                objective=lc.Objective(horizon=4.0, discount=0.1))
    solution = lc.solve(problem)
    verdict = lc.compare(problem)

The paper: J. J. Vastola, S. J. Gershman, K. Rajan, *Gradient Descent as Loss Landscape Navigation:
a Normative Framework for Deriving Learning Rules*, NeurIPS 2025, arXiv 2510.26997; cited as VGR25
throughout.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from .model.landscape import (
    Discrete,
    GaussianPrior,
    JumpProcess,
    Landscape,
    LandscapeDistribution,
    LogUniform,
    MarchenkoPastur,
    OrnsteinUhlenbeck,
    RandomWalk,
    TaskChain,
    Uniform,
    double_well,
    find_minima,
    quadratic,
    rosenbrock,
    three_hump_camel,
)
from .model.learner import Learner, LinearDrift, linear_drift
from .model.objective import Objective
from .model.observation import (
    CurvatureNoise,
    ExactGradient,
    ModeNoise,
    NoisyGradient,
    NoisyLoss,
    Observe,
)
from .model.problem import ControlProblem
from .planning.solution import Plan, Solution, Status
from .planning.solver import Solver
from .planning.transcription import Collocation, DiscretisedAction, MultipleShooting
from .support import older_paths
from .support.errors import ProblemError, SolveError, SolveInterrupted, UnstabilisableError
from .verification.solve import solve

older_paths.install()

__version__ = "0.1.0"

# What a first solve does not need is imported when its name is first used: name -> module.
_LATER = {
    "compare": "identification.maps",
    "path_law": "identification.maps",
    "preconditioner_exponent": "identification.maps",
    "exponent_curve": "identification.maps",
    "certify_global": "planning.dynamic_programming.deterministic.certify",
    "BeliefSolution": "planning",
    "linearised_rules": "identification",
    "nearest_rules": "identification",
    "raw_rule": "identification",
    "share_momentum": "identification",
    "belief_model": "model.belief",
    "Policy": "rules.families",
    "Course": "optimisation",
    "CourseLimits": "optimisation",
    "PolicyProgram": "optimisation",
    "PolicyResult": "optimisation",
    "PolicySolver": "optimisation",
    "optimize_policy": "optimisation",
    "plan_course": "optimisation",
    "export": "exports",
    "Measurement": "training",
    "derive_optimizer": "training",
    "measure": "training",
    "record_training": "training",
    "TrainingPlan": "training",
    "plan_training": "training",
    "replay": "optimisation",
    "worst_case": "optimisation",
    "Histories": "identification",
    "RecordedRun": "identification",
    "Recording": "identification",
    "identify": "identification",
    "rollout": "identification",
    "resume": "sweeps",
    "sweep": "sweeps",
    "fingerprint": "records",
    "load": "records",
    "save": "records",
    "Trajectory": "trajectories",
    "trajectory": "trajectories",
    "plot_sweep": "display.plotting",
    "best_coefficients": "simulation",
    "paired_difference": "simulation",
    "simulate": "simulation",
    "data_loss": "model.landscape",
    "external_loss": "model.landscape",
    "network_loss": "model.landscape",
    "network_outputs": "model.landscape",
    "minibatch_noise": "model.landscape",
}
# Public parts; some are names of version 0.1 for what stands elsewhere today, see older_paths.
_PACKAGES = (
    "belief",
    "claims",
    "comparison",
    "emergence",
    "grid",
    "identification",
    "measures",
    "planning",
    "plotting",
    "policies",
    "records",
    "reference",
    "rules",
    "simulation",
    "stochastic",
    "training",
    "verification",
    "sweeps",
)

__all__ = [
    "BeliefSolution",
    "Collocation",
    "ControlProblem",
    "Course",
    "CourseLimits",
    "CurvatureNoise",
    "Discrete",
    "DiscretisedAction",
    "ExactGradient",
    "GaussianPrior",
    "Histories",
    "JumpProcess",
    "Landscape",
    "LandscapeDistribution",
    "Learner",
    "LinearDrift",
    "LogUniform",
    "MarchenkoPastur",
    "Measurement",
    "ModeNoise",
    "MultipleShooting",
    "NoisyGradient",
    "NoisyLoss",
    "Objective",
    "Observe",
    "OrnsteinUhlenbeck",
    "Plan",
    "Policy",
    "PolicyProgram",
    "PolicyResult",
    "PolicySolver",
    "ProblemError",
    "RandomWalk",
    "RecordedRun",
    "Recording",
    "Solution",
    "SolveError",
    "SolveInterrupted",
    "Solver",
    "Status",
    "TaskChain",
    "TrainingPlan",
    "Trajectory",
    "Uniform",
    "UnstabilisableError",
    "belief_model",
    "best_coefficients",
    "certify_global",
    "compare",
    "data_loss",
    "derive_optimizer",
    "double_well",
    "emergence",
    "exponent_curve",
    "export",
    "external_loss",
    "find_minima",
    "fingerprint",
    "identify",
    "linear_drift",
    "linearised_rules",
    "load",
    "measure",
    "measures",
    "minibatch_noise",
    "nearest_rules",
    "network_loss",
    "network_outputs",
    "optimize_policy",
    "paired_difference",
    "path_law",
    "plan_course",
    "plan_training",
    "plot_sweep",
    "plotting",
    "policies",
    "preconditioner_exponent",
    "quadratic",
    "raw_rule",
    "record_training",
    "reference",
    "replay",
    "resume",
    "rollout",
    "rosenbrock",
    "three_hump_camel",
    "rules",
    "save",
    "share_momentum",
    "simulate",
    "simulation",
    "solve",
    "sweep",
    "sweeps",
    "trajectory",
    "worst_case",
]


if TYPE_CHECKING:  # the same names for type checkers, to which a misspelt one is an error
    from . import claims as claims
    from . import grid as grid
    from . import identification as identification
    from . import optimisation as emergence
    from . import planning as planning
    from . import policies as policies
    from . import records as records
    from . import reference as reference
    from . import rules as rules
    from . import simulation as simulation
    from . import stochastic as stochastic
    from . import sweeps as sweeps
    from . import training as training
    from . import verification as verification
    from .display import plotting as plotting
    from .display.plotting import plot_sweep as plot_sweep
    from .exports import export as export
    from .identification import Histories as Histories
    from .identification import RecordedRun as RecordedRun
    from .identification import Recording as Recording
    from .identification import identify as identify
    from .identification import linearised_rules as linearised_rules
    from .identification import maps as _maps
    from .identification import nearest_rules as nearest_rules
    from .identification import raw_rule as raw_rule
    from .identification import rollout as rollout
    from .identification import share_momentum as share_momentum
    from .identification.maps import compare as compare
    from .identification.maps import exponent_curve as exponent_curve
    from .identification.maps import path_law as path_law
    from .identification.maps import preconditioner_exponent as preconditioner_exponent
    from .model import belief as belief
    from .model.belief import belief_model as belief_model
    from .model.landscape import data_loss as data_loss
    from .model.landscape import external_loss as external_loss
    from .model.landscape import minibatch_noise as minibatch_noise
    from .model.landscape import network_loss as network_loss
    from .model.landscape import network_outputs as network_outputs
    from .optimisation import Course as Course
    from .optimisation import CourseLimits as CourseLimits
    from .optimisation import PolicyProgram as PolicyProgram
    from .optimisation import PolicyResult as PolicyResult
    from .optimisation import PolicySolver as PolicySolver
    from .optimisation import optimize_policy as optimize_policy
    from .optimisation import plan_course as plan_course
    from .optimisation import replay as replay
    from .optimisation import worst_case as worst_case
    from .planning import BeliefSolution as BeliefSolution
    from .planning.dynamic_programming.deterministic.certify import certify_global as certify_global
    from .records import fingerprint as fingerprint
    from .records import load as load
    from .records import save as save
    from .rules.families import Policy as Policy
    from .simulation import best_coefficients as best_coefficients
    from .simulation import paired_difference as paired_difference
    from .simulation import simulate as simulate
    from .sweeps import measures as measures
    from .sweeps import resume as resume
    from .sweeps import sweep as sweep
    from .training import Measurement as Measurement
    from .training import TrainingPlan as TrainingPlan
    from .training import derive_optimizer as derive_optimizer
    from .training import measure as measure
    from .training import plan_training as plan_training
    from .training import record_training as record_training
    from .trajectories import Trajectory as Trajectory
    from .trajectories import trajectory as trajectory

    comparison = _maps  # an import under another name would be private to strict checkers
else:

    def __getattr__(name: str) -> object:
        if name in _PACKAGES or name in older_paths.MOVED:
            return import_module(f".{name}", __name__)
        if name in _LATER:
            return getattr(import_module(f".{_LATER[name]}", __name__), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, *_PACKAGES, "__version__"})
