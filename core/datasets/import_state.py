"""How far an import of picture files is: kept when it breaks off, and checked when it goes on."""

from collections.abc import Iterable, Sequence

from pydantic import BaseModel, ConfigDict, ValidationError

from core.datasets.decoding import Decoded, Header


class _State(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    files: int
    sizes: tuple[tuple[int, int], ...]
    grey: bool | None
    skipped: tuple[tuple[int, str], ...]


class ImportState:
    """files: how many are done, in order. skipped: (index, reason) of those among them that cannot be read.

    sizes and grey tell what headers say so far: the pictures' own sizes, and whether all are grey, None where
    no header was seen.
    """

    def __init__(self) -> None:
        self.files = 0
        self.sizes: set[tuple[int, int]] = set()
        self.grey: bool | None = None
        self.skipped: list[tuple[int, str]] = []

    def see(self, headers: Iterable[Header | None]) -> None:
        """Take note of some headers; None is a file that has none."""
        for header in headers:
            if header is not None:
                self.sizes.add((header.width, header.height))
                self.grey = header.grey and self.grey is not False

    def add(self, answers: Sequence[Decoded]) -> None:
        """The next files are done."""
        unread = [(self.files + at, one.reason) for at, one in enumerate(answers) if one.pixels is None]
        # Ctrl-C may come between these two: a reason too many is then for a file that is not done.
        self.skipped += unread
        self.files += len(answers)

    def start_over(self) -> None:
        """No file is done; what headers say stays known."""
        self.files = 0
        self.skipped = []

    def saved(self) -> tuple[int, str]:
        """How many pictures were read, and the state as JSON."""
        files = self.files
        skipped = tuple((index, reason) for index, reason in self.skipped if index < files)
        state = _State(files=files, sizes=tuple(sorted(self.sizes)), grey=self.grey, skipped=skipped)
        return files - len(skipped), state.model_dump_json()

    def take_up(self, saved: str, pictures: int, files: int) -> bool:
        """Go on from what saved() gave, of so many files; False where it does not fit to so many pictures."""
        try:
            state = _State.model_validate_json(saved)
        except ValidationError:
            return False
        if state.files > files or state.files - len(state.skipped) != pictures:
            return False
        self.files, self.grey = state.files, state.grey
        self.sizes, self.skipped = set(state.sizes), list(state.skipped)
        return True
