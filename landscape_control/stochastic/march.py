"""The stochastic HJB equation over a finite horizon, implicit in time."""

from collections.abc import Callable

import numpy as np

from .linear import Resolvent
from .scheme import Motion, Scheme

_LINEAR = 1e-10  # relative residual of the linear solves


def march(
    scheme: Scheme, steps: int, given: Callable | None = None
) -> tuple[np.ndarray, np.ndarray, list[Motion]]:
    """(times-to-go (steps+1,), values (steps+1, N), policies) of V_s = -γV + min_u[…], V(s = 0) =
    Φ.

    Backward differences of second order (BDF2; the first step by implicit Euler, whose local error
    is of second order too). The policy of a step is read off V extrapolated from the two steps
    before, so that one linear solve per step suffices; the value feels the square of the policy's
    error only. ``given``, a function of the time-to-go, returns the motion of a policy to evaluate
    instead of the optimal one.
    """
    system, fields = scheme.system, scheme.fields
    to_go = np.linspace(0, system.horizon, steps + 1)
    step, resolvent = to_go[1], Resolvent(scheme, _LINEAR)
    values, policies = [fields.terminal], [given(0.0) if given else scheme.policy(fields.terminal)]
    for k in range(steps):
        if k == 0:
            ahead, lead, memory = values[0], 1.0, values[0]
        else:
            ahead, lead = 2 * values[-1] - values[-2], 1.5
            memory = 2 * values[-1] - values[-2] / 2
        motion = given(to_go[k + 1]) if given else scheme.policy(ahead)
        right = memory / step + fields.loss + motion.effort
        values.append(resolvent.solve(lead / step + system.discount, motion, right, ahead))
        policies.append(motion if given else scheme.policy(values[-1]))
    return to_go, np.array(values), policies
