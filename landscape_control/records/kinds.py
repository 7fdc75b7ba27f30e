"""Which classes a record may hold, where they are, their arrays' labels, and what is left out."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from ..support.errors import ProblemError

# name -> module of the package; a class that moves keeps its name here
MODULES = {
    "BeliefCoordinates": "planning.dynamic_programming.diffusive.coordinates",
    "BeliefLayout": "planning.beliefs.coordinates",
    "Certificate": "planning.certificate.certificate",
    "Confirmation": "planning.beliefs.confirmation",
    "Course": "optimisation.courses.course",
    "GridPolicy": "planning.dynamic_programming.diffusive.result",
    "GridSolution": "planning.beliefs.dispatch",
    "Identifiability": "optimisation.identifiability",
    "LQGSolution": "planning.beliefs.lqg",
    "Measurement": "training.measuring.measurement",
    "Plan": "planning.solution",
    "Policy": "rules.families.policy",
    "PolicyCertificate": "optimisation.certificate",
    "PolicyResult": "optimisation.result",
    "ReplanningSolution": "planning.beliefs.replanning",
    "ScenarioCertificate": "optimisation.scenario_checks",
    "ScenarioResult": "optimisation.scenario_result",
    "SecondVariation": "planning.beliefs.second_variation",
    "Solution": "planning.solution",
    "Tail": "planning.solution",
    "TrainingPlan": "training.trajectories.training_plan",
    "TranscribedSolution": "planning.beliefs.transcribed",
    "WorstCaseResult": "optimisation.worst_cases",
}
ENUMS = {
    "CostKind": "planning.beliefs.confirmation",
    "GridStatus": "planning.dynamic_programming.diffusive.result",
    "PolicyStatus": "optimisation.status",
    "Status": "planning.solution",
}

_NODE, _STATE, _CONTROL, _BELIEF = "node", "parameter", "control", "belief"
DIMS: dict[str, dict[str, tuple]] = {
    "Plan": {
        "times": (_NODE,),
        "parameters": (_NODE, _STATE),
        "controls": (_NODE, _CONTROL),
        "costates": (_NODE, _STATE),
        "vertices": ("vertex",),
        "positions": ("position",),
        "end_basin": (_STATE,),
    },
    "Tail": {
        "steady_state": (_STATE,),
        "steady_control": (_CONTROL,),
        "steady_costate": (_STATE,),
        "closed_loop": (_STATE, "parameter_from"),
        "gain": (_CONTROL, _STATE),
        "value_hessian": (_STATE, "parameter_from"),
        "velocity": (_STATE,),
    },
    "SecondVariation": {
        "times": (_NODE,),
        "value_hessian": (_NODE, _STATE, "parameter_from"),
        "gains": (_NODE, _CONTROL, _STATE),
    },
    "LQGSolution": {
        "gain": (_CONTROL, _STATE),
        "belief_gain": (_CONTROL, _BELIEF),
        "steady_covariance": (_BELIEF, "belief_from"),
        "filter_gain": (_BELIEF, "observation"),
        "unobserved": (_BELIEF, "combination"),
    },
    "Measurement": {
        **dict.fromkeys(("curvatures", "gradient", "noise", "residuals"), ("mode",)),
        **dict.fromkeys(("curvature_errors", "gradient_errors", "noise_errors"), ("mode",)),
        **dict.fromkeys(("layer_weights", "layer_gradient", "layer_noise"), ("layer",)),
        **dict.fromkeys(("layer_noise_errors", "layer_leading"), ("layer",)),
    },
    "Course": {"losses": ("moment",), "rates": ("step",), "shares": ("step",)},
    "TrainingPlan": {
        **dict.fromkeys(("times", "losses"), (_NODE,)),
        "parameters": (_NODE, _STATE),
        **dict.fromkeys(("vertices", "arc_lengths"), ("vertex",)),
        "positions": ("position",),
        "layer_weights": ("layer",),
    },
    "GridPolicy": {
        "to_go": ("slice",),
        "values": ("slice", ...),
        "controls": ("slice", _CONTROL, ...),
        "start": ("axis",),
        "box": ("axis", "side"),
        "core": ("axis", "side"),
        "natural": ("axis", "side"),
    },
}
LABELS: dict[str, dict[str, str]] = {
    "times": {"long_name": "time t", "units": "time units of the problem"},
    "to_go": {"long_name": "time to go", "units": "time units of the problem"},
    "vertices": {"long_name": "ends of the mesh elements", "units": "time units of the problem"},
    "positions": {"long_name": "nodes of one element", "units": "fraction of the element"},
    "parameters": {"long_name": "θ", "units": "parameter"},
    "controls": {"long_name": "u", "units": "parameter / time"},
    "costates": {"long_name": "current-value costate λ = ∂V/∂θ", "units": "cost / parameter"},
    "values": {"long_name": "V at the times to go", "units": "cost"},
    "end_basin": {"long_name": "minimum whose basin holds θ(T)", "units": "parameter"},
}
COMPUTED = {
    "Plan": ("end_basin",),
    "Solution": ("certificate", "search"),
    "PolicyResult": ("certificate", "identifiability"),
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
