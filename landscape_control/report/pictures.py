"""The picture of each claim, drawn by landscape_control.plotting and saved as PNG and PDF."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from ..claims import Outcome
from ..claims.processes import run_all
from ..errors import check_choice

_FIGURES = "landscape_control.plotting.figures"  # imported when drawing: matplotlib takes a while
_DOTS_PER_INCH = 180


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One saved picture; ``error`` and ``traceback`` say why there are no files."""

    claim: str
    files: tuple[Path, ...] = ()
    error: str = ""
    traceback: str = ""

    @property
    def png(self) -> Path | None:
        """The PNG file, or None if drawing failed."""
        return next((path for path in self.files if path.suffix == ".png"), None)


def draw_pictures(outcomes: Sequence[Outcome], folder: Path, *, workers: int = 1,
                  progress: Callable[[str], None] | None = None) -> dict[str, Picture]:
    """Draw the picture of every outcome that has evidence, into folder/NAME.png and NAME.pdf; by claim name.

    A picture that cannot be drawn is an entry with its error, never the end of the run.
    """
    drawn = [outcome for outcome in outcomes if outcome.claim.picture and outcome.evidence is not None]
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tasks = [(outcome.claim.picture, dict(outcome.evidence.data), folder / outcome.claim.name) for outcome in drawn]
    report = None if progress is None else lambda index: progress(drawn[index].claim.name)
    results = run_all(_draw, tasks, workers=workers, progress=report)
    return {outcome.claim.name: Picture(claim=outcome.claim.name, files=result.value or (), error=result.error,
                                        traceback=result.traceback)
            for outcome, result in zip(drawn, results, strict=True)}


def _draw(task) -> tuple[Path, ...]:
    name, data, stem = task
    os.environ.setdefault("MPLBACKEND", "Agg")  # no windows: pictures go to files
    figures = import_module(_FIGURES)
    known = [key for key, value in vars(figures).items() if callable(value) and not key.startswith("_")]
    figure = getattr(figures, check_choice("picture", name, known))(data)
    paths = stem.with_name(f"{stem.name}.png"), stem.with_name(f"{stem.name}.pdf")
    figure.savefig(paths[0], dpi=_DOTS_PER_INCH, facecolor="white")
    figure.savefig(paths[1], facecolor="white", metadata={"CreationDate": None})
    figure.clear()
    return paths
