"""Everything that is not a window: pictures, networks, training, codes, edits, exports. Never imports Qt."""
