"""A measurement in words and columns."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .measurement import Measurement


def paragraphs(found: "Measurement") -> str:
    """What was measured, on what, how far to trust it, and what it leaves out."""
    lines = [found.summary(), _effort(found), _curvature(found), _gradient(found), _noise(found)]
    lines.append(
        f"quadratic model: floor {found.floor:.4g} ± {found.floor_error:.1g} (one standard error); left out as flat:"
        f" {found.flat_gradient:.2%} of |g|², {found.flat_noise:.2%} of the noise"
    )
    return "\n".join(lines)


def _effort(found: "Measurement") -> str:
    all_or_some = "all there are" if found.whole else "drawn from more"
    end = "; the time ran out before all products were made" if found.stopped else ""
    return (
        f"{found.weights} weights; {found.samples} samples, {all_or_some};"
        f" {found.products} products, {found.draws} noise draw(s){end}"
    )


def _curvature(found: "Measurement") -> str:
    bound = "Böhning's bound"
    shares = f", {found.majorant:.0%} of it {bound}" if found.majorant else ""
    return f"curvature: Gauss-Newton of a {found.loss_kind} loss{shares}"


def _gradient(found: "Measurement") -> str:
    if found.whole:
        return "gradient: that of all samples"
    share = found.gradient_bias / found.gradient_square if found.gradient_square else 0.0
    return f"gradient: sampling makes |g|² too large by tr C/N, {share:.1%} of it, on average"


def _noise(found: "Measurement") -> str:
    if not found.noise_trace:
        return "noise: none"
    relative = found.noise_trace_error / found.noise_trace
    return (
        f"noise: trace to {relative:.1%} from {found.noise_samples} samples; 5 % needs"
        f" {found.samples_for(0.05)}"
    )


def mode_table(found: "Measurement", count: int) -> str:
    """The nodes of the largest curvatures with their errors."""
    order = np.argsort(-found.curvatures, kind="stable")[:count]
    rows = [["curvature", "±", "(g·v)²", "±", "v'Cv", "±", "residual", "from"]]
    for place in order:
        pairs = (
            (found.curvatures, found.curvature_errors),
            (found.gradient, found.gradient_errors),
            (found.noise, found.noise_errors),
        )
        row = []
        for values, errors in pairs:
            row += [f"{values[place]:.4g}", f"{errors[place]:.1g}"]
        source = "gradient" if place < found.gradient_nodes else "noise"
        rows.append([*row, f"{found.residuals[place]:.0e}", source])
    return columns(rows)


def layer_table(found: "Measurement") -> str:
    """Gradient, noise and share of the leading eigenvector, by parameter tensor."""
    rows = [["parameters", "weights", "|g|²", "tr C", "±", "leading vector"]]
    for place, name in enumerate(found.layers):
        rows.append(
            [
                name,
                f"{int(found.layer_weights[place])}",
                f"{found.layer_gradient[place]:.4g}",
                f"{found.layer_noise[place]:.4g}",
                f"{found.layer_noise_errors[place]:.1g}",
                f"{found.layer_leading[place]:.1%}",
            ]
        )
    return columns(rows)


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows of texts under each other, aligned to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
        lines.append("  ".join(cells))
    return "\n".join(lines)
