"""Policy samples -> fitted rules -> verdict; preconditioner exponent; second-order path law."""

from ...rules.choice import Conclusion, Selection
from .compare import compare
from .criteria import Criteria
from .exponent import Exponents, exponent_curve, preconditioner_exponent
from .path_law import PathLaw, path_law
from .policy_fit import fit_maps
from .running import Run, run_rule
from .samples import PolicySample, draw_starts, sample_policy
from .verdict import RuleFit, Scatter, Verdict

fit_rules = fit_maps  # the older name

__all__ = [
    "Conclusion",
    "Criteria",
    "Exponents",
    "PathLaw",
    "PolicySample",
    "RuleFit",
    "Run",
    "Scatter",
    "Selection",
    "Verdict",
    "compare",
    "draw_starts",
    "exponent_curve",
    "fit_maps",
    "fit_rules",
    "path_law",
    "preconditioner_exponent",
    "run_rule",
    "sample_policy",
]
