"""Which classes a record may hold, where they are, and what is left out."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from ..support.errors import ProblemError

# name -> module of the package; a class that moves keeps its name here
MODULES = {
    "BeliefCoordinates": "planning.dynamic_programming.diffusive.coordinates",
    "BeliefLayout": "planning.beliefs.coordinates",
    "Certificate": "planning.certificate.certificate",
    "Choice": "optimisation.parsimony",
    "Confirmation": "planning.beliefs.confirmation",
    "Course": "optimisation.courses.course",
    "Criteria": "identification.maps.criteria",
    "Equivalent": "identification.kernels.equivalents",
    "ExactCost": "simulation.exact_linear",
    "ExactTuned": "simulation.exact_search",
    "Exponents": "identification.maps.exponent",
    "GlobalCertificate": "planning.dynamic_programming.deterministic.certificate",
    "GridPolicy": "planning.dynamic_programming.diffusive.result",
    "GridSolution": "planning.beliefs.dispatch",
    "HeavyBallRegression": "identification.residual",
    "Histories": "identification.histories",
    "Identifiability": "optimisation.identifiability",
    "Identification": "identification.identification",
    "KernelReading": "identification.kernels.read_kernel",
    "LQGSolution": "planning.beliefs.lqg",
    "LagFit": "identification.kernels.lag_regression",
    "Leaving": "planning.dynamic_programming.bounds.leaving",
    "LinearisedRules": "identification.kernels.linearised",
    "Measurement": "training.measuring.measurement",
    "MomentumForm": "identification.kernels.raw_rules",
    "NamedKernel": "identification.kernels.named_kernels",
    "NamedSchedule": "identification.schedule_naming",
    "Outside": "planning.dynamic_programming.deterministic.outside",
    "PathLaw": "identification.maps.path_law",
    "Paths": "simulation.rollout",
    "Plan": "planning.solution",
    "Policy": "rules.families.policy",
    "PolicyCertificate": "optimisation.certificate",
    "PolicyResult": "optimisation.result",
    "RandomUpdates": "identification.randomness",
    "RawRule": "identification.kernels.raw_rules",
    "RecordedRun": "identification.recorded_run",
    "Recording": "identification.recording",
    "ReplanningSolution": "planning.beliefs.replanning",
    "Rollout": "simulation.rollout",
    "RuleFit": "identification.maps.verdict",
    "Run": "identification.maps.running",
    "Scatter": "identification.maps.verdict",
    "ScenarioCertificate": "optimisation.scenario_checks",
    "ScenarioResult": "optimisation.scenario_result",
    "Schedule": "identification.residual",
    "ScheduleReading": "identification.schedule_naming",
    "ScheduledRule": "identification.scheduled_rule",
    "SecondVariation": "planning.beliefs.second_variation",
    "Selection": "rules.choice",
    "SharedMomentum": "identification.kernels.shared_momentum",
    "Solution": "planning.solution",
    "StepRule": "identification.kernels.raw_rules",
    "Tail": "planning.solution",
    "TrainingPlan": "training.trajectories.training_plan",
    "Trajectory": "trajectories.path",
    "TranscribedSolution": "planning.beliefs.transcribed",
    "Tuned": "simulation.tuning",
    "Verdict": "identification.maps.verdict",
    "WorstCaseResult": "optimisation.worst_cases",
}
ENUMS = {
    "Conclusion": "rules.choice",
    "CostKind": "planning.beliefs.confirmation",
    "GridStatus": "planning.dynamic_programming.diffusive.result",
    "PolicyStatus": "optimisation.status",
    "Status": "planning.solution",
    "Verdict": "planning.dynamic_programming.deterministic.certificate",
}

COMPUTED = {
    "Plan": ("end_basin",),
    "Solution": ("certificate", "search"),
    "PolicyResult": ("certificate", "identifiability"),
    "Result": ("made_with",),
}
LEFT_OUT = {"LQGSolution": ("linear", "state_policy")}  # read off the problem again


def class_of(name: str, table: Mapping[str, str] = MODULES) -> Any:
    """The class or enumeration of a name; refuses names that no version up to this one has written."""
    if name not in table:
        raise ProblemError(
            "record",
            expected=f"one of {', '.join(sorted(table))}",
            received=repr(name),
            advice="a later version of landscape_control may have written it: upgrade",
        )
    return getattr(import_module(f"{__package__.rpartition('.')[0]}.{table[name]}"), name)


def own(table: dict, kind: type) -> tuple:
    """The entries of a table for a class and the classes it is made from."""
    return tuple(name for base in kind.__mro__ for name in table.get(base.__name__, ()))


def is_recorded(value: object) -> bool:
    """Whether a record may hold an object of this very class: others have the same name."""
    kind = type(value)
    package = __package__.rpartition(".")[0]
    return kind.__module__ == f"{package}.{MODULES.get(kind.__name__, '')}"
