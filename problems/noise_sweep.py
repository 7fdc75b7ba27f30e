"""How far to step on a noisy gradient, and what becomes of one observed gradient over time.

Problems   L = ½h(θ-μ)², h = 2, γ = 0.3, η = k = 1, noisy gradients dY = h(θ-μ)dt + σ dV.
           noise-sweep: μ constant, prior N(θ₀, 1) about the start; the learner sees one gradient y averaged over τ = 1
           (variance σ²/τ), then chooses u with the horizon T = 0.1, 0.3, 1 or ∞ before it.
           raw-kernels: μ moves, dμ = -λ(μ-μ₀)dt + √q dW, q = 0.8, λ = 0.4 or 0, T = ∞.
Formulas   Effective step on the raw gradient -∂u/∂y = (r_T/h)·W: r_T the finite-horizon gain, W = h²P₀/(h²P₀ + σ²/τ) the
           share of signal in y, the same at every horizon. For σ → ∞ it falls as (r_T/h)·h²P₀τ/σ²; for σ → 0 it falls
           short of r_T/h by a share σ²/(h²P₀τ); for T → 0 it is that of gradient descent, ηkT_γ·W with
           T_γ = (1-e^{-γT})/γ, less a share ηkhT²/3 of it.
           Kernel: θ̇ at time t after a unit impulse of y is -rsκ(z₁e^{z₁t} - z₂e^{z₂t})/(z₁ - z₂), where z are the roots of
           z² + (r + λ + κh)z + r[λ + κh(1-s)]: heavy-ball momentum with decay; λ = 0: -rκe^{-(r+κh)t}, momentum alone.
Source     Linear regression (Gauss-Markov) and certainty equivalence; Kalman & Bucy 1961; derived for this project.
Relation   equal: steps by replanning, which solves the plan from the belief that the belief room's own filter has after
           the look (T = ∞: two Riccati equations), to 1e-6 relative on 4 horizons x 7 noises. Limits: slopes -2 and +2 in
           σ, +2 in T within 0.02; the constant ηkh/3 to 2 %.
           Kernels: closed form to 1e-9; the running learner (discrete filter and policy, poked by one gradient) nears it at
           first order in Δt, slope 1 within 0.1. Best equivalents: momentum with decay leaves 1e-6 of the kernel, momentum
           alone too where λ = 0, with β = e^{-(r+κh)Δt} to 1e-6. At least 5 % is missed by momentum alone where λ = 0.4, and
           by Nesterov's everywhere (bounds set after a first look).
"""

import math

import numpy as np
from landscape_control.problems.certainty_equivalence import noisy_bowl

import landscape_control as lc
from landscape_control.belief import belief_model
from landscape_control.claims import Check, Claim, Evidence, fitted_slope
from landscape_control.planning import nearest_rules, raw_rule, solve
from landscape_control.reference import finite_horizon_gain, planning_horizon, relaxation_rate, shrink_factor

CURVATURE, DISCOUNT, PRIOR, LOOK = 2.0, 0.3, 1.0, 1.0  # h, γ, P₀, τ
HORIZONS, NOISES = (0.1, 0.3, 1.0, math.inf), np.geomspace(0.3, 30, 7)
DRIFT, REVERSION, KERNEL_NOISES, KERNEL_STEP, LENGTH = 0.8, 0.4, (0.2, 1.0, 5.0), 0.05, 400
RELAXATION = relaxation_rate(CURVATURE, DISCOUNT, 1.0, 1.0)


def problem() -> lc.ControlProblem:
    """Full information: the minimum is known to be at 1 (the command 'solve' plans without beliefs)."""
    return resting(4.0, 1.0).known([1.0])


def resting(horizon, noise) -> lc.ControlProblem:
    """A minimum that rests somewhere about the start."""
    hidden = lc.GaussianPrior(mean=[0.0], covariance=[[PRIOR]])
    return noisy_bowl(hidden, curvature=CURVATURE, discount=DISCOUNT, horizon=horizon, noise=noise, start=0.0)


def step_theory(horizon, noise):
    """(r_T/h)·W."""
    gain = RELAXATION if math.isinf(horizon) else finite_horizon_gain(
        curvature=CURVATURE, discount=DISCOUNT, learning_rate=1.0, loss_weight=1.0, time_to_go=horizon)
    return gain / CURVATURE / (1 + np.asarray(noise) ** 2 / (CURVATURE**2 * PRIOR * LOOK))


def step_computed(horizon, noise) -> float:
    """-∂u/∂y: a look, the filter's answer, the policy's answer to that."""
    posed = resting(horizon, noise)
    solution = solve(posed) if math.isinf(horizon) else solve(posed, method="replanning")
    model, place = belief_model(posed), np.zeros((2, 1))
    belief = model.update(model.initial(2), place, np.array([[1.0], [-1.0]]), LOOK)
    u = solution.policy(place, belief)[:, 0]
    return float(u[1] - u[0]) / 2


def step_checks(steps):
    """The sweep, and its three limits."""
    exact = np.array([step_theory(horizon, NOISES) for horizon in HORIZONS])
    for horizon, found, want in zip(HORIZONS, steps, exact, strict=True):
        yield Check(quantity=f"step on the raw gradient, T = {horizon:g}: largest relative error over σ", theory=0,
                    computed=np.abs(found / want - 1).max(), relation="equal", tolerance=1e-6)
    loud, quiet = np.geomspace(100, 400, 3), np.geomspace(0.01, 0.04, 3)
    falling = [step_computed(math.inf, noise) for noise in loud]
    missing = [1 - step_computed(math.inf, noise) / (RELAXATION / CURVATURE) for noise in quiet]
    short = np.geomspace(0.01, 0.04, 3)
    share = 1 / (1 + 1 / (CURVATURE**2 * PRIOR * LOOK))
    late = [1 - step_computed(time, 1.0) / (planning_horizon(DISCOUNT, time) * share) for time in short]
    for name, x, values, slope in (
            ("the step for σ → ∞", loud, falling, -2), ("what the step lacks for σ → 0", quiet, missing, 2),
            ("what a gradient step exceeds it by for T → 0", short, late, 2)):
        yield Check(quantity=f"order of {name}", theory=slope, computed=fitted_slope(x, values), relation="limit",
                    tolerance=0.02)
    yield Check(quantity="(gradient step - step)/gradient step over ηkhT²/3, T = 0.01", theory=1,
                computed=late[0] / (CURVATURE * short[0] ** 2 / 3), relation="equal", tolerance=0.02)


def evaluate() -> Evidence:
    """Steps over noise and horizon."""
    steps = np.array([[step_computed(horizon, noise) for noise in NOISES] for horizon in HORIZONS])
    dense = np.geomspace(NOISES[0], NOISES[-1], 60)
    data = {"horizons": HORIZONS, "noises": NOISES, "steps": steps, "noises_theory": dense,
            "steps_theory": np.array([step_theory(horizon, dense) for horizon in HORIZONS]),
            "noise_free_steps": np.array([step_theory(horizon, 0.0) for horizon in HORIZONS])}
    return Evidence(checks=[*step_checks(steps)], data=data)


def moving(noise, rate) -> lc.ControlProblem:
    """A minimum that keeps moving."""
    if rate == 0:
        hidden = lc.RandomWalk(mean=[0.0], covariance=[[1.0]], diffusion=[[DRIFT]])
    else:
        hidden = lc.OrnsteinUhlenbeck(mean=[0.0], rate=rate, variance=[DRIFT / (2 * rate)])
    return noisy_bowl(hidden, curvature=CURVATURE, discount=DISCOUNT, noise=noise)


def kernel_theory(noise, rate, times):
    """-rsκ(z₁e^{z₁t} - z₂e^{z₂t})/(z₁ - z₂)."""
    sharpness = math.sqrt(rate**2 + CURVATURE**2 * DRIFT / noise**2) - rate  # κh
    shrink = shrink_factor(rate=RELAXATION, discount=DISCOUNT, reversion=rate)
    first, second = np.roots([1, RELAXATION + rate + sharpness, RELAXATION * (rate + sharpness * (1 - shrink))])
    response = (first * np.exp(first * times) - second * np.exp(second * times)) / (first - second)
    return -RELAXATION * shrink * sharpness / CURVATURE * response


def poked(posed, solution, step) -> np.ndarray:
    """Velocity (N,) of the running learner up to t = 2 after one gradient, per gradient and time.

    Before and after it sees gradients 0: before, until its variance has settled, all rests at the centre.
    """
    model, theta = belief_model(posed), np.zeros((1, 1))
    belief, velocity = model.initial(1), []
    for k in range(-round(10 / step), round(2 / step)):
        belief = model.update(belief, theta, np.array([[float(k == 0)]]), step)
        u = solution.policy(theta, belief)
        velocity.append(u[0, 0] / step)
        theta, belief = theta + step * u, model.predict(belief, step)
    return np.array(velocity[round(10 / step):])


def running_check() -> Check:
    """The closed form is where the running learner goes as its steps shrink."""
    posed, steps = moving(1.0, REVERSION), np.array([0.04, 0.02, 0.01])
    solution = solve(posed)
    gaps = []
    for step in steps:
        found = poked(posed, solution, step)
        gaps.append(np.abs(found - kernel_theory(1.0, REVERSION, step * np.arange(len(found)))).max())
    return Check(quantity="kernel of the running learner: order in Δt", theory=1, computed=fitted_slope(steps, gaps),
                 relation="limit", tolerance=0.1)


def kernel_checks(noise, rate):
    """Closed form and equivalents of one rule."""
    words, times = f"σ = {noise:g}, λ = {rate:g}", np.linspace(0, 5, 26)
    rule, exact = raw_rule(solve(moving(noise, rate))), kernel_theory(noise, rate, times)
    gap = np.abs(rule.kernel(times)[:, 0, 0] - exact).max() / np.abs(exact).max()
    yield Check(quantity=f"kernel, {words}: largest error relative to its height", theory=0, computed=gap, relation="equal",
                tolerance=1e-9)
    near = nearest_rules(rule.sampled(KERNEL_STEP).kernel(LENGTH))
    exactly = ("momentum with decay",) if rate else ("momentum with decay", "momentum")
    for name in exactly:
        yield Check(quantity=f"kernel, {words}: relative error of {name}", theory=0, computed=near[name].error,
                    relation="equal", tolerance=1e-6)
    for name in ("nesterov",) if rate == 0 else ("momentum", "nesterov"):
        yield Check(quantity=f"kernel, {words}: relative error of {name} alone", theory=0.05, computed=near[name].error,
                    relation="at least", tolerance=0)
    if rate == 0:
        beta = math.exp(-KERNEL_STEP * float(rule.momentum.friction[0, 0]))
        yield Check(quantity=f"kernel, {words}: β of momentum", theory=beta, computed=near["momentum"].coefficients["beta"],
                    relation="equal", tolerance=1e-6)


def evaluate_kernels() -> Evidence:
    """Kernels of moving tasks, with and without reversion."""
    checks = [check for rate in (0.0, REVERSION) for noise in KERNEL_NOISES for check in kernel_checks(noise, rate)]
    return Evidence(checks=[*checks, running_check()], data=kernel_picture())


def kernel_picture():
    """Data of the figure kernels, at λ = REVERSION."""
    names = {"momentum": "momentum", "momentum with decay": "momentum_with_decay", "nesterov": "nesterov"}
    kernels = [raw_rule(solve(moving(noise, REVERSION))).sampled(KERNEL_STEP).kernel(LENGTH) for noise in KERNEL_NOISES]
    near = [nearest_rules(kernel) for kernel in kernels]
    shown = slice(0, 80)
    return {
        "lags": KERNEL_STEP * np.arange(LENGTH)[shown], "noises": KERNEL_NOISES,
        "kernels": np.array([kernel[shown, 0, 0] for kernel in kernels]), "equivalents": list(names.values()),
        "equivalent_kernels": np.array([[one[name].kernel[shown, 0, 0] for one in near] for name in names]),
        "errors": np.array([[one[name].error for one in near] for name in names]), "error_floor": 1e-6}


CLAIMS = (
    Claim(name="noise-sweep", title="Noise shortens the step on the raw gradient",
          statement="-∂u/∂y = (r_T/h)·h²P₀/(h²P₀ + σ²/τ): as 1/σ² for loud noise, gradient descent for short horizons",
          source="Gauss-Markov regression and certainty equivalence; derived for this project", relations=("equal", "limit"),
          evaluate=evaluate, picture="noise_sweep"),
    Claim(name="raw-kernels", title="What the optimal learner makes of one gradient: momentum with decay, exactly",
          statement="θ̇(t) = -rsκ(z₁e^{z₁t} - z₂e^{z₂t})/(z₁ - z₂) after a unit impulse; momentum alone only where λ = 0",
          source="Kalman & Bucy 1961; derived for this project", relations=("equal", "limit", "at least"),
          evaluate=evaluate_kernels, picture="kernels"),
)
