"""Whole models: `GPT` on tensors, `ScalarGPT` on single numbers."""
