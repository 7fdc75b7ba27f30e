"""Random moment programs: rules on random quadratics against a plain recursion of second moments
and many starts of SciPy.

On one mode of curvature h the state is (θ, s) with s the last update (heavy ball) or the running
sum (Nesterov); its second moments move linearly, and J = Σ weights x E over the curvatures. Nothing
here comes from the package.
"""

import math
import time
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.optimize import minimize
from trust_judging import FLAGGED, REFUSED, RIGHT, WRONG, Case, Verdict, first_words, hooks
from trust_linear_draws import log_uniform

import landscape_control as lc

NAME = "policy-programs"
RULES = ("gradient descent", "heavy ball", "Nesterov")
SCANNED, STARTS = 400, 12


@dataclass(frozen=True, kw_only=True, eq=False)
class Program:
    """J = κ e^{-γT} E L(θ_T)  and/or  k Σ_{t=1..T} e^{-γt} E L(θ_t), plus Σ_{t<T} e^{-γt}
    E|Δθ_t|²/2η.
    """

    curvatures: np.ndarray
    weights: np.ndarray
    variance: float
    noise: float
    steps: int
    discount: float
    learning_rate: float
    kind: str


def expected_cost(p: Program, rule: str, alpha, beta) -> np.ndarray:
    """J (S,) of rules with α, β of shape (S, T); numbers and single rules are broadcast."""
    alpha, beta = (
        np.broadcast_to(np.atleast_2d(x), (len(np.atleast_2d(x)), p.steps)) for x in (alpha, beta)
    )
    count, h, noise = max(len(alpha), len(beta)), p.curvatures, p.noise**2
    both, rest = np.zeros((count, len(h))), np.zeros((count, len(h)))  # E θs and E s²
    place = np.full((count, len(h)), p.variance)  # E θ²
    total = np.zeros(count)
    for t in range(p.steps):
        (a, b), (c, d), (e, f) = _step(rule, h, alpha[:, t, None], beta[:, t, None])
        moved = a**2 * place + 2 * a * b * both + b**2 * rest + noise * e**2
        total += math.exp(-p.discount * t) / (2 * p.learning_rate) * (moved @ p.weights)
        place, both, rest = (
            (1 + a) ** 2 * place + 2 * (1 + a) * b * both + b**2 * rest + noise * e**2,
            (1 + a) * c * place + ((1 + a) * d + b * c) * both + b * d * rest + noise * e * f,
            c**2 * place + 2 * c * d * both + d**2 * rest + noise * f**2,
        )
        loss = place @ (p.weights * h) / 2
        if p.kind in ("running", "both"):
            total += math.exp(-p.discount * (t + 1)) * loss
        if t == p.steps - 1 and p.kind in ("terminal", "both"):
            total += math.exp(-p.discount * p.steps) * loss
    return total


def _step(rule, h, alpha, beta):
    """((of θ, of s) in Δθ, the same in the next s, what the gradient's noise adds to either)."""
    if rule == "gradient descent":
        return (-alpha * h, 0.0), (0.0, 0.0), (-alpha, 0.0)
    if rule == "heavy ball":
        return (-alpha * h, beta), (-alpha * h, beta), (-alpha, -alpha)
    return (-alpha * h * (1 + beta), -alpha * beta), (beta * h, beta), (-alpha * (1 + beta), beta)


def best_rule(p: Program, rule: str, constant: bool, rng, further=()) -> tuple[float, np.ndarray]:
    """(J, coefficients) from the best of many random coefficients; ``further`` are coefficients to
    start from as well.
    """
    count = 1 if constant else p.steps

    def costs(x):
        with np.errstate(all="ignore"):
            found = expected_cost(p, rule, *_read(np.atleast_2d(x), count, rule))
        return np.where((found > 0) & (found < 1e200), np.log(np.clip(found, 1e-300, 1e200)), 460.0)

    def slope(x):
        step = 1e-6 * (1 + np.abs(x))
        apart = costs(x + np.diag(step)) - costs(x - np.diag(step))
        return apart / (2 * step)

    drawn = np.array([_draw(rng, count, rule, p) for _ in range(SCANNED)])
    chosen = [*drawn[np.argsort(costs(drawn))[: STARTS // 2]], *drawn[: STARTS // 2], *further]
    found = []
    for x in chosen:
        result = minimize(
            lambda x: float(costs(x)[0]),
            x,
            jac=slope,
            method="BFGS",
            options={"gtol": 1e-8, "maxiter": 120},
        )
        found.append((result.fun, result.x))
    least, x = min(found, key=lambda item: item[0])
    return math.exp(least), x


def _draw(rng, count, rule, p):
    scale = np.exp(rng.uniform(-4, 1)) / p.curvatures.max()
    alpha = np.full(count, scale) * np.exp(0.3 * rng.standard_normal(count) * (count > 1))
    if rule == "gradient descent":
        return alpha
    beta = np.full(count, rng.uniform(0, 0.95))
    return np.concatenate([alpha, np.arctanh(beta) if count == 1 else beta])


def _read(x, count, rule):
    """α is free, and β where it varies; a constant one stays inside (-1, 1), where a rule can
    settle.
    """
    if rule == "gradient descent":
        return x, 0.0
    return x[:, :count], 0.9999 * np.tanh(x[:, count:]) if count == 1 else x[:, count:]


FAMILIES = {
    "gradient descent": lambda constant: lc.policies.GradientDescent(constant=constant),
    "heavy ball": lambda constant: lc.policies.HeavyBall(constant=constant),
    "Nesterov": lambda constant: lc.policies.Nesterov(constant=constant),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class PolicyCase(Case):
    """A program with all three families: each against its reference, and none worse than what it
    contains.
    """

    program: Program
    constant: bool
    seed: tuple

    def package_program(self, rule):
        """The package's program for a family."""
        p = self.program
        task = lc.LandscapeDistribution.quadratic(
            curvatures=lc.Discrete(p.curvatures, p.weights), start_variance=p.variance
        )
        objective = lc.Objective(
            horizon=p.steps, discount=p.discount, learning_rate=p.learning_rate
        )
        sees = lc.NoisyGradient(p.noise) if p.noise > 0 else None
        return lc.PolicyProgram(
            task=task,
            family=FAMILIES[rule](self.constant),
            objective=objective,
            sees=sees,
            cost=p.kind,
        )

    @cached_property
    def reference(self):
        """{rule: (J, coefficients)}."""
        rng = np.random.default_rng(self.seed)
        plain = best_rule(self.program, "gradient descent", self.constant, rng)
        start = np.concatenate([plain[1], np.zeros_like(plain[1])])
        return {
            "gradient descent": plain,
            **{
                rule: best_rule(self.program, rule, self.constant, rng, [start])
                for rule in RULES[1:]
            },
        }

    def answers(self, options):
        """{rule: result or refusal}, seconds."""
        began, found = time.perf_counter(), {}
        for rule in RULES:
            program = self.package_program(rule)
            try:
                found[rule] = lc.optimize_policy(
                    program.task,
                    program.family,
                    program.objective,
                    sees=program.sees,
                    cost=program.cost,
                    throw=False,
                    **options,
                )
            except lc.ProblemError as refusal:
                found[rule] = refusal
        seconds = time.perf_counter() - began
        hooks["solved"]()
        return found, seconds

    def judge(self, options):
        """The worst of the three verdicts."""
        found, seconds = self.answers(options)
        tolerance = options.get("tolerance", 1e-6)
        refused = [
            f"{rule}: {first_words(one)}"
            for rule, one in found.items()
            if isinstance(one, lc.ProblemError)
        ]
        if refused:
            return Verdict(kind=REFUSED, note="; ".join(refused), seconds=seconds)
        wrong, flagged = [], []
        for rule, result in found.items():
            best, scale = self.reference[rule][0], self.standing_still
            said = f"{rule}: J = {result.cost:.9g}, best known {best:.9g}"
            if not result.status.ok:
                flagged.append(f"{said}; {result.status}")
                continue
            coefficients = result.coefficients
            own = expected_cost(
                self.program, rule, coefficients["learning_rate"], coefficients.get("momentum", 0.0)
            )[0]
            negligible = 1e-13 * scale
            if not abs(own - result.cost) <= tolerance * own + negligible:
                wrong.append(f"{said}; its own coefficients cost {own:.9g}")
            if not result.cost <= best * (1 + 10 * tolerance) + negligible:
                wrong.append(f"{said}: better coefficients exist")
            plain = found["gradient descent"]
            if (
                plain.status.ok
                and not result.cost <= plain.cost * (1 + 10 * tolerance) + negligible
            ):
                wrong.append(f"{said}: worse than gradient descent {plain.cost:.9g}")
        if wrong:
            return Verdict(kind=WRONG, note="; ".join(wrong), seconds=seconds)
        return Verdict(kind=FLAGGED if flagged else RIGHT, note="; ".join(flagged), seconds=seconds)

    @property
    def standing_still(self):
        """J of never moving."""
        return expected_cost(self.program, "gradient descent", 0.0, 0.0)[0]

    def show(self, options):
        """References, then answers."""
        for rule, (cost, x) in self.reference.items():
            print(
                f"{rule}: best known {cost:.10g} at"
                f" {_read(x[None], 1 if self.constant else self.program.steps, rule)}"
            )
        for rule, result in self.answers(options)[0].items():
            print(
                f"\n{rule}",
                result.summary() if hasattr(result, "summary") else result,
                sep="\n",
                flush=True,
            )

    def describe(self):
        """Every number."""
        return "\n".join(
            [
                f"constant = {self.constant}",
                *(f"{k} = {v!r}" for k, v in vars(self.program).items()),
            ]
        )


def draw(name: str, seed: int, index: int) -> PolicyCase:
    """The program of this number."""
    rng = np.random.default_rng([seed, 6, index])
    constant = rng.random() < 0.7
    count = int(rng.integers(1, 8))
    weights = rng.uniform(0.2, 1, count)
    return PolicyCase(
        program=Program(
            curvatures=np.sort(np.exp(rng.uniform(math.log(0.02), math.log(3), count))),
            weights=weights / weights.sum(),
            variance=log_uniform(rng, 0.3, 3),
            noise=0.0 if rng.random() < 0.3 else log_uniform(rng, 0.03, 2),
            steps=int(np.round(log_uniform(rng, 1, 100))) if constant else int(rng.integers(1, 6)),
            discount=0.0 if rng.random() < 0.5 else log_uniform(rng, 0.01, 0.5),
            learning_rate=math.inf if rng.random() < 0.6 else log_uniform(rng, 0.3, 30),
            kind=str(rng.choice(["terminal", "running", "both"])),
        ),
        constant=constant,
        seed=(seed, 7, index),
    )
