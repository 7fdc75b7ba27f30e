"""Run claims, draw their pictures and write everything into one folder."""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from ...claims import Claim, Outcome, Verdict, run_claims
from ...support.arguments import Count, checked
from ...support.arguments import Path as PathName
from ...support.errors import ProblemError
from .page import html_page
from .pictures import Picture, draw_pictures
from .table import csv_table


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class Reproduction:
    """What a run left: outcomes in the order of the claims, pictures by claim name, the files."""

    outcomes: tuple[Outcome, ...]
    pictures: dict[str, Picture]
    folder: Path
    seconds: float

    @property
    def table(self) -> Path:
        """The CSV file."""
        return self.folder / "claims.csv"

    @property
    def page(self) -> Path:
        """The HTML file."""
        return self.folder / "report.html"

    @property
    def passed(self) -> bool:
        """Whether every claim holds and every picture could be drawn."""
        held = all(outcome.verdict is Verdict.HOLDS for outcome in self.outcomes)
        return held and not self.undrawn

    @property
    def undrawn(self) -> tuple[Picture, ...]:
        """The pictures that could not be drawn."""
        return tuple(picture for picture in self.pictures.values() if picture.error)


@checked
def steps(claims: Sequence[Claim]) -> int:
    """How often :func:`reproduce` reports progress when every claim can be evaluated."""
    return len(claims) + sum(claim.picture is not None for claim in claims) + 1  # the overview


@checked
def reproduce(
    claims: Sequence[Claim],
    folder: PathName,
    *,
    workers: Count = 1,
    progress: Callable[[str], None] | None = None,
) -> Reproduction:
    """Evaluate the claims and write their table, page and pictures into ``folder``.

    These are claims.csv, report.html and figures/NAME.png and .pdf. Files appear whole or not at
    all. ``progress`` is called with a claim's name when it is evaluated, and again when its picture
    is drawn. Raises ProblemError without claims, or if the folder cannot be made; failing claims
    are outcomes.
    """
    if not claims:
        raise ProblemError(
            "claims",
            expected="at least one",
            received="none",
            advice="see 'landscape-control list'",
        )
    begin, folder = perf_counter(), Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ProblemError(
            "output folder",
            expected="a folder that can be written",
            received=f"{folder} ({error.strerror})",
            advice="choose another with --output",
        ) from None
    report = progress or (lambda name: None)
    outcomes = run_claims(claims, workers=workers, progress=lambda claim: report(claim.name))
    pictures = draw_pictures(outcomes, folder / "figures", workers=workers, progress=report)
    result = Reproduction(
        outcomes=outcomes, pictures=pictures, folder=folder, seconds=perf_counter() - begin
    )
    write_whole(result.table, csv_table(outcomes))
    write_whole(result.page, html_page(outcomes, pictures, seconds=result.seconds, workers=workers))
    return result


def write_json(path: Path, document: object) -> None:
    """Write a document of plain values as JSON, whole or not at all."""
    write_whole(path, json.dumps(document, ensure_ascii=False, allow_nan=False))


def write_whole(path: Path, text: str) -> None:
    """Write a text file in UTF-8 so that a reader, or an interruption, never meets half of it.

    Raises ProblemError if it cannot be written.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8")
        os.replace(draft, path)
    except OSError as error:
        raise ProblemError(
            "output file",
            expected="a file that can be written",
            received=f"{path} ({error.strerror})",
            advice="choose another with --output",
        ) from None
    finally:
        draft.unlink(missing_ok=True)
