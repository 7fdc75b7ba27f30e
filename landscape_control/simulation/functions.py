"""The functions of a problem that a rollout needs, over many episodes.

What is lost, seen and paid, and how weights move.
"""

import casadi as ca
import numpy as np

from ..model.landscape import Landscape
from ..model.learner import Learner
from ..model.problem import ControlProblem
from ..model.problem.model import Model
from ..support.errors import ProblemError
from ..support.shared import shared
from ..support.vectorised import Vectorised


class Functions:
    """Functions of one landscape, learner and terminal cost.

    Parameters θ (E, n), hidden φ (E, p), control u (E, m).

    Attributes
    ----------
    observations : q, how many numbers the learner sees per step; 0 if it sees nothing
    noisy : whether the observation carries noise
    still : whether θ̇ = u (no drift, identity actuation)
    metric_constant : whether G does not depend on θ
    """

    def __init__(self, landscape: Landscape, learner: Learner, model: Model):
        n, m = model.dimension, model.controls
        theta, u = ca.SX.sym("theta", n), ca.SX.sym("u", m)
        # where nothing is hidden, φ (E, 0) is passed along all the same
        hidden = ca.SX.sym("hidden", 0 if landscape.hidden is None else landscape.hidden.dimension)
        given = (theta,) if landscape.hidden is None else (theta, hidden)
        loss = landscape.symbolic(*given)
        seen, xi, self.noisy = _seen(landscape, learner.sees, theta, hidden)
        self.dimension, self.controls, self.observations = n, m, seen.numel()
        effort = ca.dot(u, model.metric_at(theta) @ u) / 2
        velocity = model.drift_at(theta) + model.actuation_at(theta) @ u
        # with the terminal cost "loss" Φ is the loss of the true landscape, not of the prior mean
        terminal = loss if model.terminal == "loss" else model.terminal_at(theta)
        self._loss = _rows([theta, hidden], [loss])
        self._look = _rows([theta, hidden, xi], [loss, seen])
        self._effort = _rows([theta, u], [effort])
        self._velocity = _rows([theta, u], [velocity])
        self._terminal = _rows([theta, hidden], [terminal])
        self.still = learner.drift is None and learner.actuation is None
        self.metric_constant = model.constant["metric"]
        self.has_terminal = model.terminal is not None

    def loss(self, theta: np.ndarray, hidden: np.ndarray) -> np.ndarray:
        """L(θ, φ), (E,)."""
        return self._loss(theta, hidden)[0][:, 0]

    def look(
        self, theta: np.ndarray, hidden: np.ndarray, noise: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """(L(θ, φ) (E,), h(θ, φ) + R^{1/2}(θ)·noise (E, q))."""
        loss, seen = self._look(theta, hidden, noise)
        return loss[:, 0], seen

    def effort(self, theta: np.ndarray, u: np.ndarray) -> np.ndarray:
        """uᵀG(θ)u/2, (E,); the price 1/η is left to the caller."""
        return self._effort(theta, u)[0][:, 0]

    def terminal(self, theta: np.ndarray, hidden: np.ndarray) -> np.ndarray:
        """Φ(θ), or L(θ, φ) for the terminal cost "loss", (E,)."""
        return self._terminal(theta, hidden)[0][:, 0]

    def move(self, theta: np.ndarray, u: np.ndarray, step: float) -> np.ndarray:
        """θ after a step of θ̇ = f(θ) + B(θ)u with u held: Heun's method, exact where θ̇ = u."""
        if self.still:
            return theta + step * u
        first = self._velocity(theta, u)[0]
        second = self._velocity(theta + step * first, u)[0]
        return theta + (0.5 * step) * (first + second)


def functions_of(problem: ControlProblem) -> Functions:
    """The vectorised functions of a problem, built once per landscape, learner and terminal cost."""
    return _functions(problem.landscape, problem.learner, problem.model)


def _rows(inputs, outputs):
    """The expressions as arrays (E, size) of the inputs -> list of arrays (E, entries)."""
    dense = [ca.densify(ca.SX(output)) for output in outputs]
    return Vectorised(ca.Function("rows", inputs, dense)).rows


@shared(recent=8)
def _functions(landscape, learner, model):
    return Functions(landscape, learner, model)


def _seen(landscape, sees, theta, hidden):
    """(h + R^{1/2}ξ, the symbol ξ, whether there is noise)."""
    if sees is None:
        return ca.SX(0, 1), ca.SX.sym("noise", 0), False
    phi = None if landscape.hidden is None else hidden
    expected = ca.vec(ca.densify(ca.SX(sees.expression(landscape, theta, phi))))
    noise = ca.SX.sym("noise", expected.numel())
    root = ca.SX(sees.root(theta, expected.numel()))
    allowed = {str(symbol) for symbol in ca.symvar(ca.vertcat(theta, hidden))}
    if not {str(symbol) for symbol in ca.symvar(expected)} <= allowed:
        raise ProblemError(
            "observation",
            expected="an expression in θ and φ alone",
            received=f"free symbols {ca.symvar(expected)}",
            advice="replace them by numbers",
        )
    return expected + root @ noise, noise, ca.sparsify(root).nnz() > 0
