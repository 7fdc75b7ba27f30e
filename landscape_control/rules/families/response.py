"""A rule's step in other forms: its response to one gradient, a linear system, a regression."""

import numpy as np

from ...support.arguments import checked
from ...support.arrays import freeze
from ...support.errors import ProblemError
from .elementwise import Value
from .family import Clock, Family, State, Values
from .policy import Policy


@checked
def impulse_response(policy: Policy) -> np.ndarray:
    """(T, T) lower triangular: entry (t, s) is Δθ_t after the one gradient y_s = 1, θ held at 0.

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
    state, rest = policy.init(count, 1), np.zeros((count, 1))
    moves = []
    for seen in np.eye(count):  # episode s sees its one gradient at step s
        move, state = policy.advance(state, seen[:, None], rest)
        moves.append(move[:, 0])
    return freeze(moves)


def kernel(family: Family, coefficients: Values, length: int) -> np.ndarray:
    """(B, J): the updates Δθ_0 … Δθ_{J-1} after the one gradient y_0 = 1.

    ``coefficients`` {name: (B,)} are B sets of them. θ starts at 0 and moves with the updates,
    which rules with weight decay read.
    """
    values = {name: np.asarray(value, dtype=float) for name, value in coefficients.items()}
    sets = np.broadcast_shapes(*(value.shape for value in values.values()))
    state = tuple(np.zeros(sets) for _ in range(family.state_size))
    updates, theta = np.empty((length, *sets)), np.zeros(sets)
    for t in range(length):
        gradient = np.full(sets, float(t == 0))
        clock = Clock(step=t, horizon=length)
        updates[t], state = family.step(values, state, gradient, theta, clock)
        theta = theta + updates[t]
    return np.moveaxis(updates, 0, -1)


def linear_rows(family: Family, coefficients: Values, clock: Clock) -> list[list[Value]]:
    """Δθ and the next state of a linear family as rows over (θ, y, state…).

    1 + k rows of 2 + k entries, numbers or symbols as the coefficients are.
    """
    columns = []  # a linear map's columns are what it makes of the unit vectors
    for unit in np.eye(2 + family.state_size):
        theta, gradient, *state = unit
        move, following = family.step(coefficients, tuple(state), gradient, theta, clock)
        columns.append([move, *following])
    return [list(row) for row in zip(*columns, strict=True)]


def edge_share(rows: list[list[Value]], largest: float) -> Value:
    """h_max/h*: the largest curvature over the one at which a rule held as it is would flip.

    ``rows`` are those of :func:`linear_rows` at one step. With A(h) = A₀ + h u e₀ᵀ over (θ, state…)
    the rule leaves stability through an eigenvalue -1 where det(I + A(h)) = 0, at h* = -1/(e₀ᵀ(I +
    A₀)⁻¹u): 2/α for gradient descent, 2(1+β)/α for heavy ball.
    """
    matrix = [[row[0], *row[2:]] for row in rows]
    for i, row in enumerate(matrix):
        row[i] = row[i] + (2.0 if i == 0 else 1.0)  # θ' = θ + Δθ
    right = [row[1] for row in rows]
    for last in range(len(rows) - 1, 0, -1):  # elimination, the states first
        for i in range(last):
            factor = matrix[i][last] / matrix[last][last]
            right[i] = right[i] - factor * right[last]
            for j in range(last):
                matrix[i][j] = matrix[i][j] - factor * matrix[last][j]
    return -largest * right[0] / matrix[0][0]


def readout_row(family: Family, coefficients: Values, clock: Clock) -> list[Value]:
    """What a linear family answers with after a step, as a row over (θ, state…), 1 + k entries."""
    return [
        family.readout(coefficients, tuple(state), theta, clock)
        for theta, *state in np.eye(1 + family.state_size)
    ]


def regressors(
    family: Family, state: State, gradient: np.ndarray, parameters: Value = 0.0
) -> dict[str, np.ndarray]:
    """{coefficient: what it multiplies in Δθ}, given the state.

    For families whose update is linear in the coefficients: of heavy ball they are -y for the
    learning rate and Δθ_{t-1} for momentum.
    """
    clock = Clock(step=0, horizon=1)
    none = dict.fromkeys((each.name for each in family.coefficients), 0.0)

    def update(values: Values) -> np.ndarray:
        return family.step(values, state, gradient, parameters, clock)[0]

    without = update(none)
    return {name: update(none | {name: 1.0}) - without for name in none}
