"""Chapter 1: right answers to each exercise, hints for typical mistakes, mutants; and what the answers rest on."""

import torch
from torch import nn

from companion import PCA, mse


def test_the_stated_range_holds_pcas_true_answer(data):
    """The autoencoder's test error with 8 numbers, as printed in the chapter, lies between PCA's with 17 and with 24, cut off at 0 and 1."""
    pca = PCA(data.x_train, 24)
    z = pca.encode(data.x_test)
    z_17 = z.clone()
    z_17[:, 17:] = 0
    assert mse(pca.decode(z).clamp(0, 1), data.x_test) < 0.0239 < mse(pca.decode(z_17).clamp(0, 1), data.x_test)


def weights(steps, stop=1.0):
    return torch.linspace(0, stop, steps)[:, None]


def morph(model, x_a, x_b, steps, stop=1.0):
    t = weights(steps, stop)
    return model.decode((1 - t) * model.encode(x_a) + t * model.encode(x_b))


def loop(model, x_a, x_b, steps):
    with torch.no_grad():
        z_a, z_b = model.encode(x_a), model.encode(x_b)
        return torch.cat([model.decode(z_a + i / (steps - 1) * (z_b - z_a)) for i in range(steps)])


def slerp(model, x_a, x_b, steps):
    a, b = model.encode(x_a), model.encode(x_b)
    angle = torch.acos((a * b).sum() / a.norm() / b.norm())
    t = weights(steps)
    return model.decode((torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b) / torch.sin(angle))


def bent(model, x_a, x_b, steps):
    t = weights(steps) ** 2
    return model.decode((1 - t) * model.encode(x_a) + t * model.encode(x_b))


def dotted(model, x_a, x_b, steps):
    """The right pictures at both ends and halfway, where three steps would look."""
    t = (4 * weights(steps)).round() / 4
    return model.decode((1 - t) * model.encode(x_a) + t * model.encode(x_b))


EXERCISES = {}

EXERCISES["check_unseen"] = {
    "right": "D",
    "says": "background",
    "hints": [
        ("A", "mirrored"),
        ("B", "Dimmed"),
        ("C", "Count pixels"),
        (3, "You answered 3"),
    ],
}

EXERCISES["check_passage"] = {
    "right": 0.3**2 * 98 / 784,
    "says": "98 of the 784",
    "other ways": {"rounded": 0.01125},
    "hints": [
        (0.09, "all the noise"),
        (0.125, "the share"),
        (0.0375, "square of its strength"),
        (0.07875, "removes"),
        (0.03182, "not its root"),
        (8.82, "sum over 98"),
        (0.01, "Which part"),
    ],
}


def training_step(model, optimizer, x):
    loss = mse(model(x), x)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


def cleared_at_the_end(model, optimizer, x):
    optimizer.zero_grad()
    loss = mse(model(x), x)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    return loss


def without_clearing(model, optimizer, x):
    loss = mse(model(x), x)
    loss.backward()
    optimizer.step()
    return loss


def clears_too_late(model, optimizer, x):
    loss = mse(model(x), x)
    loss.backward()
    optimizer.zero_grad()
    optimizer.step()
    return loss


def without_a_step(model, optimizer, x):
    loss = mse(model(x), x)
    loss.backward()
    return loss


def steps_first(model, optimizer, x):
    optimizer.step()
    loss = mse(model(x), x)
    optimizer.zero_grad()
    loss.backward()
    return loss


def stepping_on(loss_of):
    """A step on another loss."""

    def step(model, optimizer, x):
        optimizer.zero_grad()
        loss = loss_of(model, x)
        loss.backward()
        optimizer.step()
        return loss

    return step


def loss_after(model, optimizer, x):
    training_step(model, optimizer, x)
    return mse(model(x), x)


def twice(model, optimizer, x):
    training_step(model, optimizer, x)
    return training_step(model, optimizer, x)


EXERCISES["check_step"] = {
    "right": training_step,
    "says": "forget the old gradients",
    "other ways": {
        "a number": lambda m, o, x: training_step(m, o, x).item(),
        "by hand": stepping_on(lambda m, x: (m(x) - x).square().mean()),
        "through the code": stepping_on(lambda m, x: mse(m.decode(m.encode(x)), x)),
        "cleared at the end, too": cleared_at_the_end,
    },
    "hints": [
        (without_clearing, "add up"),
        (clears_too_late, "not moved"),
        (without_a_step, "not moved"),
        (steps_first, "of the step before"),
        (stepping_on(lambda m, x: (m(x) - x).square().sum((1, 2, 3)).mean()), "784 times"),
        (stepping_on(lambda m, x: (m(x) - x).abs().mean()), "not by one step"),
        (loss_after, "before the step"),
        (lambda m, o, x: (m(x) - x).square(), "one number"),
        (lambda m, o, x: m(x), "one number"),
    ],
    "mutants": {
        "two steps": twice,
        "half the loss": stepping_on(lambda m, x: mse(m(x), x) / 2),
        "the first image": stepping_on(lambda m, x: mse(m(x[:1]), x[:1])),
        "the code cut off from the loss": stepping_on(lambda m, x: mse(m.decode(m.encode(x).detach()), x)),
        "against black": stepping_on(lambda m, x: m(x).square().mean()),
        "rounded images": stepping_on(lambda m, x: mse(m(x.round()), x)),
    },
    "strict": True,
}

EXERCISES["check_reports"] = {
    "right": "B",
    "says": "luck",
    "hints": [("A", "Of thirty networks"), ("C", "what else"), (500, "You answered 500")],
}

EXERCISES["check_matching_pca"] = {
    "right": 19,
    "says": "about 19",
    "other ways": {"between two": 20.5},
    "hints": [
        (8, "Too few"),
        (16, "Too few"),
        (3, "fewer than the autoencoder"),
        (30, "near 16"),
        (32, "near 16"),
        (128, "already below"),
    ],
}

EXERCISES["check_morph"] = {
    "right": morph,
    "says": "straight line",
    "other ways": {
        "lerp": lambda m, a, b, n: m.decode(torch.lerp(m.encode(a), m.encode(b), weights(n))),
        "from the start": lambda m, a, b, n: m.decode(m.encode(a) + weights(n) * (m.encode(b) - m.encode(a))),
        "steps by division": lambda m, a, b, n: m.decode(
            m.encode(a) + torch.arange(n)[:, None] / (n - 1) * (m.encode(b) - m.encode(a))
        ),
        "loop": loop,
    },
    "hints": [
        (lambda m, a, b, n: morph(m, b, a, n), "from b to a"),
        (lambda m, a, b, n: morph(m, a, b, n, 1 - 1 / n), "0 to 1 inclusive"),
        (lambda m, a, b, n: morph(m, a, b, n + 1), "6 images"),
        (lambda m, a, b, n: torch.lerp(a, b, weights(n)[..., None, None]), "Blend their codes"),
        (lambda m, a, b, n: torch.lerp(m(a), m(b), weights(n)[..., None, None]), "Blend the codes first"),
        (lambda m, a, b, n: torch.lerp(m.encode(a), m.encode(b), weights(n)), "model.decode"),
        (lambda m, a, b, n: morph(m, a, b, n)[:, 0], "(5, 28, 28)"),
        (lambda m, a, b, n: morph(m, a, b, n) * 0, "shape is right"),
        (lambda m, a, b, n: torch.zeros(n, 1, 28, 28, dtype=torch.bool), "shape is right"),
    ],
    "mutants": {
        "5 steps always": lambda m, a, b, n: morph(m, a, b, 5),
        "on a sphere": slerp,
        "unevenly": bent,
        "in quarters": dotted,
        "first image only": lambda m, a, b, n: morph(m, a, a, n),
        "half the way": lambda m, a, b, n: morph(m, a, b, n, 0.5),
        "one too far": lambda m, a, b, n: morph(m, a, b, n, n / (n - 1)),
        "without the first": lambda m, a, b, n: morph(m, a, b, n + 1)[1:],
        "rounded": lambda m, a, b, n: morph(m, a, b, n).round(),
        "logits": lambda m, a, b, n: morph(m, a, b, n).logit(),
        "upright": lambda m, a, b, n: morph(m, a, b, n).transpose(2, 3),
        "codes of unit length": lambda m, a, b, n: m.decode(
            torch.lerp(nn.functional.normalize(m.encode(a)), nn.functional.normalize(m.encode(b)), weights(n))
        ),
    },
}
