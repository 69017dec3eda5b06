"""The session's work as a recipe, and a recipe as a document of the session."""

from collections.abc import Sequence

from core.codec import weights_fingerprint
from core.datasets.dataset import DataIdentity
from core.edits import edits_text, parse_edits
from core.errors import EditError
from core.export.recipe import Recipe, RecipeAdjustment, RunIdentity, code_list
from core.runs import MODEL, Run, versions
from core.translate import tr
from gui.edit_state import Document, EditState, Kept
from gui.renderer import Pictures


def recipe_of(
    run: Run, data: DataIdentity, index: int, pictures: Pictures, adjustments: Sequence[Kept]
) -> Recipe:
    """How a comparison of picture index with these adjustments is made. Raises: ModelError."""
    last = adjustments[-1].state.code(pictures.code) if adjustments else pictures.code
    return Recipe(
        versions=versions(),
        run=RunIdentity(
            name=run.name,
            path=str(run.path.resolve()),
            fingerprint=weights_fingerprint(run.path / MODEL) if run.has_weights else "",
        ),
        data=data,
        index=index,
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
                "The recipe's code has {found} elements and the open model's {expected}:"
                " open its own run first.",
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
