"""ActionStates: which actions of the menus can be chosen now. What cannot be done is grey, not refused."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QAction

from gui.session import Session
from gui.trainer import TrainingState

_STOPPABLE = (TrainingState.STARTING, TrainingState.RUNNING, TrainingState.PAUSED)


class ActionStates(QObject):
    """Enables and disables actions of a parent, by their object names, as the session changes."""

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._rules: tuple[tuple[tuple[QAction, ...], Callable[[], bool]], ...] = tuple(
            (tuple(action for name in names for action in parent.findChildren(QAction, name)), holds)
            for names, holds in (
                (("exportAction", "exportComparison", "copyComparison"), self._shows_now),
                (("negateDial", "randomCode", "targetCode", "likeEdited"), self._has_pictures),
                (("keepAdjustment",), self._shows_an_edit),
                (("resetAll",), self._is_edited),
                (("resetDial",), self._is_dial_turned),
                (("nextPicture",), self._has_next),
                (("previousPicture",), self._has_previous),
                (("skippedFiles",), self._has_data),
                (("revealRun",), self._has_run),
                (("measureCodes",), self._can_measure_codes),
                (("saveRunAs",), self._can_save_run),
                (("trainAction",), self._can_train),
                (("pauseAction", "stopAction"), self._can_stop),
                (("exportPlot", "exportCsv"), self._has_history),
            )
        )
        self._detail = parent.findChild(QAction, "originalsDetail")
        for changed in (
            session.detail_changed,
            session.dataset_changed,
            session.run_changed,
            session.model_changed,
            session.pictures_changed,
            session.selection_changed,
            session.edit_changed,
            session.dial_changed,
            session.trainer.state_changed,
            session.follower.state_changed,
            session.trainer.records_arrived,
            session.trainer.history_reset,
            session.replay.changed,
            session.analyst.study_changed,
        ):
            changed.connect(self._on_changed)
        self._on_changed()

    @Slot()
    def _on_changed(self) -> None:
        if self._detail is not None:
            self._detail.setChecked(self._session.has_detail)
        for actions, holds in self._rules:
            enabled = holds()
            for action in actions:
                if action.isEnabled() != enabled:
                    action.setEnabled(enabled)

    def _has_data(self) -> bool:
        return self._session.dataset is not None

    def _has_run(self) -> bool:
        return self._session.run is not None

    def _can_save_run(self) -> bool:
        session = self._session
        is_trained = session.trainer.is_active or session.follower.is_live
        return session.run is not None and session.codec is not None and not is_trained

    def _can_measure_codes(self) -> bool:
        return self._session.can_measure_codes

    def _has_pictures(self) -> bool:
        return self._session.pictures is not None

    def _shows_now(self) -> bool:
        return self._has_pictures() and self._session.replay.epoch is None  # not what a network once showed

    def _shows_an_edit(self) -> bool:
        return self._shows_now() and self._is_edited()

    def _is_edited(self) -> bool:
        return self._session.pictures is not None and not self._session.edit.is_empty

    def _is_dial_turned(self) -> bool:
        return self._is_edited() and self._session.dial in self._session.edit.dims()

    def _has_next(self) -> bool:
        dataset = self._session.dataset
        return dataset is not None and self._session.index < len(dataset) - 1

    def _has_previous(self) -> bool:
        return self._session.dataset is not None and self._session.index > 0

    def _can_train(self) -> bool:
        return self._session.dataset is not None and not self._session.trainer.is_active

    def _can_stop(self) -> bool:
        return self._session.trainer.state in _STOPPABLE

    def _has_history(self) -> bool:
        return len(self._session.trainer.history) > 0
