"""The best coefficients of adam_from_beliefs: printed by scripts/adam_from_beliefs.py, frozen.

{curvatures: {(σ, γ): {rule: coefficients in the order of TUNED, averages as 1 - β}}}. 1e-4 stands for
the greatest β that was searched, 1 for β = 0: there the search ended at the bound, or at less than
AT_BOUND of the cost from it.
"""

BEST: dict[tuple[float, ...], dict[tuple[float, float], dict[str, tuple[float, ...]]]] = {
    (1.0, 25.0): {
        (0.3, 0.2): {
            "belief_adam": (1.82, 0.101, 0.0001),
            "adam": (1.79, 0.0987, 0.0001),
            "rmsprop": (0.0396, 0.0001),
        },
        (0.3, 0.8): {
            "belief_adam": (2.27, 0.151, 0.0001),
            "adam": (2.12, 0.14, 0.0001),
            "rmsprop": (0.329, 0.00847),
        },
        (0.3, 3.2): {
            "belief_adam": (2.43, 0.218, 0.0001),
            "adam": (1.87, 0.165, 0.0001),
            "rmsprop": (1.35, 0.714),
        },
        (1.0, 0.2): {
            "belief_adam": (1.74, 0.0871, 0.0001),
            "adam": (1.62, 0.0824, 0.0001),
            "rmsprop": (0.0401, 0.0001),
        },
        (1.0, 0.8): {
            "belief_adam": (2.59, 0.128, 0.0001),
            "adam": (2.1, 0.11, 0.0001),
            "rmsprop": (0.455, 0.0176),
        },
        (1.0, 3.2): {
            "belief_adam": (3.44, 0.155, 0.0001),
            "adam": (1.91, 0.116, 0.173),
            "rmsprop": (1.24, 0.681),
        },
        (3.0, 0.2): {
            "belief_adam": (1.77, 0.0848, 0.0001),
            "adam": (1.43, 0.077, 0.0426),
            "rmsprop": (0.199, 0.00197),
        },
        (3.0, 0.8): {
            "belief_adam": (3.11, 0.134, 0.0001),
            "adam": (1.94, 0.111, 0.0001),
            "rmsprop": (0.935, 0.13),
        },
        (3.0, 3.2): {
            "belief_adam": (4.78, 0.183, 0.0001),
            "adam": (1.38, 0.158, 0.608),
            "rmsprop": (0.83, 0.605),
        },
    },
    (0.5, 4.0, 20.0): {
        (0.3, 0.2): {
            "belief_adam": (1.61, 0.0865, 0.0001),
            "adam": (1.57, 0.084, 0.0001),
            "rmsprop": (0.0352, 0.0001),
        },
        (0.3, 0.8): {
            "belief_adam": (1.97, 0.13, 0.0001),
            "adam": (1.8, 0.118, 0.0001),
            "rmsprop": (0.488, 0.029),
        },
        (0.3, 3.2): {
            "belief_adam": (2.05, 0.174, 0.0001),
            "adam": (1.44, 0.131, 0.0001),
            "rmsprop": (1.04, 0.759),
        },
        (3.0, 0.2): {
            "belief_adam": (1.78, 0.0637, 0.0564),
            "adam": (1.37, 0.0579, 0.0482),
            "rmsprop": (0.422, 0.0129),
        },
        (3.0, 3.2): {
            "belief_adam": (4.45, 0.191, 1.0),
            "adam": (0.939, 0.162, 0.659),
            "rmsprop": (0.519, 0.646),
        },
    },
    (2.0, 8.0): {
        (0.3, 0.2): {"belief_adam": (1.32, 0.0769, 0.0001)},
    },
    (2.0, 60.0): {
        (0.3, 0.2): {"belief_adam": (2.4, 0.125, 0.0001)},
    },
}
