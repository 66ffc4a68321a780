"""Checks of the exercises of chapter 7."""

import torch
from torch import Tensor

from companion.exercises._verdict import Verdict, Wrong, about, call, check, judge, must_be_one_number, right, same


@check
def check_false_alarms_a_day(answer) -> Verdict:
    """Exercise 7.1: false alarms a day at 1 % a window and one window every 10 seconds."""
    return judge(
        answer,
        right=((86, 87), "8,640 windows a day, and 1 % of them. This is why one score alone should wake nobody."),
        wrong=[
            (8640, "That is the number of windows in a day. Which part of them lies above the threshold?"),
            ((860, 870), "That is 1 % of the seconds of a day. A window comes only once in 10 seconds."),
            ([0.01, 1], "That is the rate for one window, or for a hundred. How many windows has a day?"),
            (3.6, "That is an hour's worth. A day has 24."),
            (0, "The machine is healthy, yet the threshold was chosen so that 1 % of healthy windows exceed it."),
        ],
        otherwise="Count the windows of a day, then take the share that exceeds the threshold.",
    )


@check
def check_precision(answer) -> Verdict:
    """Exercise 7.2: P(fraud | alarm) for 80 % caught, 2 % false alarms and 1 fraud in 500."""
    return judge(
        answer,
        right=(
            about(160 / 2156, 0.0006),
            "160 real alarms among 2,156: about 7 in 100, though four frauds in five are caught.",
        ),
        wrong=[
            (
                about(100 * 160 / 2156, 0.06),
                "The right digits, as a percentage. Give the probability, a number from 0 to 1.",
            ),
            (0.8, "That is P(alarm | fraud). Asked is the other way round: P(fraud | alarm)."),
            (about(0.8 / 0.82, 0.002), "That is right if every second payment is a fraud. Here it is one in 500."),
            (about(160 / 1996, 0.0006), "You divided real alarms by false ones. Divide by all alarms, real and false."),
            (about(0.074, 0.0045), "About right. Give three digits: 160 over how many alarms?"),
            (
                about(0.0016, 0.0001),
                "That is the share of all payments that are frauds and flagged. Divide it by the share that is flagged.",
            ),
            (
                about(0.002, 0.0001),
                "That is the base rate, before any alarm. The alarm should have taught you something.",
            ),
            (0.98, "That is the share of honest payments left in peace. Asked is the share of alarms that are real."),
        ],
        otherwise="Of 100,000 payments, count the flagged frauds and the flagged honest ones; the first over both together.",
        expected="a number from 0 to 1",
    )


@check
def check_auc(my_auc) -> Verdict:
    """Exercise 7.3: (normal (N,), anomalous (M,)) -> the share of pairs in the right order, ties one half."""
    draw = torch.Generator().manual_seed(0)
    cases = {
        "without ties": (torch.tensor([1.0, 2.0, 4.0]), torch.tensor([3.0, 5.0])),
        "with ties": (torch.tensor([1.0, 2.0, 2.0, 3.0]), torch.tensor([2.0, 3.0, 3.0])),
        "in no order": (torch.tensor([4.0, -1.0, 2.0]), torch.tensor([3.0, -2.0, 2.0, 5.0])),
        "many": (torch.randint(8, (9,), generator=draw).float(), torch.randint(2, 10, (14,), generator=draw).float()),
    }
    for name, (normal, anomalous) in cases.items():
        found = call(my_auc, normal, anomalous)
        must_be_one_number(found, ", the mean over all pairs")
        more = (anomalous[:, None] > normal).float().mean()
        equal = (anomalous[:, None] == normal).float().mean()
        auc = more + equal / 2
        verdict = judge(
            found,
            right=(
                auc,
                "Every pair, ties one half: the area under the ROC curve, and the statistic of Mann and Whitney.",
            ),
            wrong=[
                (1 - auc, "The pairs are the wrong way round: the anomaly should score higher."),
                (more, "Right without ties. An equal pair counts one half, and you count it as nothing."),
                (more + equal, "Right without ties. An equal pair counts one half, and you count it whole."),
                (
                    auc * len(normal) * len(anomalous),
                    "That is the number of pairs. Divide by how many pairs there are.",
                ),
            ],
            otherwise=f"For {normal.tolist()} and {anomalous.tolist()} ({name}) you return {found.item():.3f}. Compare every "
            "anomaly with every normal case: anomalous[:, None] and normal[None].",
            tol=1e-4,
        )
    return verdict


@check
def check_training_scores(answer) -> Verdict:
    """Exercise 7.4: new normal cases above the 95 % quantile of training scores: less than 5 % (A), about (B), more (C)."""
    return judge(
        answer,
        right=("C", "The network fitted those very images, so their scores are lower than those of new ones."),
        wrong=[
            (
                "A",
                "The threshold would have to be too high for that. Are training scores higher or lower than new ones?",
            ),
            (
                "B",
                "That would hold if old and new scores came from one source. Which images did the network train on?",
            ),
        ],
    )


@check
def check_cheapest_threshold(cheapest_threshold) -> Verdict:
    """Exercise 7.5: (normal, anomalous, base_rate, miss, check) -> the score with the lowest expected cost."""
    draw = torch.Generator().manual_seed(0)
    many = torch.randn(200, generator=draw), 1.5 + torch.randn(60, generator=draw)
    few = 10 + 4 * torch.randn(50, generator=draw), 15 + 4 * torch.randn(80, generator=draw)
    for (normal, anomalous), base_rate, miss, price in (
        (many, 0.05, 10.0, 1.0),
        (many, 0.05, 30.0, 2.0),
        (many, 0.02, 200.0, 1.0),
        (many, 0.4, 3.0, 1.0),
        (few, 0.1, 20.0, 3.0),
        (few, 0.01, 2.0, 3.0),  # so dear a look that no alarm pays
    ):
        result = call(cheapest_threshold, normal, anomalous, base_rate, miss, price)
        must_be_one_number(result, ", the threshold")
        t = float(result.detach())
        scores = torch.cat([normal, anomalous])
        bills = _bill(scores, normal, anomalous, base_rate, miss, price)
        if abs(t - float(bills.min())) <= 1e-6:
            raise Wrong("That is the lowest cost. Return the threshold at which it is reached.")
        if t == int(bills.argmin()) and t not in scores:
            raise Wrong("That is the position of the best score in the list. Return the score itself.")
        # A threshold as it was given, or rounded on its way through other types.
        nearest = scores[(scores.double() - t).abs().argmin()]
        t_exact = nearest.double() if abs(float(nearest) - t) < 1e-6 * abs(t) else torch.tensor(t).double()
        if float(_bill(t_exact.reshape(1), normal, anomalous, base_rate, miss, price)) <= bills.min() * 1.0001:
            continue
        caught, false_alarms = _shares(scores, normal, anomalous)
        for other_bills, hint in (
            (
                _bill(scores.double() - 1e-9, normal, anomalous, base_rate, miss, price),
                "You count an alarm at a score equal to the threshold. It must lie above.",
            ),
            (
                miss * (1 - caught) * base_rate + price * (caught * base_rate + false_alarms),
                "You left out 1 - base_rate: only normal cases can be flagged for nothing.",
            ),
            (
                miss * (1 - caught) * base_rate + price * false_alarms * (1 - base_rate),
                "You pay for false alarms only. Looking into a real alarm has its price too.",
            ),
            (
                _bill(scores, normal, anomalous, len(anomalous) / len(scores), miss, price),
                "You took M / (N + M) for the base rate. In use, anomalies are as frequent as base_rate says.",
            ),
            (
                _bill(scores, normal, anomalous, 0.5, miss, price),
                "You added the two shares without weighing them by base_rate and 1 - base_rate.",
            ),
            (
                _bill(scores, normal, anomalous, base_rate, price, miss),
                "Miss and check are exchanged: a missed anomaly costs miss, looking into an alarm costs check.",
            ),
            (
                _bill(scores, normal, anomalous, base_rate, 1.0, 0.0),
                "You count the misses and not the price of the alarms.",
            ),
            (-bills, "That is the dearest threshold. You want the lowest cost."),
        ):
            if same(result, scores[other_bills.argmin()], tol=1e-5):
                raise Wrong(hint)
        raise Wrong(
            f"With base rate {base_rate}, miss {miss:g} and check {price:g}, your threshold {t:.2f} is not the cheapest. "
            "Compute the average cost for every score as the threshold, and take the one with the lowest."
        )
    return right("The bill decides: rare or cheap misses push the threshold up, dear ones pull it down.")


@check
def check_code_distance(code_distance) -> Verdict:
    """Exercise 7.6: (z_train (N, k), z (B, k)) -> squared Mahalanobis distances (B,) from the training codes' mean."""
    draw = torch.Generator().manual_seed(0)
    mix = torch.tensor([[2.0, 0.0, 0.0], [1.0, 1.0, 0.0], [-0.5, 0.3, 0.5]])
    z_train = torch.randn(40, 3, generator=draw) @ mix.T + torch.tensor([1.0, -2.0, 3.0])
    z = 3 * torch.randn(5, 3, generator=draw) + torch.tensor([1.0, -2.0, 3.0])
    result = call(code_distance, z_train, z)
    if result.shape != (5,):
        raise Wrong(f"For five codes you return the shape {tuple(result.shape)}; expected (5,), one distance each.")
    expected = _mahalanobis(z_train, z)
    centred = z.double() - z_train.double().mean(0)
    covariance = torch.cov(z_train.double().T)
    divided_by_n = torch.cov(z_train.double().T, correction=0)
    return judge(
        result,
        right=(
            expected,
            "Directions that vary much among normal codes count little, those that hardly vary count much.",
        ),
        wrong=[
            (expected.sqrt(), "That is the distance itself. Asked is its square."),
            (centred.square().sum(1), "That is the plain squared distance. The covariance is missing."),
            (
                (centred.square() / covariance.diag()).sum(1),
                "You divided by the standard deviation of each number and left out how the numbers vary together.",
            ),
            ((centred @ covariance * centred).sum(1), "You multiplied by the covariance. Its inverse belongs there."),
            (_quadratic(z.double(), z_train), "You did not subtract the mean of the training codes."),
            (
                _quadratic(z.double() - z.double().mean(0), z_train),
                "You subtracted the mean of z. The mean of normal is that of z_train.",
            ),
            (_mahalanobis(z, z), "Mean and covariance are those of z_train, the normal codes; you took them from z."),
            (
                (centred @ torch.linalg.inv(divided_by_n) * centred).sum(1),
                "Nearly: this covariance divides by N. Divide by N - 1.",
            ),
            (expected / 3, "You averaged over the numbers of the code. The formula sums."),
        ],
        otherwise=f"The first of my five codes is at {expected[0]:.2f}, and you return {result[0]:.2f}. Subtract the mean, "
        "multiply by the inverse covariance, and sum over the numbers of each code.",
    )


def _bill(t: Tensor, normal: Tensor, anomalous: Tensor, base_rate: float, miss: float, price: float) -> Tensor:
    """The average cost of a case at thresholds t (T,) -> (T,)."""
    caught, false_alarms = _shares(t, normal, anomalous)
    return miss * (1 - caught) * base_rate + price * (caught * base_rate + false_alarms * (1 - base_rate))


def _shares(t: Tensor, normal: Tensor, anomalous: Tensor) -> tuple[Tensor, Tensor]:
    """Shares caught and falsely alarmed at thresholds t (T,) -> (T,), (T,)."""
    return (anomalous[:, None] > t).double().mean(0), (normal[:, None] > t).double().mean(0)


def _quadratic(away: Tensor, z_train: Tensor) -> Tensor:
    """away' C^-1 away with C the covariance of z_train: (B, k), (N, k) -> (B,), in double precision."""
    inverse = torch.linalg.inv(torch.cov(z_train.double().T))
    return (away @ inverse * away).sum(1)


def _mahalanobis(z_train: Tensor, z: Tensor) -> Tensor:
    return _quadratic(z.double() - z_train.double().mean(0), z_train)
