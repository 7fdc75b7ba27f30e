"""What cannot be measured of a network is refused in words, not measured wrongly."""

import pytest

import landscape_control as lc

torch = pytest.importorskip("torch", reason="needs PyTorch: make test-networks")
pytestmark = pytest.mark.networks

INPUTS = torch.randn(40, 4, generator=torch.Generator().manual_seed(0))
CLASSES = torch.arange(40) % 3
SCORES = torch.nn.CrossEntropyLoss()


def layer():
    return torch.nn.Linear(4, 3)


def measured(model=None, loss=SCORES, loader=None):
    return lc.measure(model or layer(), loss, loader or [(INPUTS, CLASSES)])


@pytest.mark.parametrize("size", [1e-6, 0.1])
def test_a_penalty_of_the_weights_in_the_loss_is_refused(size):
    """Its gradient and curvature do not pass through the outputs, and would be left out."""
    model = layer()

    def penalised(outputs, targets):
        return SCORES(outputs, targets) + size * model.weight.square().sum()

    with pytest.raises(lc.ProblemError, match="takes 'weight' itself"):
        lc.measure(model, penalised, [(INPUTS, CLASSES)])


def test_a_loss_with_a_number_of_its_own_is_measured():
    """ℓ(2z) has the slopes 2ℓ'(2z) and the Hessian 4Λ(2z), those of twice the weights times 2, 4."""
    model, doubled = layer(), layer()
    doubled.load_state_dict({name: 2 * each for name, each in model.state_dict().items()})
    heat = torch.nn.Parameter(torch.tensor(2.0))
    found = measured(model, lambda outputs, targets: SCORES(heat * outputs, targets))
    plain = lc.measure(doubled, SCORES, [(INPUTS, CLASSES)], majorant=0.0)
    assert found.loss == pytest.approx(plain.loss, rel=1e-5)
    assert found.curvatures[0] == pytest.approx(4 * plain.curvatures[0], rel=1e-3)
    assert found.noise_trace == pytest.approx(4 * plain.noise_trace, rel=1e-3)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"loader": [(INPUTS, CLASSES + 2)]}, "check the targets"),
        ({"loader": [(INPUTS, CLASSES), (INPUTS, CLASSES + 2)]}, "check the targets"),
        ({"model": torch.nn.Linear(5, 3)}, "loader and model belong together"),
        ({"loader": [(INPUTS, CLASSES), (INPUTS[:, :3], CLASSES)]}, r"of one shape, \(4,\)"),
        ({"loss": lambda z, y: z.norm(p=1, dim=1).mean()}, "no quadratic model"),
        (
            {
                "model": torch.nn.Sequential(
                    torch.nn.Embedding(5, 3, sparse=True), torch.nn.Flatten(), torch.nn.Linear(6, 3)
                ),
                "loader": [(torch.ones(40, 2, dtype=torch.long), CLASSES)],
            },
            "dense gradients",
        ),
    ],
)
def test_what_does_not_fit_together_is_said(options, words):
    with pytest.raises(lc.ProblemError, match=words):
        measured(**options)


def test_a_linear_loss_of_one_output_is_not_called_cross_entropy():
    with pytest.raises(lc.ProblemError, match="quadratic loss"):
        lc.measure(torch.nn.Linear(4, 1), torch.nn.L1Loss(), [(INPUTS, 3 + INPUTS[:, :1])])


def test_a_loss_without_second_derivatives_is_refused():
    def alignment(outputs, targets):
        shares = outputs.log_softmax(-1)[None].repeat(3, 1, 1)
        lengths = torch.full((len(outputs),), 3), torch.ones(len(outputs), dtype=torch.long)
        return torch.nn.functional.ctc_loss(shares, targets[:, None].clamp(min=1), *lengths)

    with pytest.raises(lc.ProblemError, match="differentiates twice"):
        measured(loss=alignment)


def test_a_call_inside_inference_mode_is_refused_and_inside_no_grad_it_is_not():
    with torch.inference_mode(), pytest.raises(lc.ProblemError, match="outside"):
        measured()
    with torch.no_grad():
        assert measured().loss > 0
