"""All whole figures by name: general ones of results, and those of the claims.

``figures.NAME(data)`` draws; ``FIGURES`` maps names to drawing functions, whose ``keys`` list the
data. The figures of results are in :mod:`~landscape_control.display.plotting.overviews`, those of
claims beside the claims in :mod:`landscape_control.problems.pictures`, which is imported when the
first of them is asked for. ``PLANNING``, ``BELIEFS`` and ``CAUSAL`` are mappings of the figures of
known landscapes, hidden ones, and optimised causal rules.
"""

from importlib import import_module
from types import MappingProxyType
from typing import Any

from .overviews import (
    claims_overview,
    coefficients,
    derived_run,
    loss_ratios,
    network_paths,
    plan_overview,
    policy_scatter,
    training_curves,
    verdict,
)

_PICTURES = "landscape_control.problems.pictures"  # they import this package: only when asked for
_GROUPS = MappingProxyType(
    {
        "PLANNING": (
            *("double_well", "quadratic_modes", "anisotropic_bowl", "convergence_rates"),
            *("metric_drift", "gradient_descent_limits", "proximal_limit", "natural_gradient"),
            *("partial_control", "escape_horizon", "preconditioner", "policy_scatter"),
            *("coefficients", "verdict", "global_value", "plan_overview", "claims_overview"),
        ),
        "BELIEFS": (
            *("belief_tracking", "moving_task", "momentum_from_noise", "momentum_maps", "kernels"),
            *("kalman_bias_correction", "adam_from_beliefs", "gaussian_weights", "resetting"),
            *("dual_effect", "two_task_chain", "noise_sweep"),
        ),
        "CAUSAL": (
            *("orthogonal_momentum", "terminal_not_identifiable", "noise_makes_momentum"),
            *("optimal_schedule", "lqg_from_policies", "adam_exponent", "worst_case_steps"),
            *("emergence_atlas", "training_curves", "network_paths", "derived_run"),
            "loss_ratios",
        ),
    }
)

__all__ = [
    "BELIEFS",  # noqa: F822 - computed by __getattr__, like FIGURES and the figures of the claims
    "CAUSAL",  # noqa: F822
    "FIGURES",  # noqa: F822
    "PLANNING",  # noqa: F822
    "claims_overview",
    "coefficients",
    "derived_run",
    "loss_ratios",
    "network_paths",
    "plan_overview",
    "policy_scatter",
    "training_curves",
    "verdict",
]


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    pictures = import_module(_PICTURES)
    if name == "FIGURES":
        return pictures.all_pictures()
    if name in _GROUPS:
        return MappingProxyType({key: pictures.find_picture(key) for key in _GROUPS[name]})
    if name in pictures.own_names():
        return pictures.find_picture(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *import_module(_PICTURES).own_names()})
