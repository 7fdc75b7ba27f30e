"""Data of the figure dual_effect."""

import math

import numpy as np

from ._dual_effect_plans import (
    BLIND,
    CURVATURES,
    DISCOUNTS,
    EPISODES,
    MAIN,
    NOISES,
    control,
    grid,
    run,
)

SHOWN = 20.0  # time


def picture(found, linear) -> dict:
    """From the answers over (σ, γ) and what transcription costs over σ."""
    noise, discount = MAIN
    truth, none = grid(*MAIN), grid(BLIND, discount)
    seen = [
        run(one.policy, *MAIN, draws=2, keep_paths=EPISODES, horizon=SHOWN).paths
        for one in (truth, none)
    ]
    chances = [
        (paths.belief_means[:, :, 0] - CURVATURES[1]) / (CURVATURES[0] - CURVATURES[1])
        for paths in seen
    ]
    tracks = [paths.parameters[:, :-1, 0] for paths in seen]  # there is no belief at the end
    line, beliefs = np.linspace(-1.5, 1.5, 61), np.array([0.25, 0.5, 0.75])
    slices = [
        [[control(one.policy, theta, p) for theta in line] for p in beliefs]
        for one in (truth, none)
    ]
    replanned = np.array([[found[sigma, discount].regret, 0.0] for sigma in NOISES])
    transcribed = np.array([linear[sigma] for sigma in NOISES])
    return {
        "noises": NOISES,
        "horizons": 1 / DISCOUNTS[::-1],
        "vertical_name": "horizon 1/γ",
        "information_value": np.array(
            [[found[sigma, gamma].regret for sigma in NOISES] for gamma in DISCOUNTS[::-1]]
        ),
        "times": seen[0].times[:-1],
        "rules": ["dynamic_programming", "certainty_equivalent"],
        "paths": np.array([track.mean(0) for track in tracks]),
        "path_errors": np.array([track.std(0) / math.sqrt(EPISODES) for track in tracks]),
        "spreads": np.array([(p * (1 - p)).mean(0) for p in chances]),
        "spread_name": "doubt p(1 − p), mean",
        "parameters": line,
        "beliefs": beliefs,
        "belief_name": "p",
        "controls": np.array(slices[0]),
        "certainty_controls": np.array(slices[1]),
        "methods": ["transcription", "replanning"],
        "method_noises": NOISES,
        "method_gaps": np.array([transcribed[:, 0], replanned[:, 0]]),
        "method_errors": np.array([transcribed[:, 1], replanned[:, 1]]),
    }
