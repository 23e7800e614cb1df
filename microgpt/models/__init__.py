"""Models: `GPT` on tensors, `ScalarGPT` on scalars, `TapeGPT` on a tape of scalars, `Bigram`."""
