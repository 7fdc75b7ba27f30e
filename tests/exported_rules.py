"""Every family with the middle of its coefficients' ranges, for tests of what is exported."""

import numpy as np

from landscape_control import policies
from landscape_control.policies import Policy
from landscape_control.rules.catalogue import causal
from landscape_control.rules.families import DecayInside

HORIZON = 20
_SETTINGS = {
    "first-order-span": {"memory": 4, "constant": False},
    "sign-descent": {"smoothing": 0.1},
    "signum": {"smoothing": 0.1},
    "lion": {"smoothing": 0.1},
    "neural-policy": {"hidden": 2, "gradient_scale": 1.0},
    "gated-policy": {"hidden": 2, "gradient_scale": 1.0, "sees_clock": True},
}
_ADAM = policies.by_name("adam")


def families() -> dict:
    """{name: family}: all that can be optimised or recognised, and some around others."""
    found = dict(policies.ALL)
    found |= {name: policies.by_name(name, **given) for name, given in _SETTINGS.items()}
    found |= {f"recognised {rule.key}": rule.family for rule in causal()}
    return found | {
        "decay inside": DecayInside(),
        "discounted": policies.DiscountedBayes(discount=0.3, start_shape=0.5),
        "adam with a cosine": policies.Scheduled(family=_ADAM, shape=policies.Cosine(final=None)),
        "decay around a schedule": policies.WeightDecay(
            family=policies.Scheduled(
                family=policies.HeavyBall(constant=True), shape=policies.Polynomial()
            )
        ),
        "fixed": policies.Fixed(family=_ADAM, values={"beta1": 0.5}),
        "adam without exponent": policies.AdamFamily(exponent=0.0, epsilon=None),
        "fourth root": policies.AdamFamily(exponent=0.25, epsilon=1e-8),
        "fourth root, ε outside": policies.AdamFamily(
            exponent=0.25, epsilon=1e-4, epsilon_outside=True
        ),
    }


def middle_of(family, horizon: int = HORIZON) -> Policy:
    """The policy in the middle of all ranges; coefficients per step differ from step to step."""
    values = {}
    for each in family.coefficients:
        shape = each.shape_over(horizon)
        shares = np.linspace(0.4, 0.6, int(np.prod(shape))).reshape(shape)
        values[each.name] = each.draw(shares if shape else np.array(0.5))
    return Policy(family=family, coefficients=values, horizon=horizon)


POLICIES = {name: middle_of(family) for name, family in families().items()}


def walked(policy: Policy, start: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """(T+1, n) the weights that the NumPy pair takes from a start on gradients (T, n)."""
    state, theta = policy.init(1, len(start)), start[None]
    path = [start]
    for gradient in gradients:
        move, state = policy.update(state, gradient[None], theta)
        theta = theta + move
        path.append(theta[0])
    return np.array(path)
