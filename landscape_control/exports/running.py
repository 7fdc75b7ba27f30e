"""What every exported optimizer asks of a policy: its coefficients and its clock at a step."""

from ..rules.families import Policy
from ..support.errors import ProblemError


def check_not_ended(policy: Policy, count: int) -> None:
    """Refuse the step after ``count`` ones where the rule ended before it."""
    if policy.varies and count >= policy.horizon:
        raise ended(policy)


def ended(policy: Policy) -> ProblemError:
    """The refusal of a step after the last."""
    return ProblemError(
        "step",
        expected=f"at most the {policy.horizon} steps that {policy.family.name} was planned for",
        received=f"step {policy.horizon + 1}",
        advice=(
            "plan for a longer horizon, or say export(..., hold='last') to go on as in the last"
            " step"
        ),
    )


def clock_step(policy: Policy, count: int) -> int:
    """Where the rule's clock stands after ``count`` steps; it stops before the end of the horizon.

    That of a rule that never ends runs on: a bias correction counts with it.
    """
    return min(count, policy.horizon - 1) if policy.varies else count
