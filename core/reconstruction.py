"""How far a reconstruction is from its picture: a function for each term, all of them means over the numbers.

What a network is trained for, of which such a term is a part, is in core/objectives.py.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from core.config import ReconstructionName
from core.errors import ConfigError
from core.translate import tr
from core.usage import install_text

# A tanh in bfloat16 gives 1 exactly from 3.1 on, and the logarithm of nothing is infinite. A millionth is
# less than a bfloat16 tells apart from 1, and is exact enough in float32.
BCE_MARGIN = 1e-6
# Wang et al. 2003: the weights of five scales, of which a small picture has the first few.
SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
WINDOW_PX, WINDOW_STD = 11, 1.5
LEAST_SIMILARITY = 1e-4  # of one scale; at 0 the power below has an infinite slope

Term = Callable[[Tensor, Tensor], Tensor]  # reconstructions, pictures -> a scalar


def mse(recon: Tensor, x: Tensor) -> Tensor:
    """The mean squared difference: the log-likelihood of a Gaussian decoder, but for constants."""
    return functional.mse_loss(recon, x)


def l1(recon: Tensor, x: Tensor) -> Tensor:
    """The mean absolute difference, of a Laplacian decoder: an edge that is off costs less than in mse."""
    return functional.l1_loss(recon, x)


def bce(recon: Tensor, x: Tensor) -> Tensor:
    """The mean of -(t log p + (1 - t) log(1 - p)), p and t being recon and x brought from [-1,1] to [0,1].

    A Bernoulli decoder: Kingma and Welling 2013, arXiv:1312.6114, appendix C.1. For grey pictures it is no
    likelihood, and its least value is the entropy of the pictures rather than 0.
    """
    p = ((recon + 1) / 2).clamp(BCE_MARGIN, 1 - BCE_MARGIN)
    with torch.autocast(x.device.type, enabled=False):  # which refuses it
        return functional.binary_cross_entropy(p, (x + 1) / 2)


def ms_ssim(recon: Tensor, x: Tensor) -> Tensor:
    """1 - MS-SSIM: the product over scales of contrast and structure, and at the coarsest of brightness too.

    Wang, Simoncelli and Bovik 2003, "Multiscale structural similarity"; Snell et al. 2017, arXiv:1511.06409,
    train autoencoders for it. Five scales need 161 pixels for a window of 11 at the coarsest; smaller
    pictures have fewer, whose weights are raised to the same sum, and below 11 pixels a smaller window.
    Raises: ConfigError where pytorch-msssim is not installed.
    """
    gaussian, statistics = _library()
    side = min(x.shape[2:])
    size = min(WINDOW_PX, side - 1 + side % 2)  # odd
    scales = max(1, sum((size - 1) * 2**scale < side for scale in range(len(SCALE_WEIGHTS))))
    known = SCALE_WEIGHTS[:scales]
    weights = torch.tensor(known, device=x.device) * (sum(SCALE_WEIGHTS) / sum(known))
    with torch.autocast(x.device.type, enabled=False):  # squares minus squares: bfloat16 would leave nothing
        # The statistics of one scale: the library's own ms_ssim() combines those of five scales only, with a
        # slope that is no number where one of them is not above 0.
        # All channels of all pictures as those of one: 38 ms instead of 137 for 64 pictures of 64x64x3.
        a, b = (((part + 1) / 2).reshape(1, -1, *x.shape[2:]) for part in (recon, x))  # (1, N * C, h, w)
        window = gaussian(size, WINDOW_STD).repeat(a.shape[1], 1, 1, 1)
        similarities: list[Tensor] = []
        for scale in range(scales):
            if scale:
                odd = [side % 2 for side in a.shape[2:]]
                a, b = (functional.avg_pool2d(picture, 2, padding=odd) for picture in (a, b))
            whole, structure = statistics(a, b, 1.0, window, size_average=False)  # (1, N * C) each
            similarities.append(whole if scale == scales - 1 else structure)
        powers = torch.stack(similarities, -1).clamp(min=LEAST_SIMILARITY) ** weights
        return 1 - powers.prod(-1).mean()


RECONSTRUCTIONS: dict[ReconstructionName, Term] = {"mse": mse, "l1": l1, "bce": bce, "ms-ssim": ms_ssim}


def check_reconstruction(name: ReconstructionName) -> None:
    """Raises: ConfigError where what a term needs is not installed."""
    if name == "ms-ssim":
        _library()


def _library() -> tuple[Callable[..., Tensor], Callable[..., tuple[Tensor, Tensor]]]:
    """The window and the statistics of pytorch-msssim, which is not needed for anything else."""
    try:
        from pytorch_msssim.ssim import _fspecial_gauss_1d, _ssim
    except ImportError:
        raise ConfigError(
            tr(
                "The reconstruction term ms-ssim needs the package pytorch-msssim: {command}, or choose"
                " another one.",
                command=install_text("ssim"),
            )
        ) from None
    return _fspecial_gauss_1d, _ssim
