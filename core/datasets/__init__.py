"""Pictures from files: open_dataset and what it gives. Nothing here knows networks or windows."""

from core.datasets.dataset import DataIdentity, ImageDataset, ImportProgress, Inspection, LabelColumn, Skipped
from core.datasets.opening import import_dataset, inspect_source, is_at_hand, open_dataset

__all__ = [
    "DataIdentity",
    "ImageDataset",
    "ImportProgress",
    "Inspection",
    "LabelColumn",
    "Skipped",
    "import_dataset",
    "inspect_source",
    "is_at_hand",
    "open_dataset",
]
