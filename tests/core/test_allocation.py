"""Freed memory stays with the process inside a block, and goes back to the system after the last one."""

import ctypes
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from core.allocation import give_back_free_memory, recycled_memory

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "gnu_get_libc_version"), reason="glibc only"
)
MB = 1024 * 1024
BLOCK_MB = 64
# Prints by how many megabytes 500 kinds of products, as those of many networks, make the heap grow.
MANY_KINDS = """
import core
import ctypes
import torch

class Info(ctypes.Structure):
    _fields_ = [(str(number), ctypes.c_size_t) for number in range(7)] + [("used", ctypes.c_size_t)]
    _fields_ += [("free", ctypes.c_size_t), ("top", ctypes.c_size_t)]

libc = ctypes.CDLL(None)
libc.mallinfo2.restype = Info
torch.set_num_threads(1)
torch.backends.mkldnn.matmul.fp32_precision = "bf16"
used = []
for kind in range(501):
    torch.rand(16 + kind % 50, 256) @ torch.rand(256, 64 + 16 * (kind // 50))
    used.append(libc.mallinfo2().used)
print((used[-1] - used[0]) / 2**20)
"""


def resident_mb() -> float:
    """Memory of this process that is there at the moment."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def use_and_free() -> None:
    """64 MB of the C library's, every page of them written."""
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    libc.malloc.argtypes = [ctypes.c_size_t]
    libc.free.argtypes = [ctypes.c_void_p]
    block = libc.malloc(BLOCK_MB * MB)
    ctypes.memset(block, 1, BLOCK_MB * MB)
    libc.free(block)


def kept_mb(before: float) -> float:
    return resident_mb() - before


def test_a_freed_block_stays_inside_and_is_gone_after() -> None:
    before = resident_mb()
    with recycled_memory():
        use_and_free()
        assert kept_mb(before) > 0.9 * BLOCK_MB
        with recycled_memory():
            use_and_free()
        assert 0.9 * BLOCK_MB < kept_mb(before) < 1.5 * BLOCK_MB  # used again, and kept by the outer block
    assert kept_mb(before) < 0.2 * BLOCK_MB
    use_and_free()
    assert kept_mb(before) < 0.2 * BLOCK_MB


def test_it_ends_with_an_exception() -> None:
    def interrupted() -> None:
        with recycled_memory():
            use_and_free()
            raise KeyboardInterrupt

    before = resident_mb()
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert kept_mb(before) < 0.2 * BLOCK_MB


def test_blocks_of_several_threads_overlap() -> None:
    """The memory stays until the last thread has left, whichever began."""
    inside, leave = threading.Event(), threading.Event()

    def other() -> None:
        with recycled_memory():
            inside.set()
            leave.wait(timeout=10)

    before = resident_mb()
    thread = threading.Thread(target=other)
    with recycled_memory():
        thread.start()
        assert inside.wait(timeout=10)
        use_and_free()
    assert kept_mb(before) > 0.9 * BLOCK_MB
    leave.set()
    thread.join()
    assert kept_mb(before) < 0.2 * BLOCK_MB


def leave_holes() -> ctypes.c_void_p:
    """Free 64 MB below the top of the heap, where freeing gives nothing back; gives the block at the top."""
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    libc.malloc.argtypes = [ctypes.c_size_t]
    libc.free.argtypes = [ctypes.c_void_p]
    size = 16 * 1024
    blocks = [libc.malloc(size) for _ in range(BLOCK_MB * MB // size)]
    for block in blocks:
        ctypes.memset(block, 1, size)
    last = blocks.pop()
    for block in blocks:
        libc.free(block)
    return ctypes.c_void_p(last)


def test_what_the_heap_holds_free_is_given_back() -> None:
    give_back_free_memory()
    before = resident_mb()
    last = leave_holes()
    assert kept_mb(before) > 0.9 * BLOCK_MB
    give_back_free_memory()
    assert kept_mb(before) < 0.2 * BLOCK_MB
    ctypes.CDLL(None).free(last)


def test_nothing_is_given_back_while_a_training_keeps_it() -> None:
    before = resident_mb()
    with recycled_memory():
        use_and_free()
        give_back_free_memory()
        assert kept_mb(before) > 0.9 * BLOCK_MB


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="a glibc before 2.33")
def test_not_every_kind_of_product_is_remembered_for_ever() -> None:
    """oneDNN keeps 1,024 kinds unless it is told otherwise: 280 MB here, where it multiplies in bfloat16."""
    done = subprocess.run([sys.executable, "-c", MANY_KINDS], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 150


def large_pages_mb() -> float:
    """Memory of this process that lies in pages of 2 MB."""
    rollup = Path("/proc/self/smaps_rollup").read_text()
    return int(rollup.split("AnonHugePages:")[1].split()[0]) / 1024


@pytest.mark.skipif(
    not Path("/sys/kernel/mm/transparent_hugepage/enabled").is_file()
    or "[madvise]" not in Path("/sys/kernel/mm/transparent_hugepage/enabled").read_text(),
    reason="the kernel gives large pages to nobody, or to everybody",
)
def test_the_room_of_one_training_has_large_pages_in_the_next_too() -> None:
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    libc.malloc.argtypes = [ctypes.c_size_t]
    libc.free.argtypes = [ctypes.c_void_p]
    above = None
    for _training in range(2):
        with recycled_memory():
            before = large_pages_mb()
            block = libc.malloc(BLOCK_MB * MB)
            above = above or libc.malloc(8 * MB)  # which stays: the block becomes a hole of the heap
            ctypes.memset(block, 1, BLOCK_MB * MB)
            assert large_pages_mb() - before > 0.8 * BLOCK_MB
            libc.free(block)
        assert large_pages_mb() - before < 0.2 * BLOCK_MB
    libc.free(above)
