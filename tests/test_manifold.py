"""The Swiss roll, distances along it and the penalty, against numerical length, scikit-learn's Isomap and finite differences."""

import numpy as np
import pytest
import torch
from sklearn.datasets import make_swiss_roll
from sklearn.manifold import Isomap

from companion.manifold import arc_length, distance_penalty, graph_distances, swiss_roll


def test_arc_length_is_the_length_of_the_spiral():
    t = torch.linspace(2, 15, 200_001, dtype=torch.float64)
    spiral = torch.stack([t * t.cos(), t * t.sin()], 1)
    measured = (spiral[1:] - spiral[:-1]).norm(dim=1).sum()
    assert (arc_length(t[-1]) - arc_length(t[0])).item() == pytest.approx(measured.item(), rel=1e-7)
    assert arc_length(torch.zeros(())) == 0


def test_swiss_roll_is_scikit_learns_in_other_units():
    points, s, height = swiss_roll(500, noise=0.0, seed=3)
    raw, t = make_swiss_roll(500, noise=0.0, random_state=3)
    assert points.shape == (500, 3)
    assert s.shape == height.shape == (500,)
    np.testing.assert_allclose(points, (raw - raw.mean(0)) / (raw - raw.mean(0)).std(), atol=1e-5)
    np.testing.assert_allclose(height, raw[:, 1], atol=1e-5)
    np.testing.assert_allclose(s, arc_length(torch.tensor(t)), rtol=1e-5)


def test_swiss_roll_depends_on_its_seed_and_noise():
    assert torch.equal(swiss_roll(50).points, swiss_roll(50).points)
    assert not torch.equal(swiss_roll(50).points, swiss_roll(50, seed=1).points)
    assert not torch.equal(swiss_roll(50).points, swiss_roll(50, noise=0.0).points)


@pytest.mark.parametrize(
    ("settings", "hint"), [({"n": 0}, "n is 0"), ({"noise": -0.1}, "noise is -0.1"), ({"noise": np.nan}, "nan")]
)
def test_swiss_roll_refuses_bad_arguments(settings, hint):
    with pytest.raises(ValueError, match=hint):
        swiss_roll(**settings)


def test_graph_distances_along_a_line_are_the_distances_on_it():
    x = torch.arange(30.0)
    distances = graph_distances(torch.stack([x, 0 * x], 1), neighbours=2)
    expected = (x[:, None] - x).abs()
    torch.testing.assert_close(distances, expected / expected.mean())


def test_graph_distances_are_those_of_isomap():
    points = swiss_roll(300).points
    ours = graph_distances(points, neighbours=8)
    theirs = torch.tensor(Isomap(n_neighbors=8).fit(points.numpy()).dist_matrix_).float()
    torch.testing.assert_close(ours, theirs / theirs.mean(), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(ours, ours.T)
    assert ours.mean() == pytest.approx(1, rel=1e-4)


def test_graph_distances_follow_the_sheet():
    """They agree with the true distances on the unrolled sheet, which distances in space do not."""
    points, s, height = swiss_roll(1500, noise=0.0)
    sheet = torch.cdist(torch.stack([s, height], 1), torch.stack([s, height], 1)).flatten()
    along = torch.corrcoef(torch.stack([graph_distances(points).flatten(), sheet]))[0, 1]
    straight = torch.corrcoef(torch.stack([torch.cdist(points, points).flatten(), sheet]))[0, 1]
    assert along > 0.999
    assert straight < 0.7


@pytest.mark.parametrize(
    ("points", "neighbours", "hint"),
    [
        (torch.rand(10), 2, "points has shape"),
        (torch.rand(10, 3), 10, "above neighbours"),
        (torch.rand(10, 3), 0, "neighbours is 0"),
        (torch.cat([torch.rand(9, 2), torch.rand(9, 2) + 100]), 3, "falls into parts"),
    ],
)
def test_graph_distances_refuses_what_has_no_graph(points, neighbours, hint):
    with pytest.raises(ValueError, match=hint):
        graph_distances(points, neighbours)


def test_distance_penalty_by_hand_and_at_its_minimum():
    z = torch.tensor([[0.0, 0], [3, 4]])
    wanted = torch.tensor([[0.0, 4], [4, 0]])
    assert distance_penalty(z, wanted).item() == pytest.approx(2 * (5 - 4) ** 2 / 4)
    z = torch.randn(40, 2)
    assert distance_penalty(z, torch.cdist(z, z)) < 1e-6
    turned = z @ torch.linalg.qr(torch.randn(2, 2)).Q + 3  # distances do not feel turns and shifts
    assert distance_penalty(turned, torch.cdist(z, z)) < 1e-6


def test_distance_penalty_has_a_finite_gradient_even_for_equal_codes():
    z = torch.zeros(5, 2, requires_grad=True)
    distance_penalty(z, torch.ones(5, 5)).backward()
    assert z.grad.isfinite().all()
    z = torch.randn(4, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda z: distance_penalty(z, torch.ones(4, 4).double()), z)


@pytest.mark.parametrize(("z", "distances"), [((4, 2), (4, 5)), ((4,), (4, 4)), ((4, 2), (1, 1))])
def test_distance_penalty_refuses_other_shapes(z, distances):
    with pytest.raises(ValueError, match=r"expected \(B, k\) and \(B, B\)"):
        distance_penalty(torch.rand(z), torch.rand(distances))
