"""Further families: losses with walls, infinite curvature, starts at rest; and small networks."""

import numpy as np
from trust_families import Shape

# --- losses that are not defined everywhere, or not smooth where they are least


def power(rng):
    """x^p with 1 < p < 2: infinite curvature at the minimum."""
    p = rng.choice([1.25, 1.5, 1.75])
    return Shape(
        loss=lambda x, xp: x[0] ** p,
        box=((1e-6, 3),),
        start=(rng.uniform(0.3, 2),),
        longest=3.0,
        numbers={"p": p},
    )


def reciprocal(rng):
    """1/x² + a x²: a wall at zero."""
    a = rng.uniform(0.2, 2)
    return Shape(
        loss=lambda x, xp: 1 / x[0] ** 2 + a * x[0] ** 2,
        box=((0.2, 4),),
        start=(rng.uniform(0.25, 3),),
        longest=10.0,
        numbers={"a": a},
    )


def barrier(rng):
    """-log x + a x: a logarithmic wall."""
    a = rng.uniform(0.3, 3)
    return Shape(
        loss=lambda x, xp: a * x[0] - xp.log(x[0]),
        box=((0.02, 5),),
        start=(rng.uniform(0.05, 4),),
        longest=10.0,
        numbers={"a": a},
    )


def terminal_power(rng):
    """½(x-1)² with x^1.5 paid at the end."""
    return Shape(
        loss=lambda x, xp: (x[0] - 1) ** 2 / 2,
        terminal=lambda x, xp: x[0] ** 1.5,
        box=((1e-3, 3),),
        start=(rng.uniform(0.3, 2),),
        longest=5.0,
        numbers={},
    )


def rounded_cone(rng):
    """√(|θ - c|² + ε²): nearly a kink at the minimum, where half of the starts are."""
    width, centre = rng.choice([1e-3, 1e-2, 0.1]), rng.uniform(-1, 1, 2)
    start = centre if rng.random() < 0.5 else rng.uniform(-2, 2, 2)
    return Shape(
        loss=lambda x, xp: xp.sqrt(
            (x[0] - float(centre[0])) ** 2 + (x[1] - float(centre[1])) ** 2 + width**2
        ),
        box=((-2.5, 2.5),) * 2,
        start=tuple(start),
        longest=8.0,
        numbers={"width": width, "centre": centre.tolist()},
    )


def at_rest(rng):
    """Exactly at a minimum, a saddle or a flat minimum, with nothing to gain or everything."""
    kind = int(rng.integers(0, 4))
    losses = (
        lambda x, xp: (x[0] ** 2 - 1) ** 2,
        lambda x, xp: x[0] ** 4,
        lambda x, xp: (x[0] ** 2 - 1) ** 2 - 0.3 * x[0],
        lambda x, xp: 1 - xp.exp(-(x[0] ** 2)),
    )
    starts = ((1.0, 0.0), (0.0,), (0.0,), (0.0,))
    return Shape(
        loss=losses[kind],
        box=((-2.5, 2.5),),
        start=(float(rng.choice(starts[kind])),),
        longest=40.0,
        numbers={"kind": kind},
    )


# --- networks


def chain(rng):
    """½(w₁w₂…w_d - 1)²: a deep linear network of width one, often from its saddle."""
    depth = int(rng.integers(3, 5))
    start = np.zeros(depth) if rng.random() < 0.4 else 0.5 * rng.standard_normal(depth)

    def loss(x, xp):
        product = 1.0
        for factor in x:
            product = product * factor
        return (product - 1) ** 2 / 2

    return Shape(
        loss=loss,
        box=((-2, 2),) * depth,
        start=tuple(start),
        longest=20.0,
        numbers={"depth": depth},
    )


def exclusive_or(rng):
    """A tanh network with two hidden units on the four points of XOR: 9 parameters."""
    start = np.zeros(9) if rng.random() < 0.4 else 0.5 * rng.standard_normal(9)
    points = ((-1, -1, -1), (-1, 1, 1), (1, -1, 1), (1, 1, -1))

    def loss(x, xp):
        total = 0.0
        for a, b, target in points:
            first, second = xp.tanh(x[0] * a + x[1] * b + x[2]), xp.tanh(x[3] * a + x[4] * b + x[5])
            total = total + (x[6] * first + x[7] * second + x[8] - target) ** 2 / 8
        return total

    return Shape(loss=loss, box=((-2, 2),) * 9, start=tuple(start), longest=20.0, numbers={})


def factors(rng):
    """½|uvᵀ - M|² for a 2 x 2 matrix of rank one: two vectors with a scale between them that is
    free.
    """
    target = np.outer(rng.standard_normal(2), rng.standard_normal(2)).tolist()
    start = np.zeros(4) if rng.random() < 0.4 else 0.5 * rng.standard_normal(4)
    return Shape(
        loss=lambda x, xp: (
            sum((x[i] * x[2 + j] - target[i][j]) ** 2 for i in range(2) for j in range(2)) / 2
        ),
        box=((-2, 2),) * 4,
        start=tuple(start),
        longest=20.0,
        numbers={"target": target},
    )


EDGES = (power, reciprocal, barrier, terminal_power, rounded_cone, at_rest)
NETWORKS = (chain, exclusive_or, factors)
