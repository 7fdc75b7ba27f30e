"""One look per rule: told apart by every eye, the same everywhere."""

import itertools

import numpy as np
import pytest
from matplotlib import colors

from landscape_control.display.plotting import style


def test_every_closed_form_rule_of_the_library_has_a_look_of_its_own():
    keys = [
        "gradient_descent",
        "natural_gradient",
        "newton",
        "held_newton",
        "ballistic",
        "linear_quadratic",
        "proximal",
        "decayed_gradient_descent",
        "drift_compensated_gradient_descent",
        "optimal",
        "momentum",
        "second_order",
        "none",
    ]
    looks = [style.rule(key) for key in keys]
    assert len({(look.color, str(look.line)) for look in looks}) == len(keys)
    assert style.rule("decayed_gradient_descent").color == style.rule("gradient_descent").color
    assert style.rule("my_rule") == style.rule("my_rule") != style.rule("optimal")


def test_every_family_has_a_look_of_its_own():
    keys = [
        "gradient_descent",
        "scheduled_descent",
        "heavy_ball",
        "nesterov",
        "adam_family",
        "lion",
        "gated",
        "constant",
        "inverse_time",
        "cosine",
        "warmup_stable_decay",
        "first_order_span",
    ]
    looks = [style.rule(key) for key in keys]
    assert all(key in style.RULES for key in keys)
    assert len({(look.color, str(look.line), look.marker) for look in looks}) == len(keys)


TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)


DEUTERANOPE = [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.011820, 0.042940, 0.968881],
]


PROTANOPE = [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
]


def lab(color, cone):
    """CIELAB of a colour seen through a linear-RGB matrix (Machado, Oliveira and Fernandes 2009,
    severity 1).
    """
    rgb = np.array(colors.to_rgb(color))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(np.array(cone) @ linear, 0, 1) / np.array([0.95047, 1.0, 1.08883])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize(
    "cone", [np.eye(3), DEUTERANOPE, PROTANOPE], ids=["trichromat", "deuteranope", "protanope"]
)
def test_colours_of_different_rules_are_told_apart(cone):
    palette = sorted({look.color for look in style.RULES.values()})
    for one, other in itertools.combinations(palette, 2):
        assert np.linalg.norm(lab(one, cone) - lab(other, cone)) > 12, (one, other)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_shades_grow_lighter_and_keep_the_hue(count):
    tones = style.shades("optimal", count)
    light = [lab(tone, np.eye(3))[0] for tone in tones]
    assert len(tones) == count
    assert (np.diff(light) > 5).all()
    hues = [colors.rgb_to_hsv(colors.to_rgb(tone))[0] for tone in tones]
    assert np.ptp(hues) < 0.02
