"""Memory that is really full: the program under the system's limit on its addresses."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.runs import Run

LIMITED = """
import resource, sys
from core import cli
import core.training
now = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
limit = now + int(sys.argv[1]) * 2**20
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
sys.exit(cli.main(sys.argv[2:]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's")
def test_a_batch_that_does_not_fit_is_said_with_one_that_fits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    np.save(tmp_path / "pictures.npy", np.zeros((4600, 32, 32, 3), np.uint8))

    words = f"train --data {tmp_path}/pictures.npy --out {tmp_path}/run --batch-size 4096 --precision float32"
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, "420", *words.split()], capture_output=True, text=True
    )
    found = re.search(r"not enough memory for batches of 4096 .* a batch size of (\d+)\.", done.stderr)
    assert done.returncode == 2, done.stderr
    assert found, done.stderr
    assert 256 <= int(found[1]) <= 2048
    assert not Run.open(tmp_path / "run").has_checkpoint
