"""The problems that many tests stand on, each stated once."""

import math

import numpy as np

import landscape_control as lc


def well(*, horizon=4.0, discount=0.1, **changes):
    """The tilted double well of VGR25, Fig. 1, from the left well; ``changes`` are fields of the
    problem.
    """
    fields = {
        "landscape": lc.double_well(),
        "start": [-0.6, 0.55],
        "objective": lc.Objective(horizon=horizon, discount=discount),
    }
    return lc.ControlProblem(**(fields | changes))


def bowl(curvatures, *, horizon=math.inf, learner=None, minimum=None, start=None, **objective):
    """½Σ hᵢ(θᵢ - μᵢ)² from (1, ..., 1); ``objective`` are its numbers."""
    landscape = lc.quadratic(hessian=np.diag(np.asarray(curvatures, dtype=float)), minimum=minimum)
    return lc.ControlProblem(
        landscape=landscape,
        learner=learner or lc.Learner(),
        start=np.ones(landscape.dimension) if start is None else start,
        objective=lc.Objective(horizon=horizon, **objective),
    )


def tracking(
    curvature=1.0,
    hidden=None,
    *,
    loss=None,
    sees=None,
    drift=None,
    start=1.0,
    end=None,
    horizon=math.inf,
    **objective,
):
    """One weight chases a hidden minimum: ½h(θ - φ)², seen through gradients with noise 0.8.

    The minimum is an Ornstein-Uhlenbeck process around 0 unless ``hidden`` is another one;
    ``loss`` replaces the loss, a function of weights and hidden variables.
    """

    def chased(theta, phi):
        return 0.5 * curvature * (theta[0] - phi[0]) ** 2

    return lc.ControlProblem(
        landscape=lc.Landscape.from_expression(
            loss or chased,
            dimension=1,
            hidden=hidden or lc.OrnsteinUhlenbeck(mean=[0.0], rate=0.4, covariance=[1.0]),
        ),
        learner=lc.Learner(sees=sees or lc.NoisyGradient(0.8), drift=drift),
        start=[start],
        end=end,
        objective=lc.Objective(horizon=horizon, **objective),
    )


WELL = well()
BOWL = bowl([2.0], horizon=1.0)
QUADRATICS = lc.LandscapeDistribution.quadratic(
    curvatures=lc.Uniform(0.05, 1.0), start_variance=1.0
)
