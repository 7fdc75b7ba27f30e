"""Optimizers of PyTorch in training, named from what they do: names, numbers, coverage of intervals.

    python scripts/named_training.py [--network mlp cnn] [--seeds 2] [--steps 100]
        [--only adam ...] [--output named.csv]

Each optimizer trains a small network on scikit-learn's digits (minibatches of 32), with weights in
float32 and in float64; 60 of its weights are recorded and identified. The table says the name, the
relative error, which numbers lie outside their intervals, and the CPU seconds of the identification.
Rows that OUTPUT holds already are not computed again. Some 2 s a row on one core.
"""

import argparse
import csv
import time
from pathlib import Path

import torch

import landscape_control as lc
from landscape_control.identification.maps import Conclusion

SGD = torch.optim.SGD
ADAM = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
# key of the rule -> (optimizer of parameters, its numbers in the translation of the library)
OPTIMIZERS = {
    "sgd": (lambda p: SGD(p, lr=0.1), {"learning_rate": 0.1}),
    "heavy_ball": (
        lambda p: SGD(p, lr=0.05, momentum=0.9),
        {"learning_rate": 0.05, "momentum": 0.9},
    ),
    "nesterov": (
        lambda p: SGD(p, lr=0.05, momentum=0.9, nesterov=True),
        {"learning_rate": 0.05, "momentum": 0.9},
    ),
    "dampened_momentum": (
        lambda p: SGD(p, lr=0.1, momentum=0.9, dampening=0.5),
        {"learning_rate": 0.1, "momentum": 0.9, "dampening": 0.5},
    ),
    "sgd_weight_decay": (
        lambda p: SGD(p, lr=0.1, weight_decay=1e-3),
        {"learning_rate": 0.1, "decay": 1e-4},
    ),
    "heavy_ball_weight_decay": (
        lambda p: SGD(p, lr=0.05, momentum=0.9, weight_decay=1e-3),
        {"learning_rate": 0.05, "momentum": 0.9, "decay": 5e-5},
    ),
    "nesterov_l2": (
        lambda p: SGD(p, lr=0.05, momentum=0.9, nesterov=True, weight_decay=1e-3),
        {"learning_rate": 0.05, "momentum": 0.9, "penalty": 1e-3},
    ),
    "adam": (lambda p: torch.optim.Adam(p, lr=1e-3), {"learning_rate": 1e-3, **ADAM}),
    "adamw": (
        lambda p: torch.optim.AdamW(p, lr=1e-3, weight_decay=0.01),
        {"learning_rate": 1e-3, **ADAM, "decay": 1e-5},
    ),
    "adam_l2": (
        lambda p: torch.optim.Adam(p, lr=1e-3, weight_decay=1e-3),
        {"learning_rate": 1e-3, **ADAM, "penalty": 1e-3},
    ),
    "rmsprop": (
        lambda p: torch.optim.RMSprop(p, lr=1e-3),
        {"learning_rate": 1e-3, "beta2": 0.99, "epsilon": 1e-8},
    ),
    "rmsprop_l2": (
        lambda p: torch.optim.RMSprop(p, lr=1e-3, weight_decay=1e-3),
        {"learning_rate": 1e-3, "beta2": 0.99, "epsilon": 1e-8, "penalty": 1e-3},
    ),
    "adagrad": (
        lambda p: torch.optim.Adagrad(p, lr=1e-2),
        {"learning_rate": 1e-2, "epsilon": 1e-10},
    ),
    "adagrad_l2": (
        lambda p: torch.optim.Adagrad(p, lr=1e-2, weight_decay=1e-3),
        {"learning_rate": 1e-2, "epsilon": 1e-10, "penalty": 1e-3},
    ),
}


def digits():
    """(images (N, 64) in [0, 1], labels (N,)) of scikit-learn, which the package does not need."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    return images / 16, labels


def mlp():
    """64-100-40-10, ReLU."""
    layers = torch.nn.Linear(64, 100), torch.nn.Linear(100, 40), torch.nn.Linear(40, 10)
    return torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1], torch.nn.ReLU(), layers[2])


def cnn():
    """Two convolutions with tanh and layer normalisation, of 8x8 images."""
    return torch.nn.Sequential(
        torch.nn.Unflatten(1, (1, 8, 8)),
        torch.nn.Conv2d(1, 8, 3, padding=1),
        torch.nn.Tanh(),
        torch.nn.Conv2d(8, 16, 3, stride=2, padding=1),
        torch.nn.Tanh(),
        torch.nn.Flatten(),
        torch.nn.LayerNorm(256),
        torch.nn.Linear(256, 10),
    )


NETWORKS = {"mlp": mlp, "cnn": cnn}


def trained(
    make,
    *,
    data=digits,
    network=mlp,
    seed=0,
    dtype=torch.float32,
    steps=100,
    scheduler=None,
    clip=None,
    **recorded,
):
    """The recording of a training run; ``make`` is given the parameters of the network."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    images, labels = map(torch.as_tensor, data())
    images = images.to(dtype)
    model = network().to(dtype)
    optimizer = make(model.parameters())
    schedule = scheduler(optimizer) if scheduler else None
    draws = torch.Generator().manual_seed(seed)
    with lc.record_training(optimizer, seed=seed, **{"weights": 60, **recorded}) as recorder:
        for _ in range(steps):
            batch = torch.randint(len(images), (32,), generator=draws)
            optimizer.zero_grad()
            outputs = model(images[batch])
            torch.nn.functional.cross_entropy(outputs, labels[batch]).backward()
            if clip is not None:
                torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
            optimizer.step()
            if schedule is not None:
                schedule.step()
    return recorder.recording()


def outside(row, numbers):
    """Names of the numbers that do not lie in their intervals."""
    return [
        name
        for name, value in numbers.items()
        if not row.intervals[name][0] <= value <= row.intervals[name][1]
    ]


def table_row(key, network, seed, dtype, steps):
    """One optimizer, recorded and named."""
    make, numbers = OPTIMIZERS[key]
    recording = trained(
        make, network=NETWORKS[network], seed=seed, dtype=getattr(torch, dtype), steps=steps
    )
    begin = time.process_time()
    verdict = lc.identify(recording, resamples=100)
    seconds = time.process_time() - begin
    is_rule = verdict.conclusion is Conclusion.RULE
    return {
        "optimizer": key,
        "network": network,
        "seed": seed,
        "type": dtype,
        "steps": steps,
        "named": verdict.best.key if is_rule else " or ".join(verdict.equivalent) or "none",
        "error": f"{verdict.row(key).error:.1e}",
        "numbers": len(numbers),
        "outside": " ".join(outside(verdict.row(key), numbers)),
        "seconds": f"{seconds:.1f}",
    }


COLUMNS = (
    "optimizer", "network", "seed", "type", "steps", "named", "error", "numbers", "outside", "seconds",
)  # fmt: skip
CELL = COLUMNS[:5]


def parsed():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--only", nargs="+", choices=OPTIMIZERS, default=list(OPTIMIZERS))
    parser.add_argument("--output", type=Path, default=Path("named.csv"))
    return parser.parse_args()


def main():
    """Compute the rows that are missing, then print what all of them say."""
    options = parsed()
    rows = []
    if options.output.exists():
        with options.output.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    done = {tuple(row[name] for name in CELL) for row in rows}
    cells = [
        (key, network, seed, dtype, options.steps)
        for network in options.network
        for seed in range(options.seeds)
        for dtype in ("float32", "float64")
        for key in options.only
    ]
    with options.output.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        if not rows:
            writer.writeheader()
        for cell in cells:
            if tuple(map(str, cell)) in done:
                continue
            row = table_row(*cell)
            rows.append({name: str(value) for name, value in row.items()})
            writer.writerow(row)
            file.flush()
            print(*row.values(), sep="  ", flush=True)
    named = sum(row["named"] == row["optimizer"] for row in rows)
    undecided = sum(row["optimizer"] in row["named"].split(" or ")[1:] for row in rows)
    undecided += sum(row["named"].startswith(row["optimizer"] + " or ") for row in rows)
    numbers = sum(int(row["numbers"]) for row in rows)
    missed = sum(len(row["outside"].split()) for row in rows)
    print(f"{named} of {len(rows)} named, {undecided} one of several that are alike there")
    print(f"{numbers - missed} of {numbers} numbers inside their intervals")


if __name__ == "__main__":
    main()
