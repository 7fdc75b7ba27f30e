"""Images with labels, for training and for testing: MNIST, CIFAR-10, and generated ones."""

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import numpy as np

from ..support.arguments import Count, Index, checked
from ..support.arguments import Path as PathName
from ..support.errors import ProblemError, shown
from .idx import read_idx

CLASSES = 10

_MNIST_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte") + (
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
_MNIST_SOURCE = "https://ossci-datasets.s3.amazonaws.com/mnist/"
# Where programs put them inside the folder that they are given, torchvision for one.
_MNIST_PLACES = (".", "MNIST/raw", "raw", "mnist")
_MNIST_MEAN, _MNIST_DEVIATION = (0.1307,), (0.3081,)

_CIFAR_FILES = tuple(f"data_batch_{i}.bin" for i in range(1, 6)) + ("test_batch.bin",)
_CIFAR_SOURCE = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
_CIFAR_PLACES = (".", "cifar-10-batches-bin")
_CIFAR_SHAPE = 3, 32, 32
_CIFAR_ROWS = 10_000
_CIFAR_MEAN, _CIFAR_DEVIATION = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)


@dataclass(frozen=True, kw_only=True, eq=False)
class ImageData:
    """Images and their classes.

    Attributes
    ----------
    name : "MNIST", "CIFAR-10" or "generated"
    training_images, test_images : (N, C, H, W) bytes, 0 to 255
    training_labels, test_labels : (N,) whole numbers from 0 to 9
    mean, deviation : one number per channel; networks see (image/255 - mean)/deviation

    Raises ProblemError for arrays of other shapes or kinds, labels of other classes, training and
    test images that differ in size, a deviation that is not positive.
    """

    name: str
    training_images: np.ndarray
    training_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    def __post_init__(self) -> None:
        for kind in ("training", "test"):
            images, labels = getattr(self, f"{kind}_images"), getattr(self, f"{kind}_labels")
            _check_pair(f"{kind} data of {self.name}", images, labels)
            for part, array in (("images", images), ("labels", labels)):
                read_only = array.view()  # the caller's own array stays as it is
                read_only.flags.writeable = False
                object.__setattr__(self, f"{kind}_{part}", read_only)
        _check_scale(self)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all images, labels and of how they are scaled, in hexadecimal."""
        found = sha256(repr((self.name, self.mean, self.deviation)).encode())
        for kind in ("training", "test"):
            for part in ("images", "labels"):
                array = getattr(self, f"{kind}_{part}")
                found.update(repr((array.shape, array.dtype.str)).encode())
                found.update(np.ascontiguousarray(array).tobytes())
        return found.hexdigest()


def _check_pair(what: str, images: np.ndarray, labels: np.ndarray) -> None:
    """Refuse images and labels that do not belong together."""
    for part, array in (("images", images), ("labels", labels)):
        if not isinstance(array, np.ndarray):
            raise ProblemError(
                what,
                expected=f"an array of {part}",
                received=shown(array),
                advice=f"pass the {part} as a NumPy array of bytes (uint8)",
            )
    if images.ndim != 4 or images.dtype != np.uint8 or len(images) == 0:
        raise ProblemError(
            what,
            expected="images of shape (N, C, H, W) in bytes",
            received=f"shape {images.shape} of {images.dtype}",
            advice="check that the file of images is the one of images",
        )
    if labels.shape != (len(images),) or not np.issubdtype(labels.dtype, np.integer):
        raise ProblemError(
            what,
            expected=f"one whole number for each of the {len(images)} images",
            received=f"labels of shape {labels.shape} of {labels.dtype}",
            advice="the files of images and labels do not belong together: download both again",
        )
    if labels.min() < 0 or labels.max() >= CLASSES:
        raise ProblemError(
            what,
            expected="labels from 0 to 9",
            received=f"labels from {labels.min()} to {labels.max()}",
            advice="the file of labels is damaged: download it again",
        )


def _check_scale(data: ImageData) -> None:
    """Refuse images of two sizes, and another number of means or deviations than channels."""
    shape, test_shape = data.training_images.shape[1:], data.test_images.shape[1:]
    if shape != test_shape:
        raise ProblemError(
            f"test data of {data.name}",
            expected=f"images of shape {shape}, like those for training",
            received=f"{test_shape}",
            advice="cut or pad them to one size",
        )
    for name in ("mean", "deviation"):
        values = np.asarray(getattr(data, name), dtype=float)
        is_finite = values.shape == shape[:1] and bool(np.isfinite(values).all())
        if not is_finite or (name == "deviation" and values.min() <= 0):
            raise ProblemError(
                f"{name} of {data.name}",
                expected=f"{shape[0]} finite numbers, one per channel, deviations above 0",
                received=shown(getattr(data, name)),
                advice="those of image/255 over the training images, by channel",
            )


@checked
def load_mnist(folder: PathName) -> ImageData:
    """MNIST from its four IDX files, plain or with the ending .gz.

    They are sought in ``folder``, and in its MNIST/raw, where torchvision puts them. Images are
    scaled by mean 0.1307 and deviation 0.3081, as is usual.

    Raises ProblemError: files that are missing, each by name with where to get it; what
    :func:`~landscape_control.training.idx.read_idx` refuses; counts that do not agree.
    """
    paths = _found("MNIST", Path(folder), _MNIST_FILES, _MNIST_PLACES, _MNIST_SOURCE, (".gz", ""))
    images, labels, test_images, test_labels = (read_idx(path) for path in paths)
    for path, array in ((paths[0], images), (paths[2], test_images)):
        if array.ndim != 3:
            raise ProblemError(
                f"file {str(path)!r}",
                expected="images, an array with three axes (magic number 00 00 08 03)",
                received=f"shape {array.shape}",
                advice="this is another file under that name: download it again",
            )
    return ImageData(
        name="MNIST",
        training_images=images[:, None],
        training_labels=labels,
        test_images=test_images[:, None],
        test_labels=test_labels,
        mean=_MNIST_MEAN,
        deviation=_MNIST_DEVIATION,
    )


@checked
def load_cifar10(folder: PathName, *, rows: Count = _CIFAR_ROWS) -> ImageData:
    """CIFAR-10 from its six binary files data_batch_1.bin ... data_batch_5.bin, test_batch.bin.

    Each of the 10000 rows of a file is one byte, the label, and 3072 bytes, the image: red, green,
    blue, each 32 rows of 32. They are sought in ``folder`` and in its cifar-10-batches-bin. Images
    are scaled by the channels' means and deviations (0.4914, ...), (0.2470, ...) of the paper's
    notebook. Source: A. Krizhevsky, the page of CIFAR-10, "Binary version".

    Parameters
    ----------
    rows : of each file; another number than 10000 is for files made by oneself

    Raises ProblemError: files that are missing, each by name with where to get it; files of another
    length; labels above 9. The version for Python, files of pickles, is not read: unpacking one
    runs what stands in it.
    """
    files = _found(
        "CIFAR-10", Path(folder), _CIFAR_FILES, _CIFAR_PLACES, _CIFAR_SOURCE, endings=("",)
    )
    parts = [_cifar_file(path, rows) for path in files]
    return ImageData(
        name="CIFAR-10",
        training_images=np.concatenate([images for images, _ in parts[:-1]]),
        training_labels=np.concatenate([labels for _, labels in parts[:-1]]),
        test_images=parts[-1][0],
        test_labels=parts[-1][1],
        mean=_CIFAR_MEAN,
        deviation=_CIFAR_DEVIATION,
    )


def _cifar_file(path: Path, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Images (rows, 3, 32, 32) and labels (rows,) of one binary file."""
    try:
        data = np.fromfile(path, np.uint8)
    except OSError as error:
        raise ProblemError(
            f"file {str(path)!r}",
            expected="a file that can be read",
            received=str(error),
            advice="check the permissions",
        ) from error
    width = 1 + int(np.prod(_CIFAR_SHAPE))
    if len(data) != rows * width:
        cut = "the file is cut off" if len(data) < rows * width else "the file is too long"
        raise ProblemError(
            f"file {str(path)!r}",
            expected=f"{rows * width} bytes, {rows} rows of {width}",
            received=f"{len(data)} bytes: {cut}",
            advice=f"unpack or download it again, from {_CIFAR_SOURCE}",
        )
    table = data.reshape(rows, width)
    labels, pixels = table[:, 0].copy(), table[:, 1:]
    if labels.max() >= CLASSES:
        row = int(np.argmax(labels >= CLASSES))
        raise ProblemError(
            f"file {str(path)!r}",
            expected="labels from 0 to 9",
            received=f"{labels[row]} in row {row}",
            advice="is this CIFAR-10, whose rows have one label? CIFAR-100 has two",
        )
    return pixels.reshape(rows, *_CIFAR_SHAPE).copy(), labels


def _found(
    name: str,
    folder: Path,
    files: tuple[str, ...],
    places: tuple[str, ...],
    source: str,
    endings: tuple[str, ...],
) -> list[Path]:
    """The files of a data set, all in one place of the folder."""
    if not folder.is_dir():
        raise ProblemError(
            f"folder of {name}",
            expected="an existing folder",
            received=f"{folder}",
            advice=f"make it and put {', '.join(files)} there, from {source}",
        )
    best: dict[str, Path] = {}
    for place in places:
        there = {}
        for file in files:
            candidates = (folder / place / f"{file}{ending}" for ending in endings)
            path = next((path for path in candidates if path.is_file()), None)
            if path is not None:
                there[file] = path
        if len(there) > len(best):
            best = there
    missing = [file for file in files if file not in best]
    if missing:
        raise ProblemError(
            f"folder of {name}",
            expected=f"{', '.join(files)}",
            received=f"{folder} without {', '.join(missing)}",
            advice=f"get what is missing from {source}",
        )
    return [best[file] for file in files]


@checked
def generated_images(*, count: Count = 2000, size: Count = 28, seed: Index = 0) -> ImageData:
    """Images that resemble digits in shape and statistics, for trials without any data set.

    Each class has three smooth patterns (white noise averaged over a quarter of the width, twice,
    of which the highest 30 % of the pixels stay); an image is one of them, moved by up to two
    pixels either way, scaled by 0.6 to 1, plus noise of deviation 0.2, in bytes. ``count`` of them
    are for training, a quarter as many for testing.
    """
    rng = np.random.default_rng(seed)
    patterns = _patterns(rng, size)
    parts = []
    for number in (count, max(count // 4, 1)):
        labels = rng.integers(CLASSES, size=number)
        chosen = patterns[labels, rng.integers(patterns.shape[1], size=number)]
        shifts = rng.integers(-2, 3, size=(number, 2))
        moved = np.stack(
            [
                np.roll(image, shift, axis=(0, 1))
                for image, shift in zip(chosen, shifts, strict=True)
            ]
        )
        strength = rng.uniform(0.6, 1.0, (number, 1, 1))
        noisy = strength * moved + 0.2 * rng.standard_normal(moved.shape)
        images = np.clip(255 * noisy, 0, 255).astype(np.uint8)
        parts.append((images[:, None], labels))
    (images, labels), (test_images, test_labels) = parts
    return ImageData(
        name="generated",
        training_images=images,
        training_labels=labels,
        test_images=test_images,
        test_labels=test_labels,
        mean=_MNIST_MEAN,
        deviation=_MNIST_DEVIATION,
    )


def _patterns(rng: np.random.Generator, size: int) -> np.ndarray:
    """(10, 3, size, size) smooth patterns, the largest entry of each 1."""
    from scipy.ndimage import uniform_filter

    noise = rng.standard_normal((CLASSES, 3, size, size))
    width = (0, 0, max(size // 4, 1), max(size // 4, 1))
    smooth = uniform_filter(uniform_filter(noise, width), width)
    threshold = np.quantile(smooth, 0.7, axis=(2, 3), keepdims=True)
    cut = np.maximum(smooth - threshold, 0.0)
    return cut / cut.max(axis=(2, 3), keepdims=True)
