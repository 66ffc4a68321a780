"""Draw me a 7: how often the latent diffusion that ships draws the digit asked for, and what guidance costs in variety.

Usage: python benchmarks/guidance.py   (the shipped digits and models; two to three minutes on one CPU core)

A hundred of each digit are asked for, at several strengths of classifier-free guidance, with three seeds of the noise, and once
without a label ("no label"). The classifier that ships took no part in the generator's training, though it learnt from the same
digits: "as asked" is the share that it reads as the digit asked for, "worst digit" the smallest of the ten shares.
"variety" is 1 - |mean|^2 / E|x|^2 among the pictures of one digit, the mean of ten: 0 if all are alike. "frechet" is the distance
from the 1,000 test digits, also a hundred of each; "precision" and "recall" are shares within reach, as in generation.py,
which has the definitions. For the last three the ink of the pictures is matched to the test digits'.
"""

import time

import torch
from torch import Tensor

from companion import digits
from companion.diffusion import Guided, sample, trained_conditional_diffusion
from companion.generation import digit_classifier, frechet_distance, inked
from generation import precision_and_recall, variety
from record import save

STRENGTHS = (0, 0.5, 1, 2, 4)
SEEDS = (0, 1, 2)
STEPS = 50
EACH = 100


@torch.no_grad()
def main():
    started = time.perf_counter()
    x_train, y_train, x_test, y_test = digits()
    classifier = digit_classifier()
    space, denoiser = trained_conditional_diffusion()
    asked = torch.arange(10).repeat_interleave(EACH)

    def in_order(x, y):
        """A hundred of each digit, as they are asked for."""
        return torch.cat([x[y == digit][:EACH] for digit in range(10)])

    real = in_order(x_test, y_test)
    real_features = classifier.features(real)

    def measured(x: Tensor) -> dict[str, float]:
        right = (classifier(x).argmax(1) == asked).float().unflatten(0, (10, EACH)).mean(1)
        features = classifier.features(inked(x, real.mean().item()))
        return {
            "as asked": right.mean().item(),
            "worst digit": right.min().item(),
            "variety": sum(variety(own) for own in x.split(EACH)) / 10,
            "frechet": frechet_distance(features, real_features),
            **precision_and_recall(features, real_features),
        }

    def run(seed: int) -> dict[str, dict[str, float]]:
        torch.manual_seed(seed)
        noise = torch.randn(len(asked), 32)
        models = {"no label": denoiser} | {f"{w:g}": Guided(denoiser, asked, w) for w in STRENGTHS}
        found = {name: measured(space.decode(sample(model, noise, STEPS))) for name, model in models.items()}
        print(found, flush=True)
        return found

    numbers = {
        "strengths": STRENGTHS,
        "seeds": SEEDS,
        "steps": STEPS,
        "test digits": measured(real),
        "training digits": measured(in_order(x_train, y_train)),
        "runs": [run(seed) for seed in SEEDS],
    }
    save("guidance", numbers, data="the 4,000 + 1,000 shipped digits", started=started)


if __name__ == "__main__":
    main()
