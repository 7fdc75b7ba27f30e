"""Families of non-linear losses in one and two parameters, with everything else that makes each a
kind of problem.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, eq=False)
class Shape:
    """One drawn loss: ``loss(x, xp)`` with x the components and xp numpy or casadi; likewise the
    optional others.
    """

    loss: Callable
    box: tuple
    start: tuple
    terminal: Callable | None = None
    metric: Callable | None = None  # scalar of x (one parameter only)
    actuation: Callable | None = None  # scalar of x (one parameter only)
    drift: Callable | None = None  # list of components
    end: tuple | None = None
    unbounded: bool = False
    longest: float = 100.0
    numbers: dict | None = None


def double_well(rng):
    """(x² - 1)² - tilt·x."""
    tilt = rng.uniform(-1, 1)
    return Shape(
        loss=lambda x, xp: (x[0] ** 2 - 1) ** 2 - tilt * x[0],
        box=((-2.2, 2.2),),
        start=(rng.choice([0.0, 1.0, -1.0, rng.uniform(-2, 2)]),),
        numbers={"tilt": tilt},
    )


def quartic(rng):
    """a x⁴ + b x² + c x."""
    a, b, c = (
        rng.uniform(0.05, 1),
        rng.choice([0.0, rng.uniform(-1, 1)]),
        rng.choice([0.0, rng.uniform(-1, 1)]),
    )
    return Shape(
        loss=lambda x, xp: a * x[0] ** 4 + b * x[0] ** 2 + c * x[0],
        box=((-5, 5),),
        start=(rng.choice([0.0, rng.uniform(-3, 3)]),),
        numbers={"a": a, "b": b, "c": c},
    )


def plateau(rng):
    """tanh²(x/s)."""
    s = rng.choice([0.5, 1.0, 2.0])
    return Shape(
        loss=lambda x, xp: xp.tanh(x[0] / s) ** 2,
        box=((-8, 25),),
        start=(rng.choice([0.3, 3.0, 8.0, 20.0]),),
        numbers={"s": s},
    )


def far_well(rng):
    """A shallow saturating bowl and a deep narrow well away from it."""
    depth, centre, width = rng.uniform(1, 100), rng.uniform(3, 20), rng.uniform(0.7, 3)
    return Shape(
        loss=lambda x, xp: (
            0.01 * x[0] ** 2 / (1 + x[0] ** 2)
            + depth * (1 - xp.exp(-((x[0] - centre) ** 2) / (2 * width**2)))
        ),
        box=((-3, centre + 4 * width),),
        start=(rng.choice([0.0, 0.5]),),
        numbers={"depth": depth, "centre": centre, "width": width},
    )


def ripples(rng):
    """Wells of a sine on a bowl."""
    height, pitch, bowl = rng.uniform(0.3, 2), rng.uniform(1.5, 4), rng.uniform(0.02, 0.2)
    return Shape(
        loss=lambda x, xp: height * xp.sin(pitch * x[0]) + bowl * x[0] ** 2,
        box=((-7, 7),),
        start=(rng.uniform(-5, 5),),
        numbers={"height": height, "pitch": pitch, "bowl": bowl},
    )


def soft(rng):
    """√(1 + x²), or log(1 + eˣ) + a bowl: bounded slopes."""
    root, bowl = rng.random() < 0.5, rng.uniform(0.01, 0.3)
    return Shape(
        loss=lambda x, xp: (
            xp.sqrt(1 + x[0] ** 2) if root else xp.log(1 + xp.exp(x[0])) + bowl * x[0] ** 2
        ),
        box=((-12, 12),),
        start=(rng.uniform(-8, 8),),
        numbers={"root": root, "bowl": bowl},
    )


def terminal_wells(rng):
    """A plain bowl with a double well paid at the end."""
    h, tilt, centre = rng.uniform(0.05, 1), rng.uniform(-1.5, 1.5), rng.choice([0.0, -1.0, 1.0])
    return Shape(
        loss=lambda x, xp: h * (x[0] - centre) ** 2 / 2,
        terminal=lambda x, xp: (x[0] ** 2 - 1) ** 2 - tilt * x[0],
        box=((-2.5, 2.5),),
        start=(rng.choice([0.0, -1.0, 1.0, rng.uniform(-2, 2)]),),
        longest=10.0,
        numbers={"h": h, "tilt": tilt, "centre": centre},
    )


def scale_geometry(rng):
    """½(x-c)² for a positive x with the geometry of a scale."""
    kind = int(rng.integers(0, 4))
    centre = rng.choice([0.3, 1.0, 2.0])
    extras = [
        {"metric": lambda x, xp: 1 / x[0] ** 2},
        {"metric": lambda x, xp: 1 / x[0]},
        {"actuation": lambda x, xp: x[0]},
        {"metric": lambda x, xp: 1 + x[0] ** 2, "drift": lambda x, xp: [-0.3 * x[0]]},
    ][kind]
    return Shape(
        loss=lambda x, xp: (x[0] - centre) ** 2 / 2,
        box=((0.02, 6),),
        start=(rng.uniform(0.2, 4),),
        longest=15.0,
        numbers={
            "centre": centre,
            "geometry": ("G = 1/x²", "G = 1/x", "B = x", "G = 1 + x², f = -0.3x")[kind],
        },
        **extras,
    )


def falling(rng):
    """x³ or -x⁴: no plan is best."""
    power = int(rng.choice([3, 4]))
    sign = 1.0 if power == 3 else -1.0
    return Shape(
        loss=lambda x, xp: sign * x[0] ** power,
        box=((-3, 3),),
        start=(rng.uniform(0.3, 1.5),),
        unbounded=True,
        longest=10.0,
        numbers={"power": power},
    )


def tilted_wells(rng):
    """(x² - 1)² + y² - tilt·x, the first figure's."""
    tilt = rng.uniform(-0.8, 0.8)
    return Shape(
        loss=lambda x, xp: (x[0] ** 2 - 1) ** 2 + x[1] ** 2 - tilt * x[0],
        box=((-2, 2), (-1, 1)),
        start=(
            rng.choice([-1.0, 1.0, rng.uniform(-1.5, 1.5)]),
            rng.choice([0.0, rng.uniform(-0.8, 0.8)]),
        ),
        longest=400.0,
        numbers={"tilt": tilt},
    )


def rosenbrock(rng):
    """(1-x)² + s(y - x²)²."""
    s = rng.choice([1.0, 10.0, 100.0])
    return Shape(
        loss=lambda x, xp: (1 - x[0]) ** 2 + s * (x[1] - x[0] ** 2) ** 2,
        box=((-2, 2), (-1, 3)),
        start=(rng.uniform(-1.5, 1.5), rng.uniform(-0.5, 2)),
        longest=30.0,
        numbers={"s": s},
    )


def mueller_brown(rng):
    """The Müller-Brown surface over 100."""
    heights, a = (-200.0, -100.0, -170.0, 15.0), (-1.0, -1.0, -6.5, 0.7)
    b, c = (0.0, 0.0, 11.0, 0.6), (-10.0, -10.0, -6.5, 0.7)
    x0, y0 = (1.0, 0.0, -0.5, -1.0), (0.0, 0.5, 1.5, 1.0)

    def loss(x, xp):
        total = 0.0
        for i in range(4):
            u, v = x[0] - x0[i], x[1] - y0[i]
            total = total + heights[i] / 100 * xp.exp(a[i] * u**2 + b[i] * u * v + c[i] * v**2)
        return total

    starts = [
        (0.623, 0.028),
        (-0.05, 0.467),
        (-0.558, 1.442),
        (rng.uniform(-1, 1), rng.uniform(0, 1.5)),
    ]
    return Shape(
        loss=loss,
        box=((-1.6, 1.2), (-0.3, 2)),
        start=starts[rng.integers(4)],
        longest=100.0,
        numbers={},
    )


def deep_linear(rng):
    """½(w₁w₂ - 1)²: a saddle and two curves of minima."""
    start = [(0.0, 0.0), (0.1, -0.1), (rng.uniform(-1.5, 1.5), rng.uniform(-1.5, 1.5))][
        rng.integers(3)
    ]
    return Shape(
        loss=lambda x, xp: (x[0] * x[1] - 1) ** 2 / 2,
        box=((-2.5, 2.5),) * 2,
        start=start,
        longest=30.0,
        numbers={},
    )


def ring(rng):
    """(|θ|² - 1)² - hθ₁: a valley that closes on itself."""
    tilt = rng.choice([0.0, rng.uniform(0, 0.5)])
    start = [(0.0, 0.0), (-1.0, 0.0), (rng.uniform(-1.5, 1.5), rng.uniform(-1.5, 1.5))][
        rng.integers(3)
    ]
    return Shape(
        loss=lambda x, xp: (x[0] ** 2 + x[1] ** 2 - 1) ** 2 - tilt * x[0],
        box=((-1.8, 1.8),) * 2,
        start=start,
        longest=30.0,
        numbers={"tilt": tilt},
    )


def wells(rng):
    """Gaussian wells on a bowl in the plane."""
    count = int(rng.integers(2, 5))
    centres, depths, widths = (
        rng.uniform(-2.5, 2.5, (count, 2)),
        rng.uniform(0.5, 3, count),
        rng.uniform(0.4, 1, count),
    )

    def loss(x, xp):
        total = 0.05 * (x[0] ** 2 + x[1] ** 2)
        for centre, depth, width in zip(
            centres.tolist(), depths.tolist(), widths.tolist(), strict=True
        ):
            total = total - depth * xp.exp(
                -((x[0] - centre[0]) ** 2 + (x[1] - centre[1]) ** 2) / (2 * width**2)
            )
        return total

    return Shape(
        loss=loss,
        box=((-3.2, 3.2),) * 2,
        start=tuple(rng.uniform(-2.5, 2.5, 2)),
        numbers={"centres": centres.tolist(), "depths": depths.tolist(), "widths": widths.tolist()},
    )


def hill_between(rng):
    """A hill exactly between start and a fixed end: it is passed on either side."""
    height, width = rng.uniform(1, 10), rng.uniform(0.3, 0.8)
    return Shape(
        loss=lambda x, xp: height * xp.exp(-(x[0] ** 2 + x[1] ** 2) / (2 * width**2)),
        box=((-2, 2),) * 2,
        start=(-1.0, 0.0),
        end=(1.0, 0.0),
        longest=8.0,
        numbers={"height": height, "width": width},
    )


def curl(rng):
    """Maier and Stein's drift towards a well, a flat loss, a fixed end at the saddle."""
    strength = rng.uniform(1, 10)
    return Shape(
        loss=lambda x, xp: 0.1 * (x[0] ** 2 + x[1] ** 2),
        drift=lambda x, xp: [
            x[0] - x[0] ** 3 - strength * x[0] * x[1] ** 2,
            -(1 + x[0] ** 2) * x[1],
        ],
        box=((-1.6, 1.6), (-1, 1)),
        start=(-1.0, 0.0),
        end=(0.0, 0.0),
        longest=12.0,
        numbers={"strength": strength},
    )


FAMILIES = (
    double_well,
    quartic,
    plateau,
    far_well,
    ripples,
    soft,
    terminal_wells,
    scale_geometry,
    falling,
    tilted_wells,
    rosenbrock,
    mueller_brown,
    deep_linear,
    ring,
    wells,
    hill_between,
    curl,
)
