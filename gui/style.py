"""The style sheet of Qt's own widgets, as a text with $tokens; the values come from gui/theme.py."""

from collections.abc import Mapping
from string import Template

from PySide6.QtWidgets import QWidget

from resources import resource_path

_RULES = Template("""
QMainWindow, QDialog { background: $panel; }
QMainWindow::separator { background: $line; width: 1px; height: 1px; margin: 0; padding: 0; }
QMainWindow::separator:hover { background: $accent; }
QWidget { color: $text; }
QWidget:disabled { color: $disabled; }

QLabel { font-size: ${text_px}px; background: transparent; }
QLabel[role="title"] { font-weight: 600; color: $text; }
QLabel[role="heading"] { font-size: 16px; font-weight: 600; color: $text; }
QLabel[role="value"] { font-size: ${value_px}px; font-weight: 600; color: $text; }
QLabel[role="secondary"] { color: $secondary; font-size: ${text_px}px; }
QLabel[role="caption"] { color: $secondary; font-size: ${control_px}px; }
QLabel[role="unusual"] { color: $unusual; font-size: ${control_px}px; }
QLabel[role="accent"] { color: $accent; }
QLabel[role="third"] { color: $third; }
QLabel[role="pill"] { color: $text; background: $raised; border: 1px solid $line; border-radius: 10px;
    padding: 2px 10px; font-size: ${control_px}px; }
QFrame[role="card"] { background: $raised; border: 1px solid $line; border-radius: 8px; }
QFrame[role="line"] { background: $line; border: none; }

QMenuBar { background: $panel; color: $text; padding: 2px 4px; border-bottom: 1px solid $line;
    font-size: ${text_px}px; }
QMenuBar::item { background: transparent; padding: 5px 9px; border-radius: 5px; }
QMenuBar::item:selected { background: $hover; }
QMenuBar::item:pressed { background: $raised; }
QMenu { background: $raised; color: $text; border: 1px solid $line; border-radius: 8px; padding: 5px;
    font-size: ${text_px}px; }
QMenu::item { padding: 6px 28px 6px 26px; border-radius: 5px; background: transparent; }
QMenu::item:selected { background: $accent; color: $on_accent; }
QMenu::item:disabled { color: $disabled; background: transparent; }
QMenu::separator { height: 1px; background: $line; margin: 5px 8px; }
QMenu::icon { left: 7px; }
QMenu::indicator { width: 14px; height: 14px; left: 7px; }
QMenu::indicator:checked { image: url($check_text); }
QMenu::indicator:checked:selected { image: url($check); }
QMenu::right-arrow { image: url($chevron_right); width: 12px; height: 12px; right: 6px; }

QDockWidget { color: $secondary; font-size: ${control_px}px; font-weight: 600;
    titlebar-close-icon: url($close); titlebar-normal-icon: url($float); }
QDockWidget::title { background: $panel; padding: 4px 12px; text-align: left; border: none; }
QDockWidget::close-button, QDockWidget::float-button { background: transparent; border: none; padding: 1px;
    icon-size: 12px; border-radius: 4px; }
QDockWidget::close-button:hover, QDockWidget::float-button:hover { background: $hover; }
QDockWidget > QWidget { background: $panel; }

QPushButton, QToolButton { background: $raised; color: $text; border: 1px solid $line;
    border-radius: ${radius}px; padding: 5px 10px; font-size: ${control_px}px; min-height: 16px; }
QToolButton { padding: 4px; }
QPushButton:hover, QToolButton:hover { background: $hover; }
QPushButton:pressed, QToolButton:pressed, QPushButton:open, QToolButton:open { background: $pressed; }
QPushButton:focus, QToolButton:focus { border: 1px solid $accent; }
QPushButton:disabled, QToolButton:disabled { color: $disabled; background: $panel; border-color: $line; }
QPushButton:checked, QToolButton:checked { background: $accent; color: $on_accent; border-color: $accent; }
QPushButton::menu-indicator, QToolButton::menu-indicator { image: url($chevron_down); width: 10px;
    height: 10px; subcontrol-origin: padding; subcontrol-position: right center; right: 6px; }
QToolButton[popupMode="2"] { padding-right: 20px; }
QPushButton[primary="true"] { background: $accent; color: $on_accent; border-color: $accent;
    font-weight: 600; }
QPushButton[primary="true"]:hover { background: $accent_hover; border-color: $accent_hover; }
QPushButton[primary="true"]:pressed { background: $accent; }
QPushButton[primary="true"]:focus { border: 1px solid $text; }
QPushButton[primary="true"]:disabled { background: $raised; color: $disabled; border-color: $line; }
QPushButton[flat="true"], QToolButton[flat="true"], QToolButton[autoRaise="true"] { background: transparent;
    border-color: transparent; color: $secondary; }
QPushButton[flat="true"]:hover, QToolButton[flat="true"]:hover, QToolButton[autoRaise="true"]:hover {
    background: $hover; color: $text; }
QPushButton[flat="true"]:focus, QToolButton[flat="true"]:focus { border-color: $accent; }
QPushButton[segment="true"] { background: $raised; color: $secondary; border: 1px solid $line;
    border-radius: 0; padding: 4px 9px; border-right-width: 0; }
QPushButton[segment="true"]:hover { color: $text; background: $hover; }
QPushButton[segment="true"]:checked { background: $accent; color: $on_accent; border-color: $accent; }
QPushButton[segment="true"]:focus { border: 1px solid $accent; color: $text; }
QPushButton[segment="true"]:checked:focus { border: 1px solid $text; color: $on_accent; }
QPushButton[segment="true"]:disabled { color: $disabled; }
QPushButton[segment="true"][place="first"] { border-top-left-radius: ${radius}px;
    border-bottom-left-radius: ${radius}px; }
QPushButton[segment="true"][place="last"] { border-top-right-radius: ${radius}px;
    border-bottom-right-radius: ${radius}px; border-right-width: 1px; }

QLineEdit, QPlainTextEdit, QTextEdit, QSpinBox, QDoubleSpinBox, QComboBox { background: $raised; color: $text;
    border: 1px solid $line; border-radius: ${radius}px; padding: 4px 8px; font-size: ${control_px}px;
    selection-background-color: $accent; selection-color: $on_accent; min-height: 18px; }
QLineEdit:hover, QSpinBox:hover, QDoubleSpinBox:hover, QComboBox:hover { border-color: $track; }
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus,
QComboBox:focus { border: 1px solid $accent; }
QLineEdit[wrong="true"] { border: 1px solid $unusual; }
QLineEdit:disabled, QPlainTextEdit:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled, QComboBox:disabled {
    color: $disabled; background: $panel; }
QComboBox { padding-right: 0; }
QComboBox::drop-down { border: none; width: 20px; subcontrol-origin: padding;
    subcontrol-position: right center; }
QComboBox::down-arrow { image: url($chevron_down); width: 10px; height: 10px; }
QComboBox QAbstractItemView { background: $raised; color: $text; border: 1px solid $line; padding: 4px;
    outline: none; selection-background-color: $accent; selection-color: $on_accent; }
QSpinBox, QDoubleSpinBox { padding-right: 18px; }
QSpinBox::up-button, QDoubleSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::down-button {
    border: none; width: 18px; background: transparent; subcontrol-origin: border; }
QSpinBox::up-button, QDoubleSpinBox::up-button { subcontrol-position: top right; margin-top: 2px; }
QSpinBox::down-button, QDoubleSpinBox::down-button { subcontrol-position: bottom right; margin-bottom: 2px; }
QSpinBox::up-arrow, QDoubleSpinBox::up-arrow { image: url($chevron_up); width: 9px; height: 9px; }
QSpinBox::down-arrow, QDoubleSpinBox::down-arrow { image: url($chevron_down); width: 9px; height: 9px; }

QSlider { min-height: 20px; background: transparent; }
QSlider::groove:horizontal { height: 4px; background: $track; border-radius: 2px; }
QSlider::sub-page:horizontal { height: 4px; background: $accent; border-radius: 2px; }
QSlider::handle:horizontal { width: 12px; height: 12px; margin: -5px 0; border-radius: 6px; background: $text;
    border: 1px solid $panel; }
QSlider::handle:horizontal:hover, QSlider::handle:horizontal:focus { background: $accent;
    border-color: $text; }
QSlider::sub-page:horizontal:disabled { background: $track; }
QSlider::handle:horizontal:disabled { background: $disabled; }

QCheckBox, QRadioButton { spacing: 7px; font-size: ${control_px}px; background: transparent; padding: 1px;
    border: 1px solid transparent; border-radius: 4px; }
QCheckBox:focus, QRadioButton:focus { border-color: $accent; }
QCheckBox::indicator, QRadioButton::indicator { width: 14px; height: 14px; border: 1px solid $track;
    background: $raised; border-radius: 4px; }
QRadioButton::indicator { border-radius: 7px; }
QCheckBox::indicator:hover, QRadioButton::indicator:hover { border-color: $accent; }
QCheckBox::indicator:checked { background: $accent; border-color: $accent; image: url($check); }
QRadioButton::indicator:checked { background: $on_accent; border: 4px solid $accent; width: 8px;
    height: 8px; }
QCheckBox::indicator:disabled { background: $panel; border-color: $line; }

QScrollArea, QAbstractScrollArea { background: transparent; border: none; }
QPlainTextEdit, QTextEdit { background: $raised; border: 1px solid $line; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; }
QScrollBar::handle { background: $track; border-radius: 3px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 28px; }
QScrollBar::handle:horizontal { min-width: 28px; }
QScrollBar::handle:hover { background: $band; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; border: none; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QToolTip { background: $raised; color: $text; border: 1px solid $line; padding: 5px 7px;
    font-size: ${control_px}px; }
QTabWidget::pane { border: none; border-top: 1px solid $line; }
QTabBar { background: transparent; }
QTabBar::tab { background: transparent; color: $secondary; padding: 6px 12px; border: none;
    border-bottom: 2px solid transparent; }
QTabBar::tab:hover { color: $text; }
QTabBar::tab:selected { color: $text; border-bottom-color: $accent; }
QTabBar::tab:focus { color: $accent; }

QListView, QTreeView, QTableView { background: transparent; color: $text; border: none; outline: none;
    font-size: ${control_px}px; selection-background-color: $hover; selection-color: $text; }
QListView::item, QTreeView::item { padding: 4px 6px; border-radius: 4px; border: 1px solid transparent; }
QListView::item:hover, QTreeView::item:hover { background: $raised; }
QListView::item:selected, QTreeView::item:selected { background: $hover; color: $text; }
QListView:focus::item:selected, QTreeView:focus::item:selected { border: 1px solid $accent; }
QHeaderView::section { background: $panel; color: $secondary; border: none; border-bottom: 1px solid $line;
    padding: 4px 3px; }
QHeaderView::up-arrow { image: url($chevron_up); }
QHeaderView::down-arrow { image: url($chevron_down); }
QHeaderView::up-arrow, QHeaderView::down-arrow { width: 8px; height: 8px; subcontrol-origin: border;
    subcontrol-position: top center; }
QGroupBox { border: 1px solid $line; border-radius: 8px; margin-top: 8px; padding-top: 8px; }
QGroupBox::title { subcontrol-origin: margin; left: 10px; color: $secondary; }
QProgressBar { background: $track; border: none; border-radius: 2px; max-height: 4px; min-height: 4px;
    text-align: center; color: transparent; }
QProgressBar::chunk { background: $accent; border-radius: 2px; }
QSplitter::handle { background: $line; }
QSplitter::handle:hover { background: $accent; }
QSplitter::handle:horizontal { width: 1px; }
QSplitter::handle:vertical { height: 1px; }
QStatusBar { background: $panel; color: $secondary; border-top: 1px solid $line; font-size: ${control_px}px; }
QStatusBar::item { border: none; }
QStatusBar QLabel { font-size: ${control_px}px; color: $secondary; }
QDialogButtonBox { dialogbuttonbox-buttons-have-icons: 0; }
QMessageBox QLabel { font-size: ${text_px}px; }
""")


def set_look(widget: QWidget, name: str, value: object) -> None:
    """Give widget a property that the style sheet's rules ask for, and the look that comes with it."""
    if widget.property(name) != value:
        widget.setProperty(name, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


_ICONS = ("chevron_down", "chevron_up", "chevron_right", "check", "check_text", "close", "float")


def style_sheet(tokens: Mapping[str, str]) -> str:
    """The style sheet with its tokens filled in; tokens["icons"] is the appearance its pictures are for."""
    pictures = {
        name: resource_path("icons", f"{name.replace('_', '-')}-{tokens['icons']}.svg").as_posix()
        for name in _ICONS
    }
    return _RULES.substitute({**tokens, **{name: f'"{path}"' for name, path in pictures.items()}})
