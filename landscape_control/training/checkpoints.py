"""Checkpoints of training runs: written whole or not at all, read without running code."""

import io
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..records.writing import write_atomically
from ..support.errors import ProblemError, shown

_FORMAT = "landscape_control training run 1"


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A run after an epoch.

    Attributes
    ----------
    identity : words of what decides the run
    network, optimizer : their state_dict
    epochs : the numbers of each epoch so far
    diverged : epoch in which the loss was no finite number, or None
    """

    identity: dict[str, str]
    network: dict[str, Any]
    optimizer: dict[str, Any]
    epochs: list[dict[str, Any]]
    diverged: int | None


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Raises ProblemError where the file cannot be written; what was there is then left."""
    import torch

    memory = io.BytesIO()
    torch.save({"format": _FORMAT, **vars(checkpoint)}, memory)
    try:
        write_atomically(path, memory.getvalue())
    except OSError as error:
        raise ProblemError(
            f"checkpoint {str(path)!r}",
            expected="an existing folder that can be written, with room for the file",
            received=str(error),
            advice="make the folder, free some space, or choose another one",
        ) from error


def read_checkpoint(path: Path, identity: dict[str, str]) -> Checkpoint:
    """The checkpoint of the run that ``identity`` describes.

    Raises ProblemError for a damaged file and for one of another run, naming what differs.
    """
    import torch

    try:
        kept = torch.load(
            path, weights_only=True, map_location="cpu"
        )  # tensors and plain numbers: no code is run
        if kept.pop("format") != _FORMAT:
            raise KeyError("format")
        checkpoint = Checkpoint(**kept)
        known = dict(checkpoint.identity)
    except (OSError, EOFError, RuntimeError, KeyError, TypeError, AttributeError) as error:
        raise _unreadable(path, error) from error
    except (ValueError, pickle.UnpicklingError) as error:
        raise _unreadable(path, error) from error
    for name, value in identity.items():
        if known.get(name) != value:
            raise ProblemError(
                f"checkpoint {str(path)!r}",
                expected=f"{name}: {value}",
                received=shown(known.get(name), 300),
                advice="it is of another run: choose another folder, or remove it",
            )
    return checkpoint


def _unreadable(path: Path, error: Exception) -> ProblemError:
    return ProblemError(
        f"checkpoint {str(path)!r}",
        expected="a complete checkpoint of a training run",
        received=f"{type(error).__name__}: {shown(str(error))}",
        advice="the file is damaged or of another program: remove it, and the run begins anew",
    )
