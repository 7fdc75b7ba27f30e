"""Data for every picture, made without the library's solvers, and the panels that they must have.

A new picture needs no entry: its claim's own evidence is drawn in test_claims.
"""

from . import beliefs, causal, learners, plans, results

DATA = plans.DATA | results.DATA | beliefs.DATA | learners.DATA | causal.DATA
PANELS = {
    "double_well": "map energy loss",
    "quadratic_modes": "relaxation rate",
    "anisotropic_bowl": "map modes",
    "convergence_rates": "discount condition",
    "metric_drift": "isotropic metric rotation decay",
    "gradient_descent_limits": "discount horizon",
    "proximal_limit": "map distance",
    "natural_gradient": "map distance",
    "partial_control": "map angle",
    "escape_horizon": "map plans spent <colorbar>",
    "preconditioner": "curvature collapse horizon",
    "policy_scatter": "descent prediction",
    "coefficients": "forest numbers",
    "verdict": "error regret numbers",
    "global_value": "value cost",
    "plan_overview": "map parameters controls costates",
    "claims_overview": "claims numbers",
    "training_curves": "loss accuracy",
    "derived_run": "loss rate momentum curvature",
    "network_paths": "loss ratios",
    "loss_ratios": "ratios",
    "belief_tracking": "belief weights variance",
    "moving_task": "factor slow short",
    "momentum_from_noise": "friction learning_rate weight_decay shared shared_cost",
    "momentum_maps": "momentum learning_rate weight_decay <colorbar>",
    "kernels": "kernel_1 kernel_2 kernel_3 errors",
    "kalman_bias_correction": "transient difference momentum",
    "adam_from_beliefs": "distance_1 distance_2 distance_3 regret_1 regret_2 regret_3 map loss",
    "gaussian_weights": "speed paths",
    "resetting": "regret_1 regret_2 regret_3 weights",
    "dual_effect": "map probing spread policy methods <colorbar>",
    "two_task_chain": "control error factor",
    "noise_sweep": "step share",
    "orthogonal_momentum": "learning_rate momentum limit span",
    "terminal_not_identifiable": "polynomial steps momentum cost",
    "noise_makes_momentum": "momentum learning_rate momentum_map learning_rate_map <colorbar>",
    "optimal_schedule": "schedule_1 schedule_2 schedule_3 excess",
    "lqg_from_policies": "momentum learning_rate weight_decay gap cost",
    "adam_exponent": "exponent discount moments",
    "worst_case_steps": "steps gain worst silver",
    "emergence_atlas": "best gain coefficient_1 coefficient_2 <colorbar>",
}
