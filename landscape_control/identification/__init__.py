"""Policies of every kind read as rules: which rule is it, with what numbers, or why none can be
named.
"""

from importlib import import_module

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


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)


def __dir__():
    return __all__
