"""What a linear rule makes of one gradient."""

import numpy as np

from ...arguments import checked
from ...arrays import freeze
from ...errors import ProblemError
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
