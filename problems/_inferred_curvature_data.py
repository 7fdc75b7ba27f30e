"""What scripts/inferred_curvature.py printed, and checks that compute a part of it again.

The setting is that of the claim's first instance but for T and σ.
"""

from functools import partial

import numpy as np

from ..claims import Check
from ._inferred_curvature_learners import certain, draw, kinds, mean_and_error, run
from ._inferred_curvature_model import Setting, certainty_equivalent
from ._inferred_curvature_programs import Accuracy, policy_values, total_cost, values

# T: σ, J*, its error, J/J* - 1 of certainty equivalence and of foresight
COSTS = {
    2: (
        (0.3, 7.4897, 0.0003, 0.0364, 0.0011),
        (1.0, 9.2783, 0.0004, 0.1054, 0.0230),
        (3.0, 15.2895, 0.0011, 0.0172, 0.0058),
    ),
    3: (
        (0.3, 6.8323, 0.0002, 0.0284, 0.0007),
        (1.0, 8.6603, 0.0013, 0.0901, 0.0150),
        (3.0, 16.2583, 0.0029, 0.0553, 0.0184),
    ),
    4: (
        (0.3, 6.6369, 0.0044, 0.0249, 0.0007),
        (1.0, 8.5442, 0.0084, 0.0783, 0.0123),
        (3.0, 17.1088, 0.0067, 0.0695, 0.0201),
    ),
    5: (
        (0.3, 6.5732, 0.0039, 0.0237, 0.0007),
        (1.0, 8.5702, 0.0127, 0.0727, 0.0113),
        (3.0, 17.9507, 0.0078, 0.0730, 0.0195),
    ),
}
# T = 5, σ = 1: J/J* - 1 on fresh draws, its standard error, free numbers of the family
LEARNERS = {
    "moving_average": (0.1592, 0.0013, (0.54223, 0.94120, 0.86710, 0.53986, 0.50326, 0.59435)),
    "adam_epsilon": (
        0.1592,
        0.0013,
        (0.54228, 0.94107, 0.86699, 0.53985, 0.50345, 159.67432, 0.59413, -0.96329),
    ),
    "gain": (0.2242, 0.0014, (-33.37160, 0.41906, 0.44111, 37.80421)),
    "one_rate": (0.2242, 0.0014, (0.65775, 0.44117)),
    "constant": (0.3709, 0.0010, (0.13277,)),
    "sgd": (0.5229, 0.0012, (0.59289, 0.40042, 0.53692, 0.40916, 0.28907)),
    "adam": (0.5556, 0.0029, (1.32158, 2.02432, 1.70857, 1.39428, 0.95778, -0.00350, 0.23020)),
    "squares": (1.1679, 0.0056, (-1.34761, 1.72098)),
}
EPISODES, SEED, STANDARD_ERRORS = 16384, 5, 4.0


def frozen_checks():
    """T = 2 anew; certainty equivalence and two learners at T = 5 on draws of their own."""
    for noise, cost, _, certainty, _ in COSTS[2]:
        yield from _short_checks(Setting(steps=2, noise=noise), cost, certainty)
    setting, draws = Setting(steps=5), draw(Setting(steps=5), EPISODES, SEED)
    ran = {"certain": run(setting, certain(setting), draws).costs}
    for name in ("moving_average", "adam"):
        make, _ = kinds(setting)[name]
        ran[name] = run(setting, make(np.array(LEARNERS[name][2])), draws).costs
    _, best, error, certainty, _ = COSTS[5][1]
    excess = {"certain": certainty} | {name: row[0] for name, row in LEARNERS.items()}
    for better, worse in (("certain", "moving_average"), ("moving_average", "adam")):
        mean, chance = mean_and_error(ran[worse] - ran[better])
        frozen = best * (excess[worse] - excess[better])
        known = best * np.hypot(LEARNERS[worse][1], error / best)
        yield Check(
            quantity=f"T = 5: J of {worse} less J of {better}, on draws of its own",
            theory=frozen,
            computed=mean,
            relation="equal",
            tolerance=STANDARD_ERRORS * float(np.hypot(chance, known)),
            standard_error=chance,
            effect=frozen,
            reference="frozen",
            bound="before",
        )


def _short_checks(setting, cost, certainty):
    """J* and the excess of certainty equivalence, against the table."""
    accuracy = Accuracy(nodes=20)
    best = total_cost(setting, values(setting, accuracy)[0])
    policy = partial(certainty_equivalent, setting)
    certain_cost = total_cost(setting, policy_values(setting, accuracy, policy)[0])
    yield Check(
        quantity=f"J* at T = 2, σ = {setting.noise:g}",
        theory=cost,
        computed=best,
        relation="equal",
        tolerance=2e-4,
        measure="relative",
        reference="frozen",
        bound="before",
    )
    yield Check(
        quantity=f"J_ce/J* - 1 at T = 2, σ = {setting.noise:g}",
        theory=certainty,
        computed=certain_cost / best - 1,
        relation="equal",
        tolerance=2e-4,
        reference="frozen",
        bound="before",
        effect=certainty,
    )
