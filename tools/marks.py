"""What the course looks like, as SVG: its mark, and a small picture for each lesson.

A lesson's picture takes its colours from the page (_static/head.css), so that it stands in both themes.
"""

from math import cos, exp, sin

BLUE, RED, GREEN, YELLOW = "#4477aa", "#ee6677", "#228833", "#ab9121"  # those of the plots
# An hourglass, lying: five bars on 16 by 16, on whole pixels, so that it is sharp as a favicon. Left, and height.
BARS = ((1, 14), (4, 8), (7, 4), (10, 8), (13, 14))
WIDTH, HEIGHT = 120, 80  # of a lesson's picture


def mark(size: int = 16) -> str:
    """The mark. Its two colours stand out from white and from black."""
    bars = "".join(
        f'<rect x="{x}" y="{8 - height // 2}" width="2" height="{height}" rx=".5" fill="{RED if x == 7 else BLUE}"/>'
        for x, height in BARS
    )
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" width="{size}" height="{size}">{bars}</svg>\n'


def scatter(count: int, start: float = 0.0):
    """Points in the unit disc, the same every time, denser in the middle."""
    for k in range(1, count + 1):
        turn, out = start + k * 2.399963, (k / count) ** 0.8  # the golden angle spreads them
        yield out * cos(turn), out * sin(turn)


def dot(x: float, y: float, r: float, kind: str = "ink", more: str = "") -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r:g}" class="{kind}"{more}/>'


def box(x: float, y: float, width: float, height: float, kind: str = "ink", more: str = "") -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:g}" height="{height:g}" rx="1" class="{kind}"{more}/>'


def line(points, kind: str = "line", more: str = "") -> str:
    return f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}" class="{kind}"{more}/>'


def intuition() -> str:
    """The hourglass."""
    heights = (64, 46, 28, 12, 28, 46, 64)
    return "".join(box(10 + 15 * i, 40 - h / 2, 9, h, "accent" if h == 12 else "ink") for i, h in enumerate(heights))


def losses() -> str:
    """A seven, and the same seven a little to the right: how wrong is that?"""
    seven = [(20, 14), (58, 14), (34, 68)]
    return line(seven) + line([(x + 46, y) for x, y in seven], "line accent")


def bottleneck() -> str:
    """A code wider than the picture, most of it silent."""
    sides = "".join(dot(x, 16 + 12 * i, 4) for x in (20, 100) for i in range(5))
    places = [8 + 9.1 * i for i in range(8)]
    middle = "".join(dot(60, y, 3.5, "accent" if i in (2, 6) else "ring") for i, y in enumerate(places))
    wires = "".join(
        f'<path d="M{a} {16 + 12 * i}L60 {places[j]:.1f}" class="hair"/>'
        for a in (20, 100)
        for i in range(5)
        for j in (2, 6)
    )
    return wires + sides + middle


def vae() -> str:
    """A cloud for a point."""
    clouds = ((34, 30, ""), (84, 26, ""), (62, 54, "accent"))
    return "".join(
        dot(x, y, r, kind or "ink", f' fill-opacity="{seen}"')
        for x, y, kind in clouds
        for r, seen in ((22, 0.18), (14, 0.3), (3, 1))
    )


def pca() -> str:
    """A long cloud of points, and its axis."""
    points = "".join(dot(60 + 44 * a + 7 * b, 40 - 22 * a + 13 * b, 2) for a, b in scatter(40))
    return points + line([(12, 64), (108, 16)], "line accent")


def denoising() -> str:
    """The same wave, in static and without."""

    def wave(x):
        return 40 + 18 * sin(x / 9)

    rough = [(x, wave(x) + 13 * sin(x * 12.9898) * cos(x * 4.1)) for x in range(6, 61, 2)]
    return line(rough, "line thin") + line([(x, wave(x)) for x in range(60, 115, 2)], "line accent")


def anomaly() -> str:
    """Scores, a threshold, and what lies beyond it."""
    bars = "".join(box(8 + 8 * i, 70 - (h := 56 * exp(-(((i - 4) / 2.3) ** 2)) + 2), 6, h) for i in range(9))
    return bars + line([(86, 8), (86, 72)], "line thin", ' stroke-dasharray="4 4"') + box(98, 54, 6, 16, "accent")


def colorization() -> str:
    """Three greys, and the colours they stood for."""
    places = ((30, 26), (18, 50), (42, 50))
    greys = "".join(
        dot(x, y, 13, "ink", f' fill-opacity="{s}"') for (x, y), s in zip(places, (0.9, 0.4, 0.65), strict=True)
    )
    coloured = "".join(
        f'<circle cx="{x + 60}" cy="{y}" r="13" fill="{colour}"/>'
        for (x, y), colour in zip(places, (BLUE, YELLOW, RED), strict=True)
    )
    return greys + coloured


def visualisation() -> str:
    """A map with four islands."""
    islands = ((28, 26, BLUE), (84, 22, RED), (48, 58, GREEN), (98, 58, YELLOW))
    return "".join(
        f'<circle cx="{x + 15 * a:.1f}" cy="{y + 13 * b:.1f}" r="2.2" fill="{colour}"/>'
        for i, (x, y, colour) in enumerate(islands)
        for a, b in scatter(16, i)
    )


def what_came_next() -> str:
    """From static to a seven, in three steps."""
    seven = {(1, 1), (2, 1), (3, 1), (3, 2), (2, 3), (2, 4)}  # of 5 by 6 pixels
    pixels = ""
    for step, share in enumerate((0, 0.6, 1)):
        for x in range(5):
            for y in range(6):
                static = (sin(12.9898 * x + 78.233 * y + 0.7) * 43758.5453) % 1
                seen = share * ((x, y) in seven) + (1 - share) * static
                if seen > 0.05:
                    at = 2.5 + 40 * step + 7 * x, 19 + 7 * y
                    pixels += box(*at, 6.5, 6.5, "accent" if step == 2 else "ink", f' fill-opacity="{seen:.2f}"')
    return pixels


LESSONS = (intuition, losses, bottleneck, vae, pca, denoising, anomaly, colorization, visualisation, what_came_next)


def lesson(number: int) -> str:
    """The picture of a lesson, counted from 1; "" where there is none yet."""
    if number > len(LESSONS):
        return ""
    return f'<svg class="picture" viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true">{LESSONS[number - 1]()}</svg>'
