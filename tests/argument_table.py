"""One row per public callable: the arguments of a valid call. What is required and not given here
follows from its kind.

``public_callables`` lists what there has to be a row for, read off ``__all__`` of the package and
of its public parts.
"""

import enum
import importlib
import inspect

import numpy as np
from misuses import find

import landscape_control as lc
from landscape_control import policies, rules, simulation

PARTS = (
    "belief", "claims", "comparison", "emergence", "grid", "identification", "measures", "planning", "plotting", "policies",
    "records", "reference", "report", "rules", "simulation", "stochastic", "sweeps", "verification",
)  # fmt: skip

_OPEN = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def public_callables() -> dict:
    """{name: function or class}: those of the package, and of its public parts as part.name; errors
    and words left out.
    """
    found = {name: getattr(lc, name) for name in lc.__all__}
    top = {id(value) for value in found.values()}
    for part in PARTS:
        module = importlib.import_module(f"landscape_control.{part}")
        for name in module.__all__:
            value = getattr(module, name)
            if id(value) not in top:
                found[f"{part}.{name}"] = value
    return {name: value for name, value in found.items() if _is_called(value)}


def _is_called(value):
    if inspect.isclass(value):
        return not issubclass(value, enum.Enum | BaseException)
    return inspect.isfunction(value)


def declaration_of(value):
    """The declaration of a public callable; None where its arguments are not declared."""
    function = value.__init__ if inspect.isclass(value) else value
    found = getattr(function, "declaration", None)
    own = not inspect.isclass(value) or found is None or found._owner is value
    return found if own else None


WELL = lc.double_well()
OBJECTIVE = lc.Objective(horizon=2.0)
PROBLEM = lc.ControlProblem(landscape=WELL, objective=OBJECTIVE, start=[0.5, 0.5])
BOWL = lc.ControlProblem(
    landscape=lc.quadratic(hessian=[[1.0]]),
    objective=OBJECTIVE,
    start=[1.0],
    learner=lc.Learner(sees=lc.ExactGradient()),
)
PRIOR = lc.GaussianPrior([0.0], [[1.0]])
TASK = lc.LandscapeDistribution.quadratic(curvatures=lc.Uniform(0.1, 1.0), start_variance=1.0)
BALL = policies.HeavyBall(constant=True)
_SEEN = np.random.default_rng(0).normal(size=(4, 6, 1))
MOVING = lc.Histories(gradients=_SEEN, updates=-0.1 * _SEEN)
PROGRAM = lc.PolicyProgram(task=TASK, family=BALL, objective=lc.Objective(horizon=3.0))
POLICY = lc.Policy(family=BALL, coefficients={"learning_rate": 0.1, "momentum": 0.5}, horizon=3)
RUN = lc.RecordedRun(gradients=np.ones((9, 2)), updates=np.ones((9, 2)))
EYE = np.eye(2)
ONES = np.ones(2)
MEANS = lc.data_loss(lambda theta, x: (theta[0] - x) ** 2, ONES, dimension=1)
SAMPLES = (
    np.random.default_rng(0),
    np.random.SeedSequence(0),WELL, OBJECTIVE, PROBLEM, PRIOR, TASK, BALL, PROGRAM, POLICY, lc.Learner(),
           lc.NoisyGradient(0.1), lc.Uniform(0.1, 1.0),
           policies.Constant(), simulation.SGD(learning_rate=0.1))  # fmt: skip

ROWS = {
    "BeliefSolution": {},
    "belief.DiscountedModel": {"mean_discount": 0.9, "scale_discount": 0.99},
    "Collocation": {"elements": 3, "points": "gauss"},
    "ControlProblem": {"landscape": WELL, "objective": OBJECTIVE, "start": [0.5, 0.5]},
    "CurvatureNoise": {"scale": 0.1},
    "ModeNoise": {"deviations": [0.1, 0.3]},
    "Discrete": {"values": [0.1, 1.0]},
    "DiscretisedAction": {"elements": 3},
    "ExactGradient": {},
    "Histories": {"gradients": np.ones((1, 3, 1)), "updates": np.ones((1, 3, 1))},
    "RecordedRun": {"gradients": np.ones((9, 2)), "updates": np.ones((9, 2))},
    "Recording": {"runs": [RUN]},
    "GaussianPrior": {"mean": [0.0], "covariance": [[1.0]]},
    "JumpProcess": {"rate": 1.0, "mean": [0.0], "covariance": [[1.0]]},
    "Landscape": {"dimension": 2, "expression": lambda theta: theta[0] ** 2 + theta[1] ** 2},
    "LandscapeDistribution": {"curvatures": lc.Uniform(0.1, 1.0)},
    "Learner": {"metric": EYE},
    "LinearDrift": {"matrix": EYE, "offset": ONES},
    "LogUniform": {"low": 0.1, "high": 1.0},
    "MarchenkoPastur": {"ratio": 0.5},
    "MultipleShooting": {"elements": 3},
    "NoisyGradient": {"noise": 0.1},
    "NoisyLoss": {"noise": 0.1},
    "Objective": {"horizon": 1.0},
    "Observe": {"function": lambda theta, phi: theta, "noise": 0.1},
    "OrnsteinUhlenbeck": {"mean": [0.0], "rate": 1.0, "covariance": [[1.0]]},
    "Plan": {},
    "Policy": {
        "family": BALL,
        "coefficients": {"learning_rate": 0.1, "momentum": 0.5},
        "horizon": 3,
    },
    "PolicyProgram": {"task": TASK, "family": BALL, "objective": lc.Objective(horizon=3.0)},
    "PolicyResult": {},
    "PolicySolver": {"program": PROGRAM},
    "emergence.ProgramSolver": {"program": PROGRAM},
    "RandomWalk": {"mean": [0.0], "covariance": [[1.0]], "diffusion": [[1.0]]},
    "Solution": {},
    "Solver": {"problem": PROBLEM},
    "TaskChain": {"rates": [[-1.0, 1.0], [1.0, -1.0]], "tasks": [0.0, 1.0]},
    "Uniform": {"low": 0.1, "high": 1.0},
    "belief_model": {},
    "best_coefficients": {},
    "certify_global": {},
    "compare": {"problems": PROBLEM},
    "data_loss": {
        "per_sample": lambda theta, x: (theta[0] - x) ** 2 + theta[0] ** 4,
        "inputs": ONES,
        "dimension": 1,
    },
    "external_loss": {
        "value": lambda theta: float(theta @ theta),
        "gradient": lambda theta: 2 * theta,
        "dimension": 2,
    },
    "network_loss": {"sizes": [1, 1], "inputs": ONES, "targets": ONES},
    "network_outputs": {"sizes": [1, 1], "weights": ONES, "inputs": ONES},
    "minibatch_noise": {"landscape": MEANS, "points": [0.5]},
    "derive_optimizer": {"model": None, "loss_fn": len, "loader": [], "steps": 100},
    "double_well": {"tilt": 0.3},
    "trajectory": {
        "problem": PROBLEM,
        "rule": "gradient_descent",
        "coefficients": {"learning_rate": 0.1},
    },
    "exponent_curve": {"curvatures": [1.0, 2.0]},
    "Course": {},
    "CourseLimits": {"cap": 0.5},
    "plan_course": {},
    "find_minima": {"landscape": WELL, "seeds": [[0.5, 0.5]]},
    "fingerprint": {"problem": PROBLEM},
    "identify": {"subject": PROBLEM},
    "linear_drift": {"matrix": EYE},
    "export": {"rule": POLICY, "to": "numpy"},
    "linearised_rules": {},
    "Measurement": {},
    "measure": {"model": None, "loss_fn": len, "loader": []},
    "record_training": {"optimizer": None},
    "TrainingPlan": {},
    "plan_training": {"model": None, "loss_fn": len, "loader": [], "objective": OBJECTIVE},
    "load": {"path": "nothing.nc"},
    "nearest_rules": {},
    "optimize_policy": {},
    "paired_difference": {},
    "path_law": {"solutions": object.__new__(lc.Plan)},
    "preconditioner_exponent": {},
    "quadratic": {"hessian": EYE, "minimum": ONES},
    "raw_rule": {},
    "replay": {"policy": POLICY, "program": PROGRAM, "episodes": 4, "seed": 0},
    "resume": {"store": "nothing"},
    "rollout": {"rule": "gradient_descent", "coefficients": {"learning_rate": 0.1}},
    "rosenbrock": {"dimension": 3},
    "three_hump_camel": {},
    "save": {"value": PROBLEM, "path": "nowhere/nothing.nc"},
    "share_momentum": {},
    "simulate": {"policy": lambda *_: 0.0},
    "solve": {"problem": PROBLEM},
    "sweep": {"problem": PROBLEM, "axes": {"horizon": [1.0, 2.0]}, "measure": "cost"},
    "worst_case": {},
    "identification.name_schedule": {"rates": np.linspace(1.0, 0.1, 10)},
    "identification.read_kernel": {"histories": MOVING},
    "policies.AMSGrad": {},
    "policies.AdamFamily": {"epsilon": 1e-16},
    "policies.Averaged": {"family": BALL},
    "policies.Clipped": {"family": BALL},
    "policies.Coefficient": {"name": "a", "symbol": "α"},
    "policies.Constant": {},
    "policies.Cosine": {"final": 0.1},
    "policies.FirstOrderSpan": {"memory": 2, "constant": True},
    "policies.DiscountedBayes": {},
    "policies.Fixed": {"family": BALL, "values": {"momentum": 0.5}},
    "policies.GatedPolicy": {"hidden": 2, "gradient_scale": 1.0, "sees_clock": True},
    "policies.GradientDescent": {"constant": True},
    "policies.HeavyBall": {"constant": True},
    "policies.InverseTime": {},
    "policies.Layout": {"coefficients": BALL.coefficients, "horizon": 3},
    "policies.Lion": {"smoothing": 0.1},
    "policies.NAdam": {},
    "policies.Nesterov": {"constant": True},
    "policies.DampenedMomentum": {},
    "policies.QuasiHyperbolic": {},
    "policies.RMSPropMomentum": {},
    "policies.Regularised": {"family": BALL},
    "policies.NeuralPolicy": {"hidden": 2, "gradient_scale": 1.0},
    "policies.Polynomial": {},
    "policies.Scheduled": {"family": BALL, "shape": policies.Constant()},
    "policies.ScheduledDescent": {"shape": policies.Constant()},
    "policies.SignDescent": {"smoothing": 0.1},
    "policies.LogLinear": {"pieces": 3},
    "policies.WarmupStableDecay": {"warmup": 0.1, "decay_fraction": 0.1},
    "policies.WeightDecay": {"family": BALL},
    "policies.by_name": {"name": "heavy ball"},
    "policies.impulse_response": {"policy": POLICY},
}

ROWS |= {
    "reference.chebyshev_factor": {"low": 0.1, "high": 1.0, "horizon": 4},
    "reference.polyak": {"low": 0.1, "high": 1.0},
    "reference.relaxation_matrix": {"metric": EYE, "hessian": EYE},
    "reference.relaxation_rate": {"curvature": [1.0, 2.0], "discount": 0.1},
    "plotting.grid_data": {"landscape": WELL, "box": [[-1.0, 1.0], [-1.0, 1.0]]},
    "rules.by_name": {"name": "newton"},
    "rules.Observation": {"values": {rules.Sees.GRADIENT: ONES}},
    "measures.by_name": {"name": "cost"},
    "measures.forgetting_of": {"old": WELL},
    "simulation.Bound": {"least": 0.1, "most": 1.0},
    "measures.linear_rule_costs": {"problem": BOWL},
    "simulation.exact_best_coefficients": {"problem": BOWL},
    "simulation.exact_cost": {"problem": BOWL},
    "simulation.exact_optimum": {"problem": BOWL},
    "simulation.SGD": {"learning_rate": 0.1},
    "simulation.WeightDecay": {"learner": simulation.SGD(learning_rate=0.1), "decay": 0.1},
}

# valid calls with nothing but what follows from the kinds
PLAIN = [
    "policies.Signum",
    "belief.combination",
    "belief.discount_of_drift",
    "belief.discount_of_volatility",
    "belief.drift_of_discount",
    "belief.volatility_of_discount",
    "comparison.Criteria",
    "comparison.Exponents",
    "comparison.PathLaw",
    "comparison.Run",
    "comparison.Scatter",
    "comparison.Selection",
    "emergence.Choice",
    "emergence.HeldOut",
    "emergence.Identifiability",
    "emergence.PolicyCertificate",
    "emergence.PolicyProgress",
    "emergence.ScenarioSolver",
    "emergence.WorstCaseResult",
    "emergence.choose_family",
    "emergence.exact_cost",
    "emergence.has_moments",
    "emergence.solve_program",
    "grid.GlobalCertificate",
    "grid.Grid",
    "grid.Leaving",
    "grid.Outside",
    "grid.ValueFunction",
    "grid.least_cost_of_leaving",
    "identification.Excitation",
    "identification.HeavyBallRegression",
    "identification.Equivalent",
    "identification.KernelReading",
    "identification.LagFit",
    "identification.NamedKernel",
    "identification.NamedSchedule",
    "identification.RandomUpdates",
    "identification.ScheduleReading",
    "identification.ScheduledRule",
    "identification.LinearisedRules",
    "identification.MomentumForm",
    "identification.PathLaw",
    "identification.RawRule",
    "identification.Schedule",
    "identification.SharedMomentum",
    "identification.StepRule",
    "measures.LinearRuleCost",
    "measures.Measure",
    "measures.RuleCost",
    "measures.best_rule_within",
    "measures.cheapest_rule_within",
    "measures.plain_value",
    "measures.regret_at",
    "measures.rule_coefficients_at",
    "planning.Confirmation",
    "planning.GridSolution",
    "planning.LQGSolution",
    "planning.LinearModel",
    "planning.TranscribedSolution",
    "plotting.Key",
    "plotting.contour_levels",
    "plotting.grid_data",
    "plotting.hatched",
    "plotting.how_to_read",
    "plotting.new_figure",
    "plotting.rule",
    "plotting.shades",
    "reference.LinearQuadratic",
    "reference.OrthogonalRule",
    "reference.endless_loss",
    "reference.finite_horizon_gain",
    "reference.longest_horizon",
    "reference.minimax_loss_flat",
    "reference.orthogonal_rule",
    "reference.polynomials",
    "reference.preconditioner_exponent",
    "reference.relaxation_rate",
    "reference.shrink_factor",
    "reference.silver_steps_convex",
    "reference.weight_decay_attractor",
    "reference.weight_decay_rate",
    "rules.CausalRule",
    "rules.Coefficient",
    "rules.Rule",
    "rules.all_rules",
    "rules.ballistic",
    "rules.causal",
    "rules.of_networks",
    "rules.decayed_gradient_descent",
    "rules.drift_compensated_gradient_descent",
    "rules.full_information",
    "rules.gradient_descent",
    "rules.held_newton",
    "rules.linear_quadratic",
    "rules.natural_gradient",
    "rules.newton",
    "rules.observation",
    "rules.observe",
    "rules.optimal_gain",
    "rules.optimal_step",
    "rules.proximal",
    "simulation.SGD",
    "simulation.Adam",
    "simulation.Ballistic",
    "simulation.BeliefAdam",
    "simulation.Bound",
    "simulation.DiscountedBayes",
    "simulation.ExactCost",
    "simulation.ExactTuned",
    "simulation.FullResetAtSwitches",
    "simulation.HeavyBall",
    "simulation.KalmanMomentum",
    "simulation.LinearLearner",
    "simulation.NoReset",
    "simulation.Paths",
    "simulation.PolicyLearner",
    "simulation.RMSProp",
    "simulation.RawLearner",
    "simulation.Rollout",
    "simulation.ShrinkAndPerturb",
    "simulation.Tuned",
    "simulation.WeightDecay",
    "simulation.adam_bias_correction",
    "simulation.adam_gain",
    "simulation.kalman_gain",
    "simulation.kalman_gain_walk",
    "simulation.kalman_transient",
    "stochastic.BeliefCoordinates",
    "stochastic.CertaintyEquivalence",
    "stochastic.ControlledDiffusion",
    "stochastic.GridPolicy",
    "sweeps.Progress",
    "sweeps.bar",
    "sweeps.lines",
]

# what needs more than its kinds say to be a valid call
UNCALLED = [
    "Trajectory",
    "plot_sweep",
    "belief.DiscountedBelief",
    "belief.GaussianBelief",
    "belief.TaskBelief",
    "belief.unbounded",
    "belief.unobservable",
    "claims.Check",
    "claims.Claim",
    "claims.Evidence",
    "claims.Outcome",
    "claims.all_claims",
    "claims.claim_problem",
    "claims.claims_at",
    "claims.find_claim",
    "claims.fitted_slope",
    "claims.run_claims",
    "comparison.PolicySample",
    "comparison.RuleFit",
    "comparison.Verdict",
    "comparison.draw_starts",
    "comparison.fit_maps",
    "comparison.fit_rules",
    "comparison.run_rule",
    "comparison.sample_policy",
    "emergence.ScenarioResult",
    "emergence.certify_policy",
    "emergence.identify_coefficients",
    "emergence.same_cost",
    "grid.value_function",
    "identification.Identification",
    "identification.fit_causal",
    "identification.identify_causal",
    "identification.linear_raw_rule",
    "identification.residual_shape",
    "identification.select_equivalent",
    "identification.watch",
    "measures.Cell",
    "measures.as_measure",
    "measures.by_name",
    "measures.rule_costs",
    "planning.ReplanningSolution",
    "planning.read_linear_model",
    "planning.solve",
    "planning.solve_dynamic_programming",
    "planning.solve_lqg",
    "planning.solve_replanning",
    "planning.solve_transcribed",
    "plotting.arrows",
    "plotting.attractor",
    "plotting.coefficients_data",
    "plotting.dot_rows",
    "plotting.dress",
    "plotting.energy_panel",
    "plotting.exponent_axis",
    "plotting.exponent_curves",
    "plotting.figure_legend",
    "plotting.forest",
    "plotting.heat_map",
    "plotting.landscape_contours",
    "plotting.legend",
    "plotting.legend_below",
    "plotting.log_axes",
    "plotting.loss_contours",
    "plotting.mark_cells",
    "plotting.measured_slope",
    "plotting.minima",
    "plotting.name_rows",
    "plotting.number_columns",
    "plotting.number_map",
    "plotting.plan_data",
    "plotting.policy_data",
    "plotting.policy_scatter",
    "plotting.prediction_scatter",
    "plotting.rate_plot",
    "plotting.region_map",
    "plotting.rule_series",
    "plotting.saddles",
    "plotting.save",
    "plotting.slope_triangle",
    "plotting.start",
    "plotting.sweep_maps",
    "plotting.sweep_multiples",
    "plotting.sweep_slices",
    "plotting.theory_and_computed",
    "plotting.time_series",
    "plotting.tolerance_used",
    "plotting.trajectory",
    "plotting.vector_field",
    "plotting.verdict_data",
    "records.differences",
    "records.from_specification",
    "records.specification",
    "reference.FinitePolicy",
    "reference.FixedEndPlan",
    "reference.InfinitePolicy",
    "reference.ballistic_matrix",
    "reference.bowl_function",
    "reference.chebyshev_factor",
    "reference.chebyshev_heavy_ball",
    "reference.chebyshev_steps",
    "reference.constant_descent",
    "reference.gradient_descent_error",
    "reference.gradient_descent_rate",
    "reference.marchenko_pastur_rule",
    "reference.minimax_loss_steps",
    "reference.newton_held_plan",
    "reference.planning_horizon",
    "reference.polyak",
    "reference.polyak_approach",
    "reference.polyak_factor",
    "reference.proximal_matrix",
    "reference.relaxation_matrix",
    "reference.rotation_attractor",
    "reference.short_horizon_error",
    "reference.silver_steps",
    "reference.spiral_frequency",
    "report.Picture",
    "report.Provenance",
    "report.Reproduction",
    "report.atlas_page",
    "report.claim_document",
    "report.claim_lines",
    "report.csv_table",
    "report.describe_solution",
    "report.draw_pictures",
    "report.html_page",
    "report.outcome_document",
    "report.provenance",
    "report.provenance_rows",
    "report.reproduce",
    "report.steps",
    "report.text_table",
    "report.verdict_document",
    "report.write_atlas",
    "rules.Observation",
    "rules.by_name",
    "rules.metric_modes",
    "simulation.AnnouncedSwitches",
    "stochastic.belief_system",
    "stochastic.certainty_equivalence",
    "stochastic.evaluate_policy",
    "stochastic.solve_grid",
    "sweeps.describe",
    "sweeps.load_store",
    "verification.check_method",
]

ROWS |= {name: ROWS.get(name, {}) for name in PLAIN + UNCALLED}

# What needs no argument is called without any, and needs no row.
ROWS = {
    name: {}
    for name, value in public_callables().items()
    if declaration_of(value) is not None
    and all(
        parameter.default is not parameter.empty or parameter.kind in _OPEN
        for parameter in inspect.signature(value).parameters.values()
    )
} | ROWS

# results that only a solve makes: an empty object of the class passes for one until the body runs
STAND_INS = {
    "BeliefSolution", "Course", "Measurement", "Plan", "PolicyResult", "PolicySolver", "Solution", "belief_model",
    "best_coefficients", "certify_global", "compare", "exponent_curve", "identify", "linearised_rules", "load", "measure",
    "nearest_rules", "optimize_policy", "paired_difference", "path_law", "plan_course", "preconditioner_exponent",
    "raw_rule", "record_training", "resume", "rollout", "save", "share_momentum", "simulate", "solve", "sweep",
    "TrainingPlan", "derive_optimizer", "plan_training", "worst_case",
}  # fmt: skip


STAND_INS |= set(UNCALLED) - {name for name, given in ROWS.items() if given}


def public_methods() -> dict:
    """{"Class.method": (class, name)} of the public classes, without those that take nothing."""
    found = {}
    for name, value in public_callables().items():
        for key, member in vars(value).items() if inspect.isclass(value) else ():
            function = getattr(member, "__func__", member)
            if key.startswith("_") or not inspect.isfunction(function):
                continue
            if len(inspect.signature(function).parameters) > (not isinstance(member, staticmethod)):
                found[f"{name}.{key}"] = value, key
    return found


def sample(what: dict):
    """A value of a kind, for arguments that a row leaves out."""
    kind = what["kind"]
    if kind == "Instance":
        cls = find(what["cls"])
        known = next((one for one in SAMPLES if isinstance(one, cls)), None)
        return _blank(cls) if known is None else known
    if kind == "Array":
        axes = what["axes"]
        return np.ones((2,) * (max(axes) if axes else 1))
    if kind == "Number":
        return _inside(what["low"], what["high"])
    if kind == "Integer":
        return what["low"] if what["low"] is not None else 1
    if kind == "Items":
        return [sample(what["entry"])]
    if kind == "Table":
        return {"one": sample(what["entry"])}
    if kind == "Either":
        return sample(next(one for one in what["kinds"] if one["kind"] != "Nothing"))
    if kind == "Choice":
        return what["allowed"][0]
    if kind == "Member":
        return next(iter(find(what["cls"])))
    return {
        "Flag": True,
        "Text": "text",
        "PathName": "text",
        "Function": lambda *_: 0.0,
        "Nothing": None,
    }.get(kind, 1.0)


def _blank(cls):
    if cls.__module__ == "builtins":
        return cls()
    concrete = type(cls.__name__, (cls,), {}) if not inspect.isabstract(cls) else cls
    return object.__new__(concrete if cls.__module__.startswith("landscape_control") else cls)


def _inside(low, high):
    if np.isfinite(low) and np.isfinite(high):
        return float(low + high) / 2
    return float(low + 1) if np.isfinite(low) else 1.0
