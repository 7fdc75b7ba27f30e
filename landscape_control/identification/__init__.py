"""Policies of every kind read as rules: which rule is it, with what numbers, or why none can be
named.
"""

from typing import TYPE_CHECKING

from ..support.late_names import late_attribute

# Name -> file; each is imported when its name is first used: reading a rule off a plan needs neither
# the optimisation of policies nor the simulation.
_HOMES = {
    "Excitation": "excitation",
    "watch": "excitation",
    "Histories": "histories",
    "Identification": "identification",
    "identify": "dispatch",
    "identify_causal": "causal_fit",
    "fit_causal": "causal_fit",
    "RandomUpdates": "randomness",
    "RecordedRun": "recorded_run",
    "Recording": "recording",
    "HeavyBallRegression": "residual",
    "PathLaw": "residual",
    "NamedSchedule": "schedule_naming",
    "Schedule": "residual",
    "ScheduleReading": "schedule_naming",
    "ScheduledRule": "scheduled_rule",
    "name_schedule": "schedule_naming",
    "residual_shape": "residual",
    "rollout": "rollouts",
    "MomentumForm": "kernels.raw_rules",
    "RawRule": "kernels.raw_rules",
    "StepRule": "kernels.raw_rules",
    "raw_rule": "kernels.raw_rules",
    "linear_raw_rule": "kernels.raw_rules",
    "Equivalent": "kernels.equivalents",
    "nearest_rules": "kernels.equivalents",
    "select_equivalent": "kernels.equivalents",
    "SharedMomentum": "kernels.shared_momentum",
    "share_momentum": "kernels.shared_momentum",
    "KernelReading": "kernels.read_kernel",
    "LagFit": "kernels.lag_regression",
    "NamedKernel": "kernels.named_kernels",
    "read_kernel": "kernels.read_kernel",
    "LinearisedRules": "kernels.linearised",
    "linearised_rules": "kernels.linearised",
}

__all__ = sorted(_HOMES)


if TYPE_CHECKING:  # the same names for type checkers, to which a misspelt one is an error
    from .causal_fit import fit_causal as fit_causal
    from .causal_fit import identify_causal as identify_causal
    from .dispatch import identify as identify
    from .excitation import Excitation as Excitation
    from .excitation import watch as watch
    from .histories import Histories as Histories
    from .identification import Identification as Identification
    from .kernels.equivalents import Equivalent as Equivalent
    from .kernels.equivalents import nearest_rules as nearest_rules
    from .kernels.equivalents import select_equivalent as select_equivalent
    from .kernels.lag_regression import LagFit as LagFit
    from .kernels.linearised import LinearisedRules as LinearisedRules
    from .kernels.linearised import linearised_rules as linearised_rules
    from .kernels.named_kernels import NamedKernel as NamedKernel
    from .kernels.raw_rules import MomentumForm as MomentumForm
    from .kernels.raw_rules import RawRule as RawRule
    from .kernels.raw_rules import StepRule as StepRule
    from .kernels.raw_rules import linear_raw_rule as linear_raw_rule
    from .kernels.raw_rules import raw_rule as raw_rule
    from .kernels.read_kernel import KernelReading as KernelReading
    from .kernels.read_kernel import read_kernel as read_kernel
    from .kernels.shared_momentum import SharedMomentum as SharedMomentum
    from .kernels.shared_momentum import share_momentum as share_momentum
    from .randomness import RandomUpdates as RandomUpdates
    from .recorded_run import RecordedRun as RecordedRun
    from .recording import Recording as Recording
    from .residual import HeavyBallRegression as HeavyBallRegression
    from .residual import PathLaw as PathLaw
    from .residual import Schedule as Schedule
    from .residual import residual_shape as residual_shape
    from .rollouts import rollout as rollout
    from .schedule_naming import NamedSchedule as NamedSchedule
    from .schedule_naming import ScheduleReading as ScheduleReading
    from .schedule_naming import name_schedule as name_schedule
    from .scheduled_rule import ScheduledRule as ScheduledRule
else:

    def __getattr__(name: str) -> object:
        return late_attribute(__name__, _HOMES, name)


def __dir__() -> list[str]:
    return __all__
