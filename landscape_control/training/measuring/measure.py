"""``measure``: curvature and gradient noise of a network at its present weights."""

import math
from collections.abc import Callable
from typing import Annotated, Any, Literal

from ...support.arguments import Duration, Share, Whole, checked
from ...support.call_settings import settings_kept
from ...support.errors import ProblemError
from .measurement import Measurement

Draws = Annotated[int, Whole(low=1, high=1000)]
Samples = Annotated[int, Whole(low=16, high=10**7)]
Products = Annotated[int, Whole(low=2, high=10_000)]


@settings_kept
@checked
def measure(
    model: object,
    loss_fn: Callable,
    loader: object,
    *,
    samples: Samples = 1024,
    noise_samples: Samples | None = None,
    products: Products = 48,
    draws: Draws = 2,
    seconds: Duration = math.inf,
    majorant: Share | None = None,
    scales: object = None,
    frozen: Literal["refuse", "hold"] = "refuse",
    seed: Annotated[int, Whole(low=0)] = 0,
) -> Measurement:
    """What a linear learning rule sees of a network: curvature and noise along the gradient.

    ::

        found = lc.measure(model.eval(), torch.nn.CrossEntropyLoss(), loader)
        print(found.describe(), found.table(), found.layer_table(), sep="\\n")
        result = lc.optimize_policy(
            found.task(), family, lc.Objective(horizon=1000, learning_rate=math.inf),
            sees=found.sees(),
        )                                    # E L after 1000 steps: found.floor + result.cost

    Let ℓ_s be the loss of one sample, L = (1/N) Σ ℓ_s, g_s and g their gradients,
    C = (1/(N-1)) Σ (g_s-g)(g_s-g)', and H the generalised Gauss-Newton matrix

        H = (1/N) Σ J_s' ((1-m) Λ_s + m (I - 11'/K)/2) J_s,    Λ_s = ∂²ℓ_s/∂z²,

    whose second part is Böhning's bound of the first for cross-entropy on K logits. Without a share
    m of it samples that are confidently wrong look flat, and plans overshoot.

    1. L, g, and Λ by differentiating the loss in the outputs z; products with J and J' by automatic
       differentiation of stored graphs.
    2. |g_s - g|² of every sample: tr C, in total and by layer.
    3. Lanczos from g, two thirds of the products: nodes of μ_g. Each product gives J_s q of all
       samples, so that g_s·y and y'H_s y follow for every Ritz vector y and sample, and with them
       v'Cv of the eigenvectors v that have converged and the standard errors of all.
    4. Lanczos from random-sign sums Σ ±(g_s - g)/√(N-1) in what these eigenvectors leave over: nodes
       of the rest of μ_C, scaled to the rest of tr C.

    With m products the nodes integrate polynomials in h up to degree 2m-1 exactly, which is why a
    rule of few steps is predicted exactly on a quadratic. Source: G. H. Golub, G. Meurant,
    *Matrices, Moments and Quadrature*, 2010; curvature of networks: J. Martens, *New insights and
    perspectives on the natural gradient method*, 2020; D. Böhning 1992.

    Parameters
    ----------
    model : torch.nn.Module of float32 or float64, outputs (n, …) from inputs (n, …). Left as it is
    loss_fn : (outputs, targets) -> mean loss of a batch, convex in the outputs
    loader : batches (inputs, targets), a DataLoader or a list; the first samples are taken, so let
        it shuffle. PyTorch's generator and the loader's own are put back: a training goes on as if
        nothing had been measured, and a second call draws the same samples. Its first batch says
        what the batch size of training is
    samples : how many at most go into L, g and H; errors are in the result
    noise_samples : how many at most go into tr C, as many as ``samples`` when None; in networks of
        dense layers they cost little. Few samples make most of the noise of a trained network: 5 %
        took 50 before training and 4000 after it, see :meth:`Measurement.samples_for`
    products : with H, in all
    draws : noise draws, which share a third of the products
    seconds : of wall clock; when three quarters are over Lanczos from g ends after its present
        product, and the rest likewise at the end. At least one product is made from g and from a
        draw
    majorant : m; None: 0.05 for cross-entropy on logits, found by its Λ, else 0 (for a quadratic
        loss, which is its own bound, always 0)
    scales : tensors s > 0 shaped like the parameters, to measure in coordinates θ = s∘x, in which
        Adam's rule with fixed second moments is plain
    frozen : "hold" leaves out parameters that do not require gradients; else they are refused
    seed : of the signs of the draws

    Returns
    -------
    Measurement

    Notes
    -----
    Errors are those of samples drawn independently. The largest of N-sample curvatures is biased
    upwards (34 % at 64 samples, 3 % at 512 on a small trained network), which no error here shows.
    Memory: the Krylov vectors are as many vectors of weights as there are products from g, beside
    the graphs of all samples.

    With m > 0 the predicted loss is on the safe side: a perceptron on MNIST after 300 steps of SGD,
    30 more at rate 0.02, loss 0.2218 before, 0.2010 after, predicted 0.2076 with m = 0.05 and
    0.2011 with m = 0. Measure with ``majorant=0.0`` to predict small steps, with a share to plan
    large ones.

    Second moments of batches drawn without replacement from few data are smaller by 1 - B/N.

    Raises
    ------
    ProblemError
        PyTorch not installed; fewer than 16 samples; losses, weights, inputs or outputs that are not
        finite; frozen, shared, complex or half-precision parameters; batch normalisation and
        dropout in training mode, buffers that a call changes; a loss that is no mean over samples,
        not convex in the outputs, or takes the weights themselves, as penalties do; a gradient that
        vanishes; sparse embeddings; a call inside torch.inference_mode.
    """
    try:
        from .steps import measured
    except ModuleNotFoundError as error:
        raise ProblemError(
            "measure",
            expected="PyTorch installed",
            received=f"no module {error.name!r}",
            advice="pip install 'landscape-control[torch]'",
        ) from error
    if products <= draws:
        raise ProblemError(
            "products",
            expected=f"more than the {draws} draws",
            received=f"{products}",
            advice="one product for each draw and one for the gradient is the least",
        )
    options: dict[str, Any] = {
        "samples": samples,
        "noise_samples": noise_samples,
        "products": products,
        "draws": draws,
        "seconds": seconds,
        "majorant": majorant,
        "scales": scales,
        "frozen": frozen,
        "seed": seed,
    }
    return measured(model, loss_fn, loader, **options)
