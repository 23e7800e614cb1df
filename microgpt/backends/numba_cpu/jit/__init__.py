"""How kernels are compiled, cached, checked and replayed; nothing here computes."""
