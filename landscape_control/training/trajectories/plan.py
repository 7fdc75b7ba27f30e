"""``plan_training``: the path of a network's weights that minimises the action."""

import math
from collections.abc import Callable
from typing import Annotated, Any

from ...model.objective import Objective
from ...planning.status import Status
from ...support.arguments import Count, Duration, Range, Whole, checked
from ...support.call_settings import settings_kept
from ...support.errors import ProblemError, SolveError, SolveInterrupted
from .progress import PlanProgress
from .training_plan import TrainingPlan

Degree = Annotated[int, Whole(low=1, high=12)]
Elements = Annotated[int, Whole(low=4, high=1024)]
Tolerance = Annotated[float, Range(low=1e-9, high=0.1)]


@settings_kept
@checked
def plan_training(
    model: object,
    loss_fn: Callable,
    loader: object,
    objective: Objective,
    *,
    tolerance: Tolerance = 1e-3,
    degree: Degree = 4,
    max_elements: Elements = 32,
    max_iterations: Count = 3000,
    time_limit: Duration = math.inf,
    guess: TrainingPlan | None = None,
    progress: Callable[[PlanProgress], object] | None = None,
    throw: bool = True,
) -> TrainingPlan:
    """The path of all weights of a network that minimises the action, its end free.

    ::

        objective = lc.Objective(horizon=1.0, loss_weight=100.0)
        plan = lc.plan_training(model.eval(), torch.nn.CrossEntropyLoss(), loader, objective)
        print(plan.describe())
        plan.load_into(model, time=1.0)

    Minimises J = ∫₀ᵀ e^{-γt} [|θ̇|²/2η + kL(θ)] dt + e^{-γT} κ Φ(θ(T)) from θ(0), the model's weights
    (VGR25, with identity metric and no drift), where L is the mean loss over all samples and Φ = L
    or nothing. What :func:`landscape_control.solve` does for a few parameters, for 10³ to 10⁶:

    1. θ(t) is a polynomial on each of K elements, shorter towards the start, the more so the faster
       the loss falls at first; J is its Gauss-Lobatto
       quadrature, of order twice the degree where L is smooth. Networks of rectified linear units
       have kinks, and no order is promised.
    2. With S the kinetic operator and S = R'R, SciPy's L-BFGS runs in y = Rx, x = θ - θ(0): its
       iterations do not grow with K. Every one takes the gradient of the full loss at all nodes.
    3. K is doubled, from two and a path that stays at the start (or from ``guess``), until J moves
       by less than half the tolerance.
    4. What is reported was not used by the search: the second variation (Hessian products), the
       energy law, and by how much a Newton step would lower J.

    A plan is a stationary path; it is not known to be the cheapest of all. Rectified linear units
    bend the loss at kinks, which no second derivative sees: between them the second variation of a
    converged plan may be negative, with little to gain before the next kink. How much was found
    along that direction counts in ``remaining``.

    Parameters
    ----------
    model : torch.nn.Module of float32 or float64, outputs (n, …) from inputs (n, …). Left as it is
    loss_fn : (outputs, targets) -> mean loss of a batch
    loader : batches (inputs, targets), a DataLoader or a list; all samples are taken
    objective : Objective, of a finite horizon
    tolerance : accepted error of J on its mesh and by its mesh together, relative to
        ∫ e^{-γt} (|θ̇|²/2η + k|L|) dt + |terminal|. Below 1e-4 the model must be float64
    degree : of the polynomials
    max_elements : cap of K
    max_iterations : of the optimiser on one mesh
    time_limit : seconds of wall clock, looked at after every iteration
    guess : a plan of a network with as many weights to start from, stretched to this horizon and
        moved to this start
    progress : called after every iteration
    throw : raise SolveError when the status is not converged

    Returns
    -------
    TrainingPlan

    Notes
    -----
    The kinetic operator is the whole of the scaling, so that iterations grow with ηkT²|∇²L|: a small
    perceptron took 340 in all at ηkT² = 4·10³ and did not converge at 4·10⁸, which is said after a
    few hundred.

    Gradients of the full loss: about (degree · K) for each of 50 to 300 iterations. Memory: about
    forty arrays of (degree · K, weights) in double precision: a perceptron of 1.04·10⁶ weights took
    625 gradients, 140 s on one core and 5.3 GB to 1e-2 on 300 images (ηkT² = 100, 17 nodes). A mesh
    that does not fit into what is free is refused, or not refined to.

    Raises
    ------
    ProblemError
        PyTorch not installed; an infinite horizon or learning rate, a terminal cost other than the
        loss, an objective without the loss; models and data that :func:`landscape_control.measure`
        refuses too; a loss that is not finite, or has no gradient, at the start; too little memory.
    SolveError
        See ``throw``; its ``solution`` keeps what was computed.
    SolveInterrupted
        Ctrl-C during the search; its ``solution`` is the best path so far.
    """
    try:
        from .planned import planned
    except ModuleNotFoundError as error:
        raise ProblemError(
            "plan_training",
            expected="PyTorch installed",
            received=f"no module {error.name!r}",
            advice="pip install 'landscape-control[torch]'",
        ) from error
    _check_objective(objective)
    options: dict[str, Any] = {
        "tolerance": tolerance,
        "degree": degree,
        "max_elements": max_elements,
        "max_iterations": max_iterations,
        "time_limit": time_limit,
        "guess": guess,
        "progress": progress,
    }
    plan: TrainingPlan = planned(model, loss_fn, loader, objective, **options)
    if plan.status is Status.INTERRUPTED:
        raise SolveInterrupted(f"{plan.status.value} ({plan.summary()})", plan)
    if throw and not plan.status.ok:
        words = _WORDS.get(plan.status, plan.status.value)
        raise SolveError(f"{words}. {plan.message} ({plan.summary()})", plan)
    return plan


# what the statuses of lc.solve advise where plan_training has no such option
_WORDS = {
    Status.ITERATION_LIMIT: (
        "the optimiser ran out of iterations: raise max_iterations, or begin from the plan of a"
        " lower loss_weight (guess)"
    ),
    Status.NOT_STATIONARY: "the optimiser stopped short of stationarity",
    Status.NOT_CERTIFIED: (
        "the optimiser stopped as converged, but the plan fails its own certificate: lower the"
        " tolerance, or raise max_elements"
    ),
    Status.NOT_A_MINIMUM: (
        "the plan is stationary, but a neighbouring path is cheaper: begin from another plan"
        " (guess), or lower the tolerance"
    ),
}


def _check_objective(objective: Objective) -> None:
    for name in ("horizon", "learning_rate"):
        if math.isinf(getattr(objective, name)):
            raise ProblemError(
                name,
                expected="a finite number for the plan of a network",
                received="inf",
                advice="with discounting at rate γ a horizon of 10/γ is as good as endless"
                if name == "horizon"
                else "free movement has no optimal path in continuous time",
            )
    if callable(objective.terminal):
        raise ProblemError(
            "terminal cost Φ",
            expected="'loss' or None for the plan of a network",
            received="a function of CasADi's",
            advice="use terminal='loss' with a terminal_weight",
        )
    pays_at_end = objective.terminal is not None and objective.terminal_weight > 0
    if objective.loss_weight == 0 and not pays_at_end:
        raise ProblemError(
            "objective",
            expected="a loss_weight or a terminal_weight above 0",
            received="none",
            advice="without the loss, doing nothing is optimal",
        )
