"""The picture of each claim and one of all, drawn by problems/pictures and saved as PNG and PDF."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...claims import Outcome
from ...claims.overview import overview_data
from ...support.arguments import Count, checked
from ...support.arguments import Path as PathName
from ...support.processes import run_all

_DOTS_PER_INCH = 180
OVERVIEW = "all-claims"


@checked
@dataclass(frozen=True, kw_only=True)
class Picture:
    """One saved picture; ``error`` and ``traceback`` say why there are no files."""

    name: str
    files: tuple[Path, ...] = ()
    error: str = ""
    traceback: str = ""

    @property
    def png(self) -> Path | None:
        """The PNG file, or None if drawing failed."""
        return next((path for path in self.files if path.suffix == ".png"), None)


@checked
def network_pictures(folder: PathName) -> tuple[Picture, ...]:
    """What trained networks left in ``folder`` and the folders in it, by the names of the files.

    One picture for each PNG file, with the file of the same name that ends in .pdf where there is
    one.
    """
    found = []
    for path in sorted(Path(folder).glob("**/*.png")):
        others = (path, path.with_suffix(".pdf"))
        files = tuple(each for each in others if each.is_file())
        name = path.relative_to(folder).with_suffix("").as_posix()
        found.append(Picture(name=name, files=files))
    return tuple(found)


@checked
def draw_pictures(
    outcomes: Sequence[Outcome],
    folder: PathName,
    *,
    workers: Count = 1,
    progress: Callable[[str], None] | None = None,
) -> dict[str, Picture]:
    """Draw the picture of every outcome that has evidence, and OVERVIEW; by claim name.

    The files are folder/NAME.png and .pdf. A picture that cannot be drawn is an entry with its
    error, never the end of the run.
    """
    drawings: dict[str, tuple[str, dict]] = {}  # file name -> name of the picture, its data
    for outcome in outcomes:
        if outcome.evidence is not None and outcome.claim.picture:
            drawings[outcome.claim.name] = (outcome.claim.picture, dict(outcome.evidence.data))
    if any(outcome.evidence is not None for outcome in outcomes):
        drawings[OVERVIEW] = ("claims_overview", overview_data(outcomes))
    folder, names = Path(folder), list(drawings)
    tasks = [(*drawings[name], folder / name) for name in names]
    report = None if progress is None else lambda index: progress(names[index])
    results = run_all(_draw, tasks, workers=workers, progress=report)
    return {
        name: Picture(
            name=name, files=result.value or (), error=result.error, traceback=result.traceback
        )
        for name, result in zip(names, results, strict=True)
    }


def _draw(task: tuple[str, dict, Path]) -> tuple[Path, ...]:
    from ...problems import pictures
    from ..plotting import save  # matplotlib takes a while: imported when drawing

    name, data, stem = task
    draw = pictures.find_picture(name)
    return save(draw(data), stem, dpi=_DOTS_PER_INCH)
