"""Chapter 8's colorizers over five seeds: slide, retina, photographs and shapes. CIEDE2000, chroma and colourfulness.

Usage: OMP_NUM_THREADS=1 python benchmarks/colorization.py   (pictures of scikit-image and scikit-learn; a few minutes)

The recipes are those of the notebook, whose numbers are those of seed 0. Grey, the mean colour and the table are
deterministic, so they have one number; a network has one a seed. Everything is measured on numbers that are not clipped, except
colourfulness M, which is that of the screen's colours.
"""

import time

import numpy as np
import torch
from skimage import data
from sklearn.datasets import load_sample_images

from companion import fit
from companion.colorization import Colorizer, LightnessTable, colorization
from companion.colour_space import (
    chroma,
    colour_difference,
    coloured,
    colourfulness,
    lab_picture,
    lab_units,
    patches,
    to_rgb,
)
from companion.datasets import shapes
from companion.palette import annealed_mean, classification, draw_colours, palette
from record import save

SEEDS = range(5)


def eight_ways(x):
    turned = [x.rot90(k, (2, 3)) for k in range(4)]
    return torch.cat(turned + [t.flip(3) for t in turned])


def train_on(x, epochs, seed, *, outputs=2, answer=0.5, objective=None, **options):
    torch.manual_seed(seed)
    model = Colorizer(outputs, answer=answer).to(memory_format=torch.channels_last)
    fit(model, x, objective or colorization(), epochs=epochs, seed=seed, device="cpu", **options)
    return model


@torch.no_grad()
def apply(model, x):
    return model(x[:, :1])


def differences(colour, x):
    return colour_difference(coloured(x[:, :1], colour), x)


def difference(colour, x):
    return differences(colour, x).mean().item()


def rivals(train, x):
    """name -> colour, for the three answers without chance."""
    return {
        "table": LightnessTable(train)(x[:, :1]),
        "grey": torch.full((1, 2, 1, 1), 0.5),
        "mean colour": train[:, 1:].mean((0, 2, 3), keepdim=True),
    }


def slide():
    x = lab_picture(data.immunohistochemistry())
    left, right = x[..., :304], x[..., 336:]
    swapped, swapped_test = x[..., 208:], x[..., :176]
    truth = lab_units(right)
    blue, brown = torch.tensor(truth[..., 2] < -5), torch.tensor(truth[..., 2] > 10)
    same = torch.tensor(abs(truth[..., 0] - 75) < 5)
    tints = palette(left, step=10)
    found = {
        "left to right": {k: difference(c, right) for k, c in rivals(left, right).items()},
        "right to left": {k: difference(c, swapped_test) for k, c in rivals(swapped, swapped_test).items()},
        "blue": {k: differences(c, right)[blue].mean().item() for k, c in rivals(left, right).items()},
        "brown": {k: differences(c, right)[brown].mean().item() for k, c in rivals(left, right).items()},
    }
    one_each = []
    for seed in SEEDS:
        first = train_on(eight_ways(patches(left, 32, 32)), 6, seed, batch_size=16, lr=4e-3)
        second = train_on(eight_ways(patches(swapped, 32, 32)), 6, seed, batch_size=16, lr=4e-3)
        chooser = train_on(
            eight_ways(patches(left, 32, 32)),
            6,
            seed,
            outputs=len(tints),
            answer=0.0,
            objective=classification(tints),
            batch_size=16,
            lr=4e-3,
        )
        colour, logits = apply(first, right), apply(chooser, right)
        b = torch.tensor(lab_units(coloured(right[:, :1], colour))[..., 2])
        row = {
            "left to right": difference(colour, right),
            "right to left": difference(apply(second, swapped_test), swapped_test),
            "blue": differences(colour, right)[blue].mean().item(),
            "brown": differences(colour, right)[brown].mean().item(),
            "b at L 70 to 80, blue": b[same & blue].mean().item(),
            "b at L 70 to 80, brown": b[same & brown].mean().item(),
            "right, trained on": difference(apply(second, right), right),
            "left, trained on": difference(apply(first, swapped_test), swapped_test),
        }
        generator = torch.Generator().manual_seed(seed)
        ways = {
            "squared error": colour,
            "mean (T = 1)": annealed_mean(logits, tints, 1.0),
            "annealed, T = 0.38": annealed_mean(logits, tints, 0.38),
            "draw each pixel": draw_colours(logits, tints, torch.rand(1, *right.shape[2:], generator=generator)),
        }
        for name, answer in ways.items():
            shown = coloured(right[:, :1], answer)
            row[f"{name}: CIEDE2000"] = difference(answer, right)
            row[f"{name}: chroma"] = chroma(shown).mean().item()
            row[f"{name}: M"] = colourfulness(to_rgb(shown)).item()
        one_each.append(row)
        print("slide", seed, {k: round(v, 2) for k, v in row.items()}, flush=True)
    return found | {"network": by_name(one_each)}


def retina():
    x = lab_picture(data.retina(), shrink=4)
    train, test = x[..., :208], x[..., 240:]
    inside = test[:, 0] > 0.1
    mean_eye = train[:, 1:].movedim(1, -1)[train[:, 0] > 0.1].mean(0).view(1, 2, 1, 1)

    def both(colour):
        d = differences(colour, test)
        return {"all": d.mean().item(), "inside": d[inside].mean().item()}

    others = rivals(train, test) | {"mean of the eye": mean_eye}
    rows = [both(apply(train_on(patches(train, 32, 16), 10, seed, batch_size=8), test)) for seed in SEEDS]
    return {name: both(colour) for name, colour in others.items()} | {"network": by_name(rows)}


def photographs():
    china, flower = load_sample_images().images
    photos = {
        "astronaut": lab_picture(data.astronaut(), 4),
        "cat": lab_picture(data.chelsea(), 3),
        "coffee": lab_picture(data.coffee(), 4),
        "rocket": lab_picture(data.rocket(), 4),
        "temple": lab_picture(china, 4),
        "flower": lab_picture(flower, 4),
    }

    def split(x):
        cut = int(0.6 * x.shape[3]) // 4 * 4
        return x[..., :cut], x[..., cut + 16 :]

    def squares_of(names):
        squares = torch.cat([patches(split(photos[n])[0], 32, 16) for n in names])
        return torch.cat([squares, squares.flip(3)])

    def train_photos(names, seed):
        return train_on(squares_of(names), 8, seed, batch_size=4, lr=6e-3)

    def without(*left_out):
        return [n for n in photos if n not in left_out]

    tables = {n: LightnessTable(squares_of(without(n))) for n in photos}
    cat = photos["cat"]
    found: dict = {"whole": {}, "right part": {}, "left part": {}, "cat": {}}
    for n, x in photos.items():
        found["whole"][n] = {k: difference(c, x) for k, c in rivals(squares_of(without(n)), x).items()}
        for part, piece in zip(("left part", "right part"), split(x), strict=True):
            known = [difference(tables[k](piece[:, :1]), piece) for k in photos if k != n]
            found[part][n] = {
                "grey": difference(torch.full((1, 2, 1, 1), 0.5), piece),
                "table, known": float(np.mean(known)),
                "table, unseen": difference(tables[n](piece[:, :1]), piece),
            }
    cat_runs = {
        "all five": (),
        "without astronaut and coffee": ("astronaut", "coffee"),
        "without rocket and temple": ("rocket", "temple"),
    }
    rows = []
    for seed in SEEDS:
        models = {n: train_photos(without(n), seed) for n in photos}
        row = {}
        for n, x in photos.items():
            row[f"whole: {n}"] = difference(apply(models[n], x), x)
            for part, piece in zip(("left part", "right part"), split(x), strict=True):
                known = [difference(apply(models[k], piece), piece) for k in photos if k != n]
                row[f"{part}, known: {n}"] = float(np.mean(known))
                row[f"{part}, unseen: {n}"] = difference(apply(models[n], piece), piece)
        for title, gone in cat_runs.items():
            model = train_photos(without("cat", *gone), seed) if gone else models["cat"]
            ab = lab_units(coloured(cat[:, :1], apply(model, cat)))[..., 1:].mean((0, 1, 2))
            row[f"cat, {title}: a"], row[f"cat, {title}: b"] = ab.tolist()
        rows.append(row)
        print("photographs", seed, {k: round(v, 1) for k, v in row.items()}, flush=True)
    return found | {"network": by_name(rows)}


def flat_shapes():
    world, fresh = shapes(1000, seed=0), shapes(300, seed=1)
    crayons, lightness = palette(world.x, step=8), fresh.x[:, :1]
    inside = lightness[:, 0] < 0.9
    rows = []
    for seed in SEEDS:
        squared = train_on(world.x, 10, seed, batch_size=16, lr=1e-2)
        chooser = train_on(
            world.x,
            18,
            seed,
            outputs=len(crayons),
            answer=0.0,
            objective=classification(crayons),
            batch_size=16,
            lr=1e-2,
        )
        logits = apply(chooser, fresh.x)
        sharp = coloured(lightness, annealed_mean(logits, crayons, 0.38))
        measures = {
            "chroma, squared error": chroma(coloured(lightness, apply(squared, fresh.x))),
            "probability of orange": logits.softmax(1)[:, 2],
            "chroma, annealed": chroma(sharp),
            "CIEDE2000, annealed": colour_difference(sharp, fresh.x),
        }
        row = {}
        for name, values in measures.items():
            for k, kind in enumerate(("disc", "square", "triangle")):
                row[f"{name}: {kind}"] = values[inside & (fresh.kind == k).view(-1, 1, 1)].mean().item()
        rows.append(row)
    return by_name(rows)


def by_name(rows):
    """Rows of numbers, one a seed -> name: its numbers, rounded."""
    return {name: [round(row[name], 4) for row in rows] for name in rows[0]}


def main():
    started = time.perf_counter()
    torch.set_num_threads(1)
    numbers = {
        "seeds": list(SEEDS),
        "slide": slide(),
        "retina": retina(),
        "photographs": photographs(),
        "shapes": flat_shapes(),
    }
    save("colorization", numbers, data="pictures of scikit-image and scikit-learn; drawn shapes", started=started)


if __name__ == "__main__":
    main()
