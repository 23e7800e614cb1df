"""What single instructions do, in both syntaxes."""

import pytest

from microgpt.backends.assembly.arm64 import Arm64
from microgpt.backends.assembly.instruction import SCALAR, VECTOR, Instruction, Jump
from microgpt.backends.assembly.x86 import X86


def test_operands_are_split_outside_of_brackets():
    for line, *expected in [
        ("\tvmovups\t%zmm0, 64(%rdi,%rcx,4) {%k1}", "%zmm0", "64(%rdi,%rcx,4) {%k1}"),
        ("\tldp\tq0, q1, [x1, #-16]!", "q0", "q1", "[x1, #-16]!"),
        ("\tld1r\t{ v26.4s }, [x5], x11", "{ v26.4s }", "[x5]", "x11"),
        ("\tst2\t{ v0.4s, v1.4s }, [x5]", "{ v0.4s, v1.4s }", "[x5]"),
        ("\tretq",),
    ]:
        assert Instruction.parse(line).operands == tuple(expected)
    assert Instruction.parse("\tretq").mnemonic == "retq"


@pytest.mark.parametrize(
    ("syntax", "line", "shape", "bits"),
    [
        (X86(), "vfnmadd213ps %ymm0, %ymm1, %ymm2", VECTOR, 256),
        (X86(), "vfmaddsub231pd %xmm0, %xmm1, %xmm2", VECTOR, 128),
        (X86(), "vaddps (%rdi), %zmm1, %zmm2", VECTOR, 512),
        (X86(), "mulsd 8(%rdi), %xmm2", SCALAR, 0),
        (X86(), "vmaxss %xmm0, %xmm1, %xmm2", SCALAR, 0),
        (X86(), "vrsqrt14ps %zmm1, %zmm2", VECTOR, 512),
        (X86(), "vroundps $4, %ymm1, %ymm2", VECTOR, 256),
        (Arm64(), "fmls v0.2d, v1.2d, v2.d[1]", VECTOR, 128),
        (Arm64(), "faddp v0.4s, v1.4s, v2.4s", VECTOR, 128),
        (Arm64(), "fsqrt s0, s1", SCALAR, 0),
        (Arm64(), "fnmsub d0, d1, d2, d3", SCALAR, 0),
        (Arm64(), "fmul z0.s, z1.s, z2.s", VECTOR, 128),
    ],
)
def test_arithmetic(syntax, line, shape, bits):
    instruction = Instruction.parse(line)
    assert syntax.arithmetic(instruction) == shape
    assert syntax.vector_bits(instruction) == bits


def test_vectors_without_arithmetic():
    for syntax, line, bits in [
        (X86(), "vmovups (%rdi), %ymm0", 256),
        (X86(), "vcmpltps %zmm0, %zmm1, %k1", 512),
        (X86(), "vblendvps %xmm0, %xmm1, %xmm2, %xmm3", 0),  # may hold one number
        (X86(), "movq %rax, %rcx", 0),
        (Arm64(), "fcmgt v0.4s, v1.4s, v2.4s", 128),
        (Arm64(), "add v0.2s, v1.2s, v2.2s", 64),
        (Arm64(), "mov v0.16b, v1.16b", 0),  # may hold one number
        (Arm64(), "ldr q0, [x0]", 0),
    ]:
        assert syntax.vector_bits(Instruction.parse(line)) == bits, line


@pytest.mark.parametrize(
    ("syntax", "line"),
    [
        (X86(), "vpmaxsd %ymm0, %ymm1, %ymm2"),  # of integers
        (X86(), "vpaddd %ymm0, %ymm1, %ymm2"),
        (X86(), "vxorps %ymm0, %ymm0, %ymm0"),
        (X86(), "vcvtdq2ps %ymm0, %ymm0"),
        (X86(), "vcmpltps %ymm0, %ymm1, %ymm2"),
        (X86(), "vbroadcastss (%rdi), %ymm2"),
        (X86(), "subq $8, %rsp"),
        (Arm64(), "fmov v0.4s, #1.0"),
        (Arm64(), "fcmgt v0.4s, v1.4s, v2.4s"),
        (Arm64(), "mla v0.4s, v1.4s, v2.4s"),
        (Arm64(), "fabs s0, s1"),
    ],
)
def test_no_arithmetic_of_floats(syntax, line):
    assert syntax.arithmetic(Instruction.parse(line)) is None


@pytest.mark.parametrize(
    ("syntax", "line", "jump"),
    [
        (X86(), "jmp .LBB0_1", Jump((".LBB0_1",))),
        (X86(), "jae .LBB0_1", Jump((".LBB0_1",), falls_through=True)),
        (X86(), "jmpq *%rax", Jump(through_table=True)),
        (X86(), "retq", Jump()),
        (X86(), "callq *%rax", None),
        (Arm64(), "b .LBB0_1", Jump((".LBB0_1",))),
        (Arm64(), "b.lt .LBB0_1", Jump((".LBB0_1",), falls_through=True)),
        (Arm64(), "tbnz w0, #3, .LBB0_1", Jump((".LBB0_1",), falls_through=True)),
        (Arm64(), "br x10", Jump(through_table=True)),
        (Arm64(), "ret", Jump()),
        (Arm64(), "bl exp", None),
    ],
)
def test_jumps(syntax, line, jump):
    assert syntax.jump(Instruction.parse(line)) == jump


def spell(slots):
    return " ".join(f"{offset}({register})" for register, offset in slots)


def spell_arm(slots):
    return " ".join(f"[{register}, #{offset}]" for register, offset in slots)


@pytest.mark.parametrize(
    ("line", "written", "read"),
    [
        ("vmovaps %ymm0, 32(%rsp)", "32(%rsp)", ""),
        ("vmovaps 32(%rsp), %ymm0", "", "32(%rsp)"),
        ("vaddps (%rsp), %ymm0, %ymm0", "", "0(%rsp)"),
        ("vextractf128 $1, %ymm0, (%rsp)", "0(%rsp)", ""),
        ("addq $1, 8(%rsp)", "8(%rsp)", "8(%rsp)"),
        ("incl 8(%rsp)", "8(%rsp)", "8(%rsp)"),
        ("cmpq $1, 8(%rsp)", "", "8(%rsp)"),
        ("idivq 8(%rsp)", "", "8(%rsp)"),
        ("callq *8(%rsp)", "", "8(%rsp)"),
        ("leaq 8(%rsp), %rdi", "", ""),
        ("movq %rax, 8(%rsp,%rcx,8)", "", ""),  # an array
        ("movq %rax, -8(%rbp)", "", ""),  # here not a frame pointer
        ("pushq %rbx", "", ""),
    ],
)
def test_stack_slots_of_x86(line, written, read):
    access = X86().stack_access(Instruction.parse(line), {"%rsp"})
    assert (spell(access.written), spell(access.read)) == (written, read)


@pytest.mark.parametrize(
    ("line", "written", "read"),
    [
        ("str q0, [sp]", "[sp, #0]", ""),
        ("stp q0, q1, [sp, #32]", "[sp, #32] [sp, #48]", ""),
        ("ldp x8, x9, [sp, #16]", "", "[sp, #16] [sp, #24]"),
        ("ldr q0, [x29, #-16]", "", "[x29, #-16]"),
        ("ldr q0, [x0, #16]", "", ""),
        ("str q0, [sp, x8]", "", ""),
        ("add x0, sp, #16", "", ""),
    ],
)
def test_stack_slots_of_arm(line, written, read):
    access = Arm64().stack_access(Instruction.parse(line), {"sp", "x29"})
    assert (spell_arm(access.written), spell_arm(access.read)) == (written, read)


def test_growth_of_the_stack():
    for syntax, line, expected in [
        (X86(), "subq $4096, %rsp", 4096),
        (X86(), "addq $-128, %rsp", 128),  # a byte shorter than subq $128
        (X86(), "addq $4096, %rsp", -4096),
        (X86(), "subq %rax, %rsp", 0),
        (X86(), "pushq %r12", 8),
        (X86(), "popq %r12", -8),
        (X86(), "movq %rax, %rcx", 0),
        (Arm64(), "sub sp, sp, #96", 96),
        (Arm64(), "sub sp, sp, #8, lsl #12", 32768),
        (Arm64(), "add sp, sp, #96", -96),
        (Arm64(), "stp x29, x30, [sp, #-32]!", 32),
        (Arm64(), "str d8, [sp, #-64]!", 64),
        (Arm64(), "ldp x29, x30, [sp], #32", -32),
        (Arm64(), "ldr x0, [x1], #32", 0),
    ]:
        assert syntax.stack_growth(Instruction.parse(line)) == expected, line
