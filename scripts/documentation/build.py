"""The site: pages, reference and gallery written into a scratch folder, then Sphinx.

    python scripts/documentation/build.py --output results/site --results results

Warnings are errors; cross-references that lead nowhere are warnings.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from gallery import write_gallery  # noqa: E402
from links import broken_links, drop_lost_ways_back  # noqa: E402
from reference_pages import missing, write_reference  # noqa: E402
from statuses import write_statuses  # noqa: E402


def main() -> int:
    options = _options()
    unseen = missing()
    if unseen:
        print(f"names without a page, see themes.py: {', '.join(sorted(unseen))}", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / "source"
        shutil.copytree(HERE / "pages", source)
        for name in ("conf.py", "static"):
            _copy(HERE / name, source / name)
        write_reference(source / "reference")
        write_gallery(source / "gallery", options.results / "figures")
        write_statuses(source / "how-to" / "statuses.md")
        _copy_part_of_readme(source)
        failed = _sphinx(source, options.output, jobs=options.jobs)
    drop_lost_ways_back(options.output)
    broken = broken_links(options.output)
    for link in broken:
        print(f"broken link: {link}", file=sys.stderr)
    return int(bool(failed or broken))


def _sphinx(source: Path, output: Path, *, jobs: int) -> int:
    from sphinx.cmd.build import build_main

    sys.path.insert(0, str(HERE))
    arguments = [
        "-b",
        "html",
        "-q",
        "-W",
        "--keep-going",
        "-j",
        str(jobs),
        "-d",
        str(source / "_build"),
    ]
    return build_main([*arguments, str(source), str(output)])


def _copy_part_of_readme(source: Path) -> None:
    """The README's section on differences, which stands there and nowhere else."""
    text = (HERE.parents[1] / "README.md").read_text(encoding="utf-8")
    section = text.split("## Where we differ from the paper")[1].split("\n## ")[0]
    page = f"# Where we differ from the paper\n{section}"
    (source / "differences.md").write_text(page, encoding="utf-8")


def _copy(here: Path, there: Path) -> None:
    if here.is_dir():
        shutil.copytree(here, there)
    else:
        shutil.copy(here, there)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--output", type=Path, default=Path("results/site"))
    parser.add_argument("--results", type=Path, default=Path("results"), help="of `make reproduce`")
    parser.add_argument("--jobs", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
