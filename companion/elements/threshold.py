"""Drag the threshold of an alarm: what it catches, what rings for nothing, how many alarms are real, and the bill."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from companion.anomaly import alarm_threshold, precision, report
from companion.elements import PlayFigure, shipped_model
from companion.elements.export import export, tensors_of

KINDS = ("normal", "anomalous")


def threshold(
    normal: Tensor | None = None,
    anomalous: Tensor | None = None,
    pictures: tuple[Tensor, Tensor] | None = None,
    *,
    names: tuple[str, str] = ("eights", "strangers"),
    shows: Sequence[str] = ("alarms", "bill"),
    start: float | None = None,
) -> PlayFigure:
    """Two heaps of scores and a threshold to drag, with its point on the ROC curve.

    Args:
        normal, anomalous: in a live notebook, scores of yours, (N,) and (M,); default: those that ship, of lesson 7's network.
        pictures: what was scored, (N, 1, 28, 28) and (M, 1, 28, 28), if some of it is to be shown.
        names: what normal and anomalous cases are called.
        shows: what stands below: "alarms" (base rate, precision, a hundred alarms), "bill" (two prices), "pictures" (of
            what was judged wrongly).
        start: the threshold at first; default: that for 1 % false alarms.
    """
    own = None
    if normal is not None and anomalous is not None:
        own = [scores_export(normal, anomalous, pictures, names)]
    settings = {"shows": " ".join(shows)} | ({} if start is None else {"start": start})
    return PlayFigure("threshold", "drag the threshold of an alarm", _still(), ["scores"], own, settings)


def scores_export(
    normal: Tensor, anomalous: Tensor, pictures: Sequence[Tensor] | None, names: Sequence[str], each: int = 1
) -> dict:
    """Scores for the page, with the picture of every ``each``-th, counted from those easiest to misjudge."""
    arrays, pictured = dict(zip(KINDS, (normal, anomalous), strict=True)), {}
    for kind, x in zip(KINDS, pictures or (), strict=False):
        ranks = arrays[kind].argsort(descending=kind == "normal")
        some = (
            ranks[::each].sort().values
        )  # as they came: which of them are shown first has nothing to do with the score
        arrays[f"{kind} pictures"], pictured[kind] = (x[some, 0] * 255).round().byte(), some.tolist()
    return export(nn.Module(), {}, arrays, {"names": list(names), "pictured": pictured or None})


def _still() -> str:
    """The two heaps and the threshold for 1 % as a drawing, and the finding."""
    scores = tensors_of(shipped_model("scores"))
    t = alarm_threshold(scores["normal"], 0.01)
    found = report(scores["normal"], scores["anomalous"], t)
    real = precision(found.caught, found.false_alarms, 1 / 1000)
    high, heaps = 0.14, []
    for kind, look in zip(KINDS, ('fill-opacity="0.6"', 'fill-opacity="0.25" stroke="currentColor"'), strict=True):
        shares = torch.histc(scores[kind], 28, 0, high) / len(scores[kind])
        steps = "".join(f"V{110 - 500 * s:.0f}h10" for s in shares.tolist())
        heaps.append(f'<path d="M0 110{steps}V110Z" fill="currentColor" {look}/>')
    return (
        '<svg viewBox="0 0 280 112" width="280" height="112" role="img" aria-label="Two heaps of scores that overlap: of '
        'eights, to the left, and of other digits. A threshold far to the right.">'
        f'{"".join(heaps)}<path d="M{280 * t / high:.0f} 0V110" stroke="currentColor" stroke-width="2"/></svg>'
        "<p>Scores of eights (dark) and of other digits, and the threshold for 1 % false alarms. If one case in 1,000 is "
        f"strange, {100 * real:.0f} of 100 alarms are real. With scripts on, you drag the threshold here.</p>"
    )
