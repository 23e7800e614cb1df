"""Reverse-mode autograd: the engine, and its nodes `Value` (a number) and `Tensor` (an array)."""
