"""Checks of the exercises of the study on codes of whole numbers."""

import torch

from companion.exercises._verdict import Verdict, Wrong, about, call, check, judge, right, same, slopes
from companion.vqvae import CodePrior


@check
def check_bits(answer) -> Verdict:
    """Exercise S25.1: bits of a code with probability 0.9 at each of 40 places, and 1/16 at each of the other nine."""
    return judge(
        answer,
        right=(
            about(42.08, 0.12),
            "42.1 bits: 40 x 0.152 for the places that were foreseen, and 9 x 4 for those that were not. What is foreseen "
            "costs next to nothing; a prior saves where it is sure and right.",
        ),
        wrong=[
            (
                about(29.17, 0.06),
                "Those are nats. A bit is log 2 of a nat: divide by it, or take the logarithm to base 2.",
            ),
            (about(196, 0.5), "That is the code written down without any prior, 4 bits a place."),
            (about(36, 0.03), "That is the price of the nine. The forty cost a little, too."),
            (about(6.08, 0.03), "That is the price of the forty. The other nine cost more."),
            (about(0.152 + 4, 0.03), "That is one place of each kind. There are 40 and 9."),
            (about(-42.08, 0.12), "A length is not negative: take minus the logarithm."),
            (about(1.368 + 160, 0.2), "You exchanged the two: forty places are foreseen, and nine are not."),
        ],
        otherwise="A choice that had the probability p costs -log2 p bits, and the places add up.",
    )


@check
def check_round_through(round_through) -> Verdict:
    """Exercise S25.2: z (any shape) -> z rounded, with the gradient of z itself."""
    z = torch.tensor([[0.2, 1.7], [-0.6, 3.1], [2.5, -40.4]], requires_grad=True)
    weights = torch.tensor([[1.0, 2.0], [3.0, 4.0], [-5.0, 0.5]])
    rounded = call(round_through, z)
    if rounded.shape != z.shape:
        raise Wrong(f"For the shape (3, 2) you return {tuple(rounded.shape)}; expected the same shape.")
    if torch.equal(rounded.detach(), z.detach()):
        raise Wrong("Forwards, your function returns z itself, not rounded.")
    off = ~torch.isclose(rounded.detach().double(), z.detach().double().round(), atol=1e-4)
    if off.any():
        given, found = z.detach()[off][0].item(), rounded.detach()[off][0].item()
        raise Wrong(f"For {given:.3g} you return {found:.3g}; expected what torch.round gives, {round(given)}.")
    if not rounded.requires_grad:
        raise Wrong("No gradient reaches z: the whole result is detached. Detach the difference only.")
    (gradient,) = slopes(rounded * weights, [z])
    if gradient is None or not gradient.any():
        raise Wrong("The gradient is 0: torch.round is flat. Let the gradient go around it.")
    if not same(gradient, weights):
        raise Wrong(f"The gradient at the first number is {gradient[0, 0].item():.3g}; expected 1, as for z itself.")
    return right(
        "Rounded forwards, z backwards: the same line stands in the VQ-VAE, with the codebook in round's place."
    )


@check
def check_which_kind(which_kind) -> Verdict:
    """Exercise S25.3: a prior, codes (N, 7, 7) -> the kind of digit (N,) under which each code is likeliest."""
    for known in (4, 3):
        torch.manual_seed(known)
        prior = CodePrior(entries=5, kinds=known, units=4, layers=2)
        codes = torch.randint(5, (12, 7, 7))
        _judge_kinds(call(which_kind, prior, codes), prior, codes, known)
    return right(
        "By Bayes' rule, with all kinds equally frequent: whoever can write each digit can also read. No classifier was trained for it."
    )


def _judge_kinds(found: torch.Tensor, prior: CodePrior, codes: torch.Tensor, known: int) -> None:
    """End the check unless the kinds found are those with the fewest nats."""
    with torch.no_grad():
        nats = torch.stack([prior.nats(codes, torch.full((len(codes),), kind)) for kind in range(known)])  # (known, N)
    if found.shape != (len(codes),):
        raise Wrong(
            f"For {len(codes)} codes you return the shape {tuple(found.shape)}; expected ({len(codes)},), a kind for each code."
        )
    if same(found, nats.min(0).values):
        raise Wrong("You return the nats of the best kind. Which kind is it? argmin says.")
    if same(found, nats.argmax(0)):
        raise Wrong("You return the least likely kind: nats are minus the logarithm, and few are good.")
    if same(found, nats.argmin(0)):
        return
    if found.unique().numel() == 1:
        raise Wrong("You return one kind for all codes. Compare the kinds for each code alone.")
    if (found >= known).any() or (found < 0).any():
        raise Wrong(
            f"You return kinds up to {found.max():g}; this prior knows 0 to {known - 1}: prior.kind.num_embeddings."
        )
    raise Wrong("Some codes have fewer nats under another kind. Ask prior.nats(codes, kinds) once for each kind.")
