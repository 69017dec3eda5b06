"""Every text that a person sees passes through tr(): read off the source, and seen in the real window."""

import ast
import gettext
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Calls whose text arguments a person sees.
SHOWN_BY = {
    "setText", "setToolTip", "setStatusTip", "setWindowTitle", "setPlaceholderText", "setAccessibleName",
    "setAccessibleDescription", "setTitle", "setLabel", "setPrefix", "setSuffix", "setSpecialValueText",
    "addAction", "addMenu", "addItem", "addTab", "addRow", "setWhatsThis", "setHeaderLabels",
    "setInformativeText", "showMessage", "QLabel", "QPushButton", "QToolButton", "QAction", "QCheckBox",
    "QRadioButton", "QGroupBox", "QDockWidget", "QProgressDialog", "QMessageBox", "print", "setTabText",
    "setItemText", "drawText",
}  # fmt: skip
SHOWN_KEYWORDS = {"toolTip", "text", "title", "placeholderText", "accessibleName", "statusTip", "windowTitle"}
# Names, formats and units that are the same in every language.
SAME_EVERYWHERE = {"Latent Dials", "mse", "z", "px"}


def _has_words(text: str) -> bool:
    plain = re.sub(r"<[^>]*>|&\w+;", " ", text)  # marks of rich text are no words
    return re.search(r"[^\W\d_]{2,}", plain) is not None


def _literals(node: ast.expr) -> list[str]:
    """The texts written out in an expression, outside of calls."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.JoinedStr):
        return [str(part.value) for part in node.values if isinstance(part, ast.Constant)]
    if isinstance(node, ast.BinOp):
        return _literals(node.left) + _literals(node.right)
    if isinstance(node, ast.IfExp):
        return _literals(node.body) + _literals(node.orelse)
    return []


def untranslated(source: str) -> list[tuple[int, str]]:
    """(line, text) of every text shown to a person without tr(), and of every tr() of no literal."""
    found: list[tuple[int, str]] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            name = ast.unparse(node.exc.func)
            if name.endswith("Error") and name in OUR_ERRORS:
                found += [(node.lineno, text) for arg in node.exc.args for text in _literals(arg)]
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
        # a name stands for a text that was declared elsewhere, such as a setting's sentence
        if name == "tr" and not isinstance(node.args[0], (ast.Constant, ast.Name, ast.Attribute, ast.BoolOp)):
            found.append((node.lineno, ast.unparse(node)))
        if name in SHOWN_BY:
            shown = [*node.args, *(k.value for k in node.keywords if k.arg in SHOWN_KEYWORDS)]
            found += [(node.lineno, text) for arg in shown for text in _literals(arg)]
    return [(line, text) for line, text in found if _has_words(text) and text not in SAME_EVERYWHERE]


OUR_ERRORS = {
    node.name
    for node in ast.walk(ast.parse((ROOT / "core" / "errors.py").read_text("utf-8")))
    if isinstance(node, ast.ClassDef)
}


def test_no_text_in_the_source_bypasses_tr() -> None:
    paths = [ROOT / "main.py", *(ROOT / "core").rglob("*.py"), *(ROOT / "gui").rglob("*.py")]
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {text!r}"
        for path in paths
        for line, text in untranslated(path.read_text("utf-8"))
    ]
    assert wrong == []


@pytest.mark.parametrize(
    "source",
    [
        "label.setText('Gallery')",
        "QPushButton('Train', self)",
        "label.setText(f'{n} pictures')",
        "raise DataError('no such file')",
        "print('done', file=sys.stderr)",
        "tr(f'{n} pictures')",
        "label.setToolTip('a tip' if busy else tr('another'))",
    ],
)
def test_a_planted_text_is_found(source: str) -> None:
    assert untranslated(source)


class Bracketed(gettext.NullTranslations):
    """A language that shows which texts went through tr()."""

    def gettext(self, message: str) -> str:
        """The text in brackets."""
        return f"⟦{message}⟧"


def test_catalogue_is_used_and_fields_are_filled() -> None:
    from core.translate import tr, use_translations

    before = use_translations(Bracketed())
    try:
        assert tr("{count} pictures", count=3) == "⟦3 pictures⟧"
    finally:
        use_translations(before)
