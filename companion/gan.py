"""A generative adversarial network for digits: z (B, code_size) -> images (B, 1, 28, 28), and the judge it plays against."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from companion._support.checks import check_channels, check_code, check_images, check_model_input, check_positive
from companion._support.objective import check_seed, check_trainable
from companion._support.shipped import load_weights


class Generator(nn.Module):
    """A decoder without an encoder: z (B, code_size), drawn from N(0, I) -> images (B, 1, 28, 28) in (0, 1).

    Args:
        code_size: numbers in z.
        channels: feature maps at 7 x 7 and at 14 x 14.

    Raises:
        ValueError: a size is not a whole number above 0, or ``z`` has another shape than (B, code_size).

    Source: Radford, Metz and Chintala, Unsupervised representation learning with deep convolutional generative
    adversarial networks, 2016.
    """

    def __init__(self, code_size=16, channels=(64, 32)):
        super().__init__()
        check_positive(code_size, "code_size", whole=True)
        check_channels(channels, 2)
        c1, c2 = channels
        self.code_size = code_size
        self.decoder = nn.Sequential(
            nn.Linear(code_size, c1 * 7 * 7),
            nn.Unflatten(1, (c1, 7, 7)),  # (B, 64*7*7) -> (B, 64, 7, 7)
            nn.BatchNorm2d(c1),
            nn.ReLU(),
            nn.ConvTranspose2d(c1, c2, 4, stride=2, padding=1),  # -> (B, 32, 14, 14)
            nn.BatchNorm2d(c2),
            nn.ReLU(),
            nn.ConvTranspose2d(c2, 1, 4, stride=2, padding=1),  # -> (B, 1, 28, 28)
        )

    def decode(self, z: Tensor) -> Tensor:
        """(B, code_size) -> (B, 1, 28, 28) in (0, 1)."""
        check_code(z, self.code_size)
        return torch.sigmoid(self.decoder(z))

    def forward(self, z: Tensor) -> Tensor:
        """The same as ``decode``: there is no encoder, so nothing can be reconstructed."""
        return self.decode(z)


class Discriminator(nn.Module):
    """The judge: images (B, 1, 28, 28) -> one logit each (B,), above 0 for "real".

    Args:
        channels: feature maps at 14 x 14 and at 7 x 7.
        dropout: share of the last features that are dropped in training.

    Raises:
        ValueError: a size is not a whole number above 0, or ``x`` is not a batch of 28 x 28 grey images.

    Source: Radford, Metz and Chintala, 2016, without its batch normalisation, with dropout.
    """

    def __init__(self, channels=(32, 64), dropout=0.3):
        super().__init__()
        check_channels(channels, 2)
        c1, c2 = channels
        self.judge = nn.Sequential(
            nn.Conv2d(1, c1, 4, stride=2, padding=1),  # (B, 1, 28, 28) -> (B, 32, 14, 14)
            nn.LeakyReLU(0.2),
            nn.Conv2d(c1, c2, 4, stride=2, padding=1),  # -> (B, 64, 7, 7)
            nn.LeakyReLU(0.2),
            nn.Flatten(),  # -> (B, 64*7*7)
            nn.Dropout(dropout),
            nn.Linear(c2 * 7 * 7, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, 1, 28, 28) -> logits (B,)."""
        check_model_input(x, (1, 28, 28))
        return self.judge(x).squeeze(1)  # (B, 1) -> (B,)


def discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """The judge's cross-entropy in nats: logits of real (B,) and of generated images (B,) -> scalar.

    -mean log D(x) - mean log(1 - D(G(z))), with D the sigmoid of the logit. It is 2 log 2 for a judge that cannot
    tell the two apart.

    Source: Goodfellow et al., Generative adversarial nets, 2014.
    """
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def generator_loss(fake: Tensor) -> Tensor:
    """The generator's non-saturating loss in nats, -mean log D(G(z)): logits of generated images (B,) -> scalar.

    Source: Goodfellow et al., 2014, section 3.
    """
    return F.softplus(-fake).mean()


def fit_gan(
    generator: Generator,
    discriminator: Discriminator,
    x: Tensor,
    *,
    epochs: int = 30,
    batch_size: int = 64,
    lr: float = 1e-3,
    seed: int = 0,
) -> dict[str, list[float]]:
    """Train both players in place, in turns, on the CPU: images x (N, 1, 28, 28) -> history, one entry per epoch.

    Args:
        generator, discriminator: the two players; both end in eval mode, also after an error or Ctrl-C.
        x: training images, float32 in [0, 1].
        epochs: passes over ``x``.
        batch_size: real images, and as many generated ones, per step.
        lr: Adam's learning rate at the start, for both; it falls in a straight line to 0.
        seed: of the shuffling, of z and of the dropout. The caller's random state is left as it was.

    Returns:
        ``{"discriminator": [...], "generator": [...]}``: the mean loss of each, in nats.

    Raises:
        TypeError, ValueError: ``x`` is not a batch of images in [0, 1], an argument is out of range, a player has no
            weights to train, or a loss became NaN or infinite.

    Source: Goodfellow et al., 2014; Adam's beta_1 of 0.5 is that of Radford et al., 2016.
    """
    check_images(x)
    check_positive(epochs, "epochs", whole=True)
    check_positive(batch_size, "batch_size", whole=True)
    check_positive(lr, "lr")
    players = {"discriminator": discriminator, "generator": generator}
    _check_players(players, seed)
    steps = epochs * -(-len(x) // batch_size)
    adam, decay = {}, []
    for name, player in players.items():
        adam[name] = torch.optim.Adam(player.parameters(), lr, betas=(0.5, 0.99))
        decay.append(torch.optim.lr_scheduler.LambdaLR(adam[name], lambda n: 1 - n / steps))
    history: dict[str, list[float]] = {"discriminator": [], "generator": []}
    with in_train_mode(discriminator, generator), torch.random.fork_rng(devices=[]):
        # Apart from the seeds that built the players.
        torch.default_generator.manual_seed(1_000_000 + seed)
        for _ in range(epochs):
            totals = dict.fromkeys(players, 0.0)
            for batch in torch.randperm(len(x)).split(batch_size):
                x_fake = generator(torch.randn(len(batch), generator.code_size).to(x.device))

                # The judge's turn: the generated images count as given.
                loss = discriminator_loss(discriminator(x[batch]), discriminator(x_fake.detach()))
                adam["discriminator"].zero_grad()
                loss.backward()
                adam["discriminator"].step()
                totals["discriminator"] += loss.item() * len(batch)

                # The generator's turn: the gradient comes through the judge, which stands still.
                loss = generator_loss(discriminator(x_fake))
                adam["generator"].zero_grad()
                loss.backward()
                adam["generator"].step()
                totals["generator"] += loss.item() * len(batch)
                for schedule in decay:
                    schedule.step()
            for name, total in totals.items():
                history[name].append(total / len(x))
            _check_game(history)
    return history


@contextmanager
def in_train_mode(*models: nn.Module) -> Iterator[None]:
    """Within, the models are in train mode; afterwards, whatever happened, in eval mode."""
    try:
        for model in models:
            model.train()
        yield
    finally:
        for model in models:
            model.eval()


def _check_players(players: dict[str, nn.Module], seed: int) -> None:
    for player in players.values():
        check_trainable(player)
    check_seed(seed)


def _check_game(history: dict[str, list[float]]) -> None:
    for name, losses in history.items():
        if not abs(losses[-1]) < float("inf"):
            raise ValueError(
                f"the loss of the {name} became {losses[-1]} in epoch {len(losses)}; expected a finite number. Lower the "
                "learning rate, lr, and build both players anew."
            )


def trained_generator() -> Generator:
    """The generator that ships with the package, in eval mode; its judge does not.

    Trained by ``tools/make_generators.py`` on the 4,000 training digits of ``digits()``.

    Raises:
        ValueError: the shipped file is damaged (its SHA-256 is not the recorded one).
        FileNotFoundError: the shipped file is missing.
    """
    return load_weights(Generator(), "gan_generator.npz")
