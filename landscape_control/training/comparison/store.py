"""Finished runs on disk, one small file each, and all of them as one labelled data set."""

import json
import math
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...records.writing import write_atomically
from ...support.arguments import Path as PathName
from ...support.arguments import checked
from ...support.errors import ProblemError, shown
from ...support.versions import package_version
from .methods import Method
from .outcomes import FIELDS, Outcome
from .tasks import TrainingTask

if TYPE_CHECKING:
    import xarray

RUNS = "runs"
_ENTRIES = {"task", "digest", "kind", "rate", "schedule", "seed", "outcome"}
_PACKAGES = ("torch", "prodigyopt", "schedulefree", "dog-optimizer")


class RunStore:
    """A folder of finished runs; a run that is there is not trained again.

    A file is written whole or not at all, and names the samples of its run: with other samples it is
    refused, not mixed in.
    """

    @checked
    def __init__(self, folder: PathName) -> None:
        self.folder = Path(folder) / RUNS
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ProblemError(
                "folder of the runs",
                expected="a folder that can be made",
                received=str(error),
                advice="choose another folder, or check the permissions",
            ) from error

    def path(self, task: TrainingTask, method: Method, seed: int, steps: int) -> Path:
        """The file of a run."""
        return self.folder / task.name / f"{method.key}-{steps}-seed{seed}.json"

    def find(self, task: TrainingTask, method: Method, seed: int, steps: int) -> Outcome | None:
        """The outcome of a run, None where it has not been made.

        Raises ProblemError for a file that is damaged, or of a run on other samples.
        """
        path = self.path(task, method, seed, steps)
        if not path.is_file():
            return None
        kept = _read(path)
        if kept["digest"] != task.digest:
            raise ProblemError(
                f"run {str(path)!r}",
                expected=f"samples with digest {task.digest}",
                received=shown(kept["digest"], 100),
                advice="it is of another data set: choose another folder",
            )
        return _outcome(kept, path)

    def keep(self, task: TrainingTask, method: Method, seed: int, found: Outcome) -> None:
        """Write the outcome of a run."""
        path = self.path(task, method, seed, found.steps)
        path.parent.mkdir(exist_ok=True)
        content = {
            "task": task.name,
            "digest": task.digest,
            "kind": method.kind,
            "rate": method.rate,
            "schedule": method.schedule,
            "seed": seed,
            "outcome": {name: _plain(getattr(found, name)) for name in FIELDS},
            "words": found.words,
        }
        write_atomically(path, json.dumps(content, indent=1).encode())

    def set_aside(self, kind: str, tasks: Collection[str]) -> int:
        """Move the runs of a kind of method on these tasks to a folder beside the runs.

        They are made anew then; what was is kept in earlier-1, earlier-2, … Says how many there were.
        """
        found = [path for task in tasks for path in self.folder.glob(f"{task}/{kind}-*.json")]
        if found:
            number = 1 + len(list(self.folder.parent.glob("earlier-*")))
            aside = self.folder.parent / f"earlier-{number}"
            for path in found:
                (aside / path.parent.name).mkdir(parents=True, exist_ok=True)
                path.rename(aside / path.parent.name / path.name)
        return len(found)

    def table(self) -> "xarray.Dataset":
        """All runs, one after the other, in the order of their names."""
        import xarray

        rows = []
        for path in sorted(self.folder.glob("*/*.json")):
            kept = _read(path)
            rows.append((kept, _outcome(kept, path)))
        if not rows:
            raise ProblemError(
                f"folder {str(self.folder)!r}",
                expected="runs",
                received="none",
                advice="make some before asking for their table",
            )
        coords: dict[str, Any] = {
            name: ("run", np.array([str(kept[name]) for kept, _ in rows]))
            for name in ("task", "kind", "schedule")
        }
        rates = [math.nan if kept["rate"] is None else kept["rate"] for kept, _ in rows]
        coords["rate"] = ("run", np.array(rates))
        coords["seed"] = ("run", np.array([kept["seed"] for kept, _ in rows]))
        variables = {
            name: ("run", np.array([getattr(found, name) for _, found in rows])) for name in FIELDS
        }
        versions = {name.replace("-", "_"): package_version(name) for name in _PACKAGES}
        return xarray.Dataset(variables, coords, attrs=versions)


def _plain(value: float) -> float | str:
    """JSON has no numbers that are not finite."""
    return value if math.isfinite(value) else str(value)


def _read(path: Path) -> dict[str, Any]:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(kept, dict) or set(kept) - {"words"} != _ENTRIES:
            raise ValueError("other entries than those of a run")
    except (OSError, ValueError) as error:
        raise _damaged(path, error) from error
    return kept


def _outcome(kept: dict[str, Any], path: Path) -> Outcome:
    counts = ("diverged", "steps", "measurements", "lost_steps")
    try:
        numbers = {
            name: int(value) if name in counts else float(value)
            for name, value in kept["outcome"].items()
        }
        return Outcome(**numbers, words=kept.get("words", ""))  # type: ignore[arg-type]
    except (TypeError, ValueError, AttributeError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> ProblemError:
    return ProblemError(
        f"run {str(path)!r}",
        expected="a file that a study wrote",
        received=f"{type(error).__name__}: {shown(str(error))}",
        advice="it is damaged or of another program: remove it, and the run is made again",
    )
