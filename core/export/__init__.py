"""What leaves the program: comparison figures and single pictures, with the recipe that made them."""

from core.export.comparison import (
    Comparison,
    Panel,
    adjustment_caption,
    comparison_layout,
    make_comparison,
    render_comparison,
)
from core.export.recipe import Recipe, read_recipe, save_picture, save_png

__all__ = [
    "Comparison",
    "Panel",
    "Recipe",
    "adjustment_caption",
    "comparison_layout",
    "make_comparison",
    "read_recipe",
    "render_comparison",
    "save_picture",
    "save_png",
]
