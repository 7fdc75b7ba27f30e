"""The programs whose variables are a policy's coefficients, with derivatives by CasADi.

Exact second moments of linear rules, and averages over drawn scenarios of any rule.
"""

from .coupled_program import CoupledProgram, moment_program_of
from .limit_rows import LimitRows, limit_rows
from .moment_model import (
    MomentLayout,
    check_linear,
    check_separate,
    follows_loss,
    layout_of,
    loss_floor,
    minimum_step,
    mode_losses_at_start,
    multiplicative_noise,
    noise_variance,
    plain_noise,
    start_loss,
    time_weights,
)
from .moment_numbers import FLOOR, ROUND_OFF, check_paid, is_free, pack, pack_modes
from .moment_program import REFERENCE, MomentProgram
from .scenario_program import ScenarioProgram, Scenarios, Scene
from .worst_case_program import worst_case_nlp

__all__ = [
    "CoupledProgram",
    "follows_loss",
    "moment_program_of",
    "FLOOR",
    "REFERENCE",
    "LimitRows",
    "MomentLayout",
    "ROUND_OFF",
    "MomentProgram",
    "ScenarioProgram",
    "Scenarios",
    "Scene",
    "check_linear",
    "check_separate",
    "check_paid",
    "is_free",
    "layout_of",
    "limit_rows",
    "loss_floor",
    "minimum_step",
    "mode_losses_at_start",
    "multiplicative_noise",
    "noise_variance",
    "pack",
    "pack_modes",
    "plain_noise",
    "start_loss",
    "time_weights",
    "worst_case_nlp",
]
