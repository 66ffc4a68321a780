"""Train companion/data/digit_classifier.npz, the digit classifier whose features score generated digits.

Usage: python tools/make_classifier.py

On the 4,000 training digits that ship, each moved by up to two pixels; some ten seconds on one core. Prints the
accuracy on the 1,000 test digits and the SHA-256 that companion/_support/shipped.py must hold. Convolutions differ in their last
digits between machines, so a new run gives slightly other weights: then every Frechet distance in the book changes.
"""

import hashlib
import sys
from pathlib import Path

import torch
import torch.nn.functional as F

sys.path.insert(0, str(Path(__file__).parents[1]))

from companion import digits, orthogonal_
from companion._support.shipped import FOLDER, save_weights
from companion.generation import DigitClassifier

FILE = FOLDER / "digit_classifier.npz"
EPOCHS, BATCH_SIZE, LR, SHIFT = 30, 64, 3e-3, 2


def main():
    torch.set_num_threads(1)  # with another number, sums round otherwise and the weights differ
    data = digits()
    torch.manual_seed(0)
    model = orthogonal_(DigitClassifier())
    steps = EPOCHS * -(-len(data.x_train) // BATCH_SIZE)
    optimizer = torch.optim.Adam(model.parameters(), lr=LR, weight_decay=1e-5)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / steps)
    padded = F.pad(data.x_train, [SHIFT] * 4)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(padded)).split(BATCH_SIZE):
            top, left = torch.randint(2 * SHIFT + 1, (2,)).tolist()  # one shift for the whole batch
            x = padded[batch, :, top : top + 28, left : left + 28]
            optimizer.zero_grad()
            F.cross_entropy(model(x), data.y_train[batch]).backward()
            optimizer.step()
            schedule.step()
    # In half precision: the file is half as large, and the features change by less than a thousandth.
    save_weights(model, FILE)
    with torch.no_grad():
        accuracy = (model(data.x_test).argmax(1) == data.y_test).float().mean().item()
    print(f"{FILE.name}: test accuracy {accuracy:.3f}, {FILE.stat().st_size} bytes")
    print(f"SHA-256 {hashlib.sha256(FILE.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main()
