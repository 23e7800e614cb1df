"""Figures of short assembly texts, written by hand in LLVM's way, that one can count oneself."""

from microgpt.backends.assembly.counts import Counts
from microgpt.backends.assembly.report import read_assembly

# Two loops, one in the other. Slot 8(%rsp) is spilled and reloaded; 72(%rsp) is an argument, which
# is only read, 16(%rsp) one of a call, only written. The tail is a loop of its own.
AVX2 = """
	.text
	.globl	scale
	.type	scale,@function
scale:
	.cfi_startproc
	pushq	%rbx
	.cfi_def_cfa_offset 16
	subq	$48, %rsp
	movq	72(%rsp), %rcx
	vmovups	%ymm3, 8(%rsp)
	movq	%rcx, 16(%rsp)
	testq	%rcx, %rcx
	jle	.LBB0_5
.LBB0_1:
	incq	%rbx
	vaddss	%xmm1, %xmm0, %xmm0
	.p2align	4
.LBB0_2:
	vmovups	(%rsi), %ymm1
	vmulps	8(%rsp), %ymm1, %ymm2
	vfmadd231ps	%ymm1, %ymm2, %ymm0
	vmovups	%ymm0, (%rdi,%rcx,4)
	decq	%rcx
	jne	.LBB0_2
	decq	%rax
	jne	.LBB0_1
.LBB0_4:
	vmulss	%xmm1, %xmm0, %xmm0
	vucomiss	%xmm1, %xmm0
	vcvttss2si	%xmm0, %rax
	jne	.LBB0_4
.LBB0_5:
	addq	$48, %rsp
	popq	%rbx
	retq
.Lfunc_end0:
	.size	scale, .Lfunc_end0-scale
	.cfi_endproc
	.type	NRT_incref,@function
NRT_incref:
	vmulps	%ymm0, %ymm0, %ymm0
	retq
.Lfunc_end1:
"""

# A frame pointer, a mask, a jump through a table, and what masks and zmm registers make of it.
AVX512 = """
	.type	_ZN8microgpt8backends5_lerpB2v1B3abcE,@function
_ZN8microgpt8backends5_lerpB2v1B3abcE:
	pushq	%rbp
	movq	%rsp, %rbp
	addq	$-128, %rsp
	movabsq	$.LJTI0_0, %rcx
	jmpq	*(%rcx,%rax,8)
.LBB0_1:
	vmovaps	%zmm1, -64(%rbp)
	vminps	(%rsi), %zmm1, %zmm2 {%k1} {z}
	vrndscaleps	$4, %zmm2, %zmm2
	vdivps	-64(%rbp), %zmm2, %zmm3
	vcmpltps	%zmm2, %zmm3, %k1
	vpaddd	%zmm2, %zmm3, %zmm4
	jmpq	*(%rcx,%rax,8)
.LBB0_2:
	vsqrtsd	%xmm0, %xmm0, %xmm0
	movq	%rbp, %rsp
	popq	%rbp
	retq
.Lfunc_end0:
	.section	.rodata
.LJTI0_0:
	.quad	.LBB0_1
	.quad	.LBB0_2
"""

# Registers of the caller are saved where the stack grows; q9 is spilled in front of the loop.
NEON = """
	.type	dots,@function
dots:
	.cfi_startproc
	sub	sp, sp, #96
	stp	d9, d8, [sp, #32]
	stp	x29, x30, [sp, #48]
	add	x29, sp, #48
	ldr	x9, [sp, #104]
	str	q9, [sp, #16]
	cbz	x9, .LBB0_3
.LBB0_1:
	ldp	q0, q1, [x1], #32
	ldr	q2, [sp, #16]
	fmla	v3.4s, v0.4s, v2.s[0]
	fmla	v4.4s, v1.4s, v2.4s
	fmaxnm	v4.2s, v1.2s, v2.2s
	fneg	v5.4s, v4.4s
	fcvtzs	v5.4s, v5.4s
	add	v5.4s, v5.4s, v5.4s
	subs	x9, x9, #1
	b.ne	.LBB0_1
.LBB0_2:
	fmadd	s0, s1, s2, s0
	frintx	s0, s0
	str	s0, [x0], #4
	cbnz	x10, .LBB0_2
.LBB0_3:
	ldp	x29, x30, [sp, #48]
	ldp	d9, d8, [sp, #32]
	add	sp, sp, #96
	ret
.Lfunc_end0:
"""


def report(text, architecture="x86_64"):
    return read_assembly([text], architecture, "name", "a processor")


def test_avx2():
    result = report(AVX2)
    assert result.instruction_set == "AVX2"
    assert result.vector_bits == 256
    assert [(loop.label, loop.depth, loop.innermost) for loop in result.loops] == [
        (".LBB0_2", 2, True),
        (".LBB0_1", 1, False),
        (".LBB0_4", 1, True),
    ]
    inner, outer, tail = [loop.counts for loop in result.loops]
    assert inner == Counts(6, vector_ops=2, vector_bits=256, reloads=1)
    assert outer == Counts(4, scalar_ops=1)
    assert tail == Counts(4, scalar_ops=1)
    assert result.in_innermost == inner + tail
    assert result.outside_loops == Counts(10, vector_bits=256, spills=1)
    assert result.stack_bytes == 56
    assert result.assembly == AVX2
    assert [function.name for function in result.functions] == ["scale"]  # not the runtime's


def test_avx512():
    result = report(AVX512)
    assert result.instruction_set == "AVX-512"
    (loop,) = result.loops
    assert loop.function == "_lerp"
    assert loop.counts == Counts(7, vector_ops=3, vector_bits=512, spills=1, reloads=1)
    assert loop.mnemonics["vdivps"] == 1
    assert result.outside_loops == Counts(9, scalar_ops=1)
    assert result.stack_bytes == 128 + 8


def test_neon():
    result = report(NEON, "aarch64")
    assert result.instruction_set == "NEON"
    vectors, tail = result.loops
    assert vectors.counts == Counts(10, vector_ops=3, vector_bits=128, reloads=1)
    assert tail.counts == Counts(4, scalar_ops=2)
    assert (vectors.vectorised, tail.vectorised, tail.on_floats) == (True, False, True)
    assert result.outside_loops == Counts(11, spills=1)
    assert result.stack_bytes == 96


def test_other_sets_of_instructions():
    body = "\t.type\tf,@function\nf:\n\t{}\n\tret\n"
    for instruction, architecture, expected in [
        ("addss\t%xmm1, %xmm0", "x86_64", "SSE"),
        ("vaddps\t%ymm1, %ymm0, %ymm0", "x86_64", "AVX"),
        ("vaddps\t%xmm17, %xmm0, %xmm0", "x86_64", "AVX-512"),
        ("incq\t%rax", "x86_64", "general registers only"),
        ("fmla\tz0.s, p0/m, z1.s, z2.s", "aarch64", "SVE"),
        ("fadd\ts0, s1, s2", "aarch64", "no vectors"),
    ]:
        assert report(body.format(instruction), architecture).instruction_set == expected


def test_the_text_says_every_figure():
    assert repr(report(AVX2)).splitlines() == [
        "name, float32, compiled for a processor",
        "",
        "AVX2      the instructions that it uses",
        "256 bits  the widest vectors in its loops: 8 numbers at once",
        "2 loops   are innermost and work on floats, 1 of them on vectors; 3 loops in all",
        "2 vector  float instructions in innermost loops, each on all numbers of a vector",
        "1 scalar  ones there, each on one number: what is left of a row, or a loop not vectorised",
        "0 + 1     spills and reloads there: registers put on the stack and fetched, every round",
        "0 + 0     spills and reloads in the other loops, once a round of those",
        "1 + 0     spills and reloads outside of loops, once in a call",
        "56 bytes  of stack at most for a call of one of its functions",
        "",
        "innermost loop  of     instructions  vector  scalar  bits  spills  reloads",
        ".LBB0_2         scale             6       2       0   256       0        1",
        ".LBB0_4         scale             4       0       1     0       0        0",
    ]


MOVING = """
	.type	f,@function
f:
	subq	$24, %rsp
	vmovups	%xmm0, 8(%rsp)
	pushq	%rax
	callq	g@PLT
	vaddps	16(%rsp), %xmm1, %xmm1
	addq	$8, %rsp
	vaddps	16(%rsp), %xmm1, %xmm1
	addq	$24, %rsp
	retq
"""


def test_a_slot_is_the_same_after_a_push():
    result = report(MOVING)
    assert (result.outside_loops.spills, result.outside_loops.reloads) == (1, 1)
    assert result.stack_bytes == 32


def test_without_loops():
    result = report("\t.type\tf,@function\nf:\n\tvmulps\t%ymm0, %ymm1, %ymm1\n\tretq\n")
    assert (result.loops, result.vector_bits, result.outside_loops.vector_ops) == ((), 0, 1)
    assert "0 bits" in repr(result)
    assert repr(result).endswith("of its functions")
