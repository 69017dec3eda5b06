"""Files made to harm: generators by kind, the readers that meet them, and a watch on what happens meanwhile.

`python -m tests.hostile` makes all of them, opens each, and prints what became of it.
"""
