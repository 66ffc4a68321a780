"""The lesson form: guards and annotations go, everything that computes stays."""

import ast

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

import notebook_checks as checks
from tools.lesson import PACKAGE, definitions, is_guard, lesson_form, new, package_definitions, sync, teach

SOURCE = '''
class Model(nn.Module):
    """A model.

    Raises:
        ValueError: never.
    """

    mean: Tensor

    def __init__(self, size: int = 2, *, rate: float = 0.1) -> None:
        super().__init__()
        check_positive(size, "size")
        # A comment on the guard.
        for name, value in (("size", size), ("rate", rate)):
            check_positive(value, name)
        if size > 9:
            given = f"size is {size}"
            raise ValueError(given)
        self.size: int = size  # a comment that stays

    def encode(self, x: Tensor) -> Tensor:
        """Shapes."""
        _check_input(x)
        return self.layer(x) if self.size else x
'''
LESSON = """class Model(nn.Module):
    def __init__(self, size=2, *, rate=0.1):
        super().__init__()
        self.size = size

    def encode(self, x):
        return self.layer(x) if self.size else x"""


def test_a_definition_as_a_notebook_shows_it():
    node = definitions(SOURCE)["Model"]
    assert teach(SOURCE, node) == LESSON
    assert lesson_form(node) == lesson_form(definitions(LESSON)["Model"])


@pytest.mark.parametrize(
    ("source", "lesson"),
    [
        ("def f(x: int):\n    # why\n    return x", "def f(x):\n    # why\n    return x"),
        (
            "def f(x):\n    @torch.no_grad()\n    def g(y: Tensor) -> Tensor:\n        return y\n\n    return g(x)",
            "def f(x):\n    @torch.no_grad()\n    def g(y):\n        return y\n\n    return g(x)",
        ),
        ("def f(x): return x", "def f(x):\n    return x"),
        ("def f(x, key=lambda a: a):\n    return key(x)", "def f(x, key=lambda a: a):\n    return key(x)"),
        (
            "def f():\n    return '# " + "a" * 80 + "'",
            'def f():\n    return "# ' + "a" * 80 + '"',
        ),
    ],
)
def test_nothing_that_computes_or_explains_is_lost(source, lesson):
    assert teach(source, definitions(source)["f"]) == lesson


@pytest.mark.parametrize(
    ("statement", "guard"),
    [
        ("check_images(x)", True),
        ("_check_level(p)", True),
        ("x = check_images(x)", False),  # its result is used
        ("checks(x)", False),
        ("if x > 1:\n    raise ValueError", True),
        ("if x > 1:\n    raise ValueError\nelse:\n    y = 1", False),
        ("if x > 1:\n    y = 1", False),
        ("if x > 1:\n    fix(x)\n    raise ValueError", False),
        ("for x in y:\n    check_images(x)", True),
        ("for x in y:\n    check_images(x)\n    z = 1", False),
        ("raise ValueError", False),
    ],
)
def test_what_a_guard_is(statement, guard):
    assert is_guard(ast.parse(statement).body[0]) is guard


def test_every_definition_of_the_package_has_a_lesson_form():
    """What is printed computes what the tree says, and no guard is left."""
    for path in PACKAGE.glob("[a-z]*.py"):
        for name, node in definitions(path.read_text()).items():
            if name.lstrip("_").startswith("check_"):  # nothing would be left of a guard
                continue
            taught = definitions(teach(path.read_text(), node))[name]
            assert lesson_form(taught) == lesson_form(node), name
            assert not any(is_guard(s) for s in ast.walk(taught) if isinstance(s, ast.stmt)), name


def test_sync_writes_what_has_drifted_and_nothing_else(tmp_path):
    file = tmp_path / "chapter.ipynb"
    drifted = "x = 1\n\n\ndef mse(x_hat, x):\n    return 0\n\n\ny = 2"
    nbformat.write(new_notebook(cells=[new_code_cell(drifted), new_code_cell("def own():\n    pass")]), file)
    assert sync(file) == ["mse"]
    cells = nbformat.read(file, as_version=4).cells
    mse = teach((PACKAGE / "losses.py").read_text(), package_definitions()["mse"][1])
    assert cells[0].source == f"x = 1\n\n\n{mse}\n\n\ny = 2"
    assert cells[1].source == "def own():\n    pass"
    assert sync(file) == []


def test_a_new_notebook_has_the_sections_that_the_tests_look_for(tmp_path):
    file = tmp_path / "11-topic.ipynb"
    new(file, "A topic")
    nb = nbformat.read(file, as_version=4)
    assert checks.section_problems(nb) == checks.import_problems(nb) == checks.lesson_code_problems(nb) == []
    assert nb.cells[0].source.startswith("# A topic")
    assert any("### Exercise 11.1" in cell.source for cell in nb.cells)
    with pytest.raises(SystemExit, match="exists"):
        new(file, "Another")


def test_a_new_study_has_the_sections_that_the_tests_look_for(tmp_path):
    file = tmp_path / "studies" / "08-collapse.ipynb"
    file.parent.mkdir()
    new(file, "Why do VAEs collapse?")
    nb = nbformat.read(file, as_version=4)
    missing = ("exercises", "no figure in the first section")  # for its author to write
    assert [p for p in checks.study_problems(nb) if not any(word in p for word in missing)] == []
    assert any("### Exercise S08.1" in cell.source for cell in nb.cells)
