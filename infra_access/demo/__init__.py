"""The demonstration: a small world to look at, loaded through the same commands that people use."""
