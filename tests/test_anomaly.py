"""Scores, thresholds and metrics of anomaly detection, against closed forms, simulation, scipy and scikit-learn."""

import numpy as np
import pytest
import torch
from scipy.stats import beta
from sklearn.ensemble import IsolationForest
from sklearn.svm import OneClassSVM
from torch import nn

from companion import PCA, mse
from companion.anomaly import (
    Standardize,
    alarm_threshold,
    cost,
    false_alarm_interval,
    first_alarm,
    precision,
    reconstruction_error,
    report,
    rivals,
    threshold_rank,
)
from no_doubles import NoDoubles


def test_reconstruction_error_is_mse_image_by_image(data):
    x, model = data.x_test[:7], PCA(data.x_train[:200], 8)
    errors = reconstruction_error(model, x)
    assert errors.shape == (7,)
    assert torch.allclose(errors, torch.stack([mse(model(x[i : i + 1]), x[i : i + 1]) for i in range(7)]))


def test_reconstruction_error_keeps_no_graph(data):
    assert not reconstruction_error(nn.Conv2d(1, 1, 3, padding=1), data.x_test[:2]).requires_grad


def test_standardize_puts_a_tenth_of_the_z_score_around_one_half():
    rows = torch.randn(50, 3) * torch.tensor([1.0, 10.0, 0.1]) + torch.tensor([5.0, 0.0, -1.0])
    x = Standardize(rows)(rows)
    assert x.shape == (50, 1, 1, 3)
    assert torch.allclose(x.mean((0, 1, 2)), torch.full((3,), 0.5), atol=1e-5)
    assert torch.allclose(x.std((0, 1, 2)), torch.full((3,), 0.1), atol=1e-5)


def test_standardize_cuts_nothing_off_and_survives_a_constant_column():
    scale = Standardize(torch.tensor([[0.0, 1.0], [2.0, 1.0]]))
    x = scale(torch.tensor([[100.0, 1.0]]))
    assert x[0, 0, 0, 0] > 5
    assert x[0, 0, 0, 1] == 0.5


@pytest.mark.parametrize("features", [torch.zeros(3), [[1.0]], torch.empty(0, 2)])
def test_standardize_refuses_what_is_no_table(features):
    with pytest.raises(ValueError, match=r"expected a tensor \(N, D\)"):
        Standardize(features)


def test_standardize_refuses_nan_and_another_width():
    with pytest.raises(ValueError, match="NaN"):
        Standardize(torch.tensor([[1.0], [float("nan")]]))
    with pytest.raises(ValueError, match=r"3 columns; expected 2"):
        Standardize(torch.rand(4, 2))(torch.rand(4, 3))


def test_rivals_are_pca_and_scikit_learn(data):
    x, new = data.x_train[:150], data.x_test[:20]
    scores = {name: score(new) for name, score in rivals(x, 8, seed=3).items()}
    assert list(scores) == ["PCA", "forest", "SVM"]
    flat, flat_new = x.flatten(1).numpy(), new.flatten(1).numpy()
    assert torch.equal(scores["PCA"], reconstruction_error(PCA(x, 8), new))
    np.testing.assert_allclose(scores["forest"], -IsolationForest(random_state=3).fit(flat).score_samples(flat_new))
    np.testing.assert_allclose(scores["SVM"], -OneClassSVM(nu=0.1).fit(flat).decision_function(flat_new))


def test_rivals_find_noise_stranger_than_digits(data):
    noise = torch.rand(20, 1, 28, 28)
    for score in rivals(data.x_train[:150], 8).values():
        assert score(noise).min() > score(data.x_test[:20]).mean()


def test_rivals_accept_values_outside_the_unit_range_and_refuse_flat_rows():
    rivals(2 * torch.randn(30, 1, 1, 4), 2)
    with pytest.raises(ValueError, match="expected images"):
        rivals(torch.rand(30, 4), 2)


@pytest.mark.parametrize(
    ("n", "rate", "k"),
    [(100, 0.05, 96), (99, 0.05, 95), (19, 0.05, 19), (99, 0.01, 99), (1000, 0.01, 991), (999, 0.01, 990), (9, 0.5, 5)],
)
def test_threshold_rank(n, rate, k):
    assert threshold_rank(n, rate) == k
    assert (n + 1 - k) / (n + 1) <= rate + 1e-12 < (n + 2 - k) / (n + 1)  # the smallest rank that keeps the promise


def test_threshold_is_that_score_whatever_the_order():
    scores = torch.randperm(100).float()
    assert alarm_threshold(scores, 0.05) == 95  # the 96th of 0..99


def test_threshold_keeps_its_promise_on_average():
    draws = torch.rand(4000, 39)  # for uniform scores, the true rate is 1 - threshold
    rates = 1 - torch.tensor([alarm_threshold(s, 0.1) for s in draws])
    assert rates.mean().item() == pytest.approx(0.1, abs=0.003)


def test_interval_covers_as_often_as_it_says():
    draws = torch.rand(4000, 60)
    rates = 1 - torch.tensor([alarm_threshold(s, 0.1) for s in draws])
    low, high = false_alarm_interval(60, 0.1, level=0.8)
    assert ((rates > low) & (rates < high)).float().mean().item() == pytest.approx(0.8, abs=0.03)
    assert (rates < low).float().mean().item() == pytest.approx(0.1, abs=0.02)


def test_interval_is_the_beta_law():
    low, high = false_alarm_interval(100, 0.05)
    assert beta.cdf(low, 5, 96) == pytest.approx(0.05)
    assert beta.cdf(high, 5, 96) == pytest.approx(0.95)


def test_too_few_scores_for_the_rate():
    with pytest.raises(ValueError, match=r"50 normal scores are too few.* at least 99"):
        alarm_threshold(torch.rand(50), 0.01)
    assert alarm_threshold(torch.arange(99.0), 0.01) == 98
    with pytest.raises(ValueError, match="at least 19"):
        false_alarm_interval(18, 0.05)


@pytest.mark.parametrize("rate", [0, 1, -0.1, "5 %"])
def test_rate_out_of_range(rate):
    with pytest.raises(ValueError, match="false_alarm_rate"):
        alarm_threshold(torch.rand(50), rate)


def test_interval_arguments():
    with pytest.raises(ValueError, match="level"):
        false_alarm_interval(100, 0.05, level=1)
    with pytest.raises(ValueError, match="n is 0"):
        false_alarm_interval(0, 0.05)


@pytest.mark.parametrize("scores", [torch.rand(3, 3), torch.empty(0), [0.1, 0.2]])
def test_scores_must_be_one_number_a_case(scores):
    with pytest.raises(ValueError, match=r"expected a tensor \(N,\)"):
        alarm_threshold(scores, 0.5)


def test_scores_must_be_finite():
    bad = torch.tensor([1.0, float("inf")])
    for call in (lambda: alarm_threshold(bad, 0.5), lambda: report(bad, bad, 0.0), lambda: first_alarm(bad, 0.0)):
        with pytest.raises(ValueError, match="NaN or infinity"):
            call()


def test_report_counts():
    normal, strange = torch.tensor([1.0, 2.0, 3.0, 4.0]), torch.tensor([3.5, 5.0])
    result = report(normal, strange, 3.0)
    assert result.auc == 7 / 8  # seven of eight pairs in the right order
    assert result.ap == pytest.approx((1 / 1 + 2 / 3) / 2)  # precision at each anomaly, from the top
    assert result.caught == 1
    assert result.false_alarms == 1 / 4  # a score equal to the threshold is no alarm


def test_scores_on_a_device_without_doubles():
    normal, strange = (t.as_subclass(NoDoubles) for t in (torch.tensor([1.0, 2.0, 3.0, 4.0]), torch.tensor([3.5, 5.0])))
    with pytest.raises(TypeError, match="float64"):
        normal.double()
    assert report(normal, strange, 3.0) == report(normal.cpu(), strange.cpu(), 3.0)
    assert report(normal.cpu().requires_grad_(), strange.cpu(), 3.0).auc == 7 / 8
    x = torch.rand(20, 1, 4, 4)
    for name, score in rivals(x.as_subclass(NoDoubles), 2).items():
        torch.testing.assert_close(torch.as_tensor(score(x.as_subclass(NoDoubles))), rivals(x, 2)[name](x), msg=name)


def test_auc_counts_a_tie_as_one_half():
    assert report(torch.zeros(3), torch.zeros(2), 0.0).auc == 0.5


def test_report_names_the_bad_scores():
    with pytest.raises(ValueError, match="anomalous is"):
        report(torch.rand(3), torch.empty(0), 0.5)


def test_precision_is_bayes_rule():
    assert precision(0.9, 0.01, 0.001) == pytest.approx(90 / 1089)
    assert precision(1, 0, 0.5) == 1
    caught, false, base = 0.7, 0.2, 0.3
    anomalous = torch.rand(400_000) < base
    alarm = torch.rand(400_000) < torch.where(anomalous, caught, false)
    assert anomalous[alarm].float().mean().item() == pytest.approx(precision(caught, false, base), abs=0.005)


def test_cost():
    assert cost(0, 0, 0.01, miss=100, check=1) == pytest.approx(1)
    assert cost(1, 1, 0.01, miss=100, check=1) == pytest.approx(1)
    assert cost(0.5, 0.1, 0.01, miss=100, check=2) == pytest.approx(0.5 + 2 * (0.005 + 0.099))


@pytest.mark.parametrize("arguments", [(1.2, 0.1, 0.5), (0.5, -0.1, 0.5), (0.5, float("nan"), 0.5)])
def test_shares_out_of_range(arguments):
    with pytest.raises(ValueError, match="share from 0 to 1"):
        precision(*arguments)
    with pytest.raises(ValueError, match="share from 0 to 1"):
        cost(*arguments, 1, 1)


def test_base_rate_out_of_range_and_no_alarm():
    with pytest.raises(ValueError, match="base_rate"):
        precision(0.5, 0.5, 0)
    with pytest.raises(ValueError, match="no alarm"):
        precision(0, 0, 0.1)


def test_first_alarm():
    scores = torch.tensor([0, 1, 0, 1, 1, 0, 1, 1, 1, 1.0])
    assert first_alarm(scores, 0.5, needed=1, of=1) == 1
    assert first_alarm(scores, 0.5, needed=3, of=3) == 8
    assert first_alarm(scores, 0.5, needed=3, of=5) == 4
    assert first_alarm(scores, 0.5) == 7
    assert first_alarm(scores, 1.0) is None  # equal is not above


def test_first_alarm_by_brute_force():
    for _ in range(50):
        scores = torch.rand(40)
        windows = ((scores[max(0, i - 7) : i + 1] > 0.4).sum() >= 5 for i in range(40))
        assert first_alarm(scores, 0.4) == next((i for i, rings in enumerate(windows) if rings), None)


@pytest.mark.parametrize(("needed", "of"), [(0, 3), (4, 3)])
def test_first_alarm_refuses_a_rule_that_makes_no_sense(needed, of):
    with pytest.raises(ValueError, match="1 <= needed <= of"):
        first_alarm(torch.rand(5), 0.5, needed, of)
