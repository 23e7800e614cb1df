"""Matrix products: `linear` with a weight (out, in), `matmul` of two stacks of matrices.

In the order to read them: `gemm_loops` says what a product computes, and computes it in float64;
`gemm_tiled` computes it in float32, with `micro_kernel` and `packing` over `strided_matrix` and
`llvm_simd`; `blocking` divides a product between threads, `split_k` one that sums over many rows. A
number of a result is summed up in one order, whatever the number of threads. An absent bias has no
elements.
"""

from microgpt.backends.numba_cpu.jit.compile import prepare_before
from microgpt.backends.numba_cpu.jit.kernel import Kernel
from microgpt.backends.numba_cpu.jit.prange import is_last_call, prange, workspace
from microgpt.backends.numba_cpu.matmul.blocking import (
    BIAS_GRAD,
    GELU,
    NO_EPILOGUE,
    ONE_BLOCK,
    RELU,
    STRAIGHT,
    TRANSPOSED,
    compile_gemm,
    count_blocks,
    gemm_nn,
    gemm_nt,
    gemm_tn,
)
from microgpt.backends.numba_cpu.matmul.borrowed_array import borrowed_array, pointer_at
from microgpt.backends.numba_cpu.matmul.split_k import (
    STEP,
    add_steps,
    count_steps,
    count_steps_compiled,
)


class GemmKernel(Kernel):
    """A kernel that calls what `blocking` compiles."""

    def compile(self, flags):
        return prepare_before(super().compile(flags), lambda types: compile_gemm(types[0].dtype))


class SplitKernel(GemmKernel):
    """The kernel of a linear layer's gradients, which may split the sum over its rows."""

    def count_workspace(self, arguments):
        _, dweight, dbias, dy, *_ = arguments
        steps = count_steps(dweight, dbias, len(dy))
        return steps * dweight.nbytes if steps > 1 else 0


def gemm_kernel(work, flags=None):
    return lambda function: GemmKernel(function, work, flags=flags)


def split_kernel(work):
    return lambda function: SplitKernel(function, work)


def _work(c, a):
    """M · N · K products, of which four take a unit of time."""
    return c.size * a.shape[-1] // 4


@gemm_kernel(work=lambda y, x, weight, bias: _work(y, x))
def linear_forward(y, x, weight, bias):
    """y = x · weightᵀ + bias: x (N, K), weight (M, K), bias (M,) -> y (N, M)."""
    N, M = y.shape
    for block in prange(count_blocks(N, M, x.shape[1], STRAIGHT)):
        gemm_nt(block, y, None, bias, x, weight, None, NO_EPILOGUE)


@gemm_kernel(work=lambda y, x, weight, bias, residual: _work(y, x))
def linear_residual_forward(y, x, weight, bias, residual):
    """y = residual + x · weightᵀ + bias."""
    N, M = y.shape
    for block in prange(count_blocks(N, M, x.shape[1], STRAIGHT)):
        gemm_nt(block, y, residual, bias, x, weight, None, NO_EPILOGUE)


@gemm_kernel(work=lambda y, z, x, weight, bias: _work(y, x))
def linear_gelu_forward(y, z, x, weight, bias):
    """z = x · weightᵀ + bias and y = gelu(z)."""
    N, M = y.shape
    for block in prange(count_blocks(N, M, x.shape[1], STRAIGHT)):
        gemm_nt(block, z, None, bias, x, weight, y, GELU)


@gemm_kernel(work=lambda y, x, weight, bias: _work(y, x))
def linear_relu_forward(y, x, weight, bias):
    """y = relu(x · weightᵀ + bias)."""
    N, M = y.shape
    for block in prange(count_blocks(N, M, x.shape[1], STRAIGHT)):
        gemm_nt(block, y, None, bias, x, weight, y, RELU)


@split_kernel(work=lambda dx, dweight, dbias, dy, x, weight, accumulate: 2 * _work(dy, x))
def linear_backward(dx, dweight, dbias, dy, x, weight, accumulate):
    """dx = dy · weight, dweight += dyᵀ · x, dbias += Σ_n dy[n]; dweight = …, if not accumulate."""
    (N, M), K = dy.shape, x.shape[1]
    dweight_in = dweight[: M if accumulate else 0]  # what the sums are added to
    steps = count_steps_compiled(dweight, dbias, N)
    if steps > 1:
        address = workspace()
        sums = borrowed_array(pointer_at(address, dweight), (steps, M, K))
        for step in prange(steps):
            top, bottom = step * STEP, min(N, step * STEP + STEP)
            dy_step, x_step = dy[top:bottom], x[top:bottom]
            gemm_nn(ONE_BLOCK, dx[top:bottom], None, None, dy_step, weight, None, NO_EPILOGUE)
            if address:
                gemm_tn(ONE_BLOCK, sums[step], None, None, dy_step, x_step, None, NO_EPILOGUE)
            else:
                so_far = dweight if step else dweight_in
                gemm_tn(ONE_BLOCK, dweight, so_far, None, dy_step, x_step, None, NO_EPILOGUE)
        if is_last_call():
            if not accumulate:
                dweight[...] = 0
            add_steps(dweight, sums)
        return
    # One loop for both products. If both can be divided, each part is a share of dx and
    # one of dweight, since the two may differ in speed; else it is a share of one of them.
    dx_blocks = count_blocks(N, K, M, STRAIGHT)
    dweight_blocks = count_blocks(M, K, N, TRANSPOSED)
    shares = max(dx_blocks, dweight_blocks)
    both = min(dx_blocks, dweight_blocks) > 1
    parts = shares if both else 2 * shares
    for part in prange(parts):
        i = part % shares
        if both or part < shares:
            for block in range(dx_blocks * i // shares, dx_blocks * (i + 1) // shares):
                gemm_nn(block, dx, None, None, dy, weight, None, NO_EPILOGUE)
        if both or part >= shares:
            for block in range(dweight_blocks * i // shares, dweight_blocks * (i + 1) // shares):
                gemm_tn(block, dweight, dweight_in, None, dy, x, dbias, BIAS_GRAD)


@gemm_kernel(work=lambda c, a, b: _work(c, a))
def matmul_forward(c, a, b):
    """c = a · b for each of the stacked matrices: a (B, M, K), b (B, K, N) -> c (B, M, N)."""
    B, M, N = c.shape
    for block in prange(B * count_blocks(M, N, a.shape[2], STRAIGHT)):
        gemm_nn(block, c, None, None, a, b, None, NO_EPILOGUE)


@gemm_kernel(work=lambda da, db, dc, a, b: _work(dc, a))
def matmul_backward(da, db, dc, a, b):
    """da = dc · bᵀ and db = aᵀ · dc."""
    B, M, N = dc.shape
    K = a.shape[2]
    for block in prange(B * count_blocks(M, K, N, STRAIGHT)):
        gemm_nt(block, da, None, None, dc, b, None, NO_EPILOGUE)
    for block in prange(B * count_blocks(K, N, M, TRANSPOSED)):
        gemm_tn(block, db, None, None, a, dc, None, NO_EPILOGUE)


@gemm_kernel(work=lambda c, a, b: _work(c, a))
def matmul_transposed_forward(c, a, b):
    """c = a · bᵀ for each of the stacked matrices: a (B, M, K), b (B, N, K) -> c (B, M, N)."""
    B, M, N = c.shape
    for block in prange(B * count_blocks(M, N, a.shape[2], STRAIGHT)):
        gemm_nt(block, c, None, None, a, b, None, NO_EPILOGUE)


@gemm_kernel(work=lambda da, db, dc, a, b: _work(dc, a))
def matmul_transposed_backward(da, db, dc, a, b):
    """da = dc · b and db = dcᵀ · a."""
    B, M, N = dc.shape
    K = a.shape[2]
    for block in prange(B * count_blocks(M, K, N, STRAIGHT)):
        gemm_nn(block, da, None, None, dc, b, None, NO_EPILOGUE)
    for block in prange(B * count_blocks(N, K, M, TRANSPOSED)):
        gemm_tn(block, db, None, None, dc, a, None, NO_EPILOGUE)
