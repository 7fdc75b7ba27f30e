"""The rules by name."""

from ..arguments import NonNegative, checked
from ..errors import check_choice
from .causal import CausalRule
from .causal_library import causal
from .gradient import decayed_gradient_descent, drift_compensated_gradient_descent, gradient_descent
from .linear_quadratic import linear_quadratic
from .proximal import proximal
from .rule import Rule
from .spectral import ballistic, held_newton, natural_gradient, newton

DEFAULT_HOLD = 1.0  # one unit of the problem's time, for the held-plan rule when none is asked for


@checked
def full_information(*, hold: NonNegative = DEFAULT_HOLD) -> tuple[Rule, ...]:
    """Every closed-form rule of a learner that knows the landscape; ``hold`` is Δt of the held-plan
    Newton rule.
    """
    return (
        gradient_descent(),
        natural_gradient(),
        newton(),
        held_newton(hold=hold),
        ballistic(),
        linear_quadratic(),
        decayed_gradient_descent(),
        drift_compensated_gradient_descent(),
        proximal(),
    )


@checked
def all_rules(*, hold: NonNegative = DEFAULT_HOLD) -> tuple[Rule | CausalRule, ...]:
    """The whole library: :func:`full_information`, then :func:`landscape_control.rules.causal`."""
    return *full_information(hold=hold), *causal()


@checked
def by_name(name: str, *, hold: NonNegative = DEFAULT_HOLD) -> Rule | CausalRule:
    """The rule with that key, e.g. "gradient_descent" or "heavy ball"; near matches on a
    misspelling.
    """
    rules = {rule.key: rule for rule in all_rules(hold=hold)}
    key = (
        name.strip().lower().replace(" ", "_").replace("-", "_") if isinstance(name, str) else name
    )
    return rules[check_choice("rule", key, rules)]
