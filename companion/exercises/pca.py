"""Checks of the exercises of chapter 5."""

import torch
from torch import Tensor

from companion.exercises._verdict import NO_ANSWER, Verdict, call, is_number, right, run, wrong
from companion.pca import LinearAutoencoder


def check_gap(answer) -> Verdict:
    """Exercise 5.1: at which of the code sizes 5, 6, 8 and 10 the subspace is found in the fewest rounds."""
    if answer is ...:
        return NO_ANSWER
    if not is_number(answer):
        return wrong(f"You answered {answer!r}; expected one of the code sizes 5, 6, 8, 10.")
    if answer == 6:
        return right("After the sixth eigenvalue comes the widest relative gap, a quarter: the angle shrinks fastest.")
    if answer == 5:
        return wrong("The smallest code is not the fastest: the fifth and the sixth eigenvalue are close neighbours.")
    if answer == 8:
        return wrong("The eighth and the ninth eigenvalue differ by about 5 %, the narrowest gap of the four.")
    if answer == 10:
        return wrong("A larger code is not faster. Compare the eigenvalue of each code size with the next one.")
    return wrong(f"You answered {answer:g}; expected one of the code sizes 5, 6, 8, 10.")


def check_narrowest(answer) -> Verdict:
    """Exercise 5.2: the training error of a linear autoencoder 784-64-2-8-2-64-784, trained to its minimum."""
    if answer is ...:
        return NO_ANSWER
    if not is_number(answer):
        return wrong(f"You answered {answer!r}; expected a number, the squared error per image.")
    if 43.4 <= answer <= 43.7:
        return right("The narrowest layer holds 2 numbers, so the error is the total less the two largest eigenvalues.")
    if 29 <= answer <= 29.6:
        return wrong("That is the error of a code of 8. Does everything that reaches the code pass through 8 numbers?")
    if 8.8 <= answer <= 9.1:
        return wrong("That is the variance that is kept. The error is the variance that is dropped.")
    if 6.9 <= answer <= 7.1:
        return wrong("That is the error with 64 numbers, the widest of the hidden layers. Look for the narrowest.")
    if 44.9 <= answer <= 45:
        return wrong("That is the error on the test digits. Which column of the table is the training error?")
    if 52 <= answer <= 53:
        return wrong("That is the total variance: the error of a network that always answers with the average digit.")
    if 0.05 <= answer <= 0.06:
        return wrong("Divided by 784 you get the error per pixel. Give the squared error per image, a sum over pixels.")
    return wrong(f"You answered {answer:g}. Which rank has the product of all its matrices? Then look at the spectrum.")


def check_tilted(answer) -> Verdict:
    """Exercise 5.3: the error of keeping a direction 30 degrees from the best one; covariance [[3, 1], [1, 3]]."""
    if answer is ...:
        return NO_ANSWER
    if not is_number(answer):
        return wrong(f"You answered {answer!r}; expected a number.")

    def near(value: float) -> bool:
        return abs(answer - value) <= 0.005

    if near(2.5):
        return right("The best error, 2, plus sin^2(30 degrees) times the gap, 4 - 2.")
    if near(2):
        return wrong("That is the error along the best direction. This one is tilted by 30 degrees.")
    if near(3.5):
        return wrong("That is the variance that is kept, or the error at 60 degrees. How much is dropped at 30?")
    if near(3):
        return wrong("You used sin instead of its square: variance is squared length. (Or: keeping one axis as it is.)")
    if near(0.5):
        return wrong("That is what the tilt costs on top of the best error. Add the best error.")
    if near(1.25):
        return wrong("You averaged over the two coordinates. The squared error of a point is their sum.")
    if near(4):
        return wrong("That is the largest eigenvalue: the variance that the best direction keeps.")
    return wrong(f"You answered {answer:g}. Along a unit vector q the variance is q'Cq. What is dropped is the rest.")


def check_pca_by_hand(pca_by_hand) -> Verdict:
    """Exercise 5.4: (points (N, D), k) -> the k leading components (k, D), by the eigenvectors of the covariance."""
    x, k = _points(), 3
    for number in (1, 5, k):
        result = call(pca_by_hand, x.clone(), number)
        if isinstance(result, Verdict):
            return result
        components = result
        if components.ndim == 2 and components.shape == (k, x.shape[1]) and number != k:
            return wrong(f"For k = {number} you return {k} components. Use k.")
    truth = _eigenvectors(x - x.mean(0))
    if components.shape != (k, x.shape[1]):
        hint = " Eigenvectors stand in the columns: transpose." if components.shape == (x.shape[1], k) else ""
        return wrong(f"For 3 components of 6 features you return {tuple(components.shape)}; expected (3, 6).{hint}")
    components = components.detach().double()

    def same(rows: Tensor) -> bool:
        return bool(((components * rows).sum(1).abs() > 0.999).all())

    if not torch.allclose(components.norm(dim=1), torch.ones(k, dtype=torch.float64), atol=1e-3):
        lengths = ", ".join(f"{v:.2f}" for v in components.norm(dim=1))
        return wrong(f"Your components have the lengths {lengths}; expected 1 each. Rows, not columns?")
    if same(truth[:k]):
        return right("Centred, ordered by variance, one component a row. scikit-learn finds the same, up to signs.")
    if same(truth[:k].flip(0)):
        return wrong("The right components in the wrong order: the most important comes first.")
    if same(truth.flip(0)[:k]) or same(truth[-k:]):
        return wrong("These are the directions of least variance. torch.linalg.eigh sorts its eigenvalues upwards.")
    if same(_eigenvectors(x)[:k]):
        return wrong("You forgot to centre: your first component points at the mean of the data.")
    if same(_eigenvectors((x - x.mean(0)) / x.std(0))[:k]):
        return wrong("You divided each feature by its standard deviation. That is PCA in other units; leave them here.")
    return wrong("Unit vectors, but not the principal components. Centre, then take eigenvectors of the covariance.")


def check_components_needed(components_needed) -> Verdict:
    """Exercise 5.5: (points (N, D), share) -> the smallest number of components that keeps that share of the variance."""
    x = _points()
    values = torch.linalg.svdvals((x - x.mean(0)).double())
    for share in (0.3, 0.6, 0.8, 0.95, 0.999):
        result = call(components_needed, x.clone(), share)
        if isinstance(result, Verdict):
            return result
        if result.numel() != 1:
            return wrong(f"You return {tuple(result.shape)}; expected one whole number.")
        found, expected = float(result), _needed(values**2, share)
        if found == expected:
            continue
        if found == _needed(values, share):
            return wrong("You added up singular values. A variance is their square, up to the number of points.")
        if found == _needed(torch.linalg.svdvals(x.double()) ** 2, share):
            return wrong(f"For a share of {share} you answer {found:g}. Did you centre the data?")
        if found == expected - 1:
            return wrong(f"For a share of {share} you answer {found:g}: one too few. Python counts from 0.")
        if found == expected + 1:
            return wrong(
                f"For a share of {share} you answer {found:g}: one too many; a smaller number keeps that share."
            )
        return wrong(f"For a share of {share} you answer {found:g}; the smallest number that keeps it is another one.")
    return right("Squares of the singular values of the centred data, added up until the share is reached.")


def check_ordered_loss(ordered_loss) -> Verdict:
    """Exercise 5.6: (model, x) -> {"loss": mean over j = 1..k of the mse with only the first j numbers of the code}."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        model, x = LinearAutoencoder(4, image_shape=(1, 6, 6)), torch.rand(8, 1, 6, 6)
        for layer in (model.encoder[0], model.decoder[0]):
            torch.nn.init.normal_(layer.weight, std=0.5)
    result = run(ordered_loss, model, x.clone())
    if isinstance(result, Verdict):
        return result
    loss = result.get("loss") if isinstance(result, dict) else None
    if not isinstance(loss, Tensor):
        return wrong(f'Your function returned {result!r}; expected {{"loss": tensor}}.')
    if loss.numel() != 1:
        return wrong(f"The loss has the shape {tuple(loss.shape)}; expected one number.")
    with torch.no_grad():
        z = model.encode(x)

        def error(keep) -> Tensor:
            mask = torch.zeros(4)
            mask[keep] = 1
            return (model.decode(z * mask) - x).square().mean()

        first = torch.stack([error(slice(0, j)) for j in range(5)])  # with the first 0, 1, ..., 4 numbers
        hints = [
            (first[1:].mean(), ""),
            (36 * first[1:].mean(), "You summed over the pixels. Take the mean over them, .square().mean()."),
            (first[4], "That is the plain reconstruction error. Nothing in it tells the first number from the last."),
            (first[1:].sum(), "You added the errors up. Take their mean, so that the loss keeps its scale."),
            (first.mean(), "You counted the empty code too. Start with one number."),
            (first[:4].mean(), "Off by one: you keep 0 to 3 of the 4 numbers. Keep 1 to 4."),
            (first[1:4].mean(), "The full code is missing. Keep 1, 2, 3 and all 4 numbers."),
            (torch.stack([error(slice(4 - j, 4)) for j in range(1, 5)]).mean(), "You keep the last numbers of the code, not the first."),
            (torch.stack([error([j]) for j in range(4)]).mean(), "You keep one number at a time. Keep the first j together."),
        ]  # fmt: skip
    hint = next((text for value, text in hints if torch.allclose(loss.detach(), value, rtol=1e-4)), None)
    if hint is None:
        return wrong("Not the mean error over the first 1, 2, ..., k numbers. Set the others to 0 and decode.")
    if hint:
        return wrong(hint)
    if not loss.requires_grad:
        return wrong("No gradient reaches the model: something cuts the graph, such as detach() or no_grad().")
    if torch.autograd.grad(loss, model.encoder[0].weight, allow_unused=True)[0] is None:
        return wrong("No gradient reaches the encoder. Mask the code; do not copy its numbers into a new tensor.")
    return right("The first number must do as much as one number can: its direction becomes the first component.")


def _points() -> Tensor:
    """200 points with six features, far from centred, each direction with a variance of its own."""
    generator = torch.Generator().manual_seed(5)
    scales = torch.tensor([3.0, 2.0, 1.4, 1.0, 0.6, 0.3])
    turn = torch.linalg.qr(torch.randn(6, 6, generator=generator)).Q
    return torch.randn(200, 6, generator=generator) * scales @ turn + torch.tensor([4.0, 0, 2, -3, 1, 5])


def _eigenvectors(x: Tensor) -> Tensor:
    """Unit vectors of largest mean square first, one a row."""
    return torch.linalg.svd(x.double(), full_matrices=False).Vh


def _needed(values: Tensor, share: float) -> int:
    """How many of the leading values it takes to reach that share of their sum."""
    kept = values.cumsum(0) / values.sum()
    return int((kept < share - 1e-6).sum()) + 1
