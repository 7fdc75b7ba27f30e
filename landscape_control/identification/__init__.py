"""One front door for policies of every kind: which rule is it, with what numbers, or why none can
be named.
"""

from .causal_fit import fit_causal
from .excitation import Excitation, watch
from .histories import Histories
from .identification import Identification
from .identify import identify
from .residual import PathLaw, Schedule, residual_shape
from .rollout import rollout

__all__ = [
    "Excitation",
    "Histories",
    "Identification",
    "PathLaw",
    "Schedule",
    "fit_causal",
    "identify",
    "residual_shape",
    "rollout",
    "watch",
]
