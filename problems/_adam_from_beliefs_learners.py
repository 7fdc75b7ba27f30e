"""The learners of adam_from_beliefs: bowls with a hidden minimum, each rule with its best
coefficients, and how these are searched.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

import landscape_control as lc

from ..simulation import SGD, Adam, DiscountedBayes, RMSProp, exact_cost, exact_optimum
from ._adam_from_beliefs_table import BEST

CURVATURES = (1.0, 25.0)
OTHERS = (0.5, 4.0, 20.0)  # curvatures of the second instance
DRIVE, STEP = 1.0, 0.05  # DRIVE is ηk
NOISES, DISCOUNTS = np.array([0.3, 1.0, 3.0]), np.array([0.2, 0.8, 3.2])
SPAN = 6.4  # SPAN/γ is simulated: e^-6.4 = 0.002 of the weight is left out, for every rule
SEARCH_EPISODES, SEARCH_SEED = 400, 3
TUNED = {  # what each rule is tuned in; SGD's cost is known exactly
    "belief_adam": ("learning_rate", "beta1", "beta2"),
    "adam": ("learning_rate", "beta1", "beta2"),
    "rmsprop": ("learning_rate", "decay"),
}
RULES = (*TUNED, "sgd")
AVERAGES = ("beta1", "beta2", "decay")  # tabled and moved as 1 - β
INSIDE = {"greatest": (1e-3, 1e-2), "least": (0.8, 0.6)}  # 1 - β, to which one at a bound is moved
AT_BOUND = 1e-3  # a bound that costs no more than this share is where the search is said to end


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One problem: curvatures h, gradient noise σ (of the square root of h), discount γ."""

    noise: float
    discount: float
    curvatures: tuple[float, ...] = CURVATURES

    @property
    def settings(self) -> dict:
        """Step and horizon of every simulation and every exact cost."""
        return {"step": STEP, "horizon": SPAN / self.discount}

    @property
    def curvature_scale(self) -> float:
        """c = Δt/σ²: E[y²] = h²θ² + σ²h/Δt, of which the noise is h/c."""
        return STEP / self.noise**2

    @cached_property
    def problem(self) -> lc.ControlProblem:
        """The bowl with its hidden minimum."""
        landscape = lc.Landscape.from_expression(
            lambda theta, phi: sum(
                h * (theta[i] - phi[i]) ** 2 / 2 for i, h in enumerate(self.curvatures)
            ),
            dimension=len(self.curvatures),
            hidden=lc.GaussianPrior(
                mean=np.zeros(len(self.curvatures)), covariance=np.ones(len(self.curvatures))
            ),
        )
        sees = lc.NoisyGradient(noise=self.noise * np.sqrt(self.curvatures))
        return lc.ControlProblem(
            landscape=landscape,
            learner=lc.Learner(sees=sees),
            start=np.zeros(len(self.curvatures)),
            objective=lc.Objective(horizon=math.inf, discount=self.discount),
        )

    @cached_property
    def optimum(self) -> float:
        """The exact cost of the best rule, which knows the curvatures and the prior."""
        return exact_optimum(self.problem, **self.settings)

    @cached_property
    def sgd(self) -> SGD:
        """Stochastic gradient descent with its best learning rate, by its exact cost."""
        found = lc.simulation.exact_best_coefficients(
            self.problem, SGD(learning_rate=0.1), **self.settings
        )
        if found.at_bounds or not found.converged:
            raise RuntimeError(f"no best learning rate inside its range: {found}")
        return found.learner

    @cached_property
    def sgd_cost(self) -> float:
        """Its exact cost."""
        return exact_cost(self.problem, self.sgd, **self.settings).cost


def cells(places, curvatures: tuple[float, ...]) -> dict[tuple[float, float], Cell]:
    """{(σ, γ): Cell}."""
    return {
        (noise, discount): Cell(noise=noise, discount=discount, curvatures=curvatures)
        for noise, discount in places
    }


CELLS = cells([(noise, discount) for noise in NOISES for discount in DISCOUNTS], CURVATURES)
OTHER_CELLS = cells([(0.3, 0.2), (0.3, 0.8), (0.3, 3.2), (3.0, 0.2), (3.0, 3.2)], OTHERS)
SOFT, STIFF = (2.0, 8.0), (2.0, 60.0)  # long sight, little noise: below and above hΔt/σ² = 10
INSTANCES = {
    "first": CELLS,
    "second": OTHER_CELLS,
    "soft": cells([(0.3, 0.2)], SOFT),
    "stiff": cells([(0.3, 0.2)], STIFF),
}
SEARCHED = {  # the rules that are searched in each
    "first": tuple(TUNED),
    "second": tuple(TUNED),
    "soft": ("belief_adam",),
    "stiff": ("belief_adam",),
}


def untuned(rule: str, cell: Cell):
    """The rule with the coefficients that its paper gives it, or as derived: where a search begins."""
    if rule == "belief_adam":
        return from_beliefs(cell)
    return {"adam": Adam, "rmsprop": RMSProp}[rule](learning_rate=0.1)


def from_beliefs(cell: Cell, **changes) -> DiscountedBayes:
    """Adam from beliefs with its coefficients as derived, α = √(ηk/c), or some changed."""
    given = {
        "learning_rate": math.sqrt(DRIVE / cell.curvature_scale),
        "discount": cell.discount,
        "curvature_scale": cell.curvature_scale,
        "beta1": 0.9,
        "beta2": 0.99,
    }
    return DiscountedBayes(**given | changes)


def tabled(rule: str, cell: Cell) -> dict[str, float]:
    """{coefficient: value} of the table, averages as β."""
    row = BEST[cell.curvatures][cell.noise, cell.discount][rule]
    return {
        name: 1 - value if name in AVERAGES else value
        for name, value in zip(TUNED[rule], row, strict=True)
    }


def learner(rule: str, cell: Cell):
    """The rule with its best coefficients."""
    if rule == "sgd":
        return cell.sgd
    return untuned(rule, cell).with_coefficients(tabled(rule, cell))


def moved(rule: str, cell: Cell, share: float = 0.2) -> list:
    """The rule with every coefficient changed by ± share, averages in 1 - β, one at a time.

    One that stands at its bound is moved inwards instead, to 1 - β of INSIDE: 20 % of 1 - β would
    be nothing there.
    """
    best, at_end = learner(rule, cell), ends(rule, cell)
    changed = []
    for name, value in tabled(rule, cell).items():
        if name in at_end:
            others = [1 - rest for rest in INSIDE[at_end[name]]]
        elif name in AVERAGES:
            others = [1 - (1 - value) * factor for factor in (1 - share, 1 + share)]
        else:
            others = [value * factor for factor in (1 - share, 1 + share)]
        # a longer step in 1 - β may lead out of the range
        changed += [
            best.with_coefficients({name: max(other, 0.0) if name in AVERAGES else other})
            for other in others
        ]
    return changed


def ends(rule: str, cell: Cell) -> dict[str, str]:
    """{average that the search left at a bound: "greatest" or "least"}: no tuned numbers."""
    best = learner(rule, cell)
    found = {}
    for name, value in tabled(rule, cell).items():
        if name in AVERAGES and value >= best.all_bounds[name].most:
            found[name] = "greatest"
        elif name in AVERAGES and value <= best.all_bounds[name].least:
            found[name] = "least"
    return found


def search(rule: str, cell: Cell):
    """The best coefficients of a rule that is no SGD: differential evolution over the whole of the
    ranges from coefficients as in papers, then Nelder and Mead's method from where it ends.
    """
    settings = {
        "free": TUNED[rule],
        "episodes": SEARCH_EPISODES,
        "seed": SEARCH_SEED,
        "held_out_episodes": 1,  # other numbers judge: those of the claim
        **cell.settings,
    }
    found = lc.simulation.best_coefficients(
        cell.problem,
        untuned(rule, cell),
        method="differential evolution",
        most_evaluations=300,
        **settings,
    )
    return lc.simulation.best_coefficients(
        cell.problem,
        found.learner,
        method="nelder-mead",
        starts=1,
        most_evaluations=400,
        tolerance=1e-3,
        **settings,
    )


def snapped(found, cell: Cell):
    """The learner found, its averages at their bounds where these cost next to nothing more."""
    one = found.learner

    def cost(other) -> float:
        return lc.simulate(
            cell.problem,
            other,
            episodes=SEARCH_EPISODES,
            seed=SEARCH_SEED,
            throw=False,
            **cell.settings,
        ).cost

    least = cost(one)
    for name in reversed([name for name in found.coefficients if name in AVERAGES]):
        bound = one.all_bounds[name]
        for end in (bound.most, bound.least):
            other = one.with_coefficients({name: end})
            if cost(other) <= (1 + AT_BOUND) * least:
                one = other
                break
    return one
