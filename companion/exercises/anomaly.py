"""Checks of the exercises of chapter 7."""

import torch
from torch import Tensor

from companion.exercises._verdict import NO_ANSWER, Verdict, call, is_number, near, right, wrong


def check_false_alarms_a_day(answer) -> Verdict:
    """Exercise 7.1: false alarms a day at 1 % a window and one window every 10 seconds."""
    if answer is ...:
        return NO_ANSWER
    if not is_number(answer):
        return wrong(f"You answered {answer!r}; expected a number.")
    if 86 <= answer <= 87:
        return right("8,640 windows a day, and 1 % of them. This is why one score alone should wake nobody.")
    if near(answer, 8640):
        return wrong("That is the number of windows in a day. Which part of them lies above the threshold?")
    if 860 <= answer <= 870:
        return wrong("That is 1 % of the seconds of a day. A window comes only once in 10 seconds.")
    if near(answer, 0.01) or near(answer, 1):
        return wrong("That is the rate for one window, or for a hundred. How many windows has a day?")
    if near(answer, 3.6):
        return wrong("That is an hour's worth. A day has 24.")
    if near(answer, 0):
        return wrong("The machine is healthy, yet the threshold was chosen so that 1 % of healthy windows exceed it.")
    return wrong(
        f"You answered {answer:g}. Count the windows of a day, then take the share that exceeds the threshold."
    )


def check_precision(answer) -> Verdict:
    """Exercise 7.2: P(fraud | alarm) for 80 % caught, 2 % false alarms and 1 fraud in 500."""
    if answer is ...:
        return NO_ANSWER
    if not is_number(answer):
        return wrong(f"You answered {answer!r}; expected a number from 0 to 1.")
    if near(answer, 160 / 2156, 0.0006):
        return right("160 real alarms among 2,156: about 7 in 100, though four frauds in five are caught.")
    if near(answer, 100 * 160 / 2156, 0.06):
        return wrong("The right digits, as a percentage. Give the probability, a number from 0 to 1.")
    if near(answer, 0.8):
        return wrong("That is P(alarm | fraud). Asked is the other way round: P(fraud | alarm).")
    if near(answer, 0.8 / 0.82, 0.002):
        return wrong("That is right if every second payment is a fraud. Here it is one in 500.")
    if near(answer, 160 / 1996, 0.0006):
        return wrong("You divided real alarms by false ones. Divide by all alarms, real and false.")
    if near(answer, 0.074, 0.0045):
        return wrong("About right. Give three digits: 160 over how many alarms?")
    if near(answer, 0.0016, 0.0001):
        return wrong(
            "That is the share of all payments that are frauds and flagged. Divide it by the share that is flagged."
        )
    if near(answer, 0.002, 0.0001):
        return wrong("That is the base rate, before any alarm. The alarm should have taught you something.")
    if near(answer, 0.98):
        return wrong("That is the share of honest payments left in peace. Asked is the share of alarms that are real.")
    return wrong(
        f"You answered {answer:g}. Of 100,000 payments, count the flagged frauds and the flagged honest ones; the first "
        "over both together."
    )


def check_auc(my_auc) -> Verdict:
    """Exercise 7.3: (normal (N,), anomalous (M,)) -> the share of pairs in the right order, ties one half."""
    cases = {
        "without ties": (torch.tensor([1.0, 2.0, 4.0]), torch.tensor([3.0, 5.0])),
        "with ties": (torch.tensor([1.0, 2.0, 2.0, 3.0]), torch.tensor([2.0, 3.0, 3.0])),
    }
    for name, (normal, anomalous) in cases.items():
        result = call(my_auc, normal.clone(), anomalous.clone())
        if isinstance(result, Verdict):
            return result
        if result.numel() != 1:
            return wrong(f"You return the shape {tuple(result.shape)}; expected one number, the mean over all pairs.")
        found = float(result)
        more = (anomalous[:, None] > normal).float().mean().item()
        equal = (anomalous[:, None] == normal).float().mean().item()
        if near(found, more + equal / 2, 1e-4):
            continue
        if near(found, 1 - more - equal / 2, 1e-4):
            return wrong("The pairs are the wrong way round: the anomaly should score higher.")
        if equal and near(found, more, 1e-4):
            return wrong("Right without ties. An equal pair counts one half, and you count it as nothing.")
        if equal and near(found, more + equal, 1e-4):
            return wrong("Right without ties. An equal pair counts one half, and you count it whole.")
        if near(found, (more + equal / 2) * len(normal) * len(anomalous), 1e-3):
            return wrong("That is the number of pairs. Divide by how many pairs there are.")
        return wrong(
            f"For {normal.tolist()} and {anomalous.tolist()} ({name}) you return {found:.3f}. Compare every anomaly "
            "with every normal case: anomalous[:, None] and normal[None]."
        )
    return right("Every pair, ties one half: the area under the ROC curve, and the statistic of Mann and Whitney.")


def check_training_scores(answer) -> Verdict:
    """Exercise 7.4: new normal cases above the 95 % quantile of training scores: below, about or above 5 %."""
    if answer is ...:
        return NO_ANSWER
    if not isinstance(answer, str) or answer.strip().lower() not in ("below", "about", "above"):
        return wrong(f'You answered {answer!r}; expected "below", "about" or "above", in quotes.')
    if answer.strip().lower() == "above":
        return right("The network fitted those very images, so their scores are lower than those of new ones.")
    if answer.strip().lower() == "about":
        return wrong(
            "That would hold if old and new scores came from one source. Which images did the network train on?"
        )
    return wrong("The threshold would have to be too high for that. Are training scores higher or lower than new ones?")


def check_cheapest_threshold(cheapest_threshold) -> Verdict:
    """Exercise 7.5: (normal, anomalous, base_rate, miss, check) -> the score with the lowest expected cost."""
    draw = torch.Generator().manual_seed(0)
    normal = torch.randn(200, generator=draw)
    anomalous = 1.5 + torch.randn(60, generator=draw)
    for base_rate, miss, price in ((0.05, 10.0, 1.0), (0.05, 30.0, 2.0), (0.02, 200.0, 1.0), (0.4, 3.0, 1.0)):
        result = call(cheapest_threshold, normal.clone(), anomalous.clone(), base_rate, miss, price)
        if isinstance(result, Verdict):
            return result
        if result.numel() != 1:
            return wrong(f"You return the shape {tuple(result.shape)}; expected one number, the threshold.")
        t = float(result)
        candidates = torch.cat([normal, anomalous])
        bills = _bill(candidates, normal, anomalous, base_rate, miss, price)
        if near(t, float(bills.min()), 1e-6):
            return wrong("That is the lowest cost. Return the threshold at which it is reached.")
        if t == int(bills.argmin()) and t not in candidates:
            return wrong("That is the position of the best score in the list. Return the score itself.")
        if float(_bill(result.detach().reshape(1), normal, anomalous, base_rate, miss, price)) <= bills.min() * 1.0001:
            continue
        caught, false_alarms = _shares(candidates, normal, anomalous)
        or_equal = _bill(candidates.double() - 1e-9, normal, anomalous, base_rate, miss, price)
        unweighted = miss * (1 - caught) * base_rate + price * (caught * base_rate + false_alarms)
        unpaid = miss * (1 - caught) * base_rate + price * false_alarms * (1 - base_rate)
        mistakes = [
            (or_equal.argmin(), "You count an alarm at a score equal to the threshold. It must lie above."),
            (unweighted.argmin(), "You left out 1 - base_rate: only normal cases can be flagged for nothing."),
            (unpaid.argmin(), "You pay for false alarms only. Looking into a real alarm has its price too."),
            (_bill(candidates, normal, anomalous, 60 / 260, miss, price).argmin(),
             "You took M / (N + M) for the base rate. In use, anomalies are as frequent as base_rate says."),
            (_bill(candidates, normal, anomalous, 0.5, miss, price).argmin(),
             "You added the two shares without weighing them by base_rate and 1 - base_rate."),
            (_bill(candidates, normal, anomalous, base_rate, price, miss).argmin(),
             "Miss and check are exchanged: a missed anomaly costs miss, looking into an alarm costs check."),
            (_bill(candidates, normal, anomalous, base_rate, 1.0, 0.0).argmin(),
             "You count the misses and not the price of the alarms."),
            (bills.argmax(), "That is the dearest threshold. You want the lowest cost."),
        ]  # fmt: skip
        for index, hint in mistakes:
            if near(t, float(candidates[index]), 1e-5):
                return wrong(hint)
        return wrong(
            f"With base rate {base_rate}, miss {miss:g} and check {price:g}, your threshold {t:.2f} is not the cheapest. "
            "Compute the average cost for every score as the threshold, and take the one with the lowest."
        )
    return right("The bill decides: rare or cheap misses push the threshold up, dear ones pull it down.")


def check_code_distance(code_distance) -> Verdict:
    """Exercise 7.6: (z_train (N, k), z (B, k)) -> squared Mahalanobis distances (B,) from the training codes' mean."""
    draw = torch.Generator().manual_seed(0)
    mix = torch.tensor([[2.0, 0.0, 0.0], [1.0, 1.0, 0.0], [-0.5, 0.3, 0.5]])
    z_train = torch.randn(40, 3, generator=draw) @ mix.T + torch.tensor([1.0, -2.0, 3.0])
    z = 3 * torch.randn(5, 3, generator=draw) + torch.tensor([1.0, -2.0, 3.0])
    result = call(code_distance, z_train.clone(), z.clone())
    if isinstance(result, Verdict):
        return result
    if result.shape != (5,):
        return wrong(f"For five codes you return the shape {tuple(result.shape)}; expected (5,), one distance each.")
    result = result.detach().double()
    expected = _mahalanobis(z_train, z)
    if torch.allclose(result, expected, rtol=1e-3):
        return right("Directions that vary much among normal codes count little, those that hardly vary count much.")
    centred = z.double() - z_train.double().mean(0)
    spread = z_train.double().std(0)
    divided_by_n = torch.cov(z_train.double().T, correction=0)
    hints = [
        (expected.sqrt(), "That is the distance itself. Asked is its square."),
        (centred.square().sum(1), "That is the plain squared distance. The covariance is missing."),
        ((centred / spread).square().sum(1), "You divided by the standard deviation of each number and left out how the "
         "numbers vary together."),
        ((centred @ torch.cov(z_train.double().T) * centred).sum(1), "You multiplied by the covariance. Its inverse belongs there."),
        (_quadratic(z.double(), z_train), "You did not subtract the mean of the training codes."),
        (_quadratic(z.double() - z.double().mean(0), z_train), "You subtracted the mean of z. The mean of normal is that of z_train."),
        (_mahalanobis(z, z), "Mean and covariance are those of z_train, the normal codes; you took them from z."),
        ((centred @ torch.linalg.inv(divided_by_n) * centred).sum(1), "Nearly: this covariance divides by N. Divide by N - 1."),
        (expected / 3, "You averaged over the numbers of the code. The formula sums."),
    ]  # fmt: skip
    for mistake, hint in hints:
        if torch.allclose(result, mistake, rtol=1e-3):
            return wrong(hint)
    return wrong(
        f"The first of my five codes is at {expected[0]:.2f}, and you return {result[0]:.2f}. Subtract the mean, multiply "
        "by the inverse covariance, and sum over the numbers of each code."
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
