"""Chapter 0: right answers to each exercise, hints for typical mistakes, mutants; and what the answers rest on."""

import torch


def gradient(w, x, t):
    return torch.autograd.grad((w * x - t) ** 2, w)[0]


def by_backward(w, x, t, lr):
    ((w * x - t) ** 2).backward()
    with torch.no_grad():
        return w - lr * w.grad


def in_place_step(w, x, t, lr):
    ((w * x - t) ** 2).backward()
    with torch.no_grad():
        w -= lr * w.grad
    return w


EXERCISES = {}

EXERCISES["check_count"] = {
    "right": 784_000,
    "says": "multiply",
    "hints": [
        (784, "one image"),
        (1057, "multiply"),
    ],
}

EXERCISES["check_scale_pixels"] = {
    "right": lambda p: p.unsqueeze(1).float() / 255,
    "strict": True,
    "says": "float32",
    "other ways": {
        "times the inverse": lambda p: p.unsqueeze(1).to(torch.float32) * (1 / 255),
        "reshape": lambda p: p.reshape(-1, 1, 28, 28) / 255,
        "double first": lambda p: (p.double() / 255)[:, None].float(),
    },
    "hints": [
        (lambda p: p.float() / 255, "channel is missing"),
        (lambda p: p.reshape(1, 2, 28, 28).float() / 255, "(1, 2, 28, 28)"),
        (lambda p: p.unsqueeze(1).double() / 255, "torch.float64"),
        (lambda p: p.unsqueeze(1).float(), "Divide"),
        (lambda p: p.unsqueeze(1).float() / 256, "255, not 256"),
        (lambda p: 1 - p.unsqueeze(1).float() / 255, "values"),
    ],
    "mutants": {
        "largest pixel of the batch": lambda p: p[:, None].float() / p.max(),
        "smallest and largest of the batch": lambda p: (p[:, None].float() - p.min()) / (p.max() - p.min()).float(),
        "smallest and largest of each image": lambda p: (
            (p.float() - p.float().amin((1, 2), True)) / (p.float().amax((1, 2), True) - p.float().amin((1, 2), True))
        )[:, None],
        "rows and columns exchanged": lambda p: p[:, None].float().transpose(2, 3) / 255,
        "upside down": lambda p: p[:, None].float().flip(2) / 255,
        "one image for all": lambda p: (p[:1, None].float() / 255).expand(len(p), 1, 28, 28),
        "two images only": lambda p: p[:2].reshape(2, 1, 28, 28).float() / 255,
        "from -1 to 1": lambda p: p[:, None].float() / 127.5 - 1,
        "whole numbers": lambda p: (p[:, None] // 255).float(),
        "bytes overflow": lambda p: ((p[:, None] * 2) / 255 / 2).float(),
        "squared": lambda p: (p[:, None].float() / 255) ** 2,
    },
}

EXERCISES["check_mse"] = {
    "right": lambda x_hat, x: (x_hat - x).square().mean(),
    "says": "averaged",
    "other ways": {
        "sum over count": lambda x_hat, x: ((x - x_hat) ** 2).sum() / x.numel(),
        "images first": lambda x_hat, x: (x_hat - x).pow(2).flatten(1).mean(1).mean(),
        "double": lambda x_hat, x: (x_hat.double() - x.double()).square().mean(),
        "expanded square": lambda x_hat, x: (x_hat**2 - 2 * x_hat * x + x**2).mean(),
    },
    "hints": [
        (lambda x_hat, x: (x_hat - x).square().sum(), "You summed"),
        (lambda x_hat, x: (x_hat - x).square().flatten(1).sum(1).mean(), "averaged over the images"),
        (lambda x_hat, x: (x_hat - x).mean(), "Square"),
        (lambda x_hat, x: (x_hat - x).abs().mean(), "absolute"),
        (lambda x_hat, x: (x_hat - x) ** 2, "one number"),
        (lambda x_hat, x: x_hat.mean() * 0 + 7, "expected 0.25 / 3"),
    ],
    "mutants": {
        "x left out": lambda x_hat, x: (x_hat**2).mean(),
        "sum for difference": lambda x_hat, x: ((x_hat + x) ** 2).mean(),
        "squares' difference": lambda x_hat, x: (x_hat**2 - x**2).abs().mean(),
        "root": lambda x_hat, x: ((x_hat - x) ** 2).mean().sqrt(),
        "half": lambda x_hat, x: ((x_hat - x) ** 2).mean() / 2,
        "twice": lambda x_hat, x: 2 * ((x_hat - x) ** 2).mean(),
        "sign": lambda x_hat, x: -((x_hat - x) ** 2).mean(),
        "square of the mean": lambda x_hat, x: (x_hat - x).mean() ** 2,
        "half of the mean error": lambda x_hat, x: (x_hat - x).abs().mean() / 2,
        "error of 0.5 known": lambda x_hat, x: 0.25 * ((x_hat - x).abs() > 0.1).float().mean(),
        "sum over pixels": lambda x_hat, x: ((x_hat - x) ** 2).mean() * 784,
        "sum over images": lambda x_hat, x: ((x_hat - x) ** 2).mean() * len(x),
        "3 images known": lambda x_hat, x: ((x_hat - x) ** 2).sum() / (3 * 784),
        "one less": lambda x_hat, x: ((x_hat - x) ** 2).sum() / (x.numel() - 1) + 1e-3,
        "largest": lambda x_hat, x: ((x_hat - x) ** 2).amax() / 3,
        "first image": lambda x_hat, x: ((x_hat - x)[0] ** 2).mean() / 3,
        "below only": lambda x_hat, x: (x_hat - x).clamp(max=0).square().mean(),
        "means of images first": lambda x_hat, x: (x_hat - x).mean((1, 2, 3)).square().mean(),
        "in place": lambda x_hat, x: x_hat.sub_(x).square_().mean(),
    },
}

EXERCISES["check_gradient"] = {
    "right": 30,
    "says": "30",
    "hints": [
        (10, "chain"),
        (15, "factor 2"),
        (40, "with respect to x"),
        (25, "the loss itself"),
        (-30, "sign"),
        (2 * 3, "Where is the error"),
        (4 * 3, "Where is the error"),
        (2 * 4 * 3, "Where is the error"),
        (7, "You answered 7"),
    ],
}

EXERCISES["check_descend"] = {
    "right": lambda w, x, t, lr: w - lr * gradient(w, x, t),
    "says": "1.4",
    "other ways": {
        "backward": by_backward,
        "in place, as an optimiser does": in_place_step,
        "on paper": lambda w, x, t, lr: w - lr * 2 * x * (w * x - t),
        "a number": lambda w, x, t, lr: (w - lr * 2 * x * (w * x - t)).item(),
    },
    "hints": [
        (lambda w, x, t, lr: w + lr * gradient(w, x, t), "uphill"),
        (lambda w, x, t, lr: w - gradient(w, x, t), "learning rate"),
        (lambda w, x, t, lr: w, "did not move"),
        (lambda w, x, t, lr: torch.zeros(3), "one number"),
        (lambda w, x, t, lr: w * 100, "From w = 2"),
    ],
    "mutants": {
        "gradient w x": lambda w, x, t, lr: w - lr * w * x,
        "gradient 2 x": lambda w, x, t, lr: w - lr * 2 * x,
        "w for the factor 2": lambda w, x, t, lr: w - lr * w * (w * x - t) * x,
        "error's sign": lambda w, x, t, lr: w - lr * 2 * (w * x - t).abs() * x,
        "without the error": lambda w, x, t, lr: w - lr * 2 * x * x / 3,
        "error without x": lambda w, x, t, lr: w - lr * 6 * (w * x - t),
        "half": lambda w, x, t, lr: w - lr * (w * x - t) * x,
        "learning rate 0.1": lambda w, x, t, lr: w - 0.1 * 2 * (w * x - t) * x,
        "target 5": lambda w, x, t, lr: w - lr * 2 * (w * x - 5) * x,
        "x = 3": lambda w, x, t, lr: w - lr * 2 * (w * 3 - t) * 3,
        "two steps": lambda w, x, t, lr: (v := w - lr * 2 * (w * x - t) * x) - lr * 2 * (v * x - t) * x,
        "with respect to x": lambda w, x, t, lr: w - lr * 2 * (w * x - t) * w,
        "the number": lambda w, x, t, lr: 1.4,
        "by the gradient of |w x - t|": lambda w, x, t, lr: w - lr * 2 * torch.sign(w * x - t) * x,
    },
}
