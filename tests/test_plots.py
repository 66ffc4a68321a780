"""Pictures: what stands on the canvas, where, and on which axes."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from companion import COLOURS, digits, set_style, show_history, show_images, show_rows
from companion.plots import DIGIT_COLOURS, show_map

HISTORY = {"loss": [3.0, 2.0, 1.5], "test_loss": [3.5, 2.5, 2.0], "seconds": [0.1, 0.2, 0.3]}
CALLS = [
    lambda ax=None: show_images(torch.rand(3, 1, 4, 4), ax=ax),
    lambda ax=None: show_rows({"clean": torch.rand(3, 1, 4, 4)}, ax=ax),
    lambda ax=None: show_history(HISTORY, ax=ax),
]


def canvas(ax):
    return np.asarray(ax.images[0].get_array())


@pytest.mark.parametrize("call", CALLS)
def test_a_plot_draws_on_the_axes_it_is_given_and_returns_them(call):
    """With an axes of the caller's, no figure of its own may appear, nor may the current axes be drawn on."""
    _, (left, right) = plt.subplots(1, 2)
    plt.sca(left)
    before = plt.get_fignums()
    assert call(ax=right) is right
    assert right.has_data()
    assert not left.has_data()
    assert plt.get_fignums() == before


@pytest.mark.parametrize("call", CALLS)
def test_without_axes_a_plot_makes_one_figure(call):
    ax = call()
    assert plt.get_fignums() == [ax.figure.number]
    ax.figure.canvas.draw()


def test_a_new_grid_never_covers_an_open_figure():
    first = show_images(torch.rand(2, 1, 4, 4))
    assert show_images(torch.rand(2, 1, 4, 4)).figure is not first.figure


@pytest.mark.parametrize("channels", [1, 3])
def test_the_grid_holds_every_image_in_reading_order(channels):
    """Rows and columns exchanged, colours shifted, or a last, shorter row stretched would show here."""
    x = torch.rand(5, channels, 4, 6)
    drawn = canvas(show_images(x, columns=2))
    assert drawn.shape == (3 * 6, 2 * 8, 4)  # a gap of 2 pixels
    for i, image in enumerate(x.permute(0, 2, 3, 1).numpy()):
        top, left = 1 + 6 * (i // 2), 1 + 8 * (i % 2)
        place = drawn[top : top + 4, left : left + 6]
        np.testing.assert_allclose(place[..., :3], np.broadcast_to(image, (4, 6, 3)), rtol=1e-6)
        assert (place[..., 3] == 1).all()
    assert (drawn[12:, 8:, 3] == 0).all()  # the page shows through the empty place
    assert (drawn[[0, 5, 6, 11, 12, 17], :, 3] == 0).all()  # and through the gaps


def test_images_stand_upright_and_sharp():
    ax = show_images(torch.rand(3, 1, 4, 4))
    bottom, top = ax.get_ylim()
    assert bottom > top  # row 0 at the top
    assert ax.images[0].get_interpolation() == "nearest"
    assert ax.get_aspect() == 1
    assert len(ax.get_xticks()) == len(ax.get_yticks()) == 0


def test_values_outside_the_range_are_clipped_in_silence_and_the_scale_is_fixed(caplog):
    """A noisy image would otherwise be stretched, or matplotlib's warning stand in the notebook's output."""
    x = torch.tensor([-0.5, 0.25, 0.5, 1.5]).reshape(1, 1, 2, 2)
    drawn = canvas(show_images(x))
    np.testing.assert_allclose(drawn[1:3, 1:3, 0], [[0, 0.25], [0.5, 1]])
    assert not caplog.records
    assert torch.equal(x.flatten(), torch.tensor([-0.5, 0.25, 0.5, 1.5]))  # the caller's stay


def test_tensors_with_gradients_and_on_a_gpu_are_drawn(device):
    x = torch.rand(2, 1, 4, 4, device=device, requires_grad=True)
    np.testing.assert_allclose(canvas(show_images(x))[1:5, 1:5, 0], x[0, 0].detach().cpu().numpy(), rtol=1e-6)


def test_rows_stand_one_under_another_with_their_labels():
    rows = {"clean": torch.rand(3, 1, 4, 4), "noisy": torch.rand(3, 1, 4, 4), "denoised": torch.rand(2, 1, 4, 4)}
    ax = show_rows(rows, titles=["a", "b", "c"])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["clean", "noisy", "denoised"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a", "b", "c"]
    drawn = canvas(ax)
    assert drawn.shape == (18, 18, 4)
    for i, x in enumerate(rows.values()):
        for j, image in enumerate(x[:, 0].numpy()):
            np.testing.assert_allclose(drawn[1 + 6 * i : 5 + 6 * i, 1 + 6 * j : 5 + 6 * j, 0], image, rtol=1e-6)
    # Each label stands at the middle of its row, each title at that of its column.
    np.testing.assert_allclose(ax.get_yticks(), [3, 9, 15])
    np.testing.assert_allclose(ax.get_xticks(), [3, 9, 15])


def test_rows_without_titles_have_no_ticks_above():
    assert len(show_rows({"x": torch.rand(3, 1, 4, 4)}).get_xticks()) == 0


def test_the_history_shows_training_and_test_loss_from_epoch_one():
    ax = show_history(HISTORY)
    lines = {line.get_label(): line for line in ax.lines}
    assert lines.keys() == {"training", "test"}
    for label, name in (("training", "loss"), ("test", "test_loss")):
        assert list(lines[label].get_xdata()) == [1, 2, 3]
        assert list(lines[label].get_ydata()) == HISTORY[name]
    assert ax.get_xlabel() == "epoch"
    assert ax.get_ylabel() == "loss"
    assert {text.get_text() for text in ax.get_legend().get_texts()} == {"training", "test"}


def test_the_history_without_a_test_set_is_one_line():
    assert [line.get_label() for line in show_history({"loss": [1.0]}).lines] == ["training"]


def test_the_style_uses_the_colours_and_can_be_told_apart():
    with plt.rc_context():
        set_style()
        assert tuple(plt.rcParams["axes.prop_cycle"].by_key()["color"]) == COLOURS
        assert len(set(COLOURS)) == 7
        assert plt.rcParams["figure.dpi"] >= 150  # sharp on a phone
        # No lines run across the images, though this style has a grid.
        ax = show_rows({"x": torch.rand(1, 1, 4, 4)}, titles=["a"])
        lines = [*ax.get_xgridlines(), *ax.get_ygridlines()]
        assert len(lines) == 2
        assert not any(line.get_visible() for line in lines)
        assert not any(spine.get_visible() for spine in ax.spines.values())


def test_show_map_colours_points_and_writes_each_digit():
    y = digits().y_train[:200]
    z = torch.randn(200, 2, generator=torch.Generator().manual_seed(0))
    ax = show_map(z, y)
    assert sorted(text.get_text() for text in ax.texts) == sorted(str(d) for d in y.unique().tolist())
    first = ax.collections[0].get_facecolors()[0]
    assert np.allclose(first, plt.matplotlib.colors.to_rgba(DIGIT_COLOURS[int(y[0])]))
    assert len(set(DIGIT_COLOURS)) == 10
    plain = show_map(z, y, label=False)
    assert not plain.texts
    assert not show_map(z).texts
    plt.close("all")


def test_show_map_writes_a_digit_where_its_kind_is_densest():
    z = torch.cat([torch.zeros(30, 2), torch.tensor([[9.0, 9], [-9, 9], [9, -9]])])
    ax = show_map(z, torch.zeros(33, dtype=torch.long))
    assert ax.texts[0].get_position() == (0, 0)
    plt.close("all")


def test_show_map_draws_three_columns_in_space_and_on_a_given_ax():
    z, y = torch.randn(20, 3), torch.arange(20) % 10
    assert show_map(z, y).name == "3d"
    ax = plt.figure().add_subplot()
    assert show_map(z[:, :2], y, ax=ax) is ax
    plt.close("all")
