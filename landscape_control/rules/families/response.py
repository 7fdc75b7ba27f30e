"""A rule's step as other forms of the same rule: its response to one gradient, the rows of a linear
system, the columns of a regression.
"""

from collections.abc import Mapping

import numpy as np

from ...support.arguments import checked
from ...support.arrays import freeze
from ...support.errors import ProblemError
from .family import Clock, Family
from .policy import Policy


@checked
def impulse_response(policy: Policy) -> np.ndarray:
    """(T, T) lower triangular: entry (t, s) is Δθ_t after the one gradient y_s = 1, with θ held at
    0.

    A linear rule without weight decay is this matrix; its entry (t, t-j) is -lag_j at step t of the
    :class:`FirstOrderSpan` with memory T that does the same.

    Raises
    ------
    ProblemError
        The family is not linear.
    """
    if not policy.family.linear:
        raise ProblemError(
            "impulse_response",
            expected="a linear family",
            received=policy.family.name,
            advice=(
                "the answer of a non-linear rule to a gradient depends on the others: run the"
                " policy"
            ),
        )
    count = policy.horizon
    state, moves, rest = policy.init(count, 1), [], np.zeros((count, 1))
    for seen in np.eye(count):
        move, state = policy.advance(state, seen[:, None], rest)
        moves.append(move[:, 0])
    return freeze(moves)


def kernel(family: Family, coefficients: Mapping[str, object], length: int) -> np.ndarray:
    """(B, J): the updates Δθ_0 … Δθ_{J-1} after the one gradient y_0 = 1, for B sets of
    coefficients {name: (B,)}.

    θ starts at 0 and moves with the updates, which rules with weight decay feel.
    """
    values = {name: np.asarray(value, dtype=float) for name, value in coefficients.items()}
    sets = np.broadcast_shapes(*(value.shape for value in values.values()))
    state = tuple(np.zeros(sets) for _ in range(family.state_size))
    updates, place = np.empty((length, *sets)), np.zeros(sets)
    for t in range(length):
        gradient = np.full(sets, float(t == 0))
        clock = Clock(step=t, horizon=length)
        updates[t], state = family.step(values, state, gradient, place, clock)
        place = place + updates[t]
    return np.moveaxis(updates, 0, -1)


def linear_rows(family: Family, coefficients: Mapping[str, object], clock: Clock) -> list[list]:
    """Δθ and the next state as rows over (θ, y, state…): a linear family's step on unit vectors,
    1 + k rows of 2 + k entries, numbers or symbols as the coefficients are.
    """
    columns = []
    for unit in np.eye(2 + family.state_size):
        theta, gradient, *state = unit
        move, following = family.step(coefficients, tuple(state), gradient, theta, clock)
        columns.append([move, *following])
    return [list(row) for row in zip(*columns, strict=True)]


def regressors(
    family: Family, state: tuple, gradient: np.ndarray, parameters: object = 0.0
) -> dict[str, np.ndarray]:
    """{coefficient: what it multiplies in Δθ} for a family whose update is linear in its
    coefficients, given its state: heavy ball is -y for the learning rate and Δθ_{t-1} for momentum.
    """
    names, clock = [each.name for each in family.coefficients], Clock(step=0, horizon=1)

    def update(values):
        return family.step(values, state, gradient, parameters, clock)[0]

    without = update(dict.fromkeys(names, 0.0))
    return {name: update(dict.fromkeys(names, 0.0) | {name: 1.0}) - without for name in names}
