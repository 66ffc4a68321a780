"""Checks of the exercises of the lesson on colorization."""

import torch

from companion.exercises._verdict import Verdict, Wrong, about, call, check, judge, same


@check
def check_car(answer) -> Verdict:
    """Exercise 8.1: what squared error paints a car that is red or green: A one of them, B grey, C yellow, D patches."""
    return judge(
        answer,
        right=(
            "C",
            "The mean is (0, 40), a yellow that no car had. Squared error answers with the mean; it is grey only "
            "where the colours are opposite.",
        ),
        wrong=[
            ("A", "A choice of one costs nothing half the time and very much otherwise. Is a point between cheaper?"),
            ("B", "That is so for opposite colours. Take the mean of (60, 40) and (-60, 40), number by number."),
            ("D", "The same input gives the same answer: a network trained by squared error does not draw lots."),
        ],
    )


@check
def check_star(answer) -> Verdict:
    """Exercise 8.2: how likely a star is orange that squared error paints with a chroma of 10 out of 40."""
    return judge(
        answer,
        right=(
            about(0.625, 0.006),
            "2p - 1 = 10/40, so p = 0.625. Of eight such stars, five are orange and three are blue.",
        ),
        wrong=[
            (0.25, "That is 2p - 1, the share of the chroma that is left. Solve it for p."),
            (about(0.375, 0.004), "That is the probability of blue. The star is painted towards orange."),
            (0.75, "That is what the chroma has lost. A coin's toss loses all of it: what does p = 0.5 give?"),
            (62.5, "Give a probability, a number from 0 to 1."),
        ],
        otherwise="Set (2p - 1) times 40 equal to 10.",
    )


@check
def check_claim(answer) -> Verdict:
    """Exercise 8.3: what network 9, grey 10, mean colour 12, table 7 supports: A works, B context, C one pixel, D none."""
    return judge(
        answer,
        right=(
            "C",
            "A function of one pixel's lightness does better, so nothing shows that the neighbourhood helps here, or "
            "that the network uses it. More training might show it; these numbers do not.",
        ),
        wrong=[
            ("A", "It beats grey, but a rival beats it, without looking at a single neighbour."),
            ("B", "The table does not use the neighbourhood, and is better. What does that say about B?"),
            ("D", "The table predicts from lightness alone and is well below grey. So something can be predicted."),
        ],
    )


@check
def check_deletion(answer) -> Verdict:
    """Exercise 8.4: which training shows that it was those two photographs: A seeds, B other two, C longer, D a third."""
    return judge(
        answer,
        right=(
            "B",
            "As many photographs are missing, but not the two suspects. If that cat stays orange, their number was not "
            "the reason.",
        ),
        wrong=[
            ("A", "That tells luck from effect. But both explanations predict that cat to be pale with each seed."),
            ("C", "She says that too few photographs are the reason. Here they are as few as before."),
            ("D", "With the two gone as before, a paler cat would suit both of you."),
        ],
    )


@check
def check_distance(distance) -> Verdict:
    """Exercise 8.5: stored Lab (B, 3, H, W) twice -> (B, H, W), the straight distance in Lab units."""
    g = torch.Generator().manual_seed(0)
    x_hat, x = torch.rand(2, 2, 3, 4, 5, generator=g)
    x_hat, x = x_hat - 0.3, x - 0.2  # a and b lie on both sides of 0
    d = call(distance, x_hat, x)
    units = torch.tensor([100.0, 256.0, 256.0]).view(3, 1, 1)
    squares = ((x_hat - x) * units).square()  # (2, 3, 4, 5)
    exact = squares.sum(1).sqrt()
    if d.ndim == 0:
        raise Wrong(
            "You return a single number; expected one distance for each pixel, (B, H, W): sum over channels only."
        )
    if d.shape == x.shape:
        raise Wrong("You return one number a channel. Add the squares of L, a and b, which are dimension 1.")
    if d.shape == (2, 1, 4, 5):
        raise Wrong("Your result has shape (B, 1, H, W); expected (B, H, W).")
    if d.shape != exact.shape:
        raise Wrong(f"For pictures of shape (2, 3, 4, 5) you return {tuple(d.shape)}; expected (2, 4, 5).")
    stored = (x_hat - x).square().sum(1).sqrt()
    return judge(
        d,
        right=(
            exact,
            "One distance a pixel, in Lab units. Small differences of pale colours are about as large in CIEDE2000.",
        ),
        wrong=[
            (squares.sum(1), "That is the squared distance. Take the root of each pixel's sum."),
            (stored, "That is the distance of the stored numbers. Undo the scale: 100, 256, 256."),
            (100 * stored, "L is stored as L / 100, but a and b are stored divided by 256."),
            (256 * stored, "a and b are stored divided by 256, but L is stored as L / 100."),
            (squares[:, 1:].sum(1).sqrt(), "You left out the lightness. A distance in Lab counts all three."),
            (squares.mean(1).sqrt(), "You took the mean of the three squares. A distance takes their sum."),
            (squares.sqrt().sum(1), "You added the three absolute differences. Add the squares, then take the root."),
        ],
        otherwise=f"At the first pixel you have {d[0, 0, 0].item():.2f}; it should be {exact[0, 0, 0].item():.2f}.",
    )


@check
def check_draw(draw) -> Verdict:
    """Exercise 8.6: probabilities (N, K) and numbers u from 0 to below 1, (N,) -> which piece each u falls into, (N,)."""
    p = torch.tensor(
        [[0.25, 0.5, 0.25], [0.25, 0.5, 0.25], [0.25, 0.5, 0.25], [0.0, 0.75, 0.25], [0.0, 0.75, 0.25], [0.5, 0.0, 0.5]]
    )
    u = torch.tensor([0.1, 0.25, 0.9, 0.0, 0.5, 0.5])
    short = torch.tensor([[0.5, 0.25, 0.25 - 2**-20]]).expand(2, 3)  # as rounding may leave it: the sum is below 1
    late = torch.tensor([1 - 2**-22, 0.6])
    ends = p.cumsum(1)
    found = call(draw, p, u).detach()
    if found.shape != u.shape:
        raise Wrong(f"For 6 rows you return the shape {tuple(found.shape)}; expected (6,), one whole number a row.")
    again = call(draw, p, u).detach()
    if not same(found.float(), again.float()):
        raise Wrong("Two calls with the same u differ. Throw no dice of your own: u is the throw.")
    exact = (ends <= u[:, None]).sum(1)
    verdict = judge(
        found.float(),
        right=(
            exact.float(),
            "The number of ends that u has passed. Over many throws each colour comes as often as its probability says.",
        ),
        wrong=[
            (
                (ends < u[:, None]).sum(1).float(),
                "Where u lies exactly on an end, the next piece begins. So u = 0 must not draw a first colour of "
                "probability 0.",
            ),
            (exact.float() + 1, "Count the pieces from 0."),
            (p.argmax(1).float(), "That is the likeliest colour, whatever u is."),
            ((p <= u[:, None]).sum(1).float(), "You compare u with the probabilities. Lay them end to end first."),
        ],
        otherwise=f"For p = [0.25, 0.5, 0.25] and u = 0.9 you return {found[2].item():g}; expected 2.",
    )
    last = call(draw, short, late).detach().float()
    if not same(last, torch.tensor([2.0, 1.0])):
        raise Wrong(
            "Right, but for three probabilities whose sum is a millionth below 1, as rounding may leave it, and a u "
            "beyond it: there it should be the last piece, 2."
        )
    return verdict
