"""What the exponent and the other coefficients of Adam's family save, on scenarios no rule has seen.

Coefficients of the rules that are compared come from the independent simulator, costs from the
policies and scenarios of the package.
"""

import math

import numpy as np

from ..claims import Check
from ..optimisation.held_out import HeldOut, mean_and_error
from ..optimisation.program import PolicyProgram
from ..rules.families import AdamFamily, Policy
from ._adam_exponent_programs import (
    EPSILON,
    GATE,
    GATED,
    HELD_OUT,
    SCENARIOS,
    SEED,
    TEXTBOOK,
    program,
)
from ._adam_exponent_simulator import Found, Rule, Simulator, Task

BEGIN = (-2.3, 0.3, 2.4, 0.0)  # log α, p, -log(1-β₁), no schedule


def simulator(horizon: int, noise: float, **changes) -> Simulator:
    """A task of the independent program with its draws."""
    task = Task(horizon=horizon, noise=noise, **changes)
    return Simulator.drawn(task, draws=SCENARIOS, seed=SEED)


def cost_checks(best: Policy):
    """Costs on scenarios that no rule has seen, the same for all."""
    posed, drawn = program(80, 1.0), simulator(80, 1.0)
    plain = drawn.best((*BEGIN[:1], 0.0, *BEGIN[2:]), free=("log rate", "lag"))
    averaged = (BEGIN[0], TEXTBOOK["exponent"], -math.log(1 - TEXTBOOK["beta1"]), 0.0)
    textbook = drawn.best(averaged, Rule(beta2=TEXTBOOK["beta2"]), ("log rate",))
    plain, textbook = policy(plain, 0.999), policy(textbook, TEXTBOOK["beta2"])
    yield saving("of the exponent: over p = 0, T = 80, σ = 1", best, plain, posed, 0.05)
    yield saving(
        "of textbook Adam (½, 0.9, 0.999, its own α) over p = 0, T = 80, σ = 1",
        textbook,
        plain,
        posed,
        0.01,
    )
    yield saving(
        "of free coefficients over textbook Adam, T = 80, σ = 1",
        best,
        textbook,
        posed,
        0.03,
    )
    gated = Policy(family=GATED, coefficients=GATE, horizon=40)
    yield saving(
        "of one gated unit over Adam, T = 40, σ = 1",
        gated,
        policy(simulator(40, 1.0).best(BEGIN), 0.99999, horizon=40),
        program(40, 1.0),
        0.05,
    )


def policy(found: Found, beta2: float, horizon: int = 80) -> Policy:
    """The package's rule with the coefficients that the independent program found."""
    log_rate, exponent, lag, _ = found.coefficients
    numbers = {
        "learning_rate": math.exp(log_rate),
        "exponent": exponent,
        "beta1": -math.expm1(-lag),
        "beta2": beta2,
    }
    return Policy(family=AdamFamily(epsilon=EPSILON), coefficients=numbers, horizon=horizon)


def saving(words: str, rule: Policy, other: Policy, posed: PolicyProgram, bound: float) -> Check:
    """A check of (J' - J)/J' less four standard errors, on common random numbers."""
    held = HeldOut.drawn(posed, HELD_OUT, blocks=20, seed=np.random.SeedSequence(SEED))
    costs = [held.block_costs(one, posed) for one in (rule, other)]
    gain, error = mean_and_error(costs[1] - costs[0])
    return Check(
        quantity=f"saving {words}, less 4 standard errors",
        theory=bound,
        relation="at least",
        tolerance=0,
        computed=(gain - 4 * error) / costs[1].mean(),
        reference="stated bound",
        bound="after",
        standard_error=error / costs[1].mean(),
    )
