"""The names of the axes of recorded arrays by class and field, and what the arrays mean.

Axes of one object that have the same name have the same length, see ``contents``.
"""

_NODE, _STATE, _CONTROL, _BELIEF = "node", "parameter", "control", "belief"
_EPISODE, _KEPT, _STEP, _INTERVAL = "episode", "kept_episode", "step", "interval"
_MODE, _SAMPLE, _WEIGHT = "mode", "sample", "weight"
DIMS: dict[str, dict[str, tuple]] = {
    "Plan": {
        "times": (_NODE,),
        "parameters": (_NODE, _STATE),
        "controls": (_NODE, _CONTROL),
        "costates": (_NODE, _STATE),
        "vertices": ("vertex",),
        "positions": ("position",),
        "end_basin": (_STATE,),
    },
    "Tail": {
        "steady_state": (_STATE,),
        "steady_control": (_CONTROL,),
        "steady_costate": (_STATE,),
        "closed_loop": (_STATE, "parameter_from"),
        "gain": (_CONTROL, _STATE),
        "value_hessian": (_STATE, "parameter_from"),
        "velocity": (_STATE,),
    },
    "SecondVariation": {
        "times": (_NODE,),
        "value_hessian": (_NODE, _STATE, "parameter_from"),
        "gains": (_NODE, _CONTROL, _STATE),
    },
    "LQGSolution": {
        "gain": (_CONTROL, _STATE),
        "belief_gain": (_CONTROL, _BELIEF),
        "steady_covariance": (_BELIEF, "belief_from"),
        "filter_gain": (_BELIEF, "observation"),
        "unobserved": (_BELIEF, "combination"),
    },
    "Measurement": {
        **dict.fromkeys(("curvatures", "gradient", "noise", "residuals"), ("mode",)),
        **dict.fromkeys(("curvature_errors", "gradient_errors", "noise_errors"), ("mode",)),
        **dict.fromkeys(("layer_weights", "layer_gradient", "layer_noise"), ("layer",)),
        **dict.fromkeys(("layer_noise_errors", "layer_leading"), ("layer",)),
    },
    "Paths": {
        "times": (_NODE,),
        "parameters": (_KEPT, _NODE, _STATE),
        "controls": (_KEPT, _INTERVAL, _CONTROL),
        "hidden": (_KEPT, _NODE, "hidden_variable"),
        "observations": (_KEPT, _INTERVAL, "observation"),
        "belief_means": (_KEPT, _INTERVAL, "hidden_variable"),
        "belief_variances": (_KEPT, _INTERVAL, "hidden_variable"),
    },
    "Rollout": {
        **dict.fromkeys(("losses", "efforts", "terminals", "costs"), (_EPISODE,)),
        "final": (_EPISODE, _STATE),
        "diverged": ("diverged_episode",),
    },
    "Trajectory": {
        "times": (_NODE,),
        "losses": (_NODE,),
        "parameters": (_NODE, _STATE),
        "controls": (_NODE, _CONTROL),
    },
    "Scatter": {
        "points": (_SAMPLE, _STATE),
        "controls": (_SAMPLE, _CONTROL),
        "slopes": (_SAMPLE, _CONTROL),
        "starts": (_SAMPLE,),
    },
    "Exponents": {
        **dict.fromkeys(("curvature", "gain", "exponent", "theory_gain", "theory"), (_MODE,)),
        "directions": (_MODE, _STATE),
        "minimum": (_STATE,),
    },
    "Schedule": dict.fromkeys(("learning_rate", "momentum"), (_STEP,)),
    "ScheduledRule": dict.fromkeys(("rates", "deviations"), (_STEP,)),
    "ScheduleReading": {"rates": (_STEP,)},
    "NamedSchedule": {"fitted": (_STEP,)},
    "LagFit": {"lags": ("lag",), "intervals": ("lag", "side")},
    "NamedKernel": {"kernel": ("lag",)},
    "Histories": {
        **dict.fromkeys(
            ("gradients", "updates", "parameters", "errors", "weight_errors", "spans"),
            ("history", _STEP, _WEIGHT),
        ),
        "norms": ("history", _STEP),
        "unknown": ("history",),
    },
    "RecordedRun": {
        **dict.fromkeys(
            ("gradients", "updates", "parameters", "errors", "learning_rate", "spans"),
            (_STEP, _WEIGHT),
        ),
        **dict.fromkeys(("gradient_norm", "received_norm", "durations"), (_STEP,)),
        **dict.fromkeys(("groups", "numbers", "relative_rates"), (_WEIGHT,)),
    },
    "RawRule": {
        "dynamics": ("state", "state_from"),
        "entry": ("state", "observation"),
        "shift": ("state",),
    },
    "StepRule": {
        "dynamics": ("state", "state_from"),
        "entry": ("state", "observation"),
        "shift": ("state",),
    },
    "MomentumForm": {
        "friction": (_STATE, "parameter_from"),
        "learning_rate": (_STATE, "observation"),
        "decay": (_STATE, "parameter_from"),
        "rest": (_STATE,),
    },
    "LinearisedRules": {
        "times": (_NODE,),
        "gains": (_NODE, _CONTROL, _STATE),
        "belief_gains": (_NODE, _CONTROL, _BELIEF),
    },
    "Equivalent": {"kernel": ("lag", _STATE, "observation")},
    "GlobalCertificate": {
        "box": (_STATE, "side"),
        "times": (_NODE,),
        "path": (_NODE, _STATE),
    },
    "Course": {"losses": ("moment",), "rates": ("step",), "shares": ("step",)},
    "TrainingPlan": {
        **dict.fromkeys(("times", "losses"), (_NODE,)),
        "parameters": (_NODE, _STATE),
        **dict.fromkeys(("vertices", "arc_lengths"), ("vertex",)),
        "positions": ("position",),
        "layer_weights": ("layer",),
    },
    "GridPolicy": {
        "to_go": ("slice",),
        "values": ("slice", ...),
        "controls": ("slice", _CONTROL, ...),
        "start": (_STATE,),
        "box": ("axis", "side"),
        "core": ("axis", "side"),
        "natural": ("axis", "side"),
    },
}
LABELS: dict[str, dict[str, str]] = {
    "times": {"long_name": "time t", "units": "time units of the problem"},
    "to_go": {"long_name": "time to go", "units": "time units of the problem"},
    "vertices": {"long_name": "ends of the mesh elements", "units": "time units of the problem"},
    "positions": {"long_name": "nodes of one element", "units": "fraction of the element"},
    "parameters": {"long_name": "θ", "units": "parameter"},
    "controls": {"long_name": "u", "units": "parameter / time"},
    "costates": {"long_name": "current-value costate λ = ∂V/∂θ", "units": "cost / parameter"},
    "values": {"long_name": "V at the times to go", "units": "cost"},
    "end_basin": {"long_name": "minimum whose basin holds θ(T)", "units": "parameter"},
}
