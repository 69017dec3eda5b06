"""What a network is trained for: one function each, with its formula and its paper. No training loop here."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.config import ObjectiveName
from core.models.network import Noise


class Loss(NamedTuple):
    """Scalars of one batch in float32. total is what is minimised; mse is always the mean over all pixels."""

    total: Tensor
    reconstruction: Tensor
    kl: Tensor
    mse: Tensor


# A network, or what wraps one for several processes; pictures; noise, see Network.forward; beta.
Objective = Callable[[nn.Module, Tensor, Noise, float], Loss]


def kl_to_prior(mean: Tensor, log_std: Tensor) -> Tensor:
    """KL of N(mean, exp(log_std)^2) to N(0, 1) per picture (N,): 1/2 sum(mean^2 + exp(2s) - 1 - 2s).

    Kingma and Welling 2013, arXiv:1312.6114, appendix B, with s the log of the standard deviation.
    """
    return 0.5 * (mean.square() + (2 * log_std).exp() - 1 - 2 * log_std).sum(dim=1)


def ae(network: nn.Module, x: Tensor, noise: Noise = None, beta: float = 1.0) -> Loss:
    """Autoencoder: the mean squared error over all pixels. noise and beta are not used."""
    recon = network(x).recon.float()  # (N, C, H, W)
    mse = functional.mse_loss(recon, x)  # in one sweep, forward and back
    return Loss(mse, mse, torch.zeros_like(mse), mse)


def vae(network: nn.Module, x: Tensor, noise: Noise = None, beta: float = 1.0) -> Loss:
    """Variational autoencoder: squared error summed per picture plus beta times KL, averaged over the batch.

    Kingma and Welling 2013; beta as in Higgins et al. 2017 (beta-VAE). With both terms summed per picture,
    beta = 1 is the evidence lower bound of a decoder of variance 1/2 at every picture and batch size.
    """
    recon, _, mean, log_std = network(x, noise)
    if log_std is None:
        raise TypeError("the vae objective needs a network that was built with objective vae")
    squared = (recon.float() - x).square()  # (N, C, H, W)
    reconstruction = squared.sum(dim=(1, 2, 3)).mean()
    kl = kl_to_prior(mean.float(), log_std.float()).mean()
    return Loss(reconstruction + beta * kl, reconstruction, kl, squared.mean())


OBJECTIVES: dict[ObjectiveName, Objective] = {"ae": ae, "vae": vae}
