"""The laboratory: what two models do with the same pictures, measured. Each measure names its formula and
paper.

Long measurements are generators of progress (core.encoding.EncodeProgress) that return a frozen value;
core.encoding.finished runs one to its end. Any two models that take pictures of the same shape will do.
"""
