"""Everything that is not a window: pictures, networks, training, codes, edits, exports. Never imports Qt."""

import os

from core.allocation import share_one_arena

# What GNU's OpenMP reads when torch loads it. Threads that spin while they wait take the core that the
# window wants; threads that sleep at once are slow to wake between two operations. These sleep after some
# 0.3 ms: 1.14 times the pictures a second of fc and 1.3 times those of conv that sleeping at once gave.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("GOMP_SPINCOUNT", "10000")

# Before numpy and torch are imported, whose threads would have heaps of their own.
share_one_arena()
