"""Shared by all tests: one BLAS thread, no windows, and a small package of sample claims."""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
os.environ.setdefault("MPLBACKEND", "Agg")

import gc  # noqa: E402
import importlib  # noqa: E402
import sys  # noqa: E402
import textwrap  # noqa: E402

import pytest  # noqa: E402

# Thousands of tests are made while they are collected, and none of them is garbage: looking through
# them again and again took a third of that time.
gc.disable()


def pytest_configure(config):
    """The process that only hands tests to others collects none."""
    if getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput"):
        gc.enable()


def pytest_collection_finish():
    """From here on there is garbage; what was collected is not looked through again."""
    gc.freeze()
    gc.enable()


SAMPLE_CLAIM = """
    import numpy as np

    import landscape_control as lc
    from landscape_control.claims import Check, Claim, Evidence


    def problem():
        return lc.ControlProblem(landscape=lc.quadratic(hessian=np.eye(1)), start=[1.0],
                                 objective=lc.Objective(horizon=1.0))


    def evaluate():
        rate = np.sqrt(0.25 + 1) - 0.5
        return Evidence(checks=(Check(quantity="r² + γr at γ = 1", theory=1.0, computed=rate**2 + rate, relation="equal",
                                      tolerance=1e-12),),
                        data={"x": np.linspace(0, 1, 5), "y": np.linspace(0, 1, 5) ** 2})


    CLAIM = Claim(name="sample-rate", title="The rate solves its quadratic equation", statement="r² + γr = ηkh",
                  source="VGR25, quadratic landscapes", relations=("equal",), evaluate=evaluate, figure="Fig. 2a",
                  picture="sample_picture")
"""


@pytest.fixture
def one_thread():
    """PyTorch on one thread."""
    torch = pytest.importorskip("torch", reason="needs PyTorch: make test-networks")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def sample_claims(tmp_path, monkeypatch):
    """Replaces the claims by one trivial module; returns a function that adds a module (name, text)
    to them.
    """
    package = tmp_path / "sample_problems"
    package.mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("landscape_control.claims.discovery.PACKAGE", package.name)

    def add(name, text):
        (package / f"{name}.py").write_text(textwrap.dedent(text), encoding="utf-8")
        importlib.invalidate_caches()

    add("__init__", "")
    add("sample", SAMPLE_CLAIM)
    yield add
    for name in [name for name in sys.modules if name.split(".")[0] == package.name]:
        del sys.modules[name]


@pytest.fixture
def sample_pictures(monkeypatch):
    """Replaces the pictures by two small ones; returns their mapping from name to function."""
    from landscape_control.problems import pictures
    from matplotlib.figure import Figure

    from landscape_control.support.errors import check_choice

    def sample_picture(data):
        figure = Figure(figsize=(2, 1))
        figure.add_subplot().plot(data["x"], data["y"])
        return figure

    samples = {
        "sample_picture": sample_picture,
        "claims_overview": lambda data: sample_picture({"x": data["theory"], "y": data["errors"]}),
    }
    monkeypatch.setattr(
        pictures, "find_picture", lambda name: samples[check_choice("picture", name, samples)]
    )
    return samples
