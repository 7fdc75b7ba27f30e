"""``derive_optimizer``: an optimizer from what is measured of a network."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any, Literal

from ...optimisation import Course, CourseLimits, plan_course
from ...support.arguments import Share, Whole, checked
from ...support.errors import ProblemError, shown
from ..measuring import Measurement
from .planning import AVERAGING, EXPONENTS, HEAVY_BALL, RULES, family_of, floor_of
from .settings import Settings

Steps = Annotated[int, Whole(low=20, high=10**8)]
Samples = Annotated[int, Whole(low=16, high=10**7)]
Products = Annotated[int, Whole(low=4, high=10_000)]


@checked
def derive_optimizer(
    model: object,
    loss_fn: Callable | None = None,
    loader: object = None,
    *,
    steps: Steps,
    averaging: Literal["chosen", "never", "always"] = "chosen",
    metric: Literal["chosen", "plain"] = "chosen",
    samples: Samples = 1024,
    products: Products = 36,
    majorant: Share | None = None,
    seed: Annotated[int, Whole(low=0)] = 0,
) -> Any:
    """An optimizer whose rates, momentum, averaging and preconditioner follow from measurements.

    ::

        optimizer = lc.derive_optimizer(model.eval(), loss_fn, loader, steps=2000)
        for inputs, targets in batches:                # 2000 of them, in epochs as you like
            optimizer.zero_grad()
            loss = loss_fn(model(inputs), targets)
            loss.backward()
            optimizer.step(loss)                       # measures and plans where it is due
        optimizer.eval()                               # the weights that the rule answers with
        print(optimizer.describe())

    or ``optimizer.run()``, which does the same over ``loader``.

    At steps 0, 1, 3, 7, 15, … the loss is measured by :func:`landscape_control.measure` in the
    coordinates θ = D^{-p/2}x, with D = E g² of batch gradients weight by weight, and

        minimise E L_T over knots of log α_t, β, averaging, rule and p

    for *all* steps that are left, by exact second moments of the quadratic model with noise in
    proportion to the loss (:func:`landscape_control.plan_course`); the first piece of the plan is
    run. The rule in θ is heavy ball, or an average of its iterates, or Schedule-Free, of D^{-p}g.
    Once a tenth of the steps are made and the loss is below half of that at the start, at the
    latest after three tenths, one plan is made for all the rest; after three tenths where the
    outputs are linear in the weights; at the start where the loss is quadratic in them. Of plans
    for stages before that, whose predictions agree to 2 %, the most careful one is run. p is one of
    0, ¼, ½, and 1 where the outputs are linear in the weights, whose curvature D then is; in the
    first 20 steps of other networks it is 0.

    What a plan may not do: come closer to the edge of stability than half of it (0.15 in the first
    stage), raise the predicted loss by more than a tenth. What is taken back, to where the stage
    began and with a third of the share that was run: batch losses whose mean over 8 passes twice the
    measured loss by five standard errors, or that are not finite; a measured loss a tenth and three
    standard errors above the one before; a largest curvature that has fallen to a third, since the last measurement or since
    its largest, while the loss has not fallen by a tenth, as where
    units die. These steps are lost, and count. Where less than a quarter of the promised fall of
    the loss came true the next plans get a third of the share, and it back after three quarters. A
    loss that is quadratic in the weights may be planned up to 0.95 of the edge.

    Parameters
    ----------
    model : torch.nn.Module in which all parameters are trained and occur once; or a
        :class:`Measurement`, from which one plan for all steps is made at once, without a network
    loss_fn : (outputs, targets) -> mean loss of a batch, convex in the outputs
    loader : batches (inputs, targets), as for ``measure``. Samples are drawn from it once, at the
        start, and measured each time; its batch size is that of the training
    steps : T, of the whole training
    averaging : whether the rule may answer with an average of its iterates, or must
    metric : "plain" holds p = 0
    samples : drawn to be measured
    products : with the curvature, in each measurement
    majorant : share of Böhning's bound, see ``measure``
    seed : of the samples and of the noise draws

    Returns
    -------
    DerivedOptimizer, a torch.optim.Optimizer: ``step(loss or closure)``, ``run()``, ``eval()`` and
    ``train()`` as of Schedule-Free's optimizers, ``log`` of decisions, ``describe()``, ``curves()``
    for ``lc.plotting.derived_run``, ``state_dict()`` and ``load_state_dict()`` which go on bit by bit
    on the CPU; ``seconds_measuring``, ``seconds_deriving``, ``seconds_training``, ``measurements``,
    ``lost_steps``. From a Measurement a :class:`Course`, which ``lc.export`` takes.

    Notes
    -----
    Nothing here is a rate, and no option needs tuning. Without the loss ``step()`` cannot see a
    plan fail between measurements. The batch's gradient must be that of the present weights, and
    the model must not depend on train() and eval(): batch normalisation and dropout are refused.

    The log says which weights no gradient reaches on all samples that are measured, at the start and
    later, and where the loss has not fallen by a tenth when the plan for all the rest is made.

    Noise and what is left to gain are in proportion to the loss. A loss that can be negative is
    counted from its lowest value, which the first entry of the log gives: the least mean loss of
    the samples that any outputs reach, found by L-BFGS in the outputs.

    The quadratic model is a model: on networks the predicted loss may be ten times too low.

    Source: VGR25 for learning as control; measured noise and curvature: G. Zhang et al. 2019 (noisy
    quadratic model); noise in proportion to the loss: C. Paquette et al., *SGD in the large*, 2021;
    schedules by optimal control in a solvable model: Bordelon & Mori 2026 (arXiv 2602.04774).

    Raises
    ------
    ProblemError
        What ``measure`` refuses, among it frozen or shared parameters, batch normalisation and
        dropout in training mode, too few samples, losses that are not finite, not convex in the
        outputs or not bounded below, a Measurement of a loss that is not above 0; later, in
        ``step``: a loss that is no number, more steps than T, parameters that were replaced, a step
        between ``eval()`` and ``train()``, and training that fails eight times in a row; in
        ``load_state_dict``: the state of another network or of other options.
    """
    if isinstance(model, Measurement):
        return _one_plan(model, steps, averaging, seed)
    if loss_fn is None or loader is None:
        raise ProblemError(
            "loss_fn and loader",
            expected="both, beside a model; a stored Measurement needs neither",
            received=f"{shown(loss_fn)} and {shown(loader)}",
            advice="lc.derive_optimizer(model, loss_fn, loader, steps=2000)",
        )
    try:
        from .optimizer import begun
    except ModuleNotFoundError as error:
        raise ProblemError(
            "derive_optimizer",
            expected="PyTorch installed",
            received=f"no module {error.name!r}",
            advice="pip install 'landscape-control[torch]'",
        ) from error
    return begun(
        model,
        loss_fn,
        loader,
        steps,
        rules=_RULES_OF[averaging],
        exponents=EXPONENTS if metric == "chosen" else (0.0,),
        settings=Settings(),
        samples=samples,
        products=products,
        majorant=majorant,
        seed=seed,
    )


_RULES_OF = {"chosen": RULES, "never": (HEAVY_BALL,), "always": AVERAGING}


def _one_plan(found: Measurement, steps: int, averaging: str, seed: int) -> Course:
    """The plan for all steps from one measurement."""
    if not found.loss > 0:
        raise ProblemError(
            "measurement",
            expected="one of a loss above 0, with which its noise grows and falls",
            received=f"loss {found.loss:.4g}",
            advice="measure the loss minus the lowest value that it can have",
        )
    sees = replace(found.sees(), follows_loss=True)
    limits = CourseLimits(cap=Settings().cap, rise=Settings().rise, floor=floor_of(found))
    families = [family_of(rule) for rule in _RULES_OF[averaging]]
    return plan_course(found.task(), families, steps=steps, sees=sees, limits=limits, seed=seed)
