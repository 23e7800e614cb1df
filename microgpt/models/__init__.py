"""Whole models: `GPT` on tensors, `ScalarGPT` on single numbers, `TapeGPT` on a tape, `Bigram`."""
