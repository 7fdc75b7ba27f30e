"""``record_training``: what an optimizer of PyTorch is given and does, so that it can be named."""

from typing import TYPE_CHECKING, Annotated, Literal

from ..support.arguments import Count, Index, Words, checked
from ..support.errors import ProblemError

if TYPE_CHECKING:
    from .recorder import Recorder

Which = Literal["computed", "received"]


@checked
def record_training(
    optimizer: Annotated[object, Words(expected="an optimizer of PyTorch")],
    *,
    weights: Count = 200,
    steps: Count = 1000,
    gradients: Which = "computed",
    seed: Index = 0,
) -> "Recorder":
    """Watch an optimizer of PyTorch from its first step on, for :func:`landscape_control.identify`.

    ::

        with lc.record_training(optimizer) as recorder:
            train(model, optimizer)
        print(lc.identify(recorder.recording()))

    At each step the gradients, weights and changes of weights of a random sample of the weights are
    kept in float64, with the rounding of the stored weights: a weight θ with relative spacing ε of
    its type is known to about ε|θ|/√12, which for float32 can be a good part of a small update. The
    norm of the gradient of all weights and the learning rate of each parameter group are kept too.
    Memory: 32 bytes for each weight and step.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer that has not stepped yet
    weights : how many are recorded, drawn evenly from all that need a gradient
    steps : after how many recording ends; training goes on
    gradients : "computed" are those of the last backward before the step; what clips or unscales
        them before the optimizer sees them is then part of the rule. "received" are those that
        the optimizer is given
    seed : of the sample of weights

    Raises
    ------
    ProblemError
        Something that is no optimizer, or one without weights that need a gradient, that has
        stepped already, or with complex weights; during training, sparse gradients, closures, and
        weights that were taken away or resized. PyTorch not installed.
    """
    try:
        from .recorder import Recorder
    except ImportError as problem:
        raise ProblemError(
            "record_training",
            expected="PyTorch",
            received=str(problem),
            advice="pip install 'landscape-control[torch]'; arrays can be given as a Recording",
        ) from None
    return Recorder(optimizer, weights=weights, steps=steps, gradients=gradients, seed=seed)
