"""The one place that writes pictures."""

from io import BytesIO
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.image import imread, imsave

from ...support.arguments import Count, checked
from ...support.arguments import Path as PathName
from ...support.errors import ProblemError

_QUALITY = 65  # of 100: letters and hairlines of our figures show no traces of compression


@checked
def save(figure: Figure, path: PathName, *, dpi: Count = 150) -> tuple[Path, Path]:
    """Write ``path``.png (at ``dpi``) and ``path``.pdf; the two paths are returned.

    The folder is made if needed. The files carry no date, so that the same figure gives the same
    bytes. Raises ProblemError for a path that already ends in .png or .pdf.
    """
    path = Path(path)
    if path.suffix.lower() in (".png", ".pdf"):
        raise ProblemError(
            "path of a figure",
            expected="a path without suffix",
            received=str(path),
            advice=f"pass {str(path.with_suffix(''))!r}: both files are written",
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    picture, document = (path.with_name(path.name + suffix) for suffix in (".png", ".pdf"))
    figure.savefig(picture, dpi=dpi, metadata={"Software": None})
    figure.savefig(document, metadata={"CreationDate": None, "Creator": None, "Producer": None})
    return picture, document


@checked
def compact(path: PathName) -> bytes:
    """A saved PNG as WebP, a quarter of its size, for pages that hold many pictures."""
    buffer = BytesIO()
    imsave(buffer, imread(Path(path)), format="webp", pil_kwargs={"quality": _QUALITY, "method": 6})
    return buffer.getvalue()
