"""Where the data lie: maps of codes, nearest neighbours, how unusual a code is, paths between codes."""

from core.mapping.maps import CodeMap, Method, TsneFile, make_map
from core.mapping.neighbours import Nearest, nearest, smallest, squared_distances
from core.mapping.paths import MapPath, codes_along
from core.mapping.projection import Pca, fit_pca
from core.mapping.rarity import UNUSUAL, Rarity, measure_rarity

__all__ = [
    "UNUSUAL",
    "CodeMap",
    "MapPath",
    "Method",
    "Nearest",
    "Pca",
    "Rarity",
    "TsneFile",
    "codes_along",
    "fit_pca",
    "make_map",
    "measure_rarity",
    "nearest",
    "smallest",
    "squared_distances",
]
