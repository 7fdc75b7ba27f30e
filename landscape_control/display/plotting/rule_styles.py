"""One colour, line and marker per rule.

Colours are those of Okabe and Ito (2008), told apart by colour-blind readers, completed by Paul
Tol's indigo and wine; rules that share a colour differ in line and marker. Where the same rule is
drawn for several values of a parameter (discounts, say) it keeps its hue and changes its shade, see
:func:`shades`.
"""

import zlib
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from matplotlib import colors

from ...support.arguments import Count, checked


@dataclass(frozen=True, kw_only=True)
class RuleStyle:
    """How one rule is drawn, wherever it is drawn.

    Attributes
    ----------
    label : words for legends
    color : hexadecimal
    line : matplotlib line style
    marker : matplotlib marker
    """

    label: str
    color: str
    line: str | tuple = "-"
    marker: str = "o"

    @property
    def slender(self) -> bool:
        """Whether the marker is all arms: a paper edge would eat it, and it cannot be hollow."""
        return self.marker in "xX+P"


RULES = MappingProxyType(
    {
        "optimal": RuleStyle(label="optimal plan", color="#D55E00", marker="o"),
        "gradient_descent": RuleStyle(label="gradient descent", color="#0072B2", marker="s"),
        "natural_gradient": RuleStyle(
            label="natural gradient", color="#56B4E9", line=(0, (6, 1.2)), marker="D"
        ),
        "newton": RuleStyle(label="Newton", color="#009E73", marker="^"),
        "held_newton": RuleStyle(
            label="held-plan Newton", color="#009E73", line=(0, (4, 1.5, 1, 1.5)), marker="v"
        ),
        "ballistic": RuleStyle(label="ballistic", color="#332288", line=(0, (5, 1.5)), marker="P"),
        "linear_quadratic": RuleStyle(
            label="linear-quadratic", color="#000000", line=(0, (3, 1.3)), marker="X"
        ),
        "momentum": RuleStyle(label="momentum", color="#CC79A7", marker="p"),
        "second_order": RuleStyle(
            label="second-order law", color="#882255", line=(0, (7, 1.5, 1.5, 1.5)), marker="h"
        ),
        "proximal": RuleStyle(label="proximal step", color="#E69F00", marker="*"),
        "none": RuleStyle(label="no rule fits", color="#bcc2c9", line=":", marker="x"),
        # under uncertainty: optimal in beliefs, methods that compute it, learners that see raw
        # gradients, ways to forget
        "belief_optimal": RuleStyle(
            label="optimal in beliefs", color="#D55E00", line="-", marker="o"
        ),
        "certainty_equivalent": RuleStyle(
            label="certainty equivalent", color="#0072B2", line=(0, (5, 1.2)), marker="v"
        ),
        "dynamic_programming": RuleStyle(
            label="dynamic programming", color="#000000", line="-", marker="o"
        ),
        "transcription": RuleStyle(
            label="transcription", color="#CC79A7", line=(0, (6, 1.2, 1.2, 1.2)), marker="s"
        ),
        "replanning": RuleStyle(label="replanning", color="#009E73", line=(0, (3, 1)), marker="^"),
        "belief_adam": RuleStyle(label="Adam from beliefs", color="#E69F00", line="-", marker="h"),
        "adam": RuleStyle(label="Adam", color="#332288", line="-", marker="P"),
        "adam_uncorrected": RuleStyle(
            label="Adam, no bias correction", color="#332288", line=(0, (1, 1)), marker="X"
        ),
        "adamw": RuleStyle(
            label="AdamW", color="#332288", line=(0, (4, 1, 1, 1, 1, 1)), marker="X"
        ),
        "rmsprop": RuleStyle(
            label="RMSProp", color="#56B4E9", line=(0, (5, 1.2, 1.2, 1.2)), marker="D"
        ),
        "ballistic_optimiser": RuleStyle(
            label="ballistic optimiser", color="#332288", line=(0, (5, 1.5, 1, 1.5)), marker="v"
        ),
        "sgd": RuleStyle(label="SGD", color="#0072B2", line=(0, (2.5, 1)), marker="s"),
        "moving_average": RuleStyle(
            label="moving average", color="#56B4E9", line=(0, (4, 1.5)), marker="D"
        ),
        "nesterov": RuleStyle(label="Nesterov", color="#882255", line=(0, (2, 1)), marker="<"),
        "no_reset": RuleStyle(label="no reset", color="#000000", line=(0, (1.2, 1.2)), marker="x"),
        "full_reset": RuleStyle(
            label="full reset at switches", color="#009E73", line=(0, (5, 1.2)), marker="^"
        ),
        "l2_decay": RuleStyle(
            label="L2 decay to the start", color="#0072B2", line=(0, (4, 1, 1.2, 1)), marker="d"
        ),
        "shrink_and_perturb": RuleStyle(
            label="shrink and perturb", color="#CC79A7", line=(0, (3, 1, 1, 1, 1, 1)), marker="p"
        ),
        "belief_reset": RuleStyle(
            label="reset of weights and belief", color="#D55E00", line=(0, (5, 1.2)), marker="^"
        ),
        # of two tasks in sequence: what protects the old one
        "ewc": RuleStyle(
            label="elastic weight consolidation", color="#E69F00", line=(0, (6, 1.2)), marker=">"
        ),
        "synaptic_intelligence": RuleStyle(
            label="synaptic intelligence", color="#882255", line=(0, (1.2, 1)), marker="v"
        ),
        "gaussian_weights": RuleStyle(
            label="Gaussian weights", color="#56B4E9", line=(0, (3, 1, 1, 1)), marker="<"
        ),
        "both_losses": RuleStyle(
            label="descent on both losses", color="#000000", line=(0, (6, 1.5)), marker="d"
        ),
        # families of causal rules and schedules of their step
        "scheduled_descent": RuleStyle(
            label="scheduled descent", color="#56B4E9", line=(0, (5, 1.2)), marker="v"
        ),
        "heavy_ball": RuleStyle(label="heavy ball", color="#CC79A7", marker="p"),
        "averaged_gradient_descent": RuleStyle(
            label="averaged iterates", color="#56B4E9", line=(0, (1.5, 1)), marker="o"
        ),
        "schedule_free": RuleStyle(
            label="Schedule-Free", color="#009E73", line=(0, (6, 1.2, 1.2, 1.2)), marker="p"
        ),
        "quasi_hyperbolic_momentum": RuleStyle(
            label="quasi-hyperbolic momentum", color="#CC79A7", line=(0, (2, 1)), marker="H"
        ),
        "first_order_span": RuleStyle(
            label="span of all gradients", color="#000000", line=(0, (1.2, 1.2)), marker="X"
        ),
        "adam_family": RuleStyle(label="Adam family", color="#E69F00", marker="h"),
        "adagrad": RuleStyle(label="AdaGrad", color="#009E73", line=(0, (3, 1.2)), marker="^"),
        "weight_decay": RuleStyle(
            label="weight decay", color="#882255", line=(0, (4, 1.2)), marker="d"
        ),
        "sgd_weight_decay": RuleStyle(
            label="SGD with decay", color="#009E73", line=(0, (2, 1, 5, 1)), marker="d"
        ),
        "heavy_ball_weight_decay": RuleStyle(
            label="heavy ball with decay", color="#E69F00", line=(0, (2, 1, 5, 1)), marker="D"
        ),
        "momentum_with_decay": RuleStyle(
            label="momentum with decay", color="#E69F00", line=(0, (4, 1.2)), marker="D"
        ),
        "sign_descent": RuleStyle(
            label="sign descent", color="#332288", line=(0, (2, 1)), marker=">"
        ),
        "lion": RuleStyle(label="Lion", color="#332288", line=(0, (6, 1.2)), marker="P"),
        "gated": RuleStyle(label="gated policy", color="#009E73", marker="*"),
        "neural": RuleStyle(label="neural policy", color="#009E73", line=(0, (1.2, 1)), marker="*"),
        "constant": RuleStyle(label="constant", color="#0072B2", line=(0, (5, 1.3)), marker="s"),
        "inverse_time": RuleStyle(label="1/t", color="#009E73", line=(0, (3, 1)), marker="^"),
        "cosine": RuleStyle(
            label="cosine", color="#CC79A7", line=(0, (6, 1.2, 1.2, 1.2)), marker="p"
        ),
        "warmup_stable_decay": RuleStyle(
            label="warm-up, stable, decay", color="#332288", line=(0, (1.5, 1)), marker="D"
        ),
        "chebyshev": RuleStyle(label="Chebyshev", color="#000000", line=(0, (4, 1.4)), marker="X"),
        "average_case": RuleStyle(
            label="best on average", color="#0072B2", line=(0, (5, 1.3)), marker="s"
        ),
    }
)


_PREFIXES = MappingProxyType(
    {  # of a variant, which keeps the colour of what it varies: words, line, marker
        "decayed_": ("decayed ", (0, (2, 1.2)), "d"),
        "drift_compensated_": ("drift-compensated ", (0, (5, 1, 1, 1, 1, 1)), "H"),
    }
)


_SPARE_LINES = ((0, (1, 1)), (0, (3, 1, 1, 1)), (0, (8, 2)), (0, (2, 2)))


_SPARE_MARKERS = "<>8"


@checked
def rule(key: str) -> RuleStyle:
    """Style of the rule called ``key``.

    ``decayed_`` and ``drift_compensated_`` variants take the colour of the rule they vary, with a
    line and marker of their own; a rule this table does not know is grey, with line and marker
    chosen by its name, always the same.
    """
    key = str(key)
    if key in RULES:
        return RULES[key]
    for prefix, (words, line, marker) in _PREFIXES.items():
        if key.startswith(prefix):
            base = rule(key.removeprefix(prefix))
            return RuleStyle(label=words + base.label, color=base.color, line=line, marker=marker)
    pick = zlib.crc32(key.encode("utf-8", "surrogatepass"))
    return RuleStyle(
        label=key.replace("_", " "),
        color="#555b63",
        line=_SPARE_LINES[pick % len(_SPARE_LINES)],
        marker=_SPARE_MARKERS[pick % len(_SPARE_MARKERS)],
    )


@checked
def shades(key: str, count: Count) -> list[str]:
    """``count`` shades of a rule's colour, dark to light: one rule at several values."""
    base = np.array(colors.to_rgb(rule(key).color))
    ramp = colors.LinearSegmentedColormap.from_list(
        "shades", [0.28 * base, 0.75 * base, base, 0.5 + 0.5 * base]
    )
    shares = [0.55] if count == 1 else np.linspace(0.0, 1.0, count)
    return [colors.to_hex(ramp(share)) for share in shares]
