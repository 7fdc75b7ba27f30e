"""One small result of every kind that is read off runs and plans: rollouts, verdicts, kernels."""

import numpy as np
import recorded_problems as problems

import landscape_control as lc
from landscape_control import identification, simulation
from landscape_control.optimisation.parsimony import choose_family

WELL = problems.KNOWN["double well"].changed(end=None)
HIDDEN = lc.ControlProblem(
    landscape=lc.Landscape.from_expression(
        lambda theta, phi: (theta[0] - phi[0]) ** 2 / 2,
        dimension=1,
        hidden=lc.OrnsteinUhlenbeck(mean=[0.0], rate=0.4, covariance=[1.0]),
    ),
    learner=lc.Learner(sees=lc.NoisyGradient(noise=0.8)),
    start=[1.0],
    objective=lc.Objective(horizon=1.0),
)
BOWL = lc.ControlProblem(
    landscape=lc.quadratic(hessian=[[1.0, 0.2], [0.2, 3.0]]),
    start=[1.0, -1.0],
    objective=lc.Objective(horizon=2.0),
)
SLOPE = lc.ControlProblem(
    landscape=lc.Landscape.from_expression(lambda theta: theta[0] ** 4 + theta[0], dimension=1),
    start=[1.0],
    objective=lc.Objective(horizon=1.0),
)
SETTLED = HIDDEN.changed(horizon=float("inf"), discount=0.2)
FEW = {"episodes": 7, "held_out_episodes": 9, "most_evaluations": 12, "starts": 1}


def own_rule():
    """A user's own closed form, whose functions no file holds."""
    known = lc.rules.gradient_descent()
    return lc.rules.Rule(
        key="steep",
        name="Größer",
        formula="u = -α∇L + β|∇L|",
        source="a user",
        sees=known.sees,
        coefficients=known.coefficients,
        directions=lambda seen: known.directions(seen),
        theory=lambda problem, hold: {},
    )


def compared():
    return lc.compare(BOWL, ["gradient_descent", "newton", own_rule()], starts=4, resamples=20)


def histories():
    shown = identification.Excitation(histories=8, steps=15)
    return lc.rollout("heavy_ball", {"learning_rate": 0.1, "momentum": 0.9}, excitation=shown)


def identified():
    return lc.identify(histories(), rules=["heavy_ball", "sgd", "nesterov"])


def recorded():
    whole = histories()
    runs = [
        lc.RecordedRun(
            gradients=whole.gradients[0, :steps],
            updates=whole.updates[0, :steps],
            groups=[0.0] * whole.gradients.shape[2],
        )
        for steps in (12, 9)
    ]
    return lc.Recording(runs=runs, precision=1e-7, words="größer", notes=("short",))


def simulated():
    return lc.simulate(
        HIDDEN, simulation.HeavyBall(learning_rate=0.2, momentum=0.5), episodes=5, keep_paths=3
    )


def tuned_by_search():
    return lc.best_coefficients(
        HIDDEN, simulation.Adam(learning_rate=0.1), free=["learning_rate"], **FEW
    )


def raw():
    return lc.raw_rule(lc.solve(SETTLED, method="lqg"))


def linearised():
    solution = lc.solve(SETTLED, method="lqg")
    return lc.linearised_rules(
        SETTLED,
        solution.policy,
        theta=[[1.0], [0.8]],
        estimate=[[0.1], [0.2]],
        covariance=[[[0.3]], [[0.2]]],
        times=[0.0, 0.1],
    )


def told(updates_of, rules=("sgd", "heavy_ball")):
    """A verdict of updates that no rule of the library makes."""
    seen = np.random.default_rng(0).normal(size=(15, 24, 2))
    moves = updates_of(seen)
    return lc.identify(lc.Histories(gradients=seen, updates=moves), list(rules), resamples=5)


def delayed():
    return told(lambda seen: -0.1 * np.pad(seen, ((0, 0), (2, 0), (0, 0)))[:, :-2])


def scheduled():
    return told(lambda seen: -0.1 * 0.9 ** np.arange(24)[None, :, None] * seen)


def noisy():
    noise = np.random.default_rng(1).normal(size=(15, 24, 2))
    return told(lambda seen: -0.1 * seen + 0.1 * noise)


MAKERS = {
    "delayed": delayed,
    "kernel_reading": lambda: delayed().kernel,
    "scheduled": scheduled,
    "scheduled_rule": lambda: scheduled().scheduled,
    "schedule_reading": lambda: scheduled().scheduled.schedule,
    "noisy": noisy,
    "random_updates": lambda: noisy().random,
    "compared": compared,
    "identified": identified,
    "histories": histories,
    "recorded": recorded,
    "recorded_run": lambda: recorded().runs[1],
    "simulated": simulated,
    "tuned": lambda: lc.best_coefficients(
        HIDDEN, simulation.SGD(learning_rate=0.1), held_out_episodes=9
    ),
    "tuned_by_search": tuned_by_search,
    "tuned_exactly": lambda: simulation.exact_best_coefficients(
        HIDDEN, simulation.HeavyBall(learning_rate=0.1, momentum=0.5)
    ),
    "exact_cost": lambda: simulation.exact_cost(HIDDEN, simulation.SGD(learning_rate=0.1)),
    "trajectory": lambda: lc.trajectory(WELL, "gradient descent", {"learning_rate": 0.5}),
    "exponents": lambda: lc.preconditioner_exponent(BOWL),
    "path_law": lambda: lc.path_law(lc.solve(WELL)),
    "raw_rule": raw,
    "step_rule": lambda: raw().sampled(0.1),
    "momentum_form": lambda: raw().momentum,
    "linearised": linearised,
    "equivalent": lambda: lc.nearest_rules(raw().sampled(0.1).kernel(20))["nesterov"],
    "shared_momentum": lambda: lc.share_momentum(lc.solve(SETTLED, method="lqg")),
    "choice": lambda: choose_family([[1.0, 2.0], [0.5, 2.0]], [1, 2], margin=0.1),
    "selection": lambda: identified().selection,
    "regression": lambda: identification.residual.regress_on_previous_update(histories()),
    "schedule": lambda: identification.residual.read_schedule(*histories().split(0)),
    "certified": lambda: lc.certify_global(SLOPE, points=41),
}


def _gradient_descent(verdict):
    """The fitted gradient descent of a comparison, working."""
    row = verdict.row("gradient_descent")
    return row.rule.control(BOWL, row.coefficients)


def computed_numbers(value) -> list[float]:
    """Numbers that a working object computes from what it holds."""
    computed = COMPUTED.get(type(value).__name__)
    return [] if computed is None else [float(number) for number in computed(value)]


COMPUTED = {
    "Verdict": lambda verdict: [
        *_gradient_descent(verdict)([0.3, 0.4]),
        verdict.margin,
    ],
    "Identification": lambda verdict: [
        *np.ravel(
            verdict.rows[0].rule.updates(
                [list(verdict.rows[0].coefficients.values())], np.ones((4, 1)), np.ones((4, 1))
            )
        ),
    ],
    "Histories": lambda histories: [*histories.targets[:4], histories.noise],
    "Recording": lambda recording: np.ravel(recording.histories().updates[:, :3]),
    "RecordedRun": lambda run: np.ravel(run.course[:2]),
    "Rollout": lambda rollout: [
        rollout.cost,
        rollout.standard_error,
        *lc.paired_difference(
            rollout, lc.simulate(rollout.problem, simulation.SGD(learning_rate=0.2), episodes=5)
        ),
    ],
    "Tuned": lambda tuned: [lc.simulate(HIDDEN, tuned.learner, episodes=3).cost, tuned.cost],
    "ExactTuned": lambda tuned: [simulation.exact_cost(HIDDEN, tuned.learner).cost],
    "ExactCost": lambda exact: [simulation.exact_cost(exact.problem, exact.learner).cost],
    "Trajectory": lambda path: path.losses[:4],
    "RawRule": lambda rule: np.ravel(rule.kernel([0.0, 0.3])),
    "StepRule": lambda rule: np.ravel(rule.kernel(3)),
    "MomentumForm": lambda form: np.ravel(list(form.nearest.values())),
    "LinearisedRules": lambda rules: np.ravel(rules.kernel(0)),
    "SharedMomentum": lambda shared: [shared.excess, shared.shared_friction_excess],
}
