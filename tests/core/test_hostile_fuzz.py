"""A short run of tests/torture/fuzz.py, which anyone can start with a larger count and another seed."""

from pathlib import Path

from tests.torture.fuzz import KINDS, fuzz


def test_damaged_files_are_refused_or_read(tmp_path: Path) -> None:
    tallies = fuzz(500, seed=7, kinds=list(KINDS), workers=1, keep=tmp_path)
    assert [line for tally in tallies.values() for line in tally.kept] == []
    for kind, tally in tallies.items():
        assert tally.inputs == tally.refused + tally.accepted > 0, kind
    assert sum(tally.accepted for tally in tallies.values()) > 50  # what is sound still goes in
