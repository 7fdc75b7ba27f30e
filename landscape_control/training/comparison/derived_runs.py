"""A run of the optimizer that is derived from what is measured of the network."""

import math
import time
from itertools import islice
from typing import Any

from ...support.errors import ProblemError
from ..networks import torch_module
from .outcomes import Outcome, outcome
from .tasks import TrainingTask, endless, mean_loss

_FOR_MEASURING = 500_009  # added to the seed: samples are measured in another order than trained on


def derived_run(task: TrainingTask, seed: int, steps: int) -> Outcome:
    """Derive an optimizer for the network of a task and train it; see :func:`.runs.compete`.

    It sees the starting weights and, step by step, the batches that all methods see at that seed. A
    run that the optimizer gives up counts as diverged there, with its message among the words.
    """
    torch_module()
    from ..deriving import derive_optimizer

    network = task.network(seed=seed)
    start_loss = mean_loss(task, network, of="training")
    begun = time.process_time()
    optimizer = derive_optimizer(
        network, task.loss, task.loader(seed + _FOR_MEASURING), steps=steps, seed=seed
    )
    planning = time.process_time() - begun
    diverged, words = 0, ""
    for step, (inputs, targets) in enumerate(islice(endless(task.loader(seed)), steps)):
        optimizer.zero_grad(set_to_none=True)
        loss = task.loss(network(inputs), targets)
        loss.backward()
        before, known = time.process_time(), optimizer.measurements
        try:
            optimizer.step(loss)
        except ProblemError as error:
            diverged, words = step + 1, str(error)
        if optimizer.measurements > known:
            planning += time.process_time() - before
        if diverged:
            break
    training = time.process_time() - begun - planning
    optimizer.eval()
    return outcome(
        task,
        network,
        start_loss=start_loss,
        diverged=diverged,
        steps=steps,
        words="\n".join((optimizer.describe(), words)).strip(),
        **_numbers(optimizer, training, planning),
    )


def _numbers(optimizer: Any, training: float, planning: float) -> dict[str, Any]:
    """Processor time, that of measuring and deriving split as the optimizer's own clock says."""
    walls = optimizer.seconds_measuring, optimizer.seconds_deriving
    measured = walls[0] / sum(walls) if sum(walls) else 0.0
    plan = optimizer.plan
    return {
        "seconds": training,
        "measuring_seconds": planning * measured,
        "deriving_seconds": planning * (1 - measured),
        "measurements": optimizer.measurements,
        "lost_steps": optimizer.lost_steps,
        "predicted_loss": math.nan if plan is None else float(plan.loss),
    }
