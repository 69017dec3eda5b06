"""Edits: the text form, what they do to a code, and both for anything that hypothesis thinks of."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.edits import Edit, Operation, apply_edits, edits_text, parse_edits, parse_typed, simplified
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
    short = simplified(several)
    result = z.copy()
    for edit in short:
        result[edit.dim] = edit.of(result[edit.dim])
    assert result == pytest.approx(expected, rel=1e-6, abs=1e-6)
    assert simplified(short) == short
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
    short = simplified(several)
    assert all(math.isfinite(edit.value) for edit in short)
    if short:
        assert parse_edits(edits_text(short), DIMS) == short


def test_edits_that_change_nothing_go() -> None:
    assert simplified(parse_edits("0+3,0-3,1*1", DIMS)) == ()
    assert simplified(parse_edits("2*-1,0+20,2*-1,0+1", DIMS)) == (Edit(0, Operation.ADD, 21.0),)
