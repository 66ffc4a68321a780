"""Does a code of whole numbers draw digits? Where codebooks start, what priors over the codes cost in nats, what they draw.

Usage: python benchmarks/vq.py   (the shipped digits; ten minutes on one CPU core)

Three seeds, each with a VQ-VAE and a prior of its own. "starts": codebooks of 16 and 64 entries that begin at random numbers,
at vectors of the encoder, or at the means of k-means; or at random numbers, with the entries that nobody chose in an epoch put
at vectors of the encoder ("restarted"). "unused" is the share of entries that no training digit chooses, "effective" is e to the entropy of
the shares. "draws": 1,000 pictures each, a hundred of each digit, against the 1,000 test digits, by the rulers of judging.py;
"as asked" is the share that the shipped classifier takes for the digit that was asked for. "nats" are those of the test digits'
codes, where the digit is told, without the log(10) that telling costs.
"""

import time

import torch
from sklearn.cluster import KMeans
from torch import Tensor

from companion import digits, fit, mse
from companion.generation import digit_classifier, frechet_distance, inked
from companion.vqvae import VQVAE, CodePrior, fit_prior, vector_quantised
from generation import precision_and_recall, variety
from record import save

SEEDS = (0, 1, 2)
RECIPE = {"epochs": 8, "lr": 5e-3, "device": "cpu"}
STARTS = ("random numbers", "codes", "k-means", "restarted")
TEMPERATURES = (0.6, 0.7, 0.8, 0.9, 1.0, 1.15, 1.3)
N = 1000


def vectors_of(vqvae: VQVAE, x: Tensor) -> Tensor:
    """What the encoder makes of the images, place by place: (N, 1, 28, 28) -> (N*49, size)."""
    return vqvae.encode(x).detach().permute(0, 2, 3, 1).flatten(0, 2)


def restarting(objective, entries: int, every: int):
    """The objective, and after every so many steps the entries that nobody chose in them begin anew at vectors of the batch."""
    steps, chosen = 0, torch.zeros(entries)

    def loss_fn(model: VQVAE, x: Tensor) -> dict[str, Tensor]:
        nonlocal steps
        if model.training:
            vectors = vectors_of(model, x)
            chosen.add_(torch.bincount(torch.cdist(vectors, model.codebook.detach()).argmin(1), minlength=entries))
            steps += 1
            if steps % every == 0:
                with torch.no_grad():
                    dead = chosen == 0
                    model.codebook[dead] = vectors[torch.randperm(len(vectors))[: int(dead.sum())]]
                chosen.zero_()
        return objective(model, x)

    return loss_fn


def trained(entries: int, start: str, seed: int, x_train: Tensor) -> VQVAE:
    """A VQ-VAE whose codebook began as ``start`` says."""
    torch.manual_seed(seed)
    vqvae = VQVAE(entries)
    vectors = vectors_of(vqvae, x_train[:500])
    if start == "codes":
        vqvae.codebook.data = vectors[torch.randperm(len(vectors))[:entries]]
    elif start == "k-means":
        middles = KMeans(entries, n_init=1, random_state=seed).fit(vectors.numpy()).cluster_centers_
        vqvae.codebook.data = torch.from_numpy(middles)
    objective = vector_quantised()
    if start == "restarted":
        objective = restarting(objective, entries, every=-(-len(x_train) // 64))
    fit(vqvae, x_train, objective, seed=seed, **RECIPE)
    return vqvae.requires_grad_(False)


def shares_by_place(codes: Tensor, entries: int) -> Tensor:
    """How often each place has each entry, one added to every count: (N, 7, 7) -> (49, entries), sums of 1."""
    counts = torch.stack([torch.bincount(place, minlength=entries) for place in codes.flatten(1).T])
    return (counts + 1) / (counts + 1).sum(1, keepdim=True)


def main():
    started = time.perf_counter()
    x_train, y_train, x_test, y_test = digits()
    classifier = digit_classifier().requires_grad_(False)
    real_features = classifier.features(x_test)
    asked = torch.arange(N) % 10

    def measured(x: Tensor, kinds: Tensor) -> dict[str, float]:
        x_inked = inked(x, x_test.mean().item())
        features = classifier.features(x_inked)
        nearest, second = torch.cdist(x_inked.flatten(1), x_train.flatten(1)).topk(2, largest=False).values.T
        return {
            "frechet": frechet_distance(features, real_features),
            "frechet, ink as it is": frechet_distance(classifier.features(x), real_features),
            "variety": variety(x),
            **precision_and_recall(features, real_features),
            "copies": (nearest <= 0.6 * second).float().mean().item(),
            "as asked": (classifier(x).argmax(1) == kinds).float().mean().item(),
        }

    def of_start(entries: int, start: str, seed: int) -> dict[str, float]:
        vqvae = trained(entries, start, seed, x_train)
        use = torch.bincount(vqvae.nearest(vqvae.encode(x_train)).flatten(), minlength=entries) / (49 * len(x_train))
        return {
            "test mse": mse(vqvae(x_test), x_test).item(),
            "unused": (use == 0).float().mean().item(),
            "effective": torch.special.entr(use).sum().exp().item(),
        }

    def run(entries: int, seed: int) -> dict:
        vqvae = trained(entries, "codes", seed, x_train)
        train, test = (vqvae.nearest(vqvae.encode(x)) for x in (x_train, x_test))
        draws, nats, nats_in_training = {}, {}, {}

        def drawn(name: str, codes: Tensor) -> None:
            draws[name] = measured(vqvae.decode(vqvae.look_up(codes.reshape(-1, 7, 7))), asked)

        draws["test digits, redrawn"] = measured(vqvae(x_test), y_test)
        torch.manual_seed(seed)
        drawn("any entry", torch.randint(entries, (N, 49)))
        alone = shares_by_place(train, entries)
        told = torch.stack([shares_by_place(train[y_train == kind], entries) for kind in range(10)])
        drawn("each place on its own", torch.multinomial(alone, N, replacement=True).T)
        drawn("on its own, told the digit", torch.multinomial(told[asked].flatten(0, 1), 1))
        places, at = torch.arange(49), test.flatten(1)
        nats["each place on its own"] = -alone[places, at].log().sum(1).mean().item()
        nats["on its own, told the digit"] = -told[y_test[:, None], places, at].log().sum(1).mean().item()
        settings = {"prior": {}}
        if entries == 16:
            settings |= {"prior, nothing forgotten": {"forget": 0.0}, "prior, twice as long": {"epochs": 28}}
        for name, changed in settings.items():
            torch.manual_seed(seed)
            prior = CodePrior(entries)
            fit_prior(prior, train, y_train, seed=seed, **changed)
            with torch.no_grad():
                nats[name] = prior.nats(test, y_test).mean().item()
                nats_in_training[name] = prior.nats(train, y_train).mean().item()
            for temperature in TEMPERATURES if name == "prior" and entries == 16 else (1.0,):
                torch.manual_seed(seed)
                drawn(f"{name}, {temperature:g}", prior.draw(asked, temperature))
        found = {"entries": entries, "nats": nats, "nats in training": nats_in_training, "draws": draws}
        print(found, f"{time.perf_counter() - started:.0f} s", flush=True)
        return found

    starts = {}
    for entries in (16, 64):
        starts[entries] = {start: [of_start(entries, start, seed) for seed in SEEDS] for start in STARTS}
        print(entries, starts[entries], f"{time.perf_counter() - started:.0f} s", flush=True)
    numbers = {
        "seeds": SEEDS,
        "recipe": RECIPE,
        "temperatures": TEMPERATURES,
        "test digits, as asked": (classifier(x_test).argmax(1) == y_test).float().mean().item(),
        "starts": starts,
        "runs": [run(entries, seed) for entries in (16, 64) for seed in SEEDS],
    }
    save("vq", numbers, data="the 4,000 + 1,000 shipped digits", started=started)


if __name__ == "__main__":
    main()
