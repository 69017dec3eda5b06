"""What codes tell of factors that are known: which dial knows which, and how well they are kept apart."""

from core.factors.columns import Factor, LeftOut, factors_of
from core.factors.importance import Importance, measure_importance
from core.factors.information import discretised, gaps, measure_information, mutual_information
from core.factors.report import FACTORS_FILE, FactorReport, FactorsFile, labels_fingerprint, measure_factors
from core.factors.words import notes_of, score_lines, top_dials

__all__ = [
    "FACTORS_FILE",
    "Factor",
    "FactorReport",
    "FactorsFile",
    "Importance",
    "LeftOut",
    "discretised",
    "factors_of",
    "gaps",
    "labels_fingerprint",
    "measure_factors",
    "measure_importance",
    "measure_information",
    "mutual_information",
    "notes_of",
    "score_lines",
    "top_dials",
]
