"""Planned paths of a network on scikit-learn's digits beside gradient flow to the same loss.

    python scripts/network_trajectories.py [--seeds 8] [--hidden 100 40] [--loss-weight 100]
        [--output runs/network_trajectories] [--resume]

For each seed (weights and split into 1437 training and 360 test images) the path that minimises
J = ∫₀¹ (|θ̇|²/2 + kL) dt is planned, and gradient flow is followed down to the loss at its end. The
table has the ratios of lengths, displacements and test losses and the difference of test accuracies,
planned to flow, with 95 % t-intervals over seeds, and says which are not significant. A seed takes
some 30 s of one core with 10⁴ weights; each is kept in OUTPUT/seed_N.nc, the picture beside them.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import xarray
from scipy.stats import t as student
from tqdm import tqdm

import landscape_control as lc
from landscape_control.display.plotting import overviews, save
from landscape_control.support.errors import ProblemError
from landscape_control.training import gradient_flow

TRAINING_IMAGES = 1437
POINTS = 60  # of the curves in the picture
MEASURES = ("length", "displacement", "excess", "test_loss", "test_accuracy")
WORDS = {
    "length": "length of the path",
    "displacement": "distance of its ends",
    "excess": "length / distance",
    "test_loss": "test loss",
    "test_accuracy": "test accuracy, points of %",
}


def parsed():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--hidden", type=int, nargs="+", default=[100, 40])
    parser.add_argument("--loss-weight", type=float, default=100.0, help="k, with η = T = 1")
    parser.add_argument("--activation", choices=["relu", "tanh"], default="relu")
    parser.add_argument("--tolerance", type=float, default=1e-3)
    parser.add_argument("--output", type=Path, default=Path("runs/network_trajectories"))
    parser.add_argument("--resume", action="store_true", help="keep the seeds that are in OUTPUT")
    return parser.parse_args()


def digits(seed):
    """((inputs, classes) for training, the same for tests), in single precision."""
    import torch
    from sklearn.datasets import load_digits

    table = load_digits()
    order = np.random.default_rng(seed).permutation(len(table.target))
    inputs = torch.tensor(table.data[order] / 16, dtype=torch.float32)
    classes = torch.tensor(table.target[order])
    first, rest = slice(TRAINING_IMAGES), slice(TRAINING_IMAGES, None)
    return (inputs[first], classes[first]), (inputs[rest], classes[rest])


def perceptron(hidden, activation, seed):
    import torch

    torch.manual_seed(seed)
    between = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh}[activation]
    sizes = [64, *hidden, 10]
    layers = []
    for given, wanted in zip(sizes[:-1], sizes[1:], strict=True):
        layers += [torch.nn.Linear(given, wanted), between()]
    return torch.nn.Sequential(*layers[:-1])


def tested(model, data):
    """(loss, accuracy in percent)."""
    import torch

    inputs, classes = data
    with torch.no_grad():
        outputs = model(inputs)
        loss = torch.nn.functional.cross_entropy(outputs, classes).item()
        right = (outputs.argmax(1) == classes).double().mean().item()
    return loss, 100 * right


def put(model, weights):
    """The weights (P,) into the model."""
    import torch

    vector = torch.tensor(weights, dtype=next(model.parameters()).dtype)
    torch.nn.utils.vector_to_parameters(vector, model.parameters())


def compared(seed, options):
    """One seed: numbers of both paths, and losses over the length of each."""
    import torch

    training, test = digits(seed)
    model = perceptron(options.hidden, options.activation, seed)
    loss = torch.nn.CrossEntropyLoss()
    objective = lc.Objective(horizon=1.0, loss_weight=options.loss_weight)
    began = time.process_time()
    plan = lc.plan_training(model, loss, [training], objective, tolerance=options.tolerance)
    planning = time.process_time() - began
    flow = gradient_flow(model, loss, [training], until_loss=float(plan.losses[-1]))
    flowing = time.process_time() - began - planning

    fine = plan.parameters_at(np.linspace(0.0, plan.times[-1], POINTS))
    curve = []
    for weights in fine:
        put(model, weights)
        curve.append(tested(model, training)[0])
    steps = np.linalg.norm(np.diff(fine, axis=0), axis=1)
    planned_test = tested(model, test)
    put(model, flow.parameters)
    flow_test = tested(model, test)
    even = np.linspace(0.0, flow.length, POINTS)
    one = plan.parameters[-1] - plan.parameters[0]
    other = flow.parameters - plan.parameters[0]
    cosine = one @ other / np.linalg.norm(one) / np.linalg.norm(other)
    both = [(path.length, path.displacement, 1 / path.straightness) for path in (plan, flow)]
    numbers = [[*both[0], *planned_test], [*both[1], *flow_test]]
    return xarray.Dataset(
        {
            "numbers": (("path", "measure"), np.array(numbers)),
            "lengths": (("path", "point"), np.array([np.append(0, np.cumsum(steps)), even])),
            "losses": (
                ("path", "point"),
                np.array([curve, np.interp(even, flow.arc_lengths, flow.losses)]),
            ),
        },
        attrs={
            "seed": seed,
            "weights": int(plan.layer_weights.sum()),
            "settings": settings(options),
            "cost": plan.cost,
            "cost_error": plan.cost_error,
            "remaining": plan.remaining,
            "residual": plan.residual,
            "energy_error": plan.energy_error,
            "lowest": plan.lowest,
            "final_loss": float(plan.losses[-1]),
            "cosine": float(cosine),
            "planning_seconds": planning,
            "flow_seconds": flowing,
        },
    )


def settings(options):
    """What the numbers of a seed depend on, in words."""
    hidden = " ".join(map(str, options.hidden))
    return (
        f"hidden {hidden}, {options.activation}, k {options.loss_weight:g},"
        f" tolerance {options.tolerance:g}"
    )


def all_seeds(options):
    """Every seed, from its file where it is kept."""
    options.output.mkdir(parents=True, exist_ok=True)
    found = []
    for seed in tqdm(range(options.seeds), unit="seed"):
        path = options.output / f"seed_{seed}.nc"
        if path.exists() and options.resume:
            table = lc.load(path)
            if table.attrs["settings"] != settings(options):
                raise SystemExit(f"{path} has other settings ({table.attrs['settings']})")
        else:
            table = compared(seed, options)
            lc.save(table, path)
        found.append(table)
    return found


def interval(values):
    """(mean, half width of the 95 % t-interval); NaN for the width of one value."""
    count = len(values)
    if count < 2:
        return float(np.mean(values)), float("nan")
    half = student.ppf(0.975, count - 1) * np.std(values, ddof=1) / np.sqrt(count)
    return float(np.mean(values)), float(half)


def tell(found, numbers):
    """The table. numbers : (seeds, 2, measures)"""
    first = found[0].attrs
    print(f"{first['weights']} weights, {first['settings']}, {len(found)} seeds")
    print("seed   cost     error left   residual energy lowest  loss    cosine  plan s flow s")
    for table in found:
        a = table.attrs
        print(
            f"{a['seed']:4d} {a['cost']:8.3f} {a['cost_error']:6.3f} {a['remaining']:6.3f}"
            f" {a['residual']:7.3f} {a['energy_error']:7.4f} {a['lowest']:6.2f} {a['final_loss']:7.4f}"
            f" {a['cosine']:6.3f} {a['planning_seconds']:7.1f} {a['flow_seconds']:6.1f}"
        )
    print(f"{'':28s} {'planned':>9s} {'flow':>9s}  planned to flow")
    for place, measure in enumerate(MEASURES):
        planned, flow = numbers[:, 0, place], numbers[:, 1, place]
        is_ratio = measure != "test_accuracy"
        mean, half = interval(planned / flow if is_ratio else planned - flow)
        neutral = 1.0 if is_ratio else 0.0
        verdict = "" if abs(mean - neutral) > half else "  not significant"
        if np.isnan(half):
            verdict = "  one seed: no interval"
        sign = "×" if is_ratio else "+"
        print(
            f"{WORDS[measure]:28s} {planned.mean():9.4f} {flow.mean():9.4f}"
            f"  {sign} {mean:.4f} ± {half:.4f}{verdict}"
        )


def picture_data(found, numbers):
    ratios = numbers[:, 0, :4] / numbers[:, 1, :4]
    means, halves = zip(*[interval(column) for column in ratios.T], strict=True)
    first = found[0].attrs
    return {
        "plan_lengths": np.array([table["lengths"].values[0] for table in found]),
        "plan_losses": np.array([table["losses"].values[0] for table in found]),
        "flow_lengths": np.array([table["lengths"].values[1] for table in found]),
        "flow_losses": np.array([table["losses"].values[1] for table in found]),
        "labels": [WORDS[measure] for measure in MEASURES[:4]],
        "ratios": ratios,
        "means": np.array(means),
        "half_widths": np.array(halves),
        "title": f"{first['weights']} weights, digits",
    }


def main():
    options = parsed()
    if options.seeds < 1:
        raise SystemExit("--seeds: at least 1")
    import torch

    torch.set_num_threads(1)
    found = all_seeds(options)
    numbers = np.array([table["numbers"].values for table in found])
    tell(found, numbers)
    figure = overviews.network_paths(picture_data(found, numbers))
    print(save(figure, options.output / "paths")[0])


if __name__ == "__main__":
    try:
        main()
    except ProblemError as error:
        raise SystemExit(str(error)) from None
