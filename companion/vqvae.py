"""A code of whole numbers, and what draws such codes: images (B, 1, 28, 28) -> indices (B, 7, 7) -> images."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from companion._support.checks import (
    check_codes,
    check_kinds_asked,
    check_model_input,
    check_not_negative,
    check_positive,
)
from companion._support.device import seeded
from companion._support.objective import check_seed, check_trainable
from companion.losses import squared_error
from companion.starting_weights import MEAN_PIXEL, answer_grey_, orthogonal_

PLACES = 7 * 7


class VQVAE(nn.Module):
    """Autoencoder with a codebook: (B, 1, 28, 28) -> a map of vectors -> the nearest entries -> (B, 1, 28, 28) in (0, 1).

    Args:
        entries: vectors in the codebook; each place of the 7 x 7 map picks one of them.
        size: numbers in each vector.

    Raises:
        ValueError: a size is not a whole number above 0, or ``x`` is not a batch of 28 x 28 grey images.

    Source: van den Oord, Vinyals and Kavukcuoglu, Neural discrete representation learning, 2017.
    """

    def __init__(self, entries=64, size=8):
        super().__init__()
        for value, name in ((entries, "entries"), (size, "size")):
            check_positive(value, name, whole=True)
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 16, 4, stride=2, padding=1),  # (B, 1, 28, 28) -> (B, 16, 14, 14)
            nn.ReLU(),
            nn.Conv2d(16, 32, 4, stride=2, padding=1),  # -> (B, 32, 7, 7)
            nn.ReLU(),
            nn.Conv2d(32, size, 1),  # -> (B, size, 7, 7)
        )
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(size, 32, 4, stride=2, padding=1),  # -> (B, 32, 14, 14)
            nn.ReLU(),
            nn.ConvTranspose2d(32, 1, 4, stride=2, padding=1),  # -> (B, 1, 28, 28)
        )
        orthogonal_(self)
        answer_grey_(self.decoder[-1], MEAN_PIXEL)
        self.codebook = nn.Parameter(torch.randn(entries, size))

    def encode(self, x: Tensor) -> Tensor:
        """(B, 1, 28, 28) -> vectors (B, size, 7, 7), not yet rounded to the codebook."""
        check_model_input(x, (1, 28, 28))
        return self.encoder(x)

    def nearest(self, z: Tensor) -> Tensor:
        """Vectors (B, size, 7, 7) -> indices (B, 7, 7) of the nearest entries: the code proper."""
        flat = z.permute(0, 2, 3, 1).flatten(0, 2)  # (B, size, 7, 7) -> (B*7*7, size)
        return torch.cdist(flat, self.codebook).argmin(1).reshape(-1, 7, 7)

    def look_up(self, indices: Tensor) -> Tensor:
        """Indices (B, 7, 7) -> entries (B, size, 7, 7)."""
        return self.codebook[indices].permute(0, 3, 1, 2)  # (B, 7, 7, size) -> (B, size, 7, 7)

    def decode(self, e: Tensor) -> Tensor:
        """Entries (B, size, 7, 7) -> (B, 1, 28, 28) in (0, 1)."""
        return torch.sigmoid(self.decoder(e))

    def forward(self, x: Tensor) -> Tensor:
        """(B, 1, 28, 28) -> (B, 1, 28, 28): the reconstruction from the rounded code."""
        return self.decode(self.look_up(self.nearest(self.encode(x))))


def vector_quantised(beta: float = 0.25) -> Callable[[VQVAE, Tensor], dict[str, Tensor]]:
    """The objective of a VQ-VAE, to be passed to ``fit``: x -> z -> entries e -> x_hat.

    Reduction of all three terms: sum over pixels or numbers, mean over images. "codebook" moves the entries to the
    vectors that chose them, the commitment the vectors to their entries.

    Args:
        beta: weight of the commitment.

    Raises:
        ValueError: ``beta`` is negative or not finite.

    Source: van den Oord et al., 2017, equation 3.
    """
    check_not_negative(beta, "beta")

    def loss_fn(model: VQVAE, x: Tensor) -> dict[str, Tensor]:
        z = model.encode(x)
        e = model.look_up(model.nearest(z))
        # Forwards this is e; backwards the gradient passes to z, as if e were z.
        straight_through = z + (e - z).detach()
        reconstruction = squared_error(model.decode(straight_through), x)
        codebook = squared_error(e, z.detach())
        commitment = squared_error(z, e.detach())
        loss = reconstruction + codebook + beta * commitment
        return {"loss": loss, "reconstruction": reconstruction, "codebook": codebook}

    return loss_fn


class EarlierPlaces(nn.Linear):
    """A dense layer over 49 places in which no place hears a later one: (B, 49 * heard) -> (B, 49 * units).

    Args:
        heard: numbers that come in for each place.
        units: numbers that go out for each place.
        itself: True lets a place hear itself, too.
    """

    mask: Tensor

    def __init__(self, heard: int, units: int, itself: bool):
        super().__init__(PLACES * heard, PLACES * units)
        hears = torch.ones(PLACES, PLACES).tril(0 if itself else -1)  # a row hears the columns with a 1
        self.register_buffer("mask", hears.repeat_interleave(units, 0).repeat_interleave(heard, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, 49 * heard) -> (B, 49 * units)."""
        return F.linear(x, self.weight * self.mask, self.bias)


class CodePrior(nn.Module):
    """Which codes go together? Each place's entry, given the kind of digit and the entries at all earlier places.

    The 49 places are read like a page: row by row, each row from the left. The product of the 49 conditional
    probabilities is the probability of a whole code, so all of them are trained in one pass, and drawing takes 49.

    Args:
        entries: vectors in the codebook.
        kinds: kinds of digit.
        size: numbers that stand for each entry.
        units: hidden numbers for each place.
        layers: layers that mix places.

    Raises:
        TypeError: the codes or the kinds are not tensors of whole numbers.
        ValueError: a size is not a whole number above 0, codes or kinds have another shape or range, or ``forget`` is
            not a number from 0 to 1.

    Source: Germain et al., MADE: masked autoencoder for distribution estimation, 2015.
    """

    def __init__(self, entries=16, kinds=10, size=8, units=16, layers=3):
        super().__init__()
        for value, name in (
            (entries, "entries"),
            (kinds, "kinds"),
            (size, "size"),
            (units, "units"),
            (layers, "layers"),
        ):
            check_positive(value, name, whole=True)
        self.vector = nn.Embedding(entries, size)  # an entry -> numbers that stand for it
        self.kind = nn.Embedding(kinds, PLACES * units)
        self.first = EarlierPlaces(size, units, itself=False)
        self.deeper = nn.ModuleList(EarlierPlaces(units, units, itself=True) for _ in range(layers - 1))
        self.last = nn.Linear(units, entries)  # the same for all places
        self.bias = nn.Parameter(torch.zeros(PLACES, entries))

    def forward(self, codes: Tensor, kinds: Tensor, forget: float = 0.0) -> Tensor:
        """Codes (B, 7, 7), kinds (B,) -> logits (B, 49, entries); a share ``forget`` of the codes goes unheard."""
        check_codes(codes, self.vector.num_embeddings)
        check_kinds_asked(kinds, codes, self.kind.num_embeddings)
        if not 0 <= forget <= 1:
            raise ValueError(f"forget is {forget!r}; expected a number from 0 to 1.")
        x = self.vector(codes.flatten(1))  # (B, 7, 7) -> (B, 49, size)
        heard = torch.rand(*x.shape[:2], 1, device=x.device) >= forget
        x = x * heard
        x = F.silu(self.first(x.flatten(1)) + self.kind(kinds))  # -> (B, 49*units)
        for layer in self.deeper:
            x = x + F.silu(layer(x))
        return self.last(x.unflatten(1, (PLACES, -1))) + self.bias  # -> (B, 49, entries)

    def nats(self, codes: Tensor, kinds: Tensor, forget: float = 0.0) -> Tensor:
        """Codes (B, 7, 7), kinds (B,) -> -log p(code | kind) of each (B,), in nats: its length when written down."""
        logits = self(codes, kinds, forget)
        places = F.cross_entropy(logits.transpose(1, 2), codes.flatten(1), reduction="none")
        return places.sum(1)  # (B, 49) -> (B,)

    @torch.no_grad()
    def draw(self, kinds: Tensor, temperature: float = 1.0) -> Tensor:
        """Kinds (B,) -> codes (B, 7, 7), place by place; below temperature 1 the likely entries become likelier.

        Raises:
            ValueError: ``temperature`` is not above 0.
        """
        check_positive(temperature, "temperature")
        codes = torch.zeros(len(kinds), PLACES, dtype=torch.long, device=kinds.device)
        for place in range(PLACES):
            logits = self(codes.reshape(-1, 7, 7), kinds)[:, place]
            shares = (logits / temperature).softmax(1)
            codes[:, place] = torch.multinomial(shares, 1)[:, 0]
        return codes.reshape(-1, 7, 7)


def fit_prior(
    prior: CodePrior,
    codes: Tensor,
    kinds: Tensor,
    *,
    epochs: int = 14,
    batch_size: int = 64,
    lr: float = 4e-3,
    forget: float = 0.2,
    weight_decay: float = 0.3,
    seed: int = 0,
) -> list[float]:
    """Train a prior in place on the codes (N, 7, 7) of images and their kinds (N,) -> mean nats of each epoch.

    Args:
        prior: the model.
        codes: of the training images, as :meth:`VQVAE.nearest` gives them.
        kinds: of the same images.
        epochs: passes over the codes.
        batch_size: codes per step.
        lr: AdamW's learning rate. It rises over the first 50 steps, then falls in a straight line to 0.
        forget: the share of the codes that goes unheard in training, at random places. Drawing, a prior hears its own
            choices, and some are odd; one that never had to do without a neighbour trusts all of them too much.
        weight_decay: how strongly AdamW pulls the weights to 0.
        seed: of the shuffling and the forgetting. The caller's random state is left as it was.

    Raises:
        TypeError: ``codes`` or ``kinds`` are not tensors of whole numbers.
        ValueError: they have another shape or range, or an argument is out of range.

    Source: AdamW is that of Loshchilov and Hutter, Decoupled weight decay regularization, 2019.
    """
    check_trainable(prior)
    for value, name in ((epochs, "epochs"), (batch_size, "batch_size")):
        check_positive(value, name, whole=True)
    check_positive(lr, "lr")
    check_not_negative(weight_decay, "weight_decay")
    check_seed(seed)
    steps = epochs * -(-len(codes) // batch_size)
    adam = torch.optim.AdamW(prior.parameters(), lr, weight_decay=weight_decay)
    pace = torch.optim.lr_scheduler.LambdaLR(adam, lambda n: min((n + 1) / 50, 1 - n / steps))
    history = []
    with seeded(seed, torch.device("cpu")):
        for _ in range(epochs):
            total = 0.0
            for batch in torch.randperm(len(codes)).split(batch_size):
                nats = prior.nats(codes[batch], kinds[batch], forget)
                adam.zero_grad()
                nats.mean().backward()
                adam.step()
                pace.step()
                total += nats.sum().item()
            history.append(total / len(codes))
    return history
