"""Adam's exponent by the independent simulator: the tables that adam-exponent-gap and
adam-without-correction hold their cells against.

    python scripts/adam_exponent_simulated.py [--noise 1] [--draws 2000] [--seed 101]
                                              [--horizons 20 40 80 160 320 640] [--uncorrected]

One line per horizon, in the form of the claims' tables. Without ``--uncorrected``: T; p with its
standard error; log α and -log(1-β₁) of that rule; p of the rule that sees only the noise of v̂, only
its bias, neither; and the standard errors of these three less p. With it: p of the rule without
bias correction; p and s of the rule whose schedule is free, with their standard errors; the costs of
both, of the corrected rule, and of p = 0 with a free schedule. A minute or two of processor time.
"""

import argparse

from landscape_control.problems._adam_exponent_simulator import (
    NAMES,
    SCALES,
    Rule,
    Simulator,
    Task,
    difference,
)

BEGIN = (-2.4, 0.3, 2.5, 0.0)
TIED, SPLIT = (-1.5, 0.4, 2.0, 0.0), (-0.5, 0.3, 2.2, 0.7)


def drawn(given, horizon) -> Simulator:
    task = Task(horizon=horizon, noise=given.noise)
    draws = given.draws if horizon <= 320 else given.draws // 2
    return Simulator.drawn(task, draws=draws, seed=given.seed + horizon)


def numbers(*values) -> str:
    return ", ".join(f"{value:.4f}" for value in values)


def parts(given) -> None:
    begins = dict.fromkeys(SCALES[:4], BEGIN)
    for horizon in given.horizons:
        simulator = drawn(given, horizon)
        found = {scale: simulator.best(begins[scale], Rule(scale=scale)) for scale in SCALES[:4]}
        begins = {scale: one.coefficients for scale, one in found.items()}
        own = found["own"]
        others = [found[scale] for scale in SCALES[1:4]]
        errors = [difference(one, own)[1] for one in others]
        log_rate, p, lag, _ = own.coefficients
        row = numbers(p, own.exponent_error, log_rate, lag, *(one.exponent for one in others))
        settled = "" if all(one.settled for one in found.values()) else "  # not settled"
        print(f"({horizon}, {row}, {numbers(*errors)}),{settled}", flush=True)


def uncorrected(given) -> None:
    tied, split, plain, corrected = TIED, SPLIT, SPLIT, BEGIN
    for horizon in given.horizons:
        simulator, raw = drawn(given, horizon), Rule(corrected=False)
        found = (
            simulator.best(tied, Rule(corrected=False, tied=True)),
            simulator.best(split, raw, NAMES),
            simulator.best(corrected),
            simulator.best((plain[0], 0.0, *plain[2:]), raw, ("log rate", "lag", "schedule")),
        )
        tied, split, corrected, plain = (one.coefficients for one in found)
        row = numbers(
            found[0].exponent,
            found[0].exponent_error,
            split[1],
            found[1].errors[1],
            split[3],
            found[1].errors[3],
            *(one.cost for one in found),
        )
        settled = "" if all(one.settled for one in found) else "  # not settled"
        print(f"({horizon}, {row}),{settled}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--noise", type=float, default=1.0)
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=101)
    parser.add_argument("--horizons", type=int, nargs="+", default=[20, 40, 80, 160, 320, 640])
    parser.add_argument("--uncorrected", action="store_true", help="the rules without correction")
    given = parser.parse_args()
    (uncorrected if given.uncorrected else parts)(given)


if __name__ == "__main__":
    main()
