"""Exact costs of linear learners: against simulation, scalar recursions and closed forms."""

import math

import numpy as np
import pytest
from learner_problems import CURVED, ETA, GAMMA, LAM, MOVING, MU, SIGMA, STEP, H, Q, bowl

import landscape_control as lc
from landscape_control.simulation import (
    SGD,
    Adam,
    HeavyBall,
    KalmanMomentum,
    LinearLearner,
    NoReset,
    PolicyLearner,
    WeightDecay,
    exact_cost,
    simulate,
)
from landscape_control.support.errors import ProblemError

BALL = HeavyBall(learning_rate=0.2, momentum=0.6)
SHORT = 4000  # episodes


def nesterov(step, **changes):
    family = lc.policies.WeightDecay(family=lc.policies.Nesterov(constant=True))
    given = {"learning_rate": 0.02, "momentum": 0.7, "decay": 0.01} | changes
    policy = lc.Policy(family=family, coefficients=given, horizon=3)
    return PolicyLearner(policy=policy, step=step)


def observer(**changes):
    """A learner with a state of its own, that reads everything it can."""
    given = {
        "transition": [[0.9]],
        "gain": [[0.1]],
        "readout": [[-0.5]],
        "state_theta": [[0.05]],
        "feedthrough": [[-0.1]],
        "feedback": [[-0.05]],
        "state_offset": 0.1,
        "offset": -0.05,
    }
    return LinearLearner(**(given | changes))


LEARNERS = {
    "sgd": SGD(learning_rate=0.4),
    "heavy ball": BALL,
    "no reset": NoReset(learner=BALL),
    "decay": WeightDecay(learner=BALL, decay=0.3),
    "decoupled decay": WeightDecay(learner=BALL, decay=0.3, decoupled=True, centre=(0.4, 1.0)),
    "decay twice": WeightDecay(learner=WeightDecay(learner=BALL, decay=0.3), decay=0.1),
    "nesterov": nesterov(0.1),
    "observer": observer(),
}

KNOWN = lc.ControlProblem(
    landscape=lc.quadratic(hessian=[[1.0, 0.3], [0.3, 0.5]], minimum=[0.5, -0.2]),
    start=[1.0, -1.0],
    learner=lc.Learner(
        drift=lc.linear_drift([[-0.3, 1.0], [-1.0, -0.2]], [0.1, 0.0]),
        actuation=[[1.0, 0.2], [0.5, 1.0]],
        metric=[[2.0, 0.3], [0.3, 1.0]],
        sees=lc.ExactGradient(),
    ),
    objective=lc.Objective(
        horizon=2.0, discount=0.2, learning_rate=0.7, terminal="loss", terminal_weight=0.6
    ),
)


@pytest.mark.parametrize("name", LEARNERS)
@pytest.mark.parametrize(
    "problem",
    [
        KNOWN,
        KNOWN.changed(terminal=lambda theta: theta[0] ** 2 + theta[1] + 3.0),
        KNOWN.changed(discount=0.0, terminal=None, terminal_weight=1.0),
    ],
)
def test_without_chance_the_exact_cost_is_that_of_the_one_path(name, problem):
    found = exact_cost(problem, LEARNERS[name], step=0.1)
    path = simulate(problem, LEARNERS[name], episodes=1, step=0.1)
    assert found.cost == pytest.approx(path.cost, rel=1e-12)
    assert (found.step, found.horizon) == (path.step, path.horizon)


PLANE = lc.ControlProblem(
    landscape=lc.Landscape.from_expression(
        lambda theta, hidden: (
            0.5 * (theta[0] - hidden[0]) ** 2
            + 0.3 * (theta[1] + 0.5 * hidden[0]) ** 2
            + 0.2 * theta[0] * theta[1]
            + 0.1 * hidden[0]
        ),
        dimension=2,
        hidden=lc.GaussianPrior([0.4], [[0.5]]),
    ),
    start=[1.0, -1.0],
    learner=lc.Learner(
        drift=lc.linear_drift([[-0.3, 1.0], [-1.0, -0.2]], [0.1, 0.0]),
        actuation=[[1.0], [0.5]],
        metric=[[2.0]],
        sees=lc.Observe(lambda theta, hidden: theta[0] - 0.3 * theta[1] + 0.2 - hidden[0], 0.5),
    ),
    objective=lc.Objective(horizon=2.0, terminal="loss", terminal_weight=0.7, discount=0.2),
)
CHAIN = lc.TaskChain(
    rates=[[-1.0, 1.0, 0.0], [0.5, -1.0, 0.5], [0.2, 0.3, -0.5]],
    tasks=[-1.0, 0.0, 2.0],
    probabilities=[1.0, 0.0, 0.0],
)
SAMPLED = {
    "Ornstein-Uhlenbeck": (MOVING, LEARNERS["decay"], {}),
    "random walk, T = ∞ cut": (
        bowl(lc.RandomWalk([0.0], [[0.2]], [[0.5]]), start=0.5, horizon=math.inf),
        BALL,
        {"horizon": 6.0, "step": 0.05},
    ),
    "jumps away from rest": (
        bowl(lc.JumpProcess(0.7, [0.2], [[1.0]], start_mean=[-1.0], start_covariance=[[0.1]])),
        BALL,
        {},
    ),
    "task chain away from rest": (bowl(CHAIN, start=0.5), BALL, {}),
    "task chain, own step": (bowl(CHAIN, start=0.5), nesterov(0.1), {}),
    "correlated noise": (CURVED, HeavyBall(learning_rate=0.3, momentum=0.8), {}),
    "partial control and sight": (PLANE, BALL, {}),
    "observer": (MOVING.changed(start=[1.5]), observer(), {}),
    "exact gradients of a moving minimum": (
        bowl(lc.OrnsteinUhlenbeck([MU], LAM, [1.0])).changed(
            learner=lc.Learner(sees=lc.ExactGradient())
        ),
        BALL,
        {},
    ),
}


@pytest.mark.parametrize("name", SAMPLED)
def test_simulation_converges_to_the_exact_cost_within_its_standard_error(name):
    problem, learner, settings = SAMPLED[name]
    found = exact_cost(problem, learner, **settings)
    rollout = simulate(problem, learner, episodes=SHORT, seed=5, **settings)
    assert abs(rollout.cost - found.cost) < 3 * rollout.standard_error
    assert rollout.standard_error < 0.02 * found.cost


def sgd_for_ever(rate, step, *, variance, diffusion=Q):
    """J at T = ∞ by hand: d = θ - φ obeys d' = (1 - αhΔ)d - α√Δσξ - √(qΔ)ζ, so that v = E d² has the
    discounted sum S = (v₀ + ρn/(1-ρ))/(1 - ρ(1-αhΔ)²).
    """
    fade, keep = math.exp(-GAMMA * step), 1 - rate * H * step
    gained = rate**2 * SIGMA**2 * step + diffusion * step
    total = (variance + fade * gained / (1 - fade)) / (1 - fade * keep**2)
    # ∫ over a step of e^{-γt}, and of e^{-γt}t/Δ
    whole = (1 - fade) / GAMMA
    right = (whole / step - fade) / GAMMA
    node = whole - right + right / fade
    loss = 0.5 * H * (node * total - right / fade * variance)
    return loss + whole / (2 * ETA) * rate**2 * (H**2 * total + SIGMA**2 / step / (1 - fade))


WALK = bowl(lc.RandomWalk([MU], [[0.3]], [[Q]]), horizon=math.inf)


@pytest.mark.parametrize(
    ("rate", "step"),
    [(1e-3, 0.3), (0.1, 0.3), (1.0, 0.3), (0.1, 0.05), (10.0, 0.05), (1e-3, 1e-3), (10.0, 1e-3)],
)
def test_sgd_on_a_random_walk_costs_for_ever_what_a_scalar_recursion_says(rate, step):
    found = exact_cost(WALK, SGD(learning_rate=rate), step=step)
    assert found.cost == pytest.approx(sgd_for_ever(rate, step, variance=0.3), rel=1e-10)
    assert found.growth == pytest.approx(math.exp(-GAMMA * step / 2) * abs(1 - rate * H * step))


def test_long_horizons_approach_the_endless_one_by_the_discount():
    endless = exact_cost(WALK, BALL, step=0.05)
    assert math.isinf(endless.horizon)
    times = np.array([10.0, 20.0, 30.0])
    gaps = [endless.cost - exact_cost(WALK, BALL, step=0.05, horizon=t).cost for t in times]
    assert np.diff(np.log(gaps)) == pytest.approx(-10 * GAMMA, rel=1e-3)


def test_jumps_cost_linear_rules_what_diffusion_with_the_same_moments_costs():
    diffusing = bowl(lc.OrnsteinUhlenbeck([MU], LAM, [0.7]))
    jumping = bowl(lc.JumpProcess(LAM, [MU], [[0.7]]))
    both = bowl(
        lc.TaskChain([[-LAM / 2, LAM / 2], [LAM / 2, -LAM / 2]], [MU - 0.7**0.5, MU + 0.7**0.5])
    )
    for horizon in (2.0, math.inf):
        costs = [
            exact_cost(problem.changed(horizon=horizon), BALL, step=0.05).cost
            for problem in (diffusing, jumping, both)
        ]
        assert costs == pytest.approx([costs[0]] * 3, rel=1e-12)


def test_a_process_away_from_rest_is_at_rest_after_a_while():
    """Stationary and changing laws take two ways through the code."""
    away = lc.JumpProcess(LAM, [MU], [[0.7]], start_mean=[MU], start_covariance=[[0.7 + 1e-9]])
    rest = lc.JumpProcess(LAM, [MU], [[0.7]])
    costs = [exact_cost(bowl(one, horizon=math.inf), BALL, step=0.05).cost for one in (away, rest)]
    assert costs[0] == pytest.approx(costs[1], rel=1e-8)
    assert costs[0] != costs[1]


def test_an_unstable_rule_costs_infinitely_much_for_ever_and_says_so():
    fade = math.exp(-GAMMA * 0.05 / 2)
    edge = (1 + 1 / fade) / (H * 0.05)  # √ρ|1 - αhΔ| = 1
    below, above = (exact_cost(WALK, SGD(learning_rate=c * edge), step=0.05) for c in (0.99, 1.01))
    assert below.stable
    assert math.isfinite(below.cost)
    assert not above.stable
    assert above.cost == math.inf
    assert "J = inf exactly" in above.summary()
    assert "unstable" in above.summary()
    short = exact_cost(WALK, SGD(learning_rate=1.01 * edge), step=0.05, horizon=2.0)
    assert math.isfinite(short.cost)
    assert not short.stable
    overflowing = exact_cost(WALK, SGD(learning_rate=90.0), step=0.05, horizon=200.0)
    assert overflowing.cost == math.inf


@pytest.mark.parametrize(
    ("problem", "learner", "message"),
    [
        (
            MOVING,
            Adam(learning_rate=0.1),
            "Adam.*expected a linear rule.*received a rule that is not",
        ),
        (MOVING, KalmanMomentum(learning_rate=0.1, ratio=0.1), "KalmanMomentum: expected a linear"),
        (
            MOVING,
            PolicyLearner(
                policy=lc.Policy(
                    family=lc.policies.GradientDescent(constant=False),
                    coefficients={"learning_rate": 0.1},
                    horizon=30,
                )
            ),
            "change from step to step",
        ),
        (
            lc.ControlProblem(
                landscape=lc.double_well(),
                start=[0.5, 0.5],
                learner=lc.Learner(sees=lc.ExactGradient()),
                objective=lc.Objective(horizon=1.0),
            ),
            BALL,
            "jointly quadratic.*use simulate",
        ),
        (MOVING.changed(learner=lc.Learner(sees=lc.NoisyLoss(0.1))), BALL, "affine in θ"),
        (KNOWN.changed(learner=lc.Learner()), BALL, "says what the learner sees"),
        (MOVING.changed(horizon=math.inf, discount=0.0), BALL, "a discount γ > 0 when T = ∞"),
        (PLANE, WeightDecay(learner=BALL, decay=0.1), "1 observations, 2 parameters"),
        (
            CURVED,
            observer(transition=[[0.9, 0.0], [0.0, 0.9]], readout=[[1.0, 0.0, 0.0]]),
            r"matrix of shape \(2, 2\)",
        ),
        (MOVING, nesterov(0.3), "whole number of the policy's own steps"),
    ],
)
def test_what_is_not_linear_is_refused_by_name(problem, learner, message):
    with pytest.raises(ProblemError, match=message):
        exact_cost(problem, learner)


def test_tasks_that_differ_in_curvature_are_refused():
    landscape = lc.Landscape.from_expression(
        lambda theta, hidden: hidden[0] * theta[0] ** 2,
        dimension=1,
        hidden=lc.TaskChain([[-1.0, 1.0], [1.0, -1.0]], [1.0, 2.0]),
    )
    problem = lc.ControlProblem(
        landscape=landscape,
        start=[1.0],
        learner=lc.Learner(sees=lc.NoisyGradient(0.1)),
        objective=lc.Objective(horizon=1.0),
    )
    with pytest.raises(ProblemError, match="differs from the last one in curvature"):
        exact_cost(problem, BALL)


def test_the_default_step_is_that_of_the_simulation():
    assert exact_cost(MOVING, BALL).step == simulate(MOVING, BALL, episodes=1).step
    assert exact_cost(MOVING, BALL).step != STEP
