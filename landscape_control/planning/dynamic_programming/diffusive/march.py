"""The stochastic HJB equation over a finite horizon, implicit in time."""

from collections.abc import Callable

import numpy as np

from ....support.pace import Pace
from ..march import implicit
from .linear import Resolvent
from .scheme import Motion, Scheme
from .solved import Solved

_LINEAR = 1e-10  # relative residual of the linear solves


def march(
    scheme: Scheme,
    steps: int,
    given: Callable[[float], Motion] | None = None,
    pace: Pace | None = None,
) -> Solved:
    """V_s = -γV + min_u[…], V(s = 0) = Φ, in ``steps`` equal time steps; see :func:`implicit`.

    The policy of a step is read off V extrapolated from the two steps before, so that one linear
    solve per step suffices. ``given``, a function of the time-to-go, returns the motion of a policy
    to evaluate instead of the optimal one. ``pace`` gives up where it would take too long.
    """
    system, fields, resolvent = scheme.system, scheme.fields, Resolvent(scheme, _LINEAR)
    policies = [given(0.0) if given else scheme.policy(fields.terminal)]

    def solved(s: float, ahead: np.ndarray, lead: float, memory: np.ndarray) -> np.ndarray:
        motion = given(s) if given else scheme.policy(ahead)
        right = memory + fields.loss + motion.effort
        value = resolvent.solve(lead + system.discount, motion, right, ahead)
        policies.append(motion if given else scheme.policy(value))
        if pace is not None:
            pace.step()
        return value

    to_go = np.linspace(0, system.horizon, steps + 1)
    values = implicit(fields.terminal, to_go, solved)
    return Solved(
        scheme=scheme, to_go=to_go, values=values, motions=policies, change=0.0, iterations=steps
    )
