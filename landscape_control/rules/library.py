"""The rules by name."""

from ..support.arguments import NonNegative, checked
from ..support.errors import ProblemError
from .catalogue import causal, names_of_causal_rules
from .causal import CausalRule
from .gradient import decayed_gradient_descent, drift_compensated_gradient_descent, gradient_descent
from .linear_quadratic import linear_quadratic
from .names import named
from .network_rules import of_networks
from .proximal import proximal
from .rule import Rule
from .spectral import ballistic, held_newton, natural_gradient, newton

DEFAULT_HOLD = 1.0  # one unit of the problem's time, for the held-plan rule when none is asked for


@checked
def full_information(*, hold: NonNegative = DEFAULT_HOLD) -> tuple[Rule, ...]:
    """Every closed-form rule of a learner that knows the landscape.

    ``hold`` is Δt of the held-plan Newton rule.
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
    """The rule with that key or name, e.g. "gradient_descent", "heavy ball" or "Heavy-Ball".

    Upper case does not matter, nor do spaces, underscores and commas in the place of hyphens. A
    name that a closed form and a causal rule share is the closed form's: "gradient descent" is
    u = -α∇L, "sgd" the rule of noisy gradients; "ballistic" is u = -αH^(-1/2)∇L, the optimum
    without discount or deadline, "ballistic optimiser" the paper's public one for networks.

    Raises ProblemError for names that are none, with the near ones, and for words by which two
    rules are known.
    """
    rules = {rule.key: rule for rule in (*all_rules(hold=hold), *of_networks())}
    names = {key: (rule.name,) for key, rule in rules.items()} | names_of_causal_rules()
    keys = named("rule", name, names)
    if len(keys) > 1:
        raise ProblemError(
            "rule",
            expected="words that mean one rule",
            received=repr(name),
            advice=" or ".join(f"{key!r} for {rules[key].formula}" for key in keys),
        )
    return rules[keys[0]]
