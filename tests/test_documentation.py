"""The pages of the site: their code runs, every public name has one, docstrings become markup."""

import re
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parents[1] / "scripts" / "documentation"
PAGES = sorted(path.relative_to(HERE / "pages") for path in (HERE / "pages").rglob("*.md"))
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)
WITH_CODE = [page for page in PAGES if BLOCK.search((HERE / "pages" / page).read_text("utf-8"))]


@pytest.fixture(autouse=True)
def modules(monkeypatch):
    """The modules of the site's builder, as its own command imports them."""
    monkeypatch.syspath_prepend(str(HERE))
    yield
    for name in [path.stem for path in HERE.glob("*.py")]:
        sys.modules.pop(name, None)


def blocks(page: Path) -> list[str]:
    return BLOCK.findall((HERE / "pages" / page).read_text(encoding="utf-8"))


def needs_torch(page: Path) -> bool:
    return any(re.search(r"\bimport torch\b", block) for block in blocks(page))


@pytest.mark.parametrize("page", [p for p in WITH_CODE if not needs_torch(p)], ids=str)
def test_the_code_of_a_page_runs_from_top_to_bottom(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "page", type(sys)("page"))
    names = vars(sys.modules["page"])
    for block in blocks(page):
        exec(compile(block, str(page), "exec"), names)  # noqa: S102  (the pages are ours)
    assert "lc" in names


@pytest.mark.networks
@pytest.mark.parametrize("page", [p for p in WITH_CODE if needs_torch(p)], ids=str)
def test_the_code_of_a_page_on_networks_runs(page, tmp_path, monkeypatch):
    pytest.importorskip("torch", reason="needs PyTorch: make test-networks")
    test_the_code_of_a_page_runs_from_top_to_bottom(page, tmp_path, monkeypatch)


def test_every_public_name_has_a_page():
    from reference_pages import missing

    assert missing() == set()


def test_the_problem_of_every_claim_is_shown_with_what_it_needs():
    from gallery import homes, setting

    from landscape_control import ControlProblem, PolicyProgram

    for module in set(homes().values()):
        names = {"__name__": "shown"}
        exec(setting(module), names)  # noqa: S102
        assert isinstance(names["problem"](), (ControlProblem, PolicyProgram)), module.__name__


def test_every_claim_has_a_theme():
    from landscape_control.claims import THEMES, all_claims

    assert {claim.theme for claim in all_claims()} == set(THEMES)


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (["The square |g|² of g_"], r"The square \|g\|² of g\_"),
        (["as in ``|g|``"], "as in ``|g|``"),
        (["*A Title of Words*, and β*"], r"*A Title of Words*, and β\*"),
    ],
)
def test_signs_of_formulas_are_no_markup(lines, wanted):
    from docstrings import restructured

    assert "\n".join(restructured(lines)).strip() == wanted


def test_sections_and_formulas_of_a_docstring_become_markup():
    from docstrings import restructured

    text = [
        "Title.",
        "",
        "    J = |u|²",
        "",
        "Parameters",
        "----------",
        "a, b : numbers",
        "    > 0",
    ]
    assert [line for line in restructured(text) if line.strip()] == [
        "Title.",
        ".. code-block:: text",
        "   J = |u|²",
        ".. rubric:: Parameters",
        "``a``, ``b``",
        "   numbers",
        "   > 0",
    ]


def test_links_that_lead_nowhere_are_found(tmp_path):
    from links import broken_links

    (tmp_path / "a.html").write_text(
        '<p id="here"><a href="b.html#there"><a href="#here">', "utf-8"
    )
    (tmp_path / "b.html").write_text(
        '<a href="a.html#here"><a href="c.html"><a href="https://x">', "utf-8"
    )
    assert broken_links(tmp_path) == ["a.html: b.html#there", "b.html: c.html"]


@pytest.mark.skipif(find_spec("sphinx") is None, reason="needs Sphinx: make docs builds the site")
def test_formulas_are_drawn_without_scripts():
    import mathml

    assert "<mtable" in mathml.convert(mathml._on_lines(r"a &= b \\ c &= d"))
