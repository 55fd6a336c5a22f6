"""Experiments on real images: grid, runs, report."""
