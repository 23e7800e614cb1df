# %% [markdown]
# # What do ten thousand threads do?
#
# All of them run the same few lines, each on its own part of the data. This is how a GPU multiplies
# matrices. Here you write such programs, and an interpreter in Python runs their threads, so no GPU is
# needed. A wrong program can give a right result.
#
# You need the matrix product from notebook 02 and the softmax from 03. Names and sizes are those of
# CUDA, NVIDIA's system for its GPUs.

# %% tags=["imports", "varies"]
import math
import textwrap

import numpy as np

import microgpt as mg
from microgpt.interpreter import count_traffic, cuda, float32

mg.require("0.1")
has_gpu = mg.backends.available("cuda")
print("a GPU is here, too" if has_gpu else "no GPU here, so nothing is timed")

# %% [markdown]
# ## Each thread has a number of its own
#
# A GPU starts many workers at once: its **threads**. All threads run the same function, called a
# **kernel**. They come in teams of equal size, each called a **thread block**, or block for short.
#
# How does a thread find its own number? Take blocks of 8 threads, and thread 3 of block 1. Before it are
# the 8 threads of block 0, and three of its own block. So its number n is 1 · 8 + 3 = 11.


# %%
# blockIdx: the number of the block; blockDim: how many threads it has; threadIdx: the index in it.
# .x is the first of their axes, and .y a second one.
def who(out):
    n = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
    out[n] = 10 * cuda.blockIdx.x + cuda.threadIdx.x


out = np.zeros(16, dtype=int)
mg.interpreter.run(who, 2, 8, out)  # 2 blocks of 8 threads
print(out)

# %% [markdown]
# Each thread wrote ten times the number of its block, plus its index in the block. There is no loop:
# `run` gives the same function to all 16 threads, and so does a GPU. This is a *launch*; its blocks
# together are the *grid*: here, grid = 2. `cuda.grid(1)` is short for the right side of the first line.

# %% [markdown]
# ### Your turn: add
#
# Exercise, 3 minutes. `add(out, a, b)`, all of one shape. Write what one thread does: find its number n,
# add element n of a and of b, and write the sum into element n of out. There are as many threads as
# elements, so no loop is needed. Example: with a = 1 … 16, all b = 10 and blocks of 8, thread 3 of block
# 1 writes 22 into `out[11]`. Hints: `mg.learn.hint("14.add")`.

# %% tags=["exercise:14.add"]
add = mg.learn.todo()  # your kernel goes here, in place of this line

# %% tags=["check:14.add"]
mg.learn.check("14.add", add)

# %% [markdown]
# ### Sixteen threads for thirteen elements
#
# All blocks have the same size, so 13 elements need two blocks of 8, and three threads are left over.
# What do they do? The interpreter's report tells what it found.


# %%
def double(out, x):
    n = cuda.grid(1)
    out[n] = x[n] + x[n]


def show(report):
    found = [textwrap.fill(finding.text, 88) for finding in report.findings]
    print("\n".join(found) or "nothing found")


x = np.arange(13, dtype=np.float32)
out = np.zeros_like(x)
report = mg.interpreter.run(double, 2, 8, out, x)
print(out)
show(report)

# %% [markdown]
# The 13 results are right. But three threads read and wrote outside the arrays. A GPU need not report
# this: it may return, or change, whatever lies there. So a kernel first asks whether its element exists.
# That line is called a *guard*, and it comes before the first access to memory.

# %% [markdown]
# ### Your turn: a map with a guard
#
# Exercise, 4 minutes. `guarded_map(out, x)`, both of shape (rows, columns). Blocks have 8 × 8 threads,
# and some threads are outside. `column, row = cuda.grid(2)` gives a thread two numbers, the column
# first. Write `2 * x[row, column] + 1` into the same element of out; threads outside neither read nor
# write. Example: for x (5, 7) and one block, 35 threads write and 29 do nothing. Hints:
# `mg.learn.hint("14.guarded_map")`.

# %% tags=["exercise:14.guarded_map"]
guarded_map = mg.learn.todo()  # your kernel goes here, in place of this line

# %% tags=["check:14.guarded_map"]
mg.learn.check("14.guarded_map", guarded_map)

# %% [markdown]
# ## In which order do threads run?
#
# On a GPU nobody can say. The interpreter lets you choose. *Forwards* runs thread 0 first, then thread
# 1, and so on; *backwards* begins with the last. Each runs to its end, or until it must wait for
# others. *In step*, each thread makes one access to memory, then each makes its next. The
# shortest kernel that counts its threads:


# %%
def count(out):
    out[0] += 1


out = np.zeros(1, dtype=np.float32)
mg.interpreter.run(count, 1, 1, out)
print(f"one thread counts {out[0]:.0f}")

# %% tags=["predict:14.plus"]
# source: misconception: += is one action
# source: answer: not the same in every order
# source: gives away: before anybody writes|read 0|addition is lost
mg.learn.predict(
    "14.plus",
    "out[0] is 0, and each of 64 threads does out[0] += 1. What is in out[0] afterwards?",
    ("64", "1", "not the same in every order"),
)

# %% tags=["shows:14.plus"]
counted = {}
for order in mg.interpreter.ORDERS:
    out = np.zeros(1, dtype=np.float32)
    report = mg.interpreter.run(count, 1, 64, out, order=order)
    counted[order] = f"{out[0]:.0f}"
    print(f"{order:10} {counted[order]:>2}, found:", *(finding.type for finding in report.findings))
show(report)

# %% tags=["answer:14.plus"]
result = "not the same in every order" if len(set(counted.values())) > 1 else counted["forwards"]
values = {order.replace(" ", "_"): number for order, number in counted.items()}
mg.learn.reveal("14.plus", result, **values)

# %% [markdown]
# ### A barrier makes a block wait
#
# Two threads use the same element, at least one writes, and nothing puts them in order: that is a
# **race**. The threads of a block can wait for each other, at a line called a **barrier**:
# `cuda.syncthreads()`. Nobody goes on before all have come, so all must come. Nothing here orders two
# blocks.
#
# From one barrier to the next is a *phase*. In one phase, no thread may write what another reads or
# writes. (`cuda.atomic.add(out, 0, 1)` may: it adds 1 to `out[0]` in one step.)

# %% [markdown]
# Each block has a small, fast memory for its own threads: *shared memory*. At first it holds whatever
# was left there. The next kernel finds the largest of 64 numbers. In each round, thread n takes the
# larger of its own and one from the second half of those left. So 64 become 32, then 16, and at last
# one.


# %%
def largest(out, x):
    part = cuda.shared.array(64, float32)
    me, half = cuda.threadIdx.x, 32  # half of 64
    part[me] = x[me]
    cuda.syncthreads()
    while half > 0:
        if me < half:
            part[me] = max(part[me], part[me + half])
        cuda.syncthreads()
        half //= 2
    if me == 0:
        out[0] = part[0]


show(mg.interpreter.run(largest, 1, 64, np.zeros(1, np.float32), np.arange(64, dtype=np.float32)))

# %% [markdown]
# The view runs it. Move through its phases: in phase 2, 32 threads work; in phase 3, 16. Then choose
# another order.

# %%
x, out = np.random.default_rng(0).permutation(64).astype(np.float32), np.zeros(1, np.float32)
mg.interpreter.run(largest, 1, 64, out, x)
print(f"the largest of 0 … 63, shuffled, is {out[0]:.0f}")
mg.widgets.ThreadTheatre(largest, threads=64, arguments=(np.zeros(1, np.float32), x))

# %% [markdown]
# ### Your turn: the sum of a block
#
# Exercise, 8 minutes. `block_sum(out, x)`, out (blocks,), x (n,). Each block adds up its part of x, and
# one thread writes the sum into `out[block]`. The number of threads in a block is a power of two, at
# most 64. The array may end in the middle of a block: threads without an element bring 0. Use
# `cuda.shared.array(64, float32)`; its size must be a constant. Example: 1 … 5 in a block of 8 gives
# 15. Hints: `mg.learn.hint("14.block_sum")`.

# %% tags=["exercise:14.block_sum"]
block_sum = mg.learn.todo()  # your kernel goes here, in place of this line

# %% tags=["check:14.block_sum"]
mg.learn.check("14.block_sum", block_sum)

# %% [markdown]
# ## Can a result show that a kernel is wrong?
#
# Nine kernels have one mistake each, and every mistake makes a race. They add up a block, or multiply two
# matrices or compute a softmax, as you will further down. Each runs in all three orders.

# %% tags=["predict:14.passes"]
# source: misconception: a wrong kernel gives wrong numbers
# source: answer: 16
# source: gives away: (?<![\w.,])16 (?:of|results)|in at least one order
mg.learn.predict(
    "14.passes",
    "Nine kernels with a race, three orders each: of the 27 results, how many are right?",
    (0, 6, 16),
)

# %% tags=["shows:14.passes"]
races = mg.learn.museum("14")
races

# %% tags=["answer:14.passes"]
best = min(sum(results) for results in zip(*(row.results for row in races.rows)))
missed = min(sum(row.results) for row in races.rows)
mg.learn.reveal("14.passes", races.num_right, best=best, missed=missed)

# %% [markdown]
# A test that compares results needs luck with the order. The interpreter needs none: it remembers who
# used each element last, and whether a barrier came between. The next view shows a race: the sum of a
# block lacks the barrier before its loop. Choose the order *forwards*: the first clash is crossed out.
# Move the second slider to its end: now 32 elements are.

# %%
mg.widgets.ThreadTheatre("sum without first barrier")

# %% [markdown]
# ## How does memory reach 32 threads?
#
# The large memory of a GPU moves 32 bytes at a time, a *sector*: eight float32 numbers. The threads of a
# block run in groups of 32, called *warps*. When a warp reaches a line that reads, its threads ask in
# one *request*, and threads that want numbers in one sector share it. Threads of a warp may still run
# in any order. In memory, a table lies row after row. Take one of 32 × 32 numbers.

# %% tags=["predict:14.columns"]
# source: misconception: you pay for the numbers that you ask for
# source: answer: 32
# source: gives away: not used by this request|32 sectors|a sector of its own
mg.learn.predict(
    "14.columns",
    "A warp reads a column of the table: one number from each of 32 rows. How many sectors does it request?",
    (4, 8, 32),
)


# %%
def copy_by_rows(out, x):  # the warp takes one row after the other
    lane = cuda.threadIdx.x
    for k in range(32):
        out[k, lane] = x[k, lane]


def copy_by_columns(out, x):  # the warp takes one column after the other
    lane = cuda.threadIdx.x
    for k in range(32):
        out[lane, k] = x[lane, k]


table = np.arange(32 * 32, dtype=np.float32).reshape(32, 32)
print(f"a row has {table[0].nbytes} bytes")

# %% tags=["shows:14.columns"]
sectors = {}
for kernel in (copy_by_rows, copy_by_columns):
    # trace=True keeps every access; count_traffic adds them up for each line, .cost in sectors
    report = mg.interpreter.run(kernel, 1, 32, np.zeros_like(table), table, trace=True)
    reads = next(line for line in count_traffic(report.accesses) if line.operation == "read")
    sectors[kernel] = reads.cost // reads.requests
    print(f"{kernel.__name__:16} {reads.accesses:,} numbers in {reads.requests} requests,")
    print(f"{'':16} {sectors[kernel]} sectors for each request")

# %% tags=["answer:14.columns"]
mg.learn.reveal("14.columns", sectors[copy_by_columns], rows=sectors[copy_by_rows])

# %% [markdown]
# When the threads of a warp ask for numbers side by side, they request as few sectors as possible: the
# access is **coalesced**. Both kernels are right, but only the first is coalesced: there, neighbouring
# threads have neighbouring columns.
#
# A GPU also has *caches*, which keep sectors for later requests. The interpreter has none.

# %% [markdown]
# ## How often is each number requested?
#
# Now the product of two matrices, the work that a GPT does most. A thread computes one number of the
# result, from a row of a and a column of b.


# %%
def multiply(out, a, b):
    column, row = cuda.grid(2)  # the column comes first
    total = float32(0)
    for k in range(a.shape[1]):
        total += a[row, k] * b[k, column]
    out[row, column] = total


rng = np.random.default_rng(0)
a, b = (rng.normal(size=size).astype(np.float32) for size in ((8, 16), (16, 16)))
out = np.zeros((8, 16), dtype=np.float32)
report = mg.interpreter.run(multiply, (2, 1), (8, 8), out, a, b, trace=True)  # along x first
reads = [line.accesses for line in count_traffic(report.accesses) if line.operation == "read"]
print("agrees with NumPy:", np.allclose(out, a @ b, atol=1e-5))
print(f"{sum(reads):,} loads: of a each {reads[0] // a.size} times, of b {reads[1] // b.size}")

# %% [markdown]
# ### A tile is requested once for a whole block
#
# Four threads multiply matrices of 2 × 2. Alone, each reads two numbers of a and two of b: 16 loads.
# Together they need 8: each brings one number of a and one of b into shared memory, where all read them.
# Such a part of a matrix is called a *tile*.


# %%
def bring(out, a):  # a tile of 2 × 2
    tile = cuda.shared.array((2, 2), float32)  # a shared array with two axes
    x, y = cuda.threadIdx.x, cuda.threadIdx.y
    tile[y, x] = a[y, x]
    cuda.syncthreads()
    out[y, x] = tile[y, 0] + tile[y, 1]  # each thread reads what two threads brought


small, out = np.array([[1, 2], [3, 4]], dtype=np.float32), np.zeros((2, 2), dtype=np.float32)
show(mg.interpreter.run(bring, 1, (2, 2), out, small))  # one block of 2 × 2 threads
print(out)

# %% [markdown]
# ### Your turn: a product in tiles
#
# Exercise, 12 minutes. `tiled_matmul(out, a, b)`, out (M, N), a (M, K), b (K, N), any sizes; blocks of 8
# × 8 threads. A thread computes one number. Take 8 numbers of K at a time: the block brings a tile of
# each matrix, waits, each thread adds 8 products, the block waits again. Outside the matrices, a tile
# holds 0. Example: `[[1, 2], [3, 4]]` times `[[5, 6], [7, 8]]` is `[[19, 22], [43, 50]]`. Hints:
# `mg.learn.hint("14.tiled_matmul")`.

# %% tags=["exercise:14.tiled_matmul"]
tiled_matmul = mg.learn.todo()  # your kernel goes here, in place of this line

# %% tags=["check:14.tiled_matmul"]
mg.learn.check("14.tiled_matmul", tiled_matmul)

# %% [markdown]
# ### The ladder, counted
#
# The view runs four kernels for the product above. A warp of an 8 × 8 block is four rows of 8 threads.
# *Naive by rows* is `multiply` with a guard; reading b is coalesced. *Naive by columns* swaps x and y,
# and reads down a column of a:
#
# ```python
# row = cuda.blockIdx.y * cuda.blockDim.y + cuda.threadIdx.x
# column = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.y
# ```
#
# *Tiles* is your exercise. With *register tiles*, a thread keeps four results in *registers*, its
# own memory:
#
# ```python
# a0, a1, b0, b1 = left[y, k], left[y + 4, k], right[k, x], right[k, x + 8]
# sum00 += a0 * b0  # and the other three
# ```
#
# Four products take four reads of shared memory, not eight. One block has all results, so it
# brings a once: fewer sectors.

# %%
mg.widgets.product_ladder()

# %% [markdown]
# With tiles of T × T, each number is requested T times less often. The next cell counts loads without
# running anything: for the small product, and for a matrix of GPT-2 with 256 tokens. Operations per byte
# are the *arithmetic intensity*; writing is left out. NVIDIA's A100 (40 GB) can do 12.5 for each byte
# that it reads. With fewer, it waits, unless caches help.


# %%
# source: the naive kernel is one with tiles of 1 × 1
def loads(M, K, N, T=1):  # T = 1 is the naive kernel
    return M * K * math.ceil(N / T) + K * N * math.ceil(M / T)


print(f"the small product: naive {loads(8, 16, 16):,}, tiles of 8 × 8 {loads(8, 16, 16, T=8)}")
M, K, N = 256, 768, 3072
operations = 2 * M * K * N  # K products and K additions for each of M · N results
print(f"{'GPT-2':16} {'million loads':>13} {'operations per byte read':>26}")
for name, T in (("naive", 1), ("T = 8", 8), ("T = 32", 32), ("T = 128", 128), ("once", N)):
    total = loads(M, K, N, T)
    print(f"{name:16} {total / 1e6:13,.1f} {operations / (4 * total):26,.2f}")
print("T = 128 needs several results per thread: a block has at most 1,024 threads")

# %% [markdown]
# ### Shared memory has 32 banks
#
# Shared memory is divided into 32 *banks*. Element n of a shared array is in bank n modulo 32. In one
# pass, each bank gives one number. If a warp wants 32 different numbers from one bank, it needs 32
# passes. Below, a tile is filled by rows and read by columns, which transposes the table. So reading x
# and writing out are both coalesced.


# %%
def make_transpose(width):
    def transpose(out, x):
        tile = cuda.shared.array((32, width), float32)
        lane = cuda.threadIdx.x
        for k in range(32):
            tile[k, lane] = x[k, lane]
        cuda.syncthreads()
        for k in range(32):
            out[k, lane] = tile[lane, k]

    return transpose


show(mg.interpreter.run(make_transpose(32), 1, 32, np.zeros_like(table), table))


# %%
out = np.zeros_like(table)
for width in (32, 33):
    report = mg.interpreter.run(make_transpose(width), 1, 32, out, table, trace=True)
    for line in count_traffic(report.accesses):
        if line.array == "tile":
            passes = line.cost // line.requests  # in shared memory, .cost is in passes
            print(f"tile {width} wide, {line.operation:5} {passes:2} passes per request")
print("transposed:", (out == table.T).all())

# %% [markdown]
# A column of a tile 32 wide lies in a single bank. With one more number per row, which nobody uses, the
# next row begins one bank further on, and a column lies in all 32.

# %% [markdown]
# ### Your turn: the softmax of a row
#
# Exercise, 12 minutes. `row_softmax(out, x)`, both (rows, C), a block for each row. The number of
# threads in a block is a power of two, at most 64. Find the largest logit of the row, add up e to the
# power of (logit − largest), and divide. You may use `math.exp` and `-math.inf`. C may be larger than
# the block: of 8 threads, thread 0 takes columns 0, 8, 16 and so on. Example: `[[0, 0.6931, 0]]` gives
# `[[0.25, 0.5, 0.25]]`. Hints: `mg.learn.hint("14.row_softmax")`.

# %% tags=["exercise:14.row_softmax"]
row_softmax = mg.learn.todo()  # your kernel goes here, in place of this line

# %% tags=["check:14.row_softmax"]
mg.learn.check("14.row_softmax", row_softmax)

# %% [markdown]
# ## Break it: what if only some threads reach a barrier?
#
# In the sum of a block, the barrier follows the addition. One wrong indentation puts it inside the `if`,
# where only the threads that add will come.


# %%
def sum_with_barrier_in_branch(out, x):
    part = cuda.shared.array(64, float32)
    me, half = cuda.threadIdx.x, 32
    part[me] = x[me]
    cuda.syncthreads()
    while half > 0:
        if me < half:
            part[me] += part[me + half]
            cuda.syncthreads()
        half //= 2
    if me == 0:
        out[0] = part[0]


print(f"the right sum is {sum(range(64))}")

# %% tags=["predict:14.branch"]
# source: misconception: threads that do not reach a barrier skip it
# source: answer: not defined
# source: gives away: nobody can say|not defined what|does not define
mg.learn.predict(
    "14.branch",
    "Half of the threads never reach the barrier inside the if. By CUDA's rules, what happens then?",
    ("a wrong sum", "a kernel that never ends", "not defined"),
)

# %% tags=["shows:14.branch"]
x, out = np.arange(64, dtype=np.float32), np.zeros(1, dtype=np.float32)
branch_report = mg.interpreter.run(sum_with_barrier_in_branch, 1, 64, out, x)
print(f"the sum is {out[0]:.0f}")
show(branch_report)

# %% tags=["answer:14.branch"]
finding = branch_report.findings[0]
result = "not defined" if finding.type == "barrier" else "a wrong sum"
mg.learn.reveal("14.branch", result, sum="right" if out[0] == x.sum() else "wrong")

# %% [markdown]
# ## What does a real GPU make of it?
#
# A GPU's compiler takes the same kernels. On a GPU, the next cell times all four, and the package's own
# product, on larger matrices. Without one, it shows the counts from above.

# %% tags=["varies"]
mg.widgets.gpu_ladder()

# %% [markdown]
# A GPU has a memory of its own: what it multiplies is copied there, and the result back. Look at how
# much work each copied byte brings. A small model that reads one text at a time brings little: there,
# expect the CPU to win.

# %% tags=["varies"]
mg.widgets.gpu_crossover()

# %% [markdown]
# ## What this does not show
#
# A GPU runs tens of thousands of threads. While some wait for memory, others compute; how many a kernel
# leaves room for is its *occupancy*. No count here says it, or knows *tensor cores*, which multiply
# small tiles in one step. Only a clock tells what is faster. With other inputs, a kernel may fail.

# %% [markdown]
# ### You can now say
#
# A kernel is the work of one thread, and its guard comes before its first access. A barrier separates
# writing an element from reading it in another thread of its block, and all of them come to it. With
# tiles of T × T, each number is requested T times less often.
#
# ### Explain to a friend
#
# Your sum was right a thousand times. Why may the kernel be wrong all the same?
#
# This is the last notebook. Choose another in [notebook 00, Start here](00_start_here.ipynb).
