"""The digits that ship, the full sets through torchvision, and what happens when a file is missing or damaged."""

import gzip
import hashlib
import importlib
import io
import os
import pickle
import subprocess
import sys
import tarfile
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from urllib.error import URLError

import numpy as np
import pytest
import torch

from companion import cifar10, datasets, digits, fashion_mnist, mnist
from companion._support import torchvision as torchvision_support
from companion._support.torchvision import import_torchvision
from companion.colour_space import chroma, to_lab, to_rgb
from companion.datasets import card_transactions, shapes

LOADERS = [("MNIST", mnist), ("FashionMNIST", fashion_mnist)]
FILES = list(datasets._IDX_SIZES)


def image_keys(x):
    """Every image as bytes, to look it up."""
    return {image.numpy().tobytes() for image in (x * 255).round().to(torch.uint8)}


# --- digits -----------------------------------------------------------------------------------------------------------


def test_digits_have_the_documented_shapes_types_and_range(data):
    assert data.x_train.shape == (4000, 1, 28, 28)
    assert data.x_test.shape == (1000, 1, 28, 28)
    assert data.y_train.shape == (4000,)
    assert data.y_test.shape == (1000,)
    for x in (data.x_train, data.x_test):
        assert x.dtype == torch.float32
        assert x.min() == 0
        assert x.max() == 1
        # Pixels are whole 255ths: neither scaled twice nor rounded away.
        torch.testing.assert_close(x * 255, (x * 255).round(), atol=1e-4, rtol=0)
    for y in (data.y_train, data.y_test):
        assert y.dtype == torch.int64


def test_digits_have_the_mean_pixel_that_the_models_assume(data):
    """The models' default mean_pixel, 0.13, is that of these digits."""
    assert data.x_train.mean().item() == pytest.approx(0.13, abs=0.005)


def test_every_class_has_400_training_and_100_test_digits(data):
    assert torch.bincount(data.y_train).tolist() == [400] * 10
    assert torch.bincount(data.y_test).tolist() == [100] * 10


def test_classes_are_shuffled(data):
    """A batch taken from the front would otherwise hold one class only."""
    for y in (data.y_train, data.y_test):
        assert len(y[:50].unique()) == 10


def test_labels_belong_to_their_images(data):
    """A split shuffled apart from its labels: the nearest training digit would tell the class by chance only."""
    nearest = torch.cdist(data.x_test[:200].flatten(1), data.x_train.flatten(1)).argmin(1)
    assert (data.y_train[nearest] == data.y_test[:200]).float().mean() > 0.9


def test_no_digit_is_in_both_splits(data):
    train, test = image_keys(data.x_train), image_keys(data.x_test)
    assert len(train) == 4000
    assert len(test) == 1000
    assert not train & test


def test_digits_are_the_same_at_every_call_and_not_shared(data):
    """A caller who changes the images in place must not change them for the next caller."""
    changed = digits()
    changed.x_train.zero_()
    for again, first in zip(digits(), data, strict=True):
        assert torch.equal(again, first)


def test_take_gives_the_first_of_each_split(data):
    x_train, y_train, x_test, y_test = data.take(30, 20)
    assert torch.equal(x_train, data.x_train[:30])
    assert torch.equal(y_train, data.y_train[:30])
    assert torch.equal(x_test, data.x_test[:20])
    assert torch.equal(y_test, data.y_test[:20])


@pytest.mark.parametrize(
    ("train", "test", "message"), [(0, 1, "train is 0"), (1, 1.5, "test is 1.5"), (1, 1001, "1000")]
)
def test_take_refuses_more_than_there_is(data, train, test, message):
    with pytest.raises(ValueError, match=message):
        data.take(train, test)


# --- mnist and fashion_mnist ------------------------------------------------------------------------------------------


def idx(array):
    """An array of bytes in the IDX format, as the official files have it."""
    return bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape) + array.tobytes()


@pytest.fixture
def small_sets(monkeypatch):
    """The four files with 20 + 10 images instead of 70,000: {name: content}, with the expected sizes and SHA-256."""
    rng = np.random.default_rng(0)
    contents = {}
    for split, n in (("train", 20), ("t10k", 10)):
        contents[f"{split}-images-idx3-ubyte"] = idx(rng.integers(0, 256, (n, 28, 28), dtype=np.uint8))
        contents[f"{split}-labels-idx1-ubyte"] = idx(np.arange(n, dtype=np.uint8) % 10)
    monkeypatch.setattr(datasets, "_IDX_SIZES", {name: len(content) for name, content in contents.items()})
    monkeypatch.setattr(
        datasets, "_MNIST_SHA256", {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    )
    return contents


def write_set(root, name, contents):
    folder = root / name / "raw"
    folder.mkdir(parents=True, exist_ok=True)
    for file, content in contents.items():
        (folder / file).write_bytes(content)
    return folder


@pytest.mark.parametrize(("name", "load"), LOADERS)
def test_a_set_on_disk_is_read_without_a_download(name, load, tmp_path, small_sets, monkeypatch):
    """Pixels shifted by the length of the header, splits exchanged, or torchvision asked for no reason."""
    monkeypatch.setattr(datasets, "import_torchvision", lambda: pytest.fail("torchvision was asked for"))
    write_set(tmp_path, name, small_sets)
    data = load(tmp_path)
    for split, x, y in (("train", data.x_train, data.y_train), ("t10k", data.x_test, data.y_test)):
        pixels = np.frombuffer(small_sets[f"{split}-images-idx3-ubyte"], np.uint8, offset=16)
        assert x.shape == (len(pixels) // 784, 1, 28, 28)
        assert x.dtype == torch.float32
        torch.testing.assert_close(x.flatten() * 255, torch.tensor(pixels).float(), atol=1e-4, rtol=0)
        assert y.dtype == torch.int64
        assert y.tolist() == [i % 10 for i in range(len(x))]


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize(("name", "load"), LOADERS)
def test_a_truncated_file_is_named(name, load, file, tmp_path, small_sets):
    folder = write_set(tmp_path, name, small_sets | {file: small_sets[file][:-1]})
    with pytest.raises(ValueError, match=r"truncated.*Delete it and call again") as error:
        load(tmp_path)
    assert str(folder / file) in str(error.value)
    assert f"{len(small_sets[file]) - 1:,} bytes; expected {len(small_sets[file]):,}" in str(error.value)


@pytest.mark.parametrize("file", FILES)
def test_a_flipped_bit_in_mnist_is_found_and_the_file_named(file, tmp_path, small_sets):
    flipped = bytearray(small_sets[file])
    flipped[-1] ^= 1
    folder = write_set(tmp_path, "MNIST", small_sets | {file: bytes(flipped)})
    with pytest.raises(ValueError, match=r"is damaged: its SHA-256 .*Delete it and call again") as error:
        mnist(tmp_path)
    assert str(folder / file) in str(error.value)


@pytest.mark.parametrize(("name", "load"), LOADERS)
@pytest.mark.parametrize("failure", [OSError("no route to host"), RuntimeError("Error downloading:\nTried a mirror")])
def test_without_a_network_the_message_says_what_to_do(name, load, failure, tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise failure

    monkeypatch.setattr(getattr(import_torchvision().datasets, name), "download", refuse)
    with pytest.raises(ConnectionError) as error:
        load(tmp_path)
    message = str(error.value)
    assert f"{name} is not in {tmp_path} (4 of 4 files missing)" in message
    assert str(failure).splitlines()[-1] in message
    assert "COMPANION_DATA" in message
    assert "companion.digits(), which needs no network" in message


def test_the_message_counts_the_files_that_are_missing(tmp_path, small_sets, monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError

    monkeypatch.setattr(import_torchvision().datasets.MNIST, "download", refuse)
    write_set(tmp_path, "MNIST", {FILES[0]: small_sets[FILES[0]]})
    with pytest.raises(ConnectionError, match=r"3 of 4 files missing.*: OSError"):
        mnist(tmp_path)


def test_companion_data_names_the_folder(tmp_path, small_sets, monkeypatch):
    """COMPANION_DATA ignored would start a download; an argument comes before it."""
    monkeypatch.setattr(datasets, "import_torchvision", lambda: pytest.fail("torchvision was asked for"))
    write_set(tmp_path / "by_variable", "MNIST", small_sets)
    write_set(tmp_path / "by_argument", "MNIST", small_sets)
    monkeypatch.setenv("COMPANION_DATA", str(tmp_path / "by_variable"))
    assert len(mnist().x_train) == 20
    assert datasets.data_root() == tmp_path / "by_variable"
    (tmp_path / "by_variable" / "MNIST" / "raw" / FILES[0]).write_bytes(b"")
    assert len(mnist(tmp_path / "by_argument").x_train) == 20
    assert len(mnist(str(tmp_path / "by_argument")).x_train) == 20


def test_the_default_folder_is_in_the_home_directory(tmp_path, monkeypatch):
    monkeypatch.delenv("COMPANION_DATA", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert datasets.data_root() == tmp_path / ".cache" / "companion"
    assert datasets.data_root("~/here") == tmp_path / "here"
    monkeypatch.setenv("COMPANION_DATA", "~/there")
    assert datasets.data_root() == tmp_path / "there"


@pytest.fixture
def mirror(tmp_path, small_sets, monkeypatch):
    """A mirror of MNIST on this machine, with the small files: its folder, and the list of what was asked of it."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    asked = []

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=folder)

        def do_GET(self):
            asked.append(self.path.lstrip("/"))
            super().do_GET()

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))  # seconds between looks at shutdown
    thread.start()
    resources = []
    for name, content in small_sets.items():
        packed = gzip.compress(content)
        (folder / f"{name}.gz").write_bytes(packed)
        resources.append((f"{name}.gz", hashlib.md5(packed).hexdigest()))
    torchvision_mnist = import_torchvision().datasets.MNIST
    monkeypatch.setattr(torchvision_mnist, "mirrors", [f"http://127.0.0.1:{server.server_port}/"])
    monkeypatch.setattr(torchvision_mnist, "resources", resources)
    monkeypatch.setenv("no_proxy", "*")
    yield SimpleNamespace(folder=folder, asked=asked, url=f"http://127.0.0.1:{server.server_port}/")
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_missing_set_is_downloaded_once(tmp_path, small_sets, mirror):
    data = mnist(tmp_path / "new")
    assert data.x_train.shape == (20, 1, 28, 28)
    assert data.y_test.tolist() == list(range(10))
    mirror.asked.clear()
    mnist(tmp_path / "new")
    assert mirror.asked == []


def test_an_interrupted_download_keeps_the_finished_files(tmp_path, small_sets, mirror):
    """The last file arrives by half: the second call must fetch it, and nothing else, again."""
    last = mirror.folder / f"{FILES[3]}.gz"
    content = last.read_bytes()
    last.write_bytes(content[: len(content) // 2])
    with pytest.raises(ConnectionError, match="could not be downloaded: File not found or corrupted"):
        mnist(tmp_path / "new")
    last.write_bytes(content)
    mirror.asked.clear()
    assert len(mnist(tmp_path / "new").x_train) == 20
    assert set(mirror.asked) == {last.name}


def test_a_mirror_that_serves_something_else_is_refused(tmp_path, small_sets, mirror):
    (mirror.folder / f"{FILES[0]}.gz").write_bytes(gzip.compress(b"<html>Please log in</html>"))
    with pytest.raises(ConnectionError, match="could not be downloaded"):
        mnist(tmp_path / "new")


# --- cifar10 ----------------------------------------------------------------------------------------------------------


def cifar_batch(pixels, labels):
    """Pixels (N, 3, 32, 32) and labels as one of the official files holds them."""
    return pickle.dumps({"data": pixels.reshape(len(pixels), -1), "labels": labels})


@pytest.fixture
def small_cifar(monkeypatch):
    """The seven files with 5 x 4 + 3 pictures: {name: content}, the expected MD5 set; and the pixels of both splits."""
    rng = np.random.default_rng(0)
    reader = import_torchvision().datasets.CIFAR10
    train, test = (rng.integers(0, 256, (n, 3, 32, 32), dtype=np.uint8) for n in (20, 3))
    contents = {
        name: cifar_batch(train[4 * i : 4 * i + 4], [4 * i % 10] * 4) for i, (name, _) in enumerate(reader.train_list)
    }
    contents["test_batch"] = cifar_batch(test, [7, 8, 9])
    contents["batches.meta"] = pickle.dumps({"label_names": [str(i) for i in range(10)]})
    md5 = {name: hashlib.md5(content).hexdigest() for name, content in contents.items()}
    monkeypatch.setattr(reader, "train_list", [[name, md5[name]] for name, _ in reader.train_list])
    monkeypatch.setattr(reader, "test_list", [["test_batch", md5["test_batch"]]])
    monkeypatch.setattr(reader, "meta", reader.meta | {"md5": md5["batches.meta"]})
    return SimpleNamespace(contents=contents, train=train, test=test, reader=reader)


def write_cifar(root, contents):
    folder = root / "cifar-10-batches-py"
    folder.mkdir(parents=True, exist_ok=True)
    for file, content in contents.items():
        (folder / file).write_bytes(content)
    return folder


def test_cifar_on_disk_is_read_without_a_download(tmp_path, small_cifar, monkeypatch):
    """Channels left last, splits exchanged, batches out of order, or pixels not in [0, 1]."""
    monkeypatch.setattr(small_cifar.reader, "download", lambda *a: pytest.fail("a download was started"))
    write_cifar(tmp_path, small_cifar.contents)
    data = cifar10(tmp_path)
    for x, pixels in ((data.x_train, small_cifar.train), (data.x_test, small_cifar.test)):
        assert x.shape == pixels.shape
        assert x.dtype == torch.float32
        assert x.is_contiguous()
        torch.testing.assert_close(x * 255, torch.tensor(pixels).float(), atol=1e-4, rtol=0)
    assert data.y_train.tolist() == [y for y in (0, 4, 8, 2, 6) for _ in range(4)]
    assert data.y_test.tolist() == [7, 8, 9]
    assert data.y_train.dtype == data.y_test.dtype == torch.int64


@pytest.mark.parametrize("file", ["data_batch_3", "test_batch", "batches.meta"])
@pytest.mark.parametrize("damage", [lambda c: c[:-1], lambda c: c[:-1] + bytes([c[-1] ^ 1])])
def test_a_truncated_or_damaged_cifar_file_is_named(file, damage, tmp_path, small_cifar):
    folder = write_cifar(tmp_path, small_cifar.contents | {file: damage(small_cifar.contents[file])})
    with pytest.raises(ValueError, match=r"is damaged: its MD5 is .*Delete it and call again") as error:
        cifar10(tmp_path)
    assert str(folder / file) in str(error.value)


def test_without_a_network_cifar_says_what_to_do(tmp_path, small_cifar, monkeypatch):
    def refuse(*args):
        raise OSError("no route to host")

    monkeypatch.setattr(small_cifar.reader, "download", refuse)
    write_cifar(tmp_path, {"test_batch": small_cifar.contents["test_batch"]})
    with pytest.raises(ConnectionError) as error:
        cifar10(tmp_path)
    message = str(error.value)
    assert f"CIFAR10 is not in {tmp_path} (6 of 7 files missing)" in message
    assert "no route to host" in message
    assert "COMPANION_DATA to a folder that holds cifar-10-batches-py/" in message


def test_companion_data_names_the_folder_of_cifar(tmp_path, small_cifar, monkeypatch):
    monkeypatch.setattr(small_cifar.reader, "download", lambda *a: pytest.fail("a download was started"))
    write_cifar(tmp_path, small_cifar.contents)
    monkeypatch.setenv("COMPANION_DATA", str(tmp_path))
    assert len(cifar10().x_test) == 3


@pytest.fixture
def cifar_archive(tmp_path, small_cifar, mirror, monkeypatch):
    """The mirror on this machine serves the small set as torchvision expects it."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in small_cifar.contents.items():
            entry = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    (mirror.folder / small_cifar.reader.filename).write_bytes(packed.getvalue())
    monkeypatch.setattr(small_cifar.reader, "url", mirror.url + small_cifar.reader.filename)
    monkeypatch.setattr(small_cifar.reader, "tgz_md5", hashlib.md5(packed.getvalue()).hexdigest())
    return mirror


def test_a_missing_cifar_is_downloaded_once(tmp_path, cifar_archive):
    assert len(cifar10(tmp_path / "new").x_train) == 20
    cifar_archive.asked.clear()
    cifar10(tmp_path / "new")
    assert cifar_archive.asked == []


def test_a_whole_archive_of_cifar_is_not_fetched_again(tmp_path, cifar_archive):
    """A file was deleted, say because it was damaged: the archive beside it has it."""
    cifar10(tmp_path / "new")
    (tmp_path / "new" / "cifar-10-batches-py" / "test_batch").unlink()
    cifar_archive.asked.clear()
    assert len(cifar10(tmp_path / "new").x_test) == 3
    assert cifar_archive.asked == []


def test_half_an_archive_of_cifar_is_refused_and_fetched_anew(tmp_path, cifar_archive, small_cifar):
    archive = cifar_archive.folder / small_cifar.reader.filename
    content = archive.read_bytes()
    archive.write_bytes(content[: len(content) // 2])
    with pytest.raises(ConnectionError, match="could not be downloaded: File not found or corrupted"):
        cifar10(tmp_path / "new")
    archive.write_bytes(content)
    assert len(cifar10(tmp_path / "new").x_train) == 20


REAL = datasets.data_root() / "MNIST" / "raw"
needs_mnist = pytest.mark.skipif(
    "COMPANION_DATA" not in os.environ or not all((REAL / file).is_file() for file in FILES),
    reason="COMPANION_DATA does not name a folder with the full MNIST",
)


@needs_mnist
def test_the_real_mnist_loads_and_holds_every_shipped_digit(data):
    """The shipped digits are real, labelled as in MNIST, and from its training images, as the docstring says."""
    full = mnist()
    assert full.x_train.shape == (60_000, 1, 28, 28)
    assert full.x_test.shape == (10_000, 1, 28, 28)
    label = {
        image.numpy().tobytes(): y
        for image, y in zip((full.x_train * 255).round().to(torch.uint8), full.y_train.tolist(), strict=True)
    }
    for x, y in ((data.x_train, data.y_train), (data.x_test, data.y_test)):
        shipped = [image.numpy().tobytes() for image in (x * 255).round().to(torch.uint8)]
        assert [label.get(key) for key in shipped] == y.tolist()


# --- torchvision beside another build of torch ------------------------------------------------------------------------


def test_import_torchvision_works_and_may_be_repeated():
    torchvision = import_torchvision()
    assert import_torchvision() is torchvision
    assert sys.modules["torchvision"] is torchvision
    assert torchvision.datasets.MNIST.__name__ == "MNIST"


def test_torchvision_imports_in_a_fresh_process_after_the_companion():
    """What a learner meets: the plain import afterwards works too, and ToTensor with it."""
    code = (
        "import companion._support.torchvision as t\n"
        "first = t.import_torchvision()\n"
        "import torchvision, torchvision.transforms as T, torch, numpy as np\n"
        "assert torchvision is first\n"
        "assert T.ToTensor()(np.zeros((28, 28), np.uint8)).shape == (1, 28, 28)\n"
        "print('fine')"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    assert result.stdout == "fine\n"


@pytest.fixture
def fake_torchvision(tmp_path, monkeypatch):
    """Put a torchvision of one's own, given as source, before the installed one."""
    for name in [m for m in sys.modules if m.split(".")[0] == "torchvision"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(torchvision_support, "_library", None)
    defined = []

    class Library:
        def __init__(self, *args):
            defined.append(args)

        def define(self, schema):
            defined.append(schema.split("(")[0])

    monkeypatch.setattr(torch.library, "Library", Library)

    def install(source, **modules):
        package = tmp_path / "torchvision"
        package.mkdir()
        (package / "__init__.py").write_text(source)
        for name, text in modules.items():
            (package / f"{name}.py").write_text(text)
        monkeypatch.syspath_prepend(tmp_path)
        importlib.invalidate_caches()
        return defined

    yield install
    for name in [m for m in sys.modules if m.split(".")[0] == "torchvision"]:
        del sys.modules[name]


def test_where_torchvision_works_nothing_is_defined(fake_torchvision):
    """A second definition beside the real operators would break a healthy installation."""
    defined = fake_torchvision("mark = 'healthy'")
    assert import_torchvision().mark == "healthy"
    assert defined == []


def test_missing_operators_are_declared_and_the_half_import_forgotten(fake_torchvision, tmp_path):
    """The first import stops half-way; the parts that it left in sys.modules would be missing from the second."""
    defined = fake_torchvision(
        "import torchvision.whole\nimport torchvision.broken\n",
        whole="",
        broken=f"import pathlib\nflag = pathlib.Path({str(tmp_path / 'second')!r})\n"
        "if not flag.exists():\n"
        "    flag.touch()\n"
        "    raise RuntimeError('operator torchvision::nms does not exist')\n",
    )
    torchvision = import_torchvision()
    assert torchvision.whole.__name__ == "torchvision.whole"
    assert torchvision.broken.__name__ == "torchvision.broken"
    assert defined == [("torchvision", "DEF"), "nms", "qnms"]


def test_another_failure_of_torchvision_is_not_hidden(fake_torchvision):
    defined = fake_torchvision("raise RuntimeError('the disk is on fire')")
    with pytest.raises(RuntimeError, match="the disk is on fire"):
        import_torchvision()
    assert defined == []


def test_a_machine_without_torchvision_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(ImportError, match="torchvision"):
        import_torchvision()


# --- card transactions -------------------------------------------------------------------------------------------------


def openml_table(names):
    return SimpleNamespace(
        data=np.arange(3.0 * len(names)).reshape(3, -1), target=np.array(["0", "1", "0"]), feature_names=names
    )


def test_card_transactions(monkeypatch):
    asked = {}

    def fetch(**kwargs):
        asked.update(kwargs)
        return openml_table(["Time", "V1", "Amount"])

    monkeypatch.setattr("sklearn.datasets.fetch_openml", fetch)
    features, is_fraud = card_transactions(data_home="here")
    assert asked == {"data_id": 1597, "as_frame": False, "data_home": "here"}
    assert features.dtype == torch.float32
    assert features.tolist() == [[1, 2], [4, 5], [7, 8]]  # the time is left out
    assert is_fraud.tolist() == [False, True, False]


def test_card_transactions_without_a_time(monkeypatch):
    monkeypatch.setattr("sklearn.datasets.fetch_openml", lambda **kwargs: openml_table(["V1", "Amount"]))
    assert card_transactions().features.shape == (3, 2)


@pytest.mark.parametrize("error", [URLError("no route to host"), TimeoutError("timed out")])
def test_card_transactions_without_a_network(monkeypatch, error):
    def fetch(**kwargs):
        raise error

    monkeypatch.setattr("sklearn.datasets.fetch_openml", fetch)
    with pytest.raises(ConnectionError, match=r"1597.*Connect to a network.*load_breast_cancer"):
        card_transactions()


# --- shapes -----------------------------------------------------------------------------------------------------------


def test_shapes_are_what_the_docstring_says():
    x, kind, blue = shapes(300)
    assert x.shape == (300, 3, 24, 24)
    assert x.dtype == torch.float32
    inside = x[:, 0] < 0.9
    assert sorted(x[:, 0].unique().tolist()) == pytest.approx([0.70, 0.95])
    assert chroma(x)[~inside].max() < 1e-3
    torch.testing.assert_close(chroma(x)[inside], torch.full((int(inside.sum()),), 40.0), atol=1e-3, rtol=0)
    assert torch.equal((x[:, 2] < 0.5).flatten(1).any(1), blue)
    assert not blue[kind == 0].any()
    assert (inside.flatten(1).sum(1) > 40).all()
    border = torch.ones(24, 24, dtype=torch.bool)
    border[1:-1, 1:-1] = False
    assert not inside[:, border].any(), "a shape is cut off"


def test_both_colours_can_be_shown_on_a_screen():
    x = shapes(30).x
    torch.testing.assert_close(to_lab(to_rgb(x)), x, atol=3e-3, rtol=0)


def test_the_odds_are_kept_and_the_seed_matters():
    _, kind, blue = shapes(20_000, odds=(0.9, 0.5, 0.1))
    for k, p in enumerate((0.9, 0.5, 0.1)):
        assert 1 - blue[kind == k].float().mean().item() == pytest.approx(p, abs=0.02)
    assert torch.equal(shapes(5).x, shapes(5).x)
    assert not torch.equal(shapes(5).x, shapes(5, seed=1).x)


@pytest.mark.parametrize("odds", [(1.0, 0.5), (0.5, 0.5, 1.5)])
def test_odds_that_are_none_are_refused(odds):
    with pytest.raises(ValueError, match="three numbers from 0 to 1"):
        shapes(5, odds=odds)


def test_a_number_of_shapes_below_1_is_refused():
    with pytest.raises(ValueError, match="count is 0"):
        shapes(0)
