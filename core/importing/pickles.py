"""What a pickle would do, worked out step by step without doing it: nothing is imported, called or allocated.

torch's own reader of weights only lets a file call a few functions with any arguments: a bytearray of a
terabyte, a hash of a tuple that holds itself twice, forty deep. So each step is checked here before it reads.
"""

import pickletools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from core.errors import ModelError
from core.importing.allowed import CALLED, STORAGES, Shell, is_allowed, is_class, shell
from core.translate import tr

MOST_STEPS = 150_000  # a quarter of a second of work; 1,000 tensors take 40,000
MOST_DIMENSIONS = 8


class RefusedError(ModelError):
    """A file that is not read; str() is the reason without the file's name."""


@dataclass(frozen=True, eq=False)
class Name:
    """A name that the pickle asks for."""

    path: str


@dataclass(frozen=True, eq=False)
class Storage:
    """The memory of tensors: which record holds it, and how many bytes it claims."""

    key: str
    kind: str
    count: int

    @property
    def size(self) -> int:
        """Bytes."""
        return self.count * STORAGES[self.kind]


@dataclass(frozen=True, eq=False)
class TensorPlace:
    """A tensor that is not read yet."""

    shape: tuple[int, ...]


@dataclass(eq=False)
class Survey:
    """What one pickle holds: its value with places for tensors and shells for objects, and what it names."""

    value: Any = None
    names: set[str] = field(default_factory=set)
    storages: dict[str, Storage] = field(default_factory=dict)


def survey(file: IO[bytes]) -> Survey:
    """The survey of the pickle at file's position, which is behind it afterwards. Raises: RefusedError."""
    machine = _Machine()
    try:
        for count, (opcode, argument, _position) in enumerate(pickletools.genops(file)):
            if count > MOST_STEPS:
                raise RefusedError(tr("its pickle has more than {count} steps", count=f"{MOST_STEPS:,}"))
            machine.step(opcode.name, argument)
    except (
        IndexError, KeyError, TypeError, ValueError, OverflowError, MemoryError, DeprecationWarning,
    ) as error:  # fmt: skip
        raise RefusedError(
            tr("its pickle is damaged ({reason})", reason=str(error)[:80] or type(error).__name__)
        ) from None
    return machine.found


class _Machine:
    """The stack and the memo of a pickle, with descriptions in place of objects."""

    def __init__(self) -> None:
        self.found = Survey()
        self.stack: list[Any] = []
        self.below: list[list[Any]] = []  # the stacks below each mark
        self.memo: dict[int, Any] = {}

    def step(self, name: str, argument: Any) -> None:
        """Do what one opcode says, or raise what is wrong with it."""
        if name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name]())
        elif name in _NUMBERS_AND_TEXTS:
            self.stack.append(argument)
        elif name in _STEPS:
            _STEPS[name](self, argument)
        else:
            raise RefusedError(
                tr("its pickle has the step {name}, which files of weights do not need", name=name)
            )

    def proto(self, version: int) -> None:
        if version != 2:
            raise RefusedError(
                tr("it was pickled with protocol {version}, not torch's own 2", version=version)
            )

    def name(self, text: str) -> None:
        module, _, attribute = text.partition(" ")
        path = f"{'builtins' if module == '__builtin__' else module}.{attribute}"
        self.found.names.add(path)
        if " " in attribute or not is_allowed(path):
            raise RefusedError(
                tr(
                    "it names {path}, which is neither a class of __main__ nor among the layers that may be"
                    " read; save the model's state_dict() and import that",
                    path=ascii(path)[1:-1][:120],
                )
            )
        self.stack.append(Name(path))

    def make(self, _argument: None) -> None:
        arguments, what = self.stack.pop(), self.stack.pop()
        if not (isinstance(what, Name) and is_class(what.path) and arguments == ()):
            raise RefusedError(tr("it makes an object of something that is no layer"))
        self.stack.append(shell(what.path)())

    def call(self, _argument: None) -> None:
        arguments, what = self.stack.pop(), self.stack.pop()
        if not (isinstance(what, Name) and what.path in CALLED and type(arguments) is tuple):
            path = what.path if isinstance(what, Name) else type(what).__name__
            raise RefusedError(tr("it wants to call {path} when it is read", path=path))
        try:
            self.stack.append(_RESULTS[what.path](arguments))
        except (ValueError, TypeError):
            raise RefusedError(tr("it calls {path} with arguments that do not fit", path=what.path)) from None

    def build(self, _argument: None) -> None:
        state, target = self.stack.pop(), self.stack[-1]
        if type(state) is not dict or not isinstance(target, Shell | dict):
            raise RefusedError(tr("it sets the state of something that has none"))
        if isinstance(target, Shell):
            target.state = state

    def storage(self, _argument: None) -> None:
        match self.stack.pop():
            case ("storage", Name(path=kind), str(key), str(), int(count), *rest) if (
                kind in STORAGES and count >= 0 and rest in ([], [None])
            ):
                found = Storage(key, kind, count)
                known = self.found.storages.setdefault(key, found)
                if (known.kind, known.count) != (kind, count):
                    raise RefusedError(tr("it describes the same numbers in two ways"))
                self.stack.append(known)
            case ("module", *_):
                raise RefusedError(
                    tr(
                        "it is a whole model in torch's format of before 1.6, which carries source code; save"
                        " the model's state_dict() and import that"
                    )
                )
            case _:
                raise RefusedError(tr("it refers to something that is no tensor's memory"))

    def put(self, place: int) -> None:
        self.memo[place] = self.stack[-1]

    def get(self, place: int) -> None:
        self.stack.append(self.memo[place])

    def mark(self, _argument: None) -> None:
        self.below.append(self.stack)
        self.stack = []

    def since_mark(self) -> list[Any]:
        items, self.stack = self.stack, self.below.pop()
        return items

    def tuple_since_mark(self, _argument: None) -> None:
        items = self.since_mark()
        self.stack.append(tuple(items))

    def tuple_of(self, count: int) -> None:
        if len(self.stack) < count:
            raise IndexError("stack")
        self.stack[-count:] = [tuple(self.stack[-count:])]

    def append(self, _argument: None) -> None:
        item = self.stack.pop()
        self._list().append(item)

    def extend(self, _argument: None) -> None:
        items = self.since_mark()
        self._list().extend(items)

    def set_one(self, _argument: None) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self._set([key, value])

    def set_all(self, _argument: None) -> None:
        self._set(self.since_mark())

    def stop(self, _argument: None) -> None:
        self.found.value = self.stack.pop()

    def _list(self) -> list[Any]:
        if type(self.stack[-1]) is not list:
            raise RefusedError(tr("its pickle is damaged ({reason})", reason="list"))
        return self.stack[-1]

    def _set(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) is not dict or len(items) % 2:
            raise RefusedError(tr("its pickle is damaged ({reason})", reason="dict"))
        for key, value in zip(items[::2], items[1::2], strict=True):
            if type(key) not in (str, int):  # what is nested may take for ever to hash
                raise RefusedError(tr("it has a dict whose keys are not texts or whole numbers"))
            target[key] = value


def _empty_dict(arguments: tuple[Any, ...]) -> dict[str, Any]:
    if arguments:
        raise ValueError
    return {}


def _set_of_texts(arguments: tuple[Any, ...]) -> frozenset[str]:
    (items,) = arguments
    if type(items) is not list or not all(type(item) is str for item in items):
        raise ValueError
    return frozenset(items)


def _size(arguments: tuple[Any, ...]) -> tuple[int, ...]:
    (numbers,) = arguments
    return tuple(_whole_numbers(numbers))


def _device(arguments: tuple[Any, ...]) -> str:
    kind, *index = arguments
    if type(kind) is not str or len(kind) > 16 or not all(type(i) is int for i in index) or len(index) > 1:
        raise ValueError
    return kind


def _tensor(arguments: tuple[Any, ...]) -> TensorPlace:
    """A tensor that lies within its storage, each number of it once."""
    storage, offset, shape, stride, needs_gradient, hooks, *metadata = arguments
    shape, stride = tuple(_whole_numbers(shape)), tuple(_whole_numbers(stride))
    _whole_numbers((offset,))
    plain = type(needs_gradient) is bool and hooks in ({}, None) and metadata in ([], [None])
    if not (isinstance(storage, Storage) and plain and len(shape) == len(stride) <= MOST_DIMENSIONS):
        raise ValueError
    count, last = 1, offset
    for length, step in zip(shape, stride, strict=True):
        count *= length
        last += max(length - 1, 0) * step
    if count > storage.count or (count and last >= storage.count):
        raise ValueError
    return TensorPlace(shape)


def _parameter(arguments: tuple[Any, ...]) -> TensorPlace:
    place, needs_gradient, hooks = arguments
    if not (isinstance(place, TensorPlace) and type(needs_gradient) is bool and hooks == {}):
        raise ValueError
    return place


def _whole_numbers(values: Any) -> Iterator[int]:
    if type(values) is not tuple or not all(type(n) is int and 0 <= n < 2**40 for n in values):
        raise ValueError
    return iter(values)


_RESULTS: dict[str, Callable[[tuple[Any, ...]], Any]] = {
    "collections.OrderedDict": _empty_dict,
    "builtins.set": _set_of_texts,
    "torch.Size": _size,
    "torch.device": _device,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_parameter": _parameter,
}
_CONSTANTS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_TUPLE": tuple,
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
}
_NUMBERS_AND_TEXTS = ("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE")
_STEPS: dict[str, Callable[[_Machine, Any], None]] = {
    "PROTO": _Machine.proto,
    "GLOBAL": _Machine.name,
    "NEWOBJ": _Machine.make,
    "REDUCE": _Machine.call,
    "BUILD": _Machine.build,
    "BINPERSID": _Machine.storage,
    "BINPUT": _Machine.put,
    "LONG_BINPUT": _Machine.put,
    "BINGET": _Machine.get,
    "LONG_BINGET": _Machine.get,
    "MARK": _Machine.mark,
    "TUPLE": _Machine.tuple_since_mark,
    "TUPLE1": lambda machine, _: machine.tuple_of(1),
    "TUPLE2": lambda machine, _: machine.tuple_of(2),
    "TUPLE3": lambda machine, _: machine.tuple_of(3),
    "APPEND": _Machine.append,
    "APPENDS": _Machine.extend,
    "SETITEM": _Machine.set_one,
    "SETITEMS": _Machine.set_all,
    "STOP": _Machine.stop,
}
