"""A recipe as a document of the session; the way there is core's make_recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import EditError
from core.translate import tr
from gui.edit_state import Document, EditState, Kept

if TYPE_CHECKING:
    from core.export.recipe import Recipe


def document_of(recipe: Recipe, index: int, latent_dim: int) -> Document:
    """The document that shows a recipe: its adjustments kept beside picture index, the last one in hand.

    Raises: EditError when the recipe is of another code size.
    """
    if len(recipe.code) != latent_dim:
        raise EditError(
            tr(
                "The recipe's code has {found} elements and the open model's {expected}:"
                " open its own run first.",
                found=len(recipe.code),
                expected=latent_dim,
            )
        )
    kept = tuple(
        Kept(EditState(edits=edits), adjustment.note)
        for edits, adjustment in zip(recipe.edits(), recipe.adjustments, strict=True)
        if edits
    )
    edit = kept[-1].state if kept else EditState()
    return Document(index=index, edit=edit).with_kept(index, kept)
