"""``TrainingPlan``: the planned path of a network's weights, and how far to trust it."""

from dataclasses import dataclass

import numpy as np

from ...model.objective import Objective
from ...planning.status import Status
from ...support.arguments import AnyNumber, Count, Entries, Index, NonNegative, Vector, checked
from ...support.errors import ProblemError
from ...support.estimates import with_error
from ...support.interpolation import PiecewisePolynomial
from ...support.results import Result


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingPlan(Result):
    """A stationary path of :func:`landscape_control.plan_training`: no cheaper neighbour was found.

    It is not certified to be the cheapest of all paths: the loss is not convex, and other starts of
    the search may lead to other plans.

    Attributes
    ----------
    objective : Objective
    cost : J, in units of k·loss·time
    kinetic, potential : its parts ∫ e^{-γt}|θ̇|²/2η dt, and ∫ e^{-γt} kL dt with the terminal cost
    times : (N+1,), nodes of the mesh, in time units of the objective
    parameters : (N+1, P), all weights one after another in the order of ``layers``
    losses : (N+1,), L over all samples at the nodes
    vertices : (K+1,), ends of the elements
    positions : (degree+1,), nodes of one element as fractions of it
    arc_lengths : (K+1,), length of the path from the start to each vertex
    status : Status
    message : what failed, empty for a converged plan
    cost_error : how far J has moved from the mesh of half as many elements
    remaining : by how much J could be lowered on this mesh: by a Newton step in the Krylov space of
        the residual, and along a direction of negative second variation where there is one. Half
        the squared residual where that was not looked at
    lowest : lowest value of the second variation found there, relative to its kinetic part. Below 0
        a neighbouring path is cheaper, by as much as is in ``remaining``; NaN: not looked at
    residual : |∂J/∂θ| / |S θ|, both in the inverse kinetic operator S⁻¹: 0 on a stationary path
    energy_error : violation of the energy law, relative to the largest |θ̇|²/2η + k|L|
    layers, layer_weights : names and sizes of the parameter tensors
    iterations, evaluations : of the optimiser over all meshes, and gradients of the full loss
    seconds : wall clock it took
    """

    objective: Objective
    cost: AnyNumber
    kinetic: NonNegative
    potential: AnyNumber
    times: Entries
    parameters: Entries
    losses: Entries
    vertices: Entries
    positions: Entries
    arc_lengths: Entries
    status: Status
    message: str = ""
    cost_error: AnyNumber
    remaining: AnyNumber
    lowest: AnyNumber
    residual: AnyNumber
    energy_error: AnyNumber
    layers: tuple[str, ...]
    layer_weights: Entries
    iterations: Index
    evaluations: Count
    seconds: NonNegative

    def __post_init__(self) -> None:
        nodes, weights = len(self.times), int(np.sum(self.layer_weights))
        wanted = {
            "parameters": (nodes, weights),
            "losses": (nodes,),
            "arc_lengths": np.shape(self.vertices),
            "layer_weights": (len(self.layers),),
        }
        for name, shape in wanted.items():
            if np.shape(getattr(self, name)) != shape:
                raise ProblemError(
                    name,
                    expected=f"an array of shape {shape}",
                    received=f"shape {np.shape(getattr(self, name))}",
                    advice="plan again, or pass one entry for each node, vertex or layer",
                )

    @property
    def length(self) -> float:
        """∫₀ᵀ |θ̇| dt, the length of the path."""
        return float(self.arc_lengths[-1])

    @property
    def displacement(self) -> float:
        """|θ(T) - θ(0)|."""
        return float(np.linalg.norm(self.parameters[-1] - self.parameters[0]))

    @property
    def straightness(self) -> float:
        """Displacement over length: 1 for a straight line, 0 for a path that returns."""
        return self.displacement / self.length if self.length > 0 else 1.0

    @checked
    def parameters_at(self, times: Vector) -> np.ndarray:
        """θ (S, P) at times (S,) in [0, T]; ProblemError outside."""
        if times.min() < 0 or times.max() > self.times[-1] * (1 + 1e-12):
            raise ProblemError(
                "times",
                expected=f"times in [0, {self.times[-1]:g}]",
                received=f"{times.min():g} … {times.max():g}",
                advice="ask inside the horizon of the plan",
            )
        path = PiecewisePolynomial(
            vertices=self.vertices, positions=self.positions, values=self.parameters
        )
        return path(np.minimum(times, self.times[-1]))

    @checked
    def load_into(self, model: object, time: NonNegative) -> None:
        """Put θ(time) into a network with the same parameters: names and sizes are compared."""
        named = dict(getattr(model, "named_parameters", dict)())
        sizes = {name: tensor.numel() for name, tensor in named.items()}
        own = dict(zip(self.layers, map(int, self.layer_weights), strict=True))
        if sizes != own:
            raise ProblemError(
                "model",
                expected=f"the planned network, with parameters {own}",
                received=f"parameters {sizes}",
                advice="build it as it was built for the plan",
            )
        values, place = self.parameters_at([time])[0], 0
        for tensor in named.values():
            piece = values[place : place + tensor.numel()].reshape(tuple(tensor.shape))
            tensor.data.copy_(tensor.new_tensor(piece))
            place += tensor.numel()

    @checked
    def summary(self) -> str:
        """One line: cost, status, loss, length, effort."""
        return (
            f"J = {with_error(self.cost, self.cost_error + self.remaining, 'mesh and descent', digits=6)},"
            f" {self.status}; loss"
            f" {self.losses[0]:.4g} to {self.losses[-1]:.4g}, length {self.length:.4g},"
            f" displacement {self.displacement:.4g}; {int(self.layer_weights.sum())} weights,"
            f" {len(self.times)} nodes, {self.iterations} iterations, {self.seconds:.2g} s"
        )

    @checked
    def describe(self) -> str:
        """The summary, the certificate, and what it does not say; then all numbers, one a line."""
        lines = [
            self.summary(),
            f"kinetic {self.kinetic:.6g}, loss {self.potential:.6g}",
            f"cost: {self.cost_error:.1g} moved from the coarser mesh; {self.remaining:.1g} left on"
            " this one",
            f"residual {self.residual:.1g} of the kinetic force; energy law violated by"
            f" {self.energy_error:.1g}; lowest value of the second variation {self.lowest:.3g}",
            "a stationary path; whether another one is cheaper is not known",
        ]
        message = [self.message] if self.message else []
        return "\n".join([*lines, *message, "", super().describe()])

    def __repr__(self) -> str:
        return f"TrainingPlan({self.summary()})"
