"""One run of a method on a task."""

import math
import time
from itertools import islice
from typing import Any

from ...support.arguments import Count, Index, checked
from .methods import DERIVED, Method
from .outcomes import Outcome, outcome
from .tasks import TrainingTask, endless, mean_loss


@checked
def compete(
    *, task: TrainingTask, method: Method, seed: Index = 0, steps: Count | None = None
) -> Outcome:
    """Train the network of a task by a method.

    The seed decides the starting weights and the order of the samples: methods that are compared at
    one seed start alike and see the same batches.

    Parameters
    ----------
    steps : by default those of the task; a cosine schedule ends with them
    """
    steps = task.steps if steps is None else steps
    if method.kind == DERIVED:
        from .derived_runs import derived_run

        return derived_run(task, seed, steps)
    network = task.network(seed=seed)
    network.train()
    start_loss = mean_loss(task, network, of="training")
    average = _average(network) if method.kind == "dog_averaged" else None
    optimizer = method.optimizer(network.parameters())
    groups, rates = optimizer.param_groups, [group["lr"] for group in optimizer.param_groups]
    is_scheduled = method.schedule != "constant"
    batches = islice(endless(task.loader(seed)), steps)
    if hasattr(optimizer, "train"):
        optimizer.train()
    diverged, begun = 0, time.process_time()
    for step, (inputs, targets) in enumerate(batches):
        if is_scheduled:
            for group, rate in zip(groups, rates, strict=True):
                group["lr"] = rate * method.rate_factor(step, steps)
        optimizer.zero_grad(set_to_none=True)
        loss = task.loss(network(inputs), targets)
        if not math.isfinite(loss.item()):
            diverged = step + 1
            break
        loss.backward()
        optimizer.step()
        if average is not None:
            average.step()
    seconds = time.process_time() - begun
    if hasattr(optimizer, "eval"):
        optimizer.eval()
    answer = network if average is None else average.averaged_model
    return outcome(
        task,
        answer,
        start_loss=start_loss,
        diverged=diverged,
        steps=steps,
        seconds=seconds,
    )


def _average(network: Any) -> Any:
    """DoG's average of the iterates, which its authors tell to use."""
    from dog import PolynomialDecayAverager

    return PolynomialDecayAverager(network)
