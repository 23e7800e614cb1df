"""Measures on five seeds what the notebooks claim, and writes it into `numbers.toml`.

A claim is measured with the notebook's own code: its cells tagged `experiment`.
"""
