"""What every test shares: no window, no progress bar, one thread, a fixed seed, and no figure left open."""

import os
import shutil

import matplotlib
import pytest
import torch

from companion import digits

os.environ["COMPANION_PROGRESS"] = "off"
matplotlib.use("Agg")
# These networks gain little from a second thread and lose much on shared cores; and a convolution's result
# depends on the number of threads.
torch.set_num_threads(1)


@pytest.fixture(scope="session")
def data():
    """The shipped digits. Read only."""
    return digits()


@pytest.fixture(params=["cpu"] + ["cuda"] * torch.cuda.is_available())
def device(request):
    """Every device there is: a machine with a GPU runs the test twice."""
    return torch.device(request.param)


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium, for the tests that open pages. Without one they are skipped, but not in CI."""
    from playwright.sync_api import sync_playwright

    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if executable is None and not os.environ.get("CI"):
        pytest.skip("no Chromium found: apt install chromium (or brew install --cask chromium)")
    assert executable, "no Chromium found, and CI needs one"
    flags = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=[*flags, "--disable-component-update", "--disable-sync", "--disable-quic"]
        )
        yield browser
        browser.close()


@pytest.fixture(autouse=True)
def fixed_seed():
    """A test's random numbers do not depend on which tests ran before it."""
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def drawn_once(monkeypatch):
    """Figures of the tests are drawn as in a live notebook, not in both themes as in one that runs for the page."""
    monkeypatch.delenv("COMPANION_PICTURES", raising=False)


@pytest.fixture(autouse=True)
def closed_figures():
    """No test sees another's figures."""
    import matplotlib.pyplot as plt

    yield
    plt.close("all")
