"""Programs that use the parts hard and long; each has a short run in the tests."""
