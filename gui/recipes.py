"""The session's work as a recipe, and a recipe as a document of the session."""

from typing import TYPE_CHECKING

from core.codec import weights_fingerprint
from core.edits import edits_text, parse_edits
from core.errors import EditError
from core.export.recipe import Recipe, RecipeAdjustment, RunIdentity, code_list
from core.runs import MODEL, versions
from core.translate import tr
from gui.edit_state import Document, EditState, Kept

if TYPE_CHECKING:
    from gui.session import Session


def adjustments_of(session: "Session", positions: tuple[int, ...] | None, with_edit: bool) -> list[Kept]:
    """The kept adjustments at positions (None: all), then the current edit unless it is among them."""
    kept = session.kept
    chosen = [kept[i] for i in (range(len(kept)) if positions is None else positions) if 0 <= i < len(kept)]
    if with_edit and not session.edit.is_empty and all(known.state != session.edit for known in chosen):
        chosen.append(Kept(session.edit))
    return chosen


def recipe_of(session: "Session", positions: tuple[int, ...] | None = None, with_edit: bool = True) -> Recipe:
    """How the comparison of the session's picture is made. Raises: EditError while there is no picture."""
    pictures, run = session.pictures, session.run
    if pictures is None or run is None or session.dataset is None:
        raise EditError(tr("There is no edited picture yet: open pictures and a model first."))
    adjustments = adjustments_of(session, positions, with_edit)
    last = adjustments[-1].state.code(pictures.code) if adjustments else pictures.code
    return Recipe(
        versions=versions(),
        run=RunIdentity(
            name=run.name,
            path=str(run.path.resolve()),
            fingerprint=weights_fingerprint(run.path / MODEL) if run.has_weights else "",
        ),
        data=session.dataset.identity,
        index=session.index,
        start=code_list(pictures.code),
        own_code=True,
        code=code_list(last),
        adjustments=[
            RecipeAdjustment(edits=edits_text(kept.state.as_edits()), note=kept.note) for kept in adjustments
        ],
    )


def document_of(recipe: Recipe, index: int, latent_dim: int) -> Document:
    """The document that shows a recipe: its adjustments kept beside picture index, the last one in hand.

    Raises: EditError when the recipe is of another code size.
    """
    if len(recipe.code) != latent_dim:
        raise EditError(
            tr(
                "The recipe's code has {found} elements and the open model's {expected}: open its own run first.",
                found=len(recipe.code),
                expected=latent_dim,
            )
        )
    kept = tuple(
        Kept(EditState(edits=parse_edits(adjustment.edits, latent_dim)), adjustment.note)
        for adjustment in recipe.adjustments
        if adjustment.edits
    )
    edit = kept[-1].state if kept else EditState()
    return Document(index=index, edit=edit).with_kept(index, kept)
