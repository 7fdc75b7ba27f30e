"""Policy programs: build, many starts, re-solves, growth, the horizon-by-noise atlas, and Adam's
family by scenarios.

The program is heavy ball with constant coefficients on quadratics with curvatures uniform on [0.05,
1], start variance 1, gradient noise σ = 0.3, terminal loss, T = 100, 40 quadrature nodes. The
references are the same programs written by hand (reference_policies.py): NumPy moments, or a NumPy
simulation, under SciPy's L-BFGS-B with finite differences, from the same starting points. They
return a cost and coefficients only; ours returns status, agreement of the starts and error
estimates.
"""

import json
import math
import statistics
import time

import courses
import numpy as np
from measuring import Row, compared, fresh_process, interleave
from reference_policies import HIGH, LOW, NODES, STEPS, AdamByHand, HandWritten

import landscape_control as lc
from landscape_control.optimisation.programs.moment_model import layout_of
from landscape_control.optimisation.programs.moment_numbers import pack
from landscape_control.optimisation.programs.moment_program import MomentProgram
from landscape_control.optimisation.starting import settled_starts

NOISE, STARTS, SCENARIOS = 0.3, 8, 200
CLOSE = 1e-6  # relative difference of costs that counts as the same optimum

_COLD = """
import json, math, time
import landscape_control as lc
began = time.perf_counter()
program = lc.PolicyProgram(
    task=lc.LandscapeDistribution.quadratic(curvatures=lc.Uniform({low}, {high}), start_variance=1.0),
    family=lc.policies.HeavyBall(constant=True), sees=lc.NoisyGradient({noise}), cost="terminal",
    objective=lc.Objective(horizon={steps}, discount=0.0, learning_rate=math.inf))
solver = lc.PolicySolver(program)
built = time.perf_counter()
result = solver.solve(starts={starts})
print(json.dumps({{"build": built - began, "solve": time.perf_counter() - built, "disagreed": result.starts - result.agreed,
                  "rebuilt": result.build_seconds - solver.build_seconds, "nodes": result.nodes}}))
"""
_ATLAS = """
import json, math, time
import numpy as np
import landscape_control as lc
program = lc.PolicyProgram(
    task=lc.LandscapeDistribution.quadratic(curvatures=lc.Uniform({low}, {high}), start_variance=1.0),
    family=lc.policies.HeavyBall(constant=True), sees=lc.NoisyGradient({noise}), cost="terminal",
    objective=lc.Objective(horizon={steps}, discount=0.0, learning_rate=math.inf))
axes = {{"horizon": {horizons}, "sees.noise": {noises}}}
found = lc.sweep(program, axes, measure=["cost", "coefficients", "agreed"], workers=2)
print(json.dumps({{"cells": int(found["status"].size), "failed": int(found.attrs["failed"]),
                  "wall": found.attrs["wall_seconds"], "cell_seconds": found.attrs["solver_seconds"]}}))
"""
_PROGRAM = {"low": LOW, "high": HIGH, "noise": NOISE, "steps": STEPS, "starts": STARTS}


def rows(quick):
    """All rows."""
    parts = (cold, many_starts, gradient_growth, courses.rows, atlas, adam)
    return [row for part in parts for row in part(quick)]


def heavy_ball(steps=STEPS):
    """The program of this module."""
    return lc.PolicyProgram(
        task=lc.LandscapeDistribution.quadratic(
            curvatures=lc.Uniform(LOW, HIGH), start_variance=1.0
        ),
        family=lc.policies.HeavyBall(constant=True),
        objective=lc.Objective(horizon=steps, discount=0.0, learning_rate=math.inf),
        sees=lc.NoisyGradient(NOISE),
        cost="terminal",
    )


# --- one program


def cold(quick):
    """Build and first solve from eight starts in fresh processes, the best of them."""
    found = [fresh_process(_COLD.format(**_PROGRAM)) for _ in range(3 if quick else 7)]
    best = {name: min(one[name] for one in found) for name in found[0]}
    what = f"heavy ball, T = {STEPS}, {best['nodes']} nodes"
    return [
        Row(
            what=f"{what}: build (best of {len(found)} processes)",
            ours=1e3 * best["build"],
            limit=500.0,
        ),
        Row(
            what=f"{what}: first solve, {STARTS} starts, after build",
            ours=1e3 * best["solve"],
            limit=500.0,
        ),
        Row(
            what=f"{what}: starts that ended elsewhere (information)",
            ours=float(best["disagreed"]),
            unit="",
        ),
    ]


def many_starts(quick):
    """Eight starts against the hand-written program from the same ones; other numbers without
    rebuilding.
    """
    solver, by_hand = lc.PolicySolver(heavy_ball()), HandWritten(noise=NOISE)
    starts = same_starts(solver.program, by_hand)
    ours, (cost, _) = solver.solve(starts=STARTS), by_hand.optimise(starts)
    seconds = interleave(
        {"ours": lambda: solver.solve(starts=STARTS), "peer": lambda: by_hand.optimise(starts)},
        2 if quick else 7,
    )
    found = [
        compared(
            f"{STARTS} starts; reference: NumPy moments, L-BFGS-B, same starts", [seconds], "peer"
        )
    ]
    found += [
        Row(
            what="cost of the optimum against the reference's, relative",
            ours=abs(ours.cost / cost - 1),
            unit="",
            limit=CLOSE,
        )
    ]
    return found + re_solves(solver, 6 if quick else 20)


def same_starts(program, by_hand):
    """The points (S, 2) that ``solve`` starts from: a draw that hardly beats standing still ten
    times over is none.
    """
    standing_still = by_hand.cost([0.0, 0.0])
    layout = program.family.layout(program.steps)
    with np.errstate(all="ignore"):
        return settled_starts(
            layout,
            STARTS,
            0,
            lambda one: math.log(by_hand.cost(one) / standing_still),
            math.log(10.0),
        )


def re_solves(solver, count):
    """Other σ, γ and spectra with the solver that is there: from eight starts, and from the last
    result alone.
    """
    rng, fresh, warm = np.random.default_rng(3), [], []
    built, previous = solver.build_seconds, solver.solve(starts=STARTS)
    for _ in range(count):
        numbers = {
            "noise": NOISE * rng.uniform(0.8, 1.25),
            "discount": rng.uniform(0.0, 0.02),
            "curvatures": lc.Uniform(LOW * rng.uniform(0.8, 1.25), HIGH),
        }
        for guess, starts, times in ((None, STARTS, fresh), (previous, 0, warm)):
            began = time.perf_counter()
            previous = solver.solve(guess=guess, starts=starts, **numbers)
            times.append(time.perf_counter() - began)
    return [
        Row(
            what=f"other σ, discount and spectrum, {STARTS} starts",
            ours=1e3 * statistics.median(fresh),
            limit=500.0,
        ),
        Row(
            what="other σ, discount and spectrum, from the last result alone",
            ours=1e3 * statistics.median(warm),
        ),
        Row(
            what="seconds of rebuilding for them",
            ours=solver.build_seconds - built,
            unit="s",
            limit=0.0,
        ),
    ]


# --- growth


def gradient_growth(quick):
    """Exponents p of the time of cost and gradient ~ T^p and ~ nodes^p; ideal are 1 and 1."""
    steps, nodes = (
        ([25, 50, 100], [20, 40, 80])
        if quick
        else ([25, 50, 100, 200, 400], [20, 40, 80, 160, 320])
    )
    by_steps = [gradient_seconds(count, NODES) for count in steps]
    by_nodes = [gradient_seconds(STEPS, count) for count in nodes]
    return [
        Row(
            what="exponent of a gradient's time in T",
            ours=_slope(steps, by_steps),
            unit="",
            limit=1.1,
        ),
        Row(
            what="exponent of a gradient's time in nodes",
            ours=_slope(nodes, by_nodes),
            unit="",
            limit=1.1,
        ),
        Row(
            what=f"cost and gradient, T = {STEPS}, {NODES} nodes",
            ours=1e3 * by_steps[steps.index(STEPS)],
        ),
    ]


def gradient_seconds(steps, nodes):
    """Seconds of one cost with its gradient: the smallest of many."""
    program = heavy_ball(steps)
    moments = MomentProgram(family=program.family, horizon=steps, layout=layout_of(program))
    function = moments.nlp(nodes, exact=False)[1]["grad_f"]
    inputs = (np.array([0.01, 0.9]), pack(moments, program, nodes))
    buffer, trigger = function.buffer()
    arrays = [*inputs, np.zeros(1), np.zeros(2)]
    for place, array in enumerate(arrays):
        (buffer.set_arg if place < 2 else buffer.set_res)(place % 2, memoryview(array))
    return min(interleave({"gradient": trigger}, 30)["gradient"])


def _slope(counts, seconds):
    return float(np.polyfit(np.log(counts), np.log(seconds), 1)[0])


# --- many programs


def atlas(quick):
    """Horizon by noise for heavy ball on two workers.

    The whole process, its start and its imports.
    """
    horizons, noises = (
        ([5, 20], [0.1, 0.3]) if quick else (_twenty(), np.geomspace(0.01, 1.0, 20).tolist())
    )
    code = _ATLAS.format(**_PROGRAM, horizons=json.dumps(horizons), noises=json.dumps(noises))
    began = time.perf_counter()
    found = fresh_process(code)
    whole, size = time.perf_counter() - began, f"{len(horizons)} x {len(noises)}"
    return [
        Row(
            what=f"atlas {size}, horizon by noise, 2 workers, whole process",
            ours=whole,
            unit="s",
            limit=None if quick else 30.0,
        ),
        Row(what="atlas: one cell", ours=1e3 * found["cell_seconds"] / found["cells"]),
        Row(what="atlas: cells that failed", ours=float(found["failed"]), unit="", limit=0.0),
    ]


def _twenty():
    """Horizons from 2 to 100, logarithmically; rounding makes short ones coincide, and the gaps are
    filled up again.
    """
    horizons = np.unique(np.geomspace(2, 100, 20).round().astype(int)).tolist()
    missing = (n for n in range(2, 101) if n not in horizons)
    return sorted([*horizons, *(next(missing) for _ in range(20 - len(horizons)))])


# --- scenarios


def adam(quick):
    """Adam's family with free p, β₁, β₂ on 200 scenarios of 100 steps, both judged by replay on the
    same new episodes.
    """
    starts, family = 2 if quick else STARTS, lc.policies.AdamFamily(epsilon=1e-8)
    program = lc.PolicyProgram(
        task=heavy_ball().task,
        family=family,
        objective=heavy_ball().objective,
        sees=lc.NoisyGradient(NOISE),
        cost="terminal",
    )
    began = time.perf_counter()
    ours = lc.emergence.solve_program(
        program, starts=starts, scenarios=SCENARIOS, most_scenarios=SCENARIOS, throw=False
    )
    spent = time.perf_counter() - began
    by_hand = AdamByHand(noise=NOISE, scenarios=SCENARIOS, epsilon=family.epsilon)
    began = time.perf_counter()
    _, entries = by_hand.optimise(by_hand.draw_starts(starts))
    reference = time.perf_counter() - began
    rule = lc.Policy(
        family=family, horizon=STEPS, coefficients=dict(zip(by_hand.names, entries, strict=True))
    )
    (here, error), (there, _) = (
        lc.replay(one, program, episodes=20_000, seed=5) for one in (ours.policy, rule)
    )
    what = f"Adam family, {SCENARIOS} scenarios, T = {STEPS}, {starts} starts"
    return [
        Row(what=f"{what}: build, search, judging", ours=spent, unit="s", limit=20.0),
        Row(
            what=f"{what}; reference: NumPy, L-BFGS-B, differences",
            ours=spent,
            reference=reference,
            ratio=spent / reference,
            unit="s",
        ),
        Row(
            what=f"Adam family: cost on new episodes, each ± {error:.1g} (information)",
            ours=here,
            reference=there,
            ratio=here / there,
            unit="",
        ),
    ]
