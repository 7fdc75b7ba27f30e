"""``export``: a rule of the library as an optimizer of NumPy, PyTorch or optax."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal, NamedTuple

from ..rules.families import Policy
from ..support.arguments import Count, checked
from ..support.errors import ProblemError
from .source import policy_of

Hold = Literal["last"] | None


class NumpyPair(NamedTuple):
    """The pure functions of a :class:`~landscape_control.Policy`, which does not end."""

    init: Callable
    update: Callable


class AnsweringPair(NumpyPair):
    """One that answers with other parameters than those where gradients are taken.

    ``readout(state, theta)`` are those, an average of iterates: see :meth:`Policy.readout`.
    """

    readout: Callable


@checked
def export(
    rule: object,
    *,
    to: Literal["numpy", "torch", "optax"],
    coefficients: Mapping[str, object] | None = None,
    horizon: Count | None = None,
    hold: Hold = None,
) -> Any:
    """A causal rule as an optimizer: the formula that was planned, run on the weights of a network.

    In PyTorch::

        result = lc.optimize_policy(program)                  # or any rule with its coefficients
        Optimizer = lc.export(result, to="torch", hold="last")
        optimizer = Optimizer(model.parameters())             # a torch.optim.Optimizer
        scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=len(loader))
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss = loss_function(model(inputs), targets)
            loss.backward()
            optimizer.step()
            scheduler.step()

    Parameters
    ----------
    rule : lc.Policy, the result of optimize_policy or worst_case, the verdict of identify on
        updates, a textbook learner such as ``lc.simulation.Adam`` at steps of length 1, a
        CausalRule, a Family, or the name of one in ``lc.policies``
    to : "numpy": the policy itself, ``init, update = lc.export(...)``, see :class:`Policy`.
        "torch": a callable ``(params, *, lr=1.0, foreach=True) -> torch.optim.Optimizer``.
        "optax": an ``optax.GradientTransformation``, whose updates are added to the parameters; no
        rate is to be multiplied to them. It is pure and goes through jax.jit
    coefficients : {name: number, or one per step}; what a family or a named rule needs, and changes
        of those that ``rule`` has
    horizon : steps T of the training; needed by families whose coefficients vary or that read the
        clock, such as cosine schedules
    hold : what happens after step T of a rule that ends there. None: step T+1 is refused (in a
        compiled optax update, where nothing can be raised, its updates are NaN). "last": step T's
        coefficients and clock are used from then on

    Notes
    -----
    ``lr`` is no learning rate but multiplies all that the rule does, θ ← θ + lr·Δθ; the state does
    not see it. So schedulers start from 1 and act at once, as on ``torch.optim.SGD``, whose buffer
    does not hold the rate either. The rule's own rate is the coefficient ``learning_rate``. All
    coefficients are entries of the param groups and may differ between them:
    ``[{"params": first}, {"params": second, "learning_rate": 0.01}]``.

    Every weight counts its own steps, and one without a gradient is left as it is, decay included.
    Gradients that are not finite make those weights, and their state, not finite, as in
    ``torch.optim``: clip or skip them before. Sparse and complex ones are refused. ``state_dict``
    holds plain numbers and tensors; what is loaded must be of the same rule. ``foreach`` computes
    all weights of a device together with as few passes over memory as it can, in another order of
    additions than the formula's: equal to rounding.

    A rule that averages its iterates takes gradients at one place and answers with another. In
    PyTorch ``optimizer.eval()`` puts the answer into the weights and ``optimizer.train()`` takes it
    out again, bit by bit; a step between the two is refused. In optax the transformation has
    ``readout(params, state)``, in NumPy it is ``policy.readout(state, theta)``. ``lr`` scales the
    average too, exactly while it stays the same. Batch norm's running statistics belong to the
    weights with which they were taken: renew them after ``eval()``.

    Translations, with λ the other library's ``weight_decay`` and ``lr`` its rate:

    ============================= ==================================================================
    theirs                        here
    ============================= ==================================================================
    SGD, momentum μ               HeavyBall: learning_rate = lr, momentum = μ
    SGD, dampening d              DampenedMomentum: learning_rate = lr, momentum = μ, dampening = d
    SGD, weight_decay             DecayInside: decay = lr·λ
    SGD, nesterov                 Nesterov: learning_rate = lr, momentum = μ
    Adam                          AdamFamily(exponent=0.5, epsilon=None, epsilon_outside=True)
    AdamW                         WeightDecay around it: decay = lr·λ
    Adam, amsgrad                 AMSGrad; amsgrad of optax: AMSGrad(corrected_first=True)
    NAdam                         NAdam; nadam of optax: the same with momentum_decay = 10⁴
    any with clip_grad_norm_ c    Clipped around it, guard=1e-6: largest_norm = c
    clip_by_global_norm of optax  Clipped around it
    RMSprop of PyTorch            AdamFamily(exponent=0.5, beta1=0, bias_correction=False,
                                  epsilon=None, epsilon_outside=True): beta2 = alpha
    RMSprop with momentum μ       RMSPropMomentum: beta2 = alpha, momentum = μ
    rmsprop of optax              that without momentum, ε inside the root: epsilon_outside=False
    Adagrad of PyTorch            AccumulatedSquares
    Schedule-Free SGD             ScheduleFree: learning_rate = lr, momentum = β, averaging = 1/(r+1)
    lion of optax                 WeightDecay around Lion(smoothing=None): decay = lr·λ
    ============================= ==================================================================

    Weight decay inside Adam's gradient is Regularised around it: penalty = λ. No member of a family
    here: centered RMSprop.

    Raises
    ------
    ProblemError
        A verdict that none fits or that does not decide, an optimisation that did not converge,
        closed forms u(θ), missing coefficients or horizon, a library that is not installed.
    """
    policy = policy_of(rule, coefficients, horizon)
    if to == "numpy":
        return policy if hold is None else _held(policy)
    try:
        if to == "optax":
            from .optax_transformation import transformation

            return transformation(policy, hold)
        from .torch_optimizer import RuleOptimizer
    except ModuleNotFoundError as error:
        raise _not_installed(to, error) from error
    return partial(RuleOptimizer, policy=policy, hold=hold)


def _held(policy: Policy) -> NumpyPair:
    """The policy's pair, with the clock standing still after the last step."""
    last = policy.horizon - 1

    def update(state: tuple, observation: Any, theta: Any = None, step: float = 1.0) -> tuple:
        count, carried = state
        clock = min(count, last) if policy.varies else count
        move, (_, carried) = policy.update((clock, carried), observation, theta, step)
        return move, (count + 1, carried)

    if not policy.has_readout:
        return NumpyPair(init=policy.init, update=update)
    found = AnsweringPair(init=policy.init, update=update)
    found.readout = policy.readout
    return found


_EXTRAS = {"torch": "torch", "optax": "jax"}  # what is asked for -> extra that brings it


def _not_installed(to: str, error: ModuleNotFoundError) -> ProblemError:
    return ProblemError(
        f"to={to!r}",
        expected="that library installed",
        received=f"no module {error.name!r}",
        advice=f"pip install 'landscape-control[{_EXTRAS[to]}]'",
    )
