"""Files in the formats of MNIST and CIFAR-10, written out by hand, with made-up content."""

import gzip
import struct

import numpy as np

MNIST = {
    "train-images-idx3-ubyte": 60,
    "train-labels-idx1-ubyte": 60,
    "t10k-images-idx3-ubyte": 20,
    "t10k-labels-idx1-ubyte": 20,
}
CIFAR = (*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin")


def idx_bytes(array, code=0x08, kind=">u1"):
    """The array as an IDX file."""
    header = struct.pack(">BBBB", 0, 0, code, array.ndim)
    return header + struct.pack(f">{array.ndim}I", *array.shape) + array.astype(kind).tobytes()


def mnist_arrays(seed=0):
    """{name of the file: array}."""
    rng = np.random.default_rng(seed)
    return {
        name: rng.integers(256, size=(count, 28, 28)) if "images" in name else np.arange(count) % 10
        for name, count in MNIST.items()
    }


def write_mnist(folder, *, packed=True, seed=0):
    """The four files; returns what is in them."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = mnist_arrays(seed)
    for name, array in arrays.items():
        data = idx_bytes(array)
        path = folder / (f"{name}.gz" if packed else name)
        path.write_bytes(gzip.compress(data) if packed else data)
    return arrays


def write_cifar(folder, *, rows=7, seed=0):
    """The six files; returns {name: (labels, images)}."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    made = {}
    for name in CIFAR:
        labels = rng.integers(10, size=rows).astype(np.uint8)
        images = rng.integers(256, size=(rows, 3, 32, 32)).astype(np.uint8)
        with open(folder / name, "wb") as file:
            for label, image in zip(labels, images, strict=True):
                file.write(bytes([label]))
                for channel in image:  # red, green, blue
                    for row in channel:  # from the top
                        file.write(bytes(row.tolist()))
        made[name] = labels, images
    return made
