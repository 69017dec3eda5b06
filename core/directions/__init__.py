"""Directions of a code that mean something: found, described, kept with a run."""

from core.directions.along import projections as projections
from core.directions.along import with_coordinates_of as with_coordinates_of
from core.directions.files import MOST_KEPT as MOST_KEPT
from core.directions.files import read_directions as read_directions
from core.directions.files import write_directions as write_directions
from core.directions.finding import METHODS as METHODS
from core.directions.finding import attribute_direction as attribute_direction
from core.directions.finding import group_direction as group_direction
from core.directions.finding import middle_of as middle_of
from core.directions.finding import principal_components as principal_components
from core.directions.finding import sides_of as sides_of
from core.directions.found import Accuracy as Accuracy
from core.directions.found import Found as Found
from core.directions.found import Kind as Kind
