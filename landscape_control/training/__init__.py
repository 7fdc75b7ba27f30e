"""Networks in training: what is measured on them, planned paths, the recipes of Fig. 2 e, f.

Data sets, networks and resumable runs stand in modules of their own. PyTorch is imported when
something is measured, planned or trained, not before; the readers of data files need NumPy only.
"""

from .deriving import derive_optimizer
from .measuring import Measurement, measure
from .record import record_training
from .trajectories import GradientFlow, PlanProgress, TrainingPlan, gradient_flow, plan_training

__all__ = [
    "GradientFlow",
    "Measurement",
    "PlanProgress",
    "TrainingPlan",
    "derive_optimizer",
    "gradient_flow",
    "measure",
    "plan_training",
    "record_training",
]
