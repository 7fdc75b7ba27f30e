"""What a policy of a program is watched on: landscapes, starts and noise in the program's own units."""

import numpy as np

from ..model.landscape import Spectrum
from ..model.observation import CurvatureNoise, ModeNoise
from ..optimisation.program import PolicyProgram
from ..optimisation.programs.moment_model import multiplicative_noise, noise_variance
from .excitation import Excitation

_NODES = 64  # of the quadrature over curvatures


def excitation_of(program: PolicyProgram | None) -> Excitation:
    """The excitation of what the policy was planned for.

    Noise that differs between modes or grows with the gradient stands for its root mean square over
    curvatures and starts. Where gradients are exact it is the share of the gradients' size that
    ``Excitation()`` has: its noise over √(E h² E(θ-μ)²).
    """
    usual = Excitation()
    if program is None:
        return usual
    spectrum = program.task.curvatures
    if not isinstance(spectrum, Spectrum):
        noise = getattr(program.sees, "noise", 0.0)
        is_number = isinstance(noise, float | int | np.number) and noise > 0
        return Excitation(noise=float(noise) if is_number else usual.noise)
    curvatures, weights = spectrum.nodes(_NODES)
    spread = program.task.start_variance + program.task.start_mean**2
    spreads = np.broadcast_to(np.asarray(spread, dtype=float), curvatures.shape)
    start = float(weights @ spreads) or usual.start_variance
    # watched starts and minima are drawn alike, so that θ - μ has twice the variance
    gradient = 2 * start * float(weights @ curvatures**2)
    noise = _noise(program, curvatures, weights, gradient)
    if not noise > 0:
        noise = _usual_share() * np.sqrt(gradient)
    return Excitation(
        curvatures=spectrum, noise=noise, start_variance=start, minimum_variance=start
    )


def _noise(
    program: PolicyProgram, curvatures: np.ndarray, weights: np.ndarray, gradient: float
) -> float:
    """Root mean square of the program's noise, where E (h(θ-μ))² is ``gradient``."""
    sees = program.sees
    if isinstance(sees, CurvatureNoise | ModeNoise):
        additive = float(weights @ noise_variance(program, curvatures))
        return float(np.sqrt(additive + multiplicative_noise(program) * gradient))
    return float(getattr(sees, "noise", 0.0))


def _usual_share() -> float:
    usual = Excitation()
    curvatures, weights = usual.curvatures.nodes(_NODES)
    spread = usual.start_variance + usual.minimum_variance
    return float(usual.noise / np.sqrt(spread * (weights @ curvatures**2)))
