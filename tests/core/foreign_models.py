"""Networks as other programs build and save them, in plain torch: what ours are held against."""

import sys
from pathlib import Path

import torch
from torch import Tensor, nn

COURSE_SIDE = 16


class Fcn(nn.Module):
    """The course's fully connected net, smaller: ReLU between, Tanh at the end, flattened by its caller."""

    def __init__(self, pixels: int = 3 * COURSE_SIDE**2) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(pixels, 32), nn.ReLU(), nn.Linear(32, 12), nn.ReLU(), nn.Linear(12, 3)
        )
        self.decoder = nn.Sequential(
            nn.Linear(3, 12), nn.ReLU(), nn.Linear(12, 32), nn.ReLU(), nn.Linear(32, pixels), nn.Tanh()
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        z = self.encoder(x.flatten(1))
        return z, self.decoder(z).view_as(x)


class Conv(nn.Module):
    """The course's convolutional net with the batch normalisation that students add."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(3, 12, 4, stride=2, padding=1), nn.BatchNorm2d(12), nn.ReLU(),
            nn.Conv2d(12, 24, 4, stride=2, padding=1), nn.LeakyReLU(0.2),
        )  # fmt: skip
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(24, 12, 4, stride=2, padding=1), nn.ReLU(), nn.Dropout(0.1),
            nn.ConvTranspose2d(12, 3, 4, stride=2, padding=1), nn.Tanh(),
        )  # fmt: skip

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        z = self.encoder(x)
        return z.flatten(1), self.decoder(z)


class CourseVae(nn.Module):
    """The course's VAE: two convolutions read what the encoder gives, for the mean and the log variance."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(3, 12, 4, stride=2, padding=1), nn.ReLU())
        self.enc_out_1 = nn.Sequential(nn.Conv2d(12, 24, 4, stride=2, padding=1), nn.ReLU())
        self.enc_out_2 = nn.Sequential(nn.Conv2d(12, 24, 4, stride=2, padding=1), nn.ReLU())
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(24, 12, 4, stride=2, padding=1), nn.ReLU(),
            nn.ConvTranspose2d(12, 3, 4, stride=2, padding=1), nn.Tanh(),
        )  # fmt: skip

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mean = self.enc_out_1(self.encoder(x))
        return mean.flatten(1), self.decoder(mean)


class Folding(nn.Module):
    """A student's: linear layers among convolutions, folded in a forward() that the file does not hold."""

    def __init__(self) -> None:
        super().__init__()
        self.enc = nn.Sequential(
            nn.Sequential(nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.ELU()), nn.Flatten(), nn.Linear(512, 10)
        )
        self.dec = nn.Sequential(
            nn.Linear(10, 512), nn.ELU(), nn.Unflatten(1, (8, 8, 8)),
            nn.Upsample(scale_factor=2), nn.Conv2d(8, 3, 3, padding=1), nn.Sigmoid(),
        )  # fmt: skip

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        z = self.enc(x)
        return z, self.dec(z)


class Pythae(nn.Module):
    """pythae's standard VAE by the names of its weights: the decoder is made first."""

    def __init__(self, pixels: int, latent_dim: int) -> None:
        super().__init__()
        self.decoder, self.encoder = nn.Module(), nn.Module()
        self.decoder.layers = nn.ModuleList([
            nn.Sequential(nn.Linear(latent_dim, 64), nn.ReLU()),
            nn.Sequential(nn.Linear(64, pixels), nn.Sigmoid()),
        ])  # fmt: skip
        self.encoder.layers = nn.ModuleList([nn.Sequential(nn.Linear(pixels, 64), nn.ReLU())])
        self.encoder.embedding = nn.Linear(64, latent_dim)
        self.encoder.log_var = nn.Linear(64, latent_dim)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        h = x.flatten(1)
        for layer in self.encoder.get_submodule("layers").children():
            h = layer(h)
        z = y = self.encoder.get_submodule("embedding")(h)
        for layer in self.decoder.get_submodule("layers").children():
            y = layer(y)
        return z, y.view_as(x)


class Burgess(nn.Module):
    """disentangling-vae's network by the names of its weights, from the paper's own table."""

    def __init__(self, channels: int, side: int, latent_dim: int) -> None:
        super().__init__()
        encoder, decoder = nn.Module(), nn.Module()
        self.deep = side == 64
        for number in (1, 2, 3):
            setattr(encoder, f"conv{number}", nn.Conv2d(channels if number == 1 else 32, 32, 4, 2, 1))
            setattr(
                decoder, f"convT{number}", nn.ConvTranspose2d(32, channels if number == 3 else 32, 4, 2, 1)
            )
        if self.deep:
            encoder.conv_64, decoder.convT_64 = (
                nn.Conv2d(32, 32, 4, 2, 1),
                nn.ConvTranspose2d(32, 32, 4, 2, 1),
            )
        encoder.lin1, encoder.lin2 = nn.Linear(512, 256), nn.Linear(256, 256)
        encoder.mu_logvar_gen = nn.Linear(256, 2 * latent_dim)
        decoder.lin1, decoder.lin2, decoder.lin3 = (
            nn.Linear(latent_dim, 256), nn.Linear(256, 256), nn.Linear(256, 512)
        )  # fmt: skip
        self.encoder, self.decoder, self.latent_dim = encoder, decoder, latent_dim

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        layer = self.encoder.get_submodule
        for name in ("conv1", "conv2", "conv3", *(["conv_64"] if self.deep else [])):
            x = layer(name)(x).relu()
        h = layer("lin2")(layer("lin1")(x.flatten(1)).relu()).relu()
        z, _log_variance = layer("mu_logvar_gen")(h).view(-1, self.latent_dim, 2).unbind(-1)
        layer = self.decoder.get_submodule
        y = z
        for name in ("lin1", "lin2", "lin3"):
            y = layer(name)(y).relu()
        y = y.view(-1, 32, 4, 4)
        for name in (*(["convT_64"] if self.deep else []), "convT1", "convT2"):
            y = layer(name)(y).relu()
        return z, layer("convT3")(y).sigmoid()


def seeded(network: nn.Module, seed: int = 3) -> nn.Module:
    """The network in eval mode with weights and running statistics that are drawn from seed."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            if tensor.is_floating_point():
                drawn = torch.randn(tensor.shape, generator=generator) / max(tensor[0].numel(), 9) ** 0.5
                tensor.copy_(drawn.abs() + 0.5 if name.endswith("running_var") else drawn)
    return network.eval()


def save_whole(network: nn.Module, path: Path, name: str = "theirs") -> Path:
    """torch.save(network), as a script does whose class is in __main__."""
    kind, main = type(network), sys.modules["__main__"]
    before = kind.__module__, kind.__qualname__, kind.__name__
    kind.__module__, kind.__qualname__, kind.__name__ = "__main__", name, name
    setattr(main, name, kind)
    try:
        torch.save(network, path)
    finally:
        delattr(main, name)
        kind.__module__, kind.__qualname__, kind.__name__ = before
    return path
