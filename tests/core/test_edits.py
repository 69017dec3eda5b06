"""Edits: the text form, what they do to a code, and both for anything that hypothesis thinks of."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.edits import (
    AnyEdit,
    Direction,
    Edit,
    Move,
    Operation,
    apply_edits,
    edits_text,
    moves_of,
    parse_edits,
    parse_typed,
    simplified,
)
from core.errors import EditError

DIMS = 64
FLOAT32_MAX = float(np.finfo(np.float32).max)

numbers = st.floats(-FLOAT32_MAX, FLOAT32_MAX, allow_nan=False)
edits = st.builds(Edit, st.integers(0, DIMS - 1), st.sampled_from(Operation), numbers)
mild = st.floats(-1e3, 1e3, allow_nan=False).map(lambda value: round(value, 3))
mild_edits = st.builds(Edit, st.integers(0, 3), st.sampled_from(Operation), mild)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0+20", Edit(0, Operation.ADD, 20.0)),
        ("63-1.5", Edit(63, Operation.ADD, -1.5)),
        ("z3=1.5", Edit(3, Operation.SET, 1.5)),
        ("z[3] = -2", Edit(3, Operation.SET, -2.0)),
        ("Z5 * -1", Edit(5, Operation.MULTIPLY, -1.0)),
        ("5×.5", Edit(5, Operation.MULTIPLY, 0.5)),
        ("7−3", Edit(7, Operation.ADD, -3.0)),
        ("7=−3", Edit(7, Operation.SET, -3.0)),
        ("1+1e-3", Edit(1, Operation.ADD, 1e-3)),
        ("1=+2.", Edit(1, Operation.SET, 2.0)),
    ],
)
def test_one_edit_is_read(text: str, expected: Edit) -> None:
    assert parse_edits(text, DIMS) == (expected,)


def test_several_edits_are_read_in_their_order() -> None:
    assert [str(edit) for edit in parse_edits("3=1.5, z5*-1,0+20", DIMS)] == ["3=1.5", "5*-1", "0+20"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        ",",
        "0",
        "0+",
        "+20",
        "0++1",
        "0+-1",
        "-1+3",
        "0/2",
        "a+1",
        "0+1,",
        "0=1=2",
        "0+nan",
        "0=inf",
        "0+1e",
    ],
)
def test_what_is_no_edit_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(EditError, match="is no adjustment; write DIM"):
        parse_edits(text, DIMS)


def test_a_dimension_that_is_not_there_is_named() -> None:
    with pytest.raises(EditError, match="no dimension 64: the code has 64, numbered 0 to 63"):
        parse_edits("64+1", DIMS)
    with pytest.raises(EditError, match="no dimension 5"):
        apply_edits([Edit(5, Operation.ADD, 1.0)], np.zeros(5, np.float32))
    with pytest.raises(EditError):
        apply_edits([Edit(-1, Operation.ADD, 1.0)], np.zeros(5, np.float32))


@pytest.mark.parametrize("text", ["0+1e39", "0=-1e400", "0*4e38"])
def test_a_number_beyond_float32_is_refused(text: str) -> None:
    with pytest.raises(EditError, match="too large for a code"):
        parse_edits(text, DIMS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+20", "4+20"),
        ("-3", "4-3"),
        ("−3", "4-3"),
        ("1.5", "4=1.5"),
        ("=-3", "4=-3"),
        ("= 2", "4=2"),
        ("*2", "4*2"),
        ("×-1", "4*-1"),
        (" + 7 ", "4+7"),
    ],
)
def test_what_is_typed_on_a_dial(text: str, expected: str) -> None:
    assert str(parse_typed(text, 4)) == expected


@pytest.mark.parametrize("text", ["", "+", "abc", "1,5", "/2", "**2", "1e99"])
def test_nonsense_typed_on_a_dial_is_refused(text: str) -> None:
    with pytest.raises(EditError):
        parse_typed(text, 4)


@given(st.lists(edits, min_size=1, max_size=8))
def test_the_text_form_is_read_back_exactly(several: list[Edit]) -> None:
    assert parse_edits(edits_text(several), DIMS) == tuple(several)


@given(edits)
def test_one_element_alone_changes(edit: Edit) -> None:
    z = np.linspace(-2, 2, DIMS, dtype=np.float32)
    changed = apply_edits([edit], z)
    others = np.arange(DIMS) != edit.dim
    assert changed.dtype == np.float32
    assert np.array_equal(changed[others], z[others])
    old = float(z[edit.dim])
    exact = {"+": old + edit.value, "=": edit.value, "*": old * edit.value}[edit.operation.value]
    clipped = min(max(exact, -FLOAT32_MAX), FLOAT32_MAX)
    assert changed[edit.dim] == np.float32(clipped)


def test_edits_apply_in_their_order_and_leave_the_code_alone() -> None:
    z = np.array([1.0, 2.0, 3.0], np.float32)
    add, double = Edit(0, Operation.ADD, 1.0), Edit(0, Operation.MULTIPLY, 2.0)
    assert apply_edits([add, double], z).tolist() == [4.0, 2.0, 3.0]
    assert apply_edits([double, add], z).tolist() == [3.0, 2.0, 3.0]
    assert z.tolist() == [1.0, 2.0, 3.0]


def test_many_codes_at_once() -> None:
    z = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert apply_edits(parse_edits("1*-1,2=9", 3), z).tolist() == [[0, -1, 9], [3, -4, 9]]


def test_a_product_beyond_float32_stays_finite() -> None:
    z = np.array([3e38], np.float32)
    assert apply_edits([Edit(0, Operation.MULTIPLY, -1e30)], z)[0] == np.float32(-FLOAT32_MAX)


@given(st.lists(mild_edits, max_size=8))
def test_the_simplified_edits_do_the_same(several: list[Edit]) -> None:
    z = np.array([0.5, -1.25, 3.0, 0.0])
    expected = z.copy()
    for edit in several:  # in float64, where no rounding between steps hides a mistake
        old = expected[edit.dim]
        expected[edit.dim] = {"+": old + edit.value, "=": edit.value, "*": old * edit.value}[
            edit.operation.value
        ]
    short = [edit for edit in simplified(several) if isinstance(edit, Edit)]
    result = z.copy()
    for edit in short:
        result[edit.dim] = edit.of(result[edit.dim])
    assert result == pytest.approx(expected, rel=1e-6, abs=1e-6)
    assert simplified(short) == tuple(short)
    per_dim = [[e.operation for e in short if e.dim == dim] for dim in range(4)]
    allowed = (
        [],
        [Operation.SET],
        [Operation.ADD],
        [Operation.MULTIPLY],
        [Operation.MULTIPLY, Operation.ADD],
    )
    assert all(operations in allowed for operations in per_dim)


@given(st.lists(edits, max_size=12))
def test_simplified_edits_have_a_text_form_whatever_their_size(several: list[Edit]) -> None:
    short = [edit for edit in simplified(several) if isinstance(edit, Edit)]
    assert all(math.isfinite(edit.value) for edit in short)
    if short:
        assert parse_edits(edits_text(short), DIMS) == tuple(short)


def test_edits_that_change_nothing_go() -> None:
    assert simplified(parse_edits("0+3,0-3,1*1", DIMS)) == ()
    assert simplified(parse_edits("2*-1,0+20,2*-1,0+1", DIMS)) == (Edit(0, Operation.ADD, 21.0),)


# ---- moves along directions ----------------------------------------------------------------------------


SMILE = Direction("smile", (1.0, -0.5, 0.0, 2.0))
HAIR = Direction('hair, "no" − long'.replace('"', "'"), (0.0, 1.0, 0.25, 0.0))

names = st.text(min_size=1, max_size=20).map(str.strip)
directions = st.lists(
    names.filter(lambda name: _is_name(name)), min_size=1, max_size=4, unique_by=str.casefold
).map(lambda several: tuple(Direction(name, (1.0, float(place))) for place, name in enumerate(several)))


def _is_name(name: str) -> bool:
    try:
        Direction(name, (1.0,))
    except EditError:
        return False
    return True


@pytest.mark.parametrize(
    ("text", "name", "amount"),
    [
        ("@smile+2", "smile", 2.0),
        ("@smile-1.5", "smile", -1.5),
        (" @ Smile + .5", "smile", 0.5),
        ('@"smile"+1e-1', "smile", 0.1),
        ("@smile−2", "smile", -2.0),
    ],
)
def test_a_move_is_read(text: str, name: str, amount: float) -> None:
    (move,) = parse_edits(text, 4, (SMILE, HAIR))
    assert isinstance(move, Move)
    assert (move.direction.name, move.amount) == (name, amount)


def test_moves_among_edits_and_a_name_with_a_comma_in_quotes() -> None:
    edits = parse_edits(f'0+20, @"{HAIR.name}"-1,@smile+2', 4, (SMILE, HAIR))
    assert edits == (Edit(0, Operation.ADD, 20.0), Move(HAIR, -1.0), Move(SMILE, 2.0))
    assert edits_text(edits) == f'0+20,@"{HAIR.name}"-1,@smile+2'


def test_unknown_and_unfit_directions_are_said() -> None:
    with pytest.raises(EditError, match="no direction 'frown': this run has smile, hair"):
        parse_edits("@frown+1", 4, (SMILE, HAIR))
    with pytest.raises(EditError, match="this run has none yet"):
        parse_edits("@frown+1", 4)
    with pytest.raises(EditError, match="codes of 4 dimensions, and this code has 5"):
        parse_edits("@smile+1", 5, (SMILE,))
    with pytest.raises(EditError, match="codes of 4 dimensions"):
        apply_edits([Move(SMILE, 1.0)], np.zeros(5, np.float32))


@pytest.mark.parametrize(
    "text", ["@", "@smile", "@+2", "@smile=2", "@smile*2", '@"smile+2', "@smile+nan", "@smile+2,"]
)
def test_what_is_no_move_is_refused(text: str) -> None:
    with pytest.raises(EditError):
        parse_edits(text, 4, (SMILE,))


@pytest.mark.parametrize("name", ["", " a", 'a"b', "a\nb", "x" * 61, "\u202e"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(EditError, match="is no name for a direction"):
        Direction(name, (1.0,))


@pytest.mark.parametrize("vector", [(), (0.0, 0.0), (1.0, math.nan), (math.inf, 0.0), (1e39, 0.0)])
def test_a_vector_that_leads_nowhere_is_refused(vector: tuple[float, ...]) -> None:
    with pytest.raises(EditError, match="The direction a"):
        Direction("a", vector)


@settings(max_examples=40)
@given(directions, st.data())
def test_the_text_form_of_moves_is_read_back_exactly(
    known: tuple[Direction, ...], data: st.DataObject
) -> None:
    move = st.builds(Move, st.sampled_from(known), numbers)
    several = data.draw(
        st.lists(st.one_of(move, edits.filter(lambda edit: edit.dim < 2)), min_size=1, max_size=6)
    )
    assert parse_edits(edits_text(several), 2, known) == tuple(several)


def test_moves_are_added_after_all_edits_whatever_their_place() -> None:
    z = np.array([1.0, 2.0, 3.0, 4.0], np.float32)
    double, put = Edit(0, Operation.MULTIPLY, 2.0), Edit(3, Operation.SET, -1.0)
    expected = [2.0 + 2.0, 2.0 - 1.0, 3.0, -1.0 + 4.0]
    assert apply_edits([Move(SMILE, 2.0), double, put], z).tolist() == expected
    assert apply_edits([double, Move(SMILE, 2.0), put], z).tolist() == expected
    many = apply_edits([Move(SMILE, 2.0)], np.stack([z, -z]))
    assert np.array_equal(many - np.stack([z, -z]), np.tile([2.0, -1.0, 0.0, 4.0], (2, 1)))


@given(st.lists(st.one_of(mild_edits, st.builds(Move, st.sampled_from([SMILE, HAIR]), mild)), max_size=8))
def test_simplified_moves_do_the_same(several: list[AnyEdit]) -> None:
    z = np.array([0.5, -1.25, 3.0, 0.0], np.float32)
    short = simplified(several)
    before, after = apply_edits(several, z), apply_edits(short, z)
    assert after == pytest.approx(before, rel=1e-3, abs=1e-2)
    moves = moves_of(short)
    assert len({move.direction for move in moves}) == len(moves)
    assert short[len(short) - len(moves) :] == moves  # after all edits
    assert simplified(short) == short


def test_two_directions_of_one_name_are_two() -> None:
    other = Direction("smile", (9.0, 0.0, 0.0, 0.0))
    assert simplified([Move(SMILE, 1.0), Move(other, 1.0), Move(SMILE, -1.0)]) == (Move(other, 1.0),)
