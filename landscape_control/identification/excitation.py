"""What a causal policy is shown: noisy gradients of quadratics, in the loop that it closes itself."""

from dataclasses import dataclass
from typing import cast

import numpy as np

from ..model.landscape import Spectrum, Uniform
from ..support.arguments import Count, Index, NonNegative, checked
from ..support.arrays import number, whole
from ..support.errors import ProblemError
from .histories import Histories
from .subjects import Runner

_TAMER = 0.25  # factor on all curvatures when the policy runs away
_TRIES = 12
_FAR = 1e3  # in units of the spread of the starts


@checked
@dataclass(frozen=True, kw_only=True)
class Excitation:
    """Landscapes ½h(θ-μ)², starts and noise on which a policy is watched, drawn for each history.

    Attributes
    ----------
    curvatures : Spectrum of h
    noise : standard deviation of the noise on each gradient at each step: what makes the inputs
        more than a path
    start_variance, minimum_variance : of θ_0 and μ, normal with mean 0
    histories, steps : K and T
    weights : n, each with its own curvature; two or more show whether a policy works weight by
        weight, as all rules do
    """

    curvatures: Spectrum = Uniform(0.05, 1.0)
    noise: NonNegative = 0.3
    start_variance: NonNegative = 1.0
    minimum_variance: NonNegative = 1.0
    histories: Count = 36
    steps: Count = 60
    weights: Count = 2

    def __post_init__(self) -> None:
        if not isinstance(self.curvatures, Spectrum):
            raise ProblemError(
                "curvatures",
                expected="a spectrum, such as Uniform(0.05, 1.0) or Discrete([0.1, 1.0])",
                received=type(self.curvatures).__name__,
                advice="give the curvatures a distribution",
            )
        for name in ("noise", "start_variance", "minimum_variance"):
            object.__setattr__(self, name, number(name, getattr(self, name), low=0))
        for name, low in (("histories", 2), ("steps", 2), ("weights", 1)):
            object.__setattr__(self, name, whole(name, getattr(self, name), low=low))

    @property
    def words(self) -> str:
        """In one line."""
        low, high = self.curvatures.support
        noise = f"gradient noise {self.noise:g}" if self.noise else "no noise"
        return (
            f"quadratics of curvature {low:g} to {high:g}, {noise}, start variance"
            f" {self.start_variance:g}"
        )


@checked
def watch(
    runner: object, excitation: Excitation, *, seed: Index = 0, home: str = "origin"
) -> Histories:
    """Histories of a policy (see :mod:`.subjects`) that acts on the landscapes of an excitation.

    A policy that runs away there (|θ| beyond 1000 times the spread of the starts) is watched on
    flatter landscapes, all curvatures four times smaller, as often as needed; ``words`` says so.
    ``home`` is where θ is measured from: "origin", or "start" for policies that pull back to where
    they began.
    """
    for tries in range(_TRIES):
        scale = _TAMER**tries
        gradients, updates, parameters = _run(cast(Runner, runner), excitation, seed, scale)
        far = _FAR * (1 + np.sqrt(excitation.start_variance + excitation.minimum_variance))
        if np.isfinite(updates).all() and np.abs(parameters).max() < far:
            break
    else:
        raise ProblemError(
            "policy",
            expected="updates that stay finite on some quadratic landscape",
            received=(
                f"a policy that runs away even at curvatures {scale:.1g} times those asked for"
            ),
            advice="check the sign of its updates, or give Histories that it did survive",
        )
    if home == "start":
        parameters = parameters - parameters[:, :1]
    flatter = ""
    if tries:
        flatter = f", curvatures times {scale:.2g} because the policy runs away otherwise"
    words = f"{excitation.words}{flatter}, seed {seed}"
    return Histories(gradients=gradients, updates=updates, parameters=parameters, words=words)


def _run(
    runner: Runner, excitation: Excitation, seed: int, scale: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    shape = excitation.histories, excitation.weights
    curvature = scale * excitation.curvatures.sample(rng, shape[0] * shape[1]).reshape(shape)
    theta = np.sqrt(excitation.start_variance) * rng.standard_normal(shape)
    minimum = np.sqrt(excitation.minimum_variance) * rng.standard_normal(shape)
    noise = excitation.noise * rng.standard_normal((excitation.steps, *shape))
    act = runner.start(*shape)
    gradients, updates, parameters = [], [], []
    with np.errstate(over="ignore", invalid="ignore"):
        for xi in noise:
            gradient = curvature * (theta - minimum) + xi  # y = h(θ - μ) + ξ
            update = act(gradient, theta)
            gradients.append(gradient)
            updates.append(update)
            parameters.append(theta)
            theta = theta + update
    return np.stack(gradients, axis=1), np.stack(updates, axis=1), np.stack(parameters, axis=1)
