"""The analyst: how many threads a measurement takes, and in which order its stages come."""

import os
import sys
import threading
from collections.abc import Iterator

import numpy as np
import torch

from core.codec import Codec
from core.encoding import EncodeProgress
from core.latents import statistics
from core.models import NetworkConfig, build_network
from gui.analyst import NICENESS, QUICK_LIMIT, Measured, Pace, Subject, measure
from tests.gui.conftest import toy_dataset


def test_a_measurement_leaves_the_cores_to_a_hand() -> None:
    seen: list[int] = []
    niceness: list[int] = []

    def work(pace: Pace) -> Iterator[Measured]:
        for is_alone in (False, True):
            seen.append(torch.get_num_threads())
            pace.is_alone = is_alone
            yield Measured()
        seen.append(torch.get_num_threads())

    def measured() -> None:
        torch.set_num_threads(3)
        pace = Pace()
        for _ in pace.keep(work(pace)):  # pyright: ignore[reportArgumentType]
            pass
        if sys.platform == "linux":
            niceness.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    before = torch.get_num_threads()
    thread = threading.Thread(target=measured)
    thread.start()
    thread.join()
    torch.set_num_threads(before)
    assert seen == [3, 1, 3]
    if sys.platform == "linux":
        assert niceness == [max(NICENESS, os.getpriority(os.PRIO_PROCESS, 0))]


def test_statistics_come_before_errors() -> None:
    dataset = toy_dataset(2 * QUICK_LIMIT + 30, size=8)
    config = NetworkConfig(
        network="fc", objective="ae", height=8, width=8, channels=3, latent_dim=4, hidden=(16,)
    )
    codec = Codec(build_network(config))
    items = measure(Subject(codec, dataset, 20_000))
    stages = [item for item in items if not isinstance(item, EncodeProgress)]
    kinds = [(m.codes is not None, m.statistics is not None, m.effects is not None) for m in stages]
    described = [(True, True, False), (False, False, True)]
    assert kinds == [*described, *described, (True, False, False)]
    counts = [len(stage.codes.codes) for stage in stages if stage.codes is not None]
    assert counts == [QUICK_LIMIT, len(dataset), len(dataset)]
    whole, last = stages[2], stages[-1]
    assert whole.statistics is not None
    assert last.codes is not None
    pixels = dataset.pictures(slice(0, len(dataset)))
    exact = codec.encode(pixels)
    np.testing.assert_allclose(whole.statistics.mean, statistics(exact).mean, atol=1e-5)
    np.testing.assert_allclose(last.codes.errors, codec.errors(pixels), rtol=1e-4)
