"""All whole figures by name. Each takes one flat mapping of arrays and returns a Figure; its
docstring lists the keys.

``FIGURES[name].keys`` holds the same list as :class:`~landscape_control.plotting.data.Key` objects.
``PLANNING``, ``BELIEFS`` and ``CAUSAL`` name the figures of known landscapes, of hidden ones, and
of optimised causal rules.
"""

from types import MappingProxyType

from .figures_adaptive import adam_from_beliefs, gaussian_weights
from .figures_beliefs import belief_tracking, momentum_from_noise, moving_task
from .figures_causal import noise_makes_momentum, orthogonal_momentum, terminal_not_identifiable
from .figures_drift import metric_drift
from .figures_emergence import adam_exponent, emergence_atlas, lqg_from_policies
from .figures_global import claims_overview, escape_horizon, global_value, plan_overview
from .figures_limits import (
    gradient_descent_limits,
    natural_gradient,
    partial_control,
    proximal_limit,
)
from .figures_maps import momentum_maps
from .figures_noise import kalman_bias_correction, kernels, noise_sweep
from .figures_paper import anisotropic_bowl, convergence_rates, double_well, quadratic_modes
from .figures_policies import coefficients, policy_scatter, preconditioner, verdict
from .figures_schedules import optimal_schedule, worst_case_steps
from .figures_uncertainty import dual_effect, resetting, two_task_chain


def _named(*functions):
    return MappingProxyType({function.__name__: function for function in functions})


PLANNING = _named(
    double_well,
    quadratic_modes,
    anisotropic_bowl,
    convergence_rates,
    metric_drift,
    gradient_descent_limits,
    proximal_limit,
    natural_gradient,
    partial_control,
    escape_horizon,
    preconditioner,
    policy_scatter,
    coefficients,
    verdict,
    global_value,
    plan_overview,
    claims_overview,
)
BELIEFS = _named(
    belief_tracking,
    moving_task,
    momentum_from_noise,
    momentum_maps,
    kernels,
    kalman_bias_correction,
    adam_from_beliefs,
    gaussian_weights,
    resetting,
    dual_effect,
    two_task_chain,
    noise_sweep,
)
CAUSAL = _named(
    orthogonal_momentum,
    terminal_not_identifiable,
    noise_makes_momentum,
    optimal_schedule,
    lqg_from_policies,
    adam_exponent,
    worst_case_steps,
    emergence_atlas,
)
FIGURES = MappingProxyType({**PLANNING, **BELIEFS, **CAUSAL})

__all__ = ["BELIEFS", "CAUSAL", "FIGURES", "PLANNING", *FIGURES]
