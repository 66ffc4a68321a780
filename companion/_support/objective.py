"""What fit and evaluate refuse: a model without weights, what is no objective, and what no objective returns."""

import inspect
import traceback
from numbers import Integral

import torch
from torch import Tensor, nn

from companion._support.checks import check_images, check_positive


def check_run(model, x, loss_fn, *, x_test, epochs, batch_size, lr, decay, seed) -> None:
    """Raise unless ``fit`` can begin with these arguments; the messages say what to do."""
    check_images(x)
    if x_test is not None:
        check_images(x_test, "x_test")
    for name, value, whole in (("epochs", epochs, True), ("batch_size", batch_size, True), ("lr", lr, False)):
        check_positive(value, name, whole=whole)
    if type(decay).__name__ not in ("bool", "bool_"):
        raise TypeError(f"decay is {decay!r}; expected True or False.")
    check_seed(seed)
    check_trainable(model)
    check_objective(loss_fn)


def check_seed(seed) -> None:
    """Raise unless ``seed`` is a whole number from 0 to 2**32 - 1."""
    if not isinstance(seed, Integral) or isinstance(seed, bool) or not 0 <= int(seed) < 2**32:
        raise ValueError(f"seed is {seed!r}; expected a whole number from 0 to 2**32 - 1.")


def check_module(model) -> None:
    """Raise a TypeError unless ``model`` is a module, not its class."""
    if isinstance(model, type):
        raise TypeError(f"model is the class {model.__name__}; expected an instance of it: {model.__name__}().")
    if not isinstance(model, nn.Module):
        raise TypeError(
            f"model is a {type(model).__name__}; expected a torch.nn.Module, such as DenseAutoencoder(). The model comes "
            "first, then the images."
        )


def check_trainable(model) -> None:
    """Raise unless ``model`` is a module with weights to train, and gradients are switched on."""
    check_module(model)
    if not any(True for _ in model.parameters()):
        raise ValueError(
            f"the {type(model).__name__} has no weights; expected a model with weights to train. One that needs no "
            "training, such as PCA, goes straight to evaluate."
        )
    if not any(p.requires_grad for p in model.parameters()):
        raise ValueError(
            f"all weights of the {type(model).__name__} are frozen; expected some to train. "
            "Thaw them with model.requires_grad_(True)."
        )
    if not torch.is_grad_enabled():
        raise RuntimeError("gradients are switched off, and training needs them. Call fit outside torch.no_grad().")


def check_objective(loss_fn) -> None:
    """Raise a TypeError unless ``loss_fn`` can be called as ``loss_fn(model, x)``."""
    name = getattr(loss_fn, "__name__", type(loss_fn).__name__)
    expected = 'expected a function loss_fn(model, x) -> {"loss": scalar, ...}'
    if (getattr(loss_fn, "__module__", None) or "").startswith("torch.nn"):
        raise TypeError(
            f"loss_fn is {name}, which compares two tensors; {expected}. Use reconstruction, or write "
            'def objective(model, x): return {"loss": F.mse_loss(model(x), x)} with the loss of your choice.'
        )
    if not callable(loss_fn):
        raise TypeError(f"loss_fn is a {name}; {expected}. Use reconstruction, for example.")
    try:
        signature = inspect.signature(loss_fn)
    except (TypeError, ValueError):  # functions written in C need not tell
        return
    try:
        signature.bind(None, None)
    except TypeError:
        needed = [p.name for p in signature.parameters.values() if p.default is p.empty and p.kind < p.VAR_POSITIONAL]
        raise TypeError(
            f"loss_fn is {name}({', '.join(signature.parameters)}), which does not take (model, x); {expected}. If it "
            f"makes an objective, call it first: {name}({', '.join(needed)})."
        ) from None


def check_same_terms(terms: dict[str, Tensor], before: dict) -> None:
    """Raise a ValueError unless an objective returns the terms that it returned for the batch before."""
    if terms.keys() != before.keys():
        raise ValueError(
            f"loss_fn returned the terms {list(terms)} after {list(before)}; expected the same for every batch. Return all "
            "of them every time."
        )


def check_terms(terms, loss_fn, *, trained: bool) -> None:
    """Raise unless ``terms`` is what an objective returns, and in training depends on the weights."""
    name = getattr(loss_fn, "__name__", type(loss_fn).__name__)
    if not isinstance(terms, dict):
        hint = 'Return {"loss": loss}.'
        if terms is None:
            hint = "Its last line needs a return."
        elif callable(terms) and not isinstance(terms, Tensor):
            hint = f"It makes an objective: pass what it returns, {name}(...)."
        raise TypeError(f'loss_fn returned a {type(terms).__name__}; expected a dict {{"loss": scalar, ...}}. {hint}')
    if "loss" not in terms:
        raise ValueError(
            f'loss_fn returned the entries {list(terms)}; expected one named "loss". Rename the one to train.'
        )
    for key, value in terms.items():
        if key == "seconds" or str(key).startswith("test_"):
            raise ValueError(f"loss_fn returned a term named {key!r}, a name that fit uses itself. Rename it.")
        if not isinstance(value, Tensor):
            raise TypeError(
                f"loss_fn returned a {type(value).__name__} as {key!r}; expected a tensor with one number. Leave out "
                ".item() and float()."
            )
        if value.numel() != 1:
            raise ValueError(
                f"loss_fn returned {key!r} of shape {tuple(value.shape)}; expected one number. Take its mean over images."
            )
    if trained and not terms["loss"].requires_grad:
        raise ValueError(
            "the loss does not depend on the weights, so nothing can be learnt; expected a loss with a gradient. Look for "
            ".detach(), .data, .item() or torch.no_grad() between the model and the loss."
        )


def explain_misfit(error: Exception, model: nn.Module, loss_fn, images: Tensor) -> None:
    """Raise a clearer error if one of the package's objectives met a model it is not made for; else add a note."""
    maker = getattr(loss_fn, "__qualname__", "").partition(".")[0]  # negative_elbo.<locals>.loss_fn
    ours = (getattr(loss_fn, "__module__", None) or "").startswith("companion.")
    asked = isinstance(error, AttributeError) or "values to unpack" in str(error)
    if ours and asked and not _raised_by(model, error):
        raise TypeError(
            f"{maker} does not fit a {type(model).__name__} ({error}); expected another kind of model. negative_elbo needs "
            "a VAE, whose encode returns mu and logvar; l1_sparse and kl_sparse need a OneLayerAutoencoder; for other "
            "autoencoders use reconstruction or denoising()."
        ) from error
    error.add_note(f"Raised by the first call of loss_fn(model, x), with x of shape {tuple(images.shape)}.")


def _raised_by(model: nn.Module, error: Exception) -> bool:
    """Whether a method of the model, rather than the objective, met the error: then it is a slip in the model's own code."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    # torch's own __getattr__ raises what is missing; who asked for it comes before.
    asking = [frame for frame in frames if not frame.f_globals.get("__name__", "").startswith("torch.")]
    return bool(asking) and isinstance(asking[-1].f_locals.get("self"), type(model))
