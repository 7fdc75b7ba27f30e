"""The escape horizon of the double well: how far ahead a learner must plan before crossing the
barrier pays.

Problem
    minimise  J = ∫₀ᵀ e^{-γt} [ |θ̇|²/2η + k L(θ) ] dt,   L = (θ₁² - 1)² + θ₂² - θ₁/2,   η = k = 1,
    θ(0) = (-0.6, 0.55) in the basin of the higher minimum, θ(T) free;  all (γ, T).
What counts as crossing
    A plan crosses if it ends beyond the saddle. For every γ two plans are followed down from T = ∞,
    each started from its own continuation at a longer horizon: one that rests at the lower minimum,
    one that stays. Below a fold (T ≈ 1.3 for small γ, later for larger, all T for γ > 0.855) no
    stationary plan ends beyond the saddle and both collapse on one, which stays and, for short T,
    barely moves: crossing is not an option there and the map is left blank.
Formulas
    Escape horizon T*(γ): J_cross = J_stay. For long horizons both plans rest long before T and
    e^{-γT*} = γ (J_cross - J_stay at T = ∞) / k(L_low - L_well), which gives T* → ∞ at a largest
    discount γ*. γ*: with T = ∞ the Hamilton-Jacobi-Bellman equation reads γV = kL - |θ̇|²/2η, so
    both plans cost the same when they set out equally fast; the speeds follow from the stable
    manifolds of the two minima, θ̈₁ = γθ̇₁ + ηk ∂L/∂θ₁.
Claim
    Crossing pays exactly for γ < γ* and T > T*(γ), and T* grows with γ.
Source
    VGR25 (arXiv 2510.26997) Fig. 1 for the landscape; the boundary, its asymptote and γ* are
    derived here.
Relation and tolerance
    γ* within 1e-7 of the stable-manifold value; asymptote within 1e-6 relative at γ = 0.99γ*; T*
    increasing; no cell of the map on the wrong side; at (0.3, T*) three extremals in all, by
    shooting over θ̇₁(0), the two cheapest equal within 1e-7 of each other and of the solver (plans
    solved to 1e-8).
"""

import math
from functools import partial

import numpy as np
from scipy.integrate import cumulative_simpson, solve_ivp
from scipy.optimize import brentq

import landscape_control as lc

from ..claims import Check, Claim, Evidence
from ..reference import LinearQuadratic

START = np.array([-0.6, 0.55])
WELL, SADDLE, LOW = np.sort(np.roots([4, 0, -4, -0.5]).real)
DISCOUNTS, HORIZONS = np.geomspace(0.05, 1.05, 20), np.geomspace(1.0, 10.0, 20)
PROBE = 0.3  # the discount at which every extremal is listed


def problem() -> lc.ControlProblem:
    """The double well with a free end, at a horizon and discount where crossing pays."""
    objective = lc.Objective(horizon=4.0, discount=0.1)
    return lc.ControlProblem(landscape=lc.double_well(), objective=objective, start=START)


class Plans:
    """The plan that crosses and the plan that stays, at any (γ, T), without rebuilding."""

    def __init__(self):
        posed = problem()
        self.landscape, self.endless = (
            posed.landscape,
            lc.Solver(posed.changed(horizon=math.inf), tolerance=1e-8),
        )
        self.finite, self.crossing = lc.Solver(posed, tolerance=1e-8), None

    def settled(self, discount: float):
        """Both at T = ∞, the last crossing plan being one of the guesses; None where no plan
        crosses even then.
        """
        solution = self.endless.solve(discount=discount, guess=self.crossing, starts=2)
        found = {
            plan.parameters[-1, 0] > SADDLE: plan for plan in solution.plans if plan.tail.reliable
        }
        self.crossing = found.get(True, self.crossing)
        return [found[True], found[False]] if len(found) == 2 else None

    def cut(self, discount: float, horizon: float, longer):
        """Both at T, from plans of the same discount with a longer horizon."""
        guesses = [plan.at(np.linspace(0, horizon, 101))[0] for plan in longer]
        return [
            self.finite.solve(discount=discount, horizon=horizon, guess=guess) for guess in guesses
        ]

    def escape_horizon(self, discount: float) -> float:
        """T*: the root of J_cross - J_stay; both exist from T = 1.8 on as long as γ < γ*."""
        longer = self.settled(discount)

        def difference(horizon):
            cross, stay = self.cut(discount, horizon, longer)
            return cross.cost - stay.cost

        return brentq(difference, 1.8, 20, xtol=1e-8)


def evaluate() -> Evidence:
    """Boundary by root finding, map by continuation, largest discount and one boundary point by
    other means.
    """
    plans = Plans()
    largest = brentq(lambda discount: surplus(plans.settled(discount)), 0.6, 0.7, xtol=1e-9)
    advantage = np.array([column(plans, discount) for discount in DISCOUNTS]).T
    discounts = np.union1d(
        DISCOUNTS[largest > DISCOUNTS], largest * np.array([0.7, 0.87, 0.97, 0.99])
    )
    boundary = np.array([plans.escape_horizon(discount) for discount in discounts])
    expected = np.where(largest > DISCOUNTS, np.interp(DISCOUNTS, discounts, boundary), np.inf)
    drop = np.diff(plans.landscape.loss([[WELL, 0], [LOW, 0]]))[0]
    late = -np.log(discounts[-1] * surplus(plans.settled(discounts[-1])) / drop) / discounts[-1]
    probe = plans.escape_horizon(PROBE)
    extremals, solved = shooting_costs(PROBE, probe), plans.cut(PROBE, probe, plans.settled(PROBE))
    return Evidence(
        checks=checks_of(largest, advantage, boundary, expected, late, extremals, solved),
        data=picture(plans, advantage, discounts, boundary),
        reference="same code, other data",
        bound="before",
    )


def checks_of(largest, advantage, boundary, expected, late, extremals, solved) -> tuple[Check, ...]:
    """The boundary T*(γ) against manifolds, costs at T = ∞ and shooting."""
    equal = partial(Check, relation="equal")
    return (
        equal(
            quantity="largest discount γ* at which crossing ever pays",
            theory=manifold_discount(),
            computed=largest,
            tolerance=1e-7,
            reference="independent code",
        ),
        Check(
            quantity="smallest step of T* between neighbouring discounts",
            theory=0,
            computed=np.diff(boundary).min(),
            relation="at least",
            tolerance=0,
            reference="closed form",
        ),
        equal(
            quantity="cells of the map on the wrong side of T*(γ)",
            theory=0,
            tolerance=0,
            computed=np.sum(
                (np.nan_to_num(advantage, nan=-1) > 0) != (HORIZONS[:, None] > expected)
            ),
            kind="label",
        ),
        equal(
            quantity="T* at 0.99 γ*, against the costs at T = ∞",
            theory=late,
            computed=boundary[-1],
            tolerance=1e-6,
            measure="relative",
        ),
        equal(
            quantity="number of extremals at (0.3, T*)",
            theory=3,
            computed=len(extremals),
            tolerance=0,
            reference="closed form",
            kind="label",
        ),
        equal(
            quantity="difference of the two cheapest extremals at (0.3, T*)",
            theory=0,
            tolerance=1e-7,
            computed=np.diff(extremals)[0],
            reference="independent code",
        ),
        equal(
            quantity="J at (0.3, T*)",
            theory=extremals[0],
            computed=solved[0].cost,
            tolerance=1e-7,
            reference="independent code",
        ),
    )


def surplus(pair) -> float:
    """J_cross - J_stay."""
    return pair[0].cost - pair[1].cost


def column(plans, discount: float) -> np.ndarray:
    """J_stay - J_cross at every horizon, NaN where no plan crosses."""
    found, pair = np.full(len(HORIZONS), np.nan), plans.settled(discount)
    for i in range(len(HORIZONS) - 1 if pair else -1, -1, -1):
        pair = plans.cut(discount, HORIZONS[i], pair)
        if pair[0].parameters[-1, 0] < SADDLE:
            break
        found[i] = -surplus(pair)
    return found


def slope(x):
    """∂L/∂θ₁."""
    return 4 * x * (x**2 - 1) - 0.5


def manifold_discount() -> float:
    """γ at which the stable manifolds of both minima leave θ₁ = -0.6 at the same speed."""

    def speed(discount, minimum):
        rate = np.sqrt(discount**2 / 4 + 12 * minimum**2 - 4) - discount / 2
        offset = 1e-7 * np.sign(START[0] - minimum)
        event = partial(lambda t, z, here: z[0] - here, here=START[0])
        event.terminal = True
        back = solve_ivp(
            lambda t, z: [-z[1], -discount * z[1] - slope(z[0])],
            (0, 50),
            [minimum + offset, -rate * offset],
            method="DOP853",
            rtol=1e-11,
            atol=1e-14,
            events=event,
        )
        return abs(back.y_events[0][0, 1])

    return brentq(
        lambda discount: speed(discount, LOW) - speed(discount, WELL), 0.6, 0.7, xtol=1e-11
    )


def shooting_costs(discount: float, horizon: float) -> np.ndarray:
    """J of every extremal with θ̇(T) = 0, ascending: roots over θ̇₁(0), the θ₂ part from the
    Riccati equation.
    """

    def slopes(t, z):
        running = np.exp(-discount * t) * (z[1] ** 2 / 2 + (z[0] ** 2 - 1) ** 2 - z[0] / 2)
        return [z[1], discount * z[1] + slope(z[0]), running]

    def escaped(t, z):
        return abs(z[0]) - 3

    escaped.terminal = True

    def shoot(speed):
        path = solve_ivp(
            slopes,
            (0, horizon),
            [START[0], speed, 0],
            method="DOP853",
            rtol=1e-10,
            atol=1e-12,
            events=escaped,
        )
        return path.y[:, -1] if path.status == 0 else 1e3 * np.sign(path.y[:, -1])

    speeds = np.linspace(-1.2, 2.4, 61)
    ends = np.array([shoot(speed)[1] for speed in speeds])
    changes = np.flatnonzero(np.diff(np.sign(ends)))
    roots = [
        brentq(lambda speed: shoot(speed)[1], speeds[i], speeds[i + 1], xtol=1e-13) for i in changes
    ]
    second = (
        LinearQuadratic(hessian=[[2.0]], minimum=[0.0], discount=discount)
        .finite(horizon)
        .value(horizon, START[1:])
    )
    return np.sort([shoot(root)[2] for root in roots if abs(shoot(root)[1]) < 0.1]) + second


def picture(plans, advantage, discounts, boundary) -> dict:
    """Data of the figure escape_horizon."""
    axis_1, axis_2 = np.linspace(-1.4, 1.5, 117), np.linspace(-0.6, 0.9, 61)
    nodes = np.stack(np.meshgrid(axis_1, axis_2), axis=-1)
    times = np.linspace(0, 4.0, 201)
    cross, stay = (
        spending(plans.landscape, plan, times, 0.1)
        for plan in plans.cut(0.1, times[-1], plans.settled(0.1))
    )
    return {
        "discounts": DISCOUNTS,
        "horizons": HORIZONS,
        "advantage": advantage,
        "boundary_discounts": discounts,
        "boundary_horizons": boundary,
        "axis_1": axis_1,
        "axis_2": axis_2,
        "loss": plans.landscape.loss(nodes.reshape(-1, 2)).reshape(nodes.shape[:2]),
        "minima": np.array([[LOW, 0], [WELL, 0]]),
        "saddles": np.array([[SADDLE, 0]]),
        "example_discount": 0.1,
        "example_horizon": times[-1],
        "staying_path": stay[0],
        "staying_times": times,
        "staying_spent": stay[1],
        "crossing_path": cross[0],
        "crossing_times": times,
        "crossing_spent": cross[1],
    }


def spending(landscape, plan, times, discount: float):
    """(θ, cost so far) at ``times``."""
    theta, velocity, _ = plan.at(times)
    running = np.exp(-discount * times) * ((velocity**2).sum(1) / 2 + landscape.loss(theta))
    return theta, cumulative_simpson(running, x=times, initial=0)


CLAIM = Claim(
    name="escape-horizon",
    theme="barriers",
    title="Beyond which (γ, T) crossing the barrier of the double well pays",
    statement=(
        "From (-0.6, 0.55) crossing pays exactly for γ < γ* and T > T*(γ); T* grows with γ and"
        " diverges at γ*, where the stable manifolds of both minima leave the start equally fast."
    ),
    source=(
        "Landscape of VGR25 (arXiv 2510.26997) Fig. 1; Hamilton-Jacobi-Bellman equation at T = ∞;"
        " shooting over θ̇₁(0)"
    ),
    relations=("equal", "at least"),
    evaluate=evaluate,
    picture="escape_horizon",
)
