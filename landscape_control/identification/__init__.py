"""Policies of every kind read as rules: which rule is it, with what numbers, or why none can be
named.
"""

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
    "HeavyBallRegression": "residual",
    "PathLaw": "residual",
    "Schedule": "residual",
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
    "LinearisedRules": "kernels.linearised",
    "linearised_rules": "kernels.linearised",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    return late_attribute(__name__, _HOMES, name)


def __dir__() -> list[str]:
    return __all__
