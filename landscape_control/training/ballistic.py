"""The optimizer that the paper's public notebook calls ballistic, for PyTorch."""

from collections.abc import Iterable
from typing import Annotated

from ..exports.torch_optimizer import RuleOptimizer
from ..rules.families import Ballistic as BallisticFamily
from ..rules.families import Policy
from ..support.arguments import NonNegative, Positive, Range, checked

_Share = Annotated[float, Range(low=0, high=1, high_open=True)]


class Ballistic(RuleOptimizer):
    """v = β₂v + (1-β₂)g², θ ← θ - lr g/√(v + ε), v = 0 at first.

    The family ``lc.policies.Ballistic`` with torch.optim's names for its numbers. Under this name
    VGR25's public notebook trains the networks of Fig. 2 e, f with it. It is RMSProp with ε inside
    the root and no correction of the bias of v: the first step of every weight is lr/√(1-β₂) long,
    32 times lr at β₂ = 0.999. There is no velocity, so that it is not the second-order law of the
    paper's ballistic limit γ → 0. The notebook's entry ``bleed`` is read nowhere and left out here,
    and so is its decay of weights, which is 0 in the figure.

    The norm of the gradient of the whole network is clipped by the loop of training, as in the
    notebook: that couples the weights, and is no part of this rule.

    Parameters
    ----------
    params : tensors, named tensors or param groups
    lr, beta2, eps : α, β₂, ε of the formula; defaults are those of Fig. 2 e. As in ``torch.optim``,
        ``lr`` is an entry of the param groups and schedulers may set it
    foreach : see :class:`~landscape_control.exports.torch_optimizer.RuleOptimizer`

    Source: VGR25, public notebook of its Fig. 2 e, f.
    """

    @checked
    def __init__(
        self,
        params: Iterable,
        lr: NonNegative = 5e-4,
        beta2: _Share = 0.999,
        eps: Positive = 1e-8,
        foreach: bool = True,
    ):
        rule = {"learning_rate": 1.0, "beta2": beta2, "epsilon": eps}
        policy = Policy(family=BallisticFamily(), coefficients=rule, horizon=1)
        super().__init__(params, policy=policy, lr=lr, foreach=foreach)
