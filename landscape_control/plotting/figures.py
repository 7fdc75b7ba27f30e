"""All whole figures by name. Each takes one flat mapping of arrays and returns a Figure; its docstring lists the keys.

``FIGURES[name].keys`` holds the same list as :class:`~landscape_control.plotting.data.Key` objects.
"""

from types import MappingProxyType

from .figures_drift import metric_drift
from .figures_global import claims_overview, escape_horizon, global_value, plan_overview
from .figures_limits import gradient_descent_limits, natural_gradient, partial_control, proximal_limit
from .figures_paper import anisotropic_bowl, convergence_rates, double_well, quadratic_modes
from .figures_policies import coefficients, policy_scatter, preconditioner, verdict

FIGURES = MappingProxyType({function.__name__: function for function in (
    double_well, quadratic_modes, anisotropic_bowl, convergence_rates, metric_drift, gradient_descent_limits, proximal_limit,
    natural_gradient, partial_control, escape_horizon, preconditioner, policy_scatter, coefficients, verdict, global_value,
    plan_overview, claims_overview)})

__all__ = ["FIGURES", *FIGURES]
