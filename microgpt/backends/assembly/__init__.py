"""Machine code as text, read for what makes a loop fast or slow: vectors, spills, scalar rests.

`functions` finds the functions of LLVM's assembly and their basic blocks, `x86` and `arm64` say
what an instruction does, `loops` finds the loops, `report` counts. Nothing here needs a compiler.
"""
