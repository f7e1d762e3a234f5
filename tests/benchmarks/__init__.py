"""Benchmarks: figures are ratios measured in one run, because absolute ones drift with the machine."""
