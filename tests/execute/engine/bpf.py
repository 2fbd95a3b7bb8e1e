"""What the kernel would do with a classic BPF program: the few instructions that seccomp uses."""

from __future__ import annotations

import struct
from collections.abc import Sequence

_AND = 0x54
_LOAD, _JUMP, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x05, 0x15, 0x35, 0x45, 0x06
#: BPF_MAXINSNS
MOST_INSTRUCTIONS = 4096


def evaluate(program: bytes, number: int, arch: int, arguments: Sequence[int] = ()) -> int:
    """The answer to one system call."""
    return run(program, number, arch, arguments)[0]


def run(program: bytes, number: int, arch: int, arguments: Sequence[int] = ()) -> tuple[int, int]:
    """The answer, and after how many instructions: seccomp(2), struct seccomp_data.

    Raises:
        ValueError: an instruction that no such program should have, or no answer.
    """
    padded = [*arguments, 0, 0, 0, 0, 0, 0][:6]
    data = struct.pack("=IIQ6Q", number, arch, 0, *padded)
    instructions = list(struct.iter_unpack("=HBBI", program))
    accumulator = at = steps = 0
    while at < len(instructions):
        code, if_true, if_false, value = instructions[at]
        at, steps = at + 1, steps + 1
        if code == _LOAD:
            accumulator = struct.unpack_from("=I", data, value)[0]
        elif code == _AND:
            accumulator &= value
        elif code == _JUMP:
            at += value
        elif code == _RETURN:
            return int(value), steps
        elif code in (_EQUAL, _AT_LEAST, _ANY_BIT):
            tests = {
                _EQUAL: accumulator == value,
                _AT_LEAST: accumulator >= value,
                _ANY_BIT: bool(accumulator & value),
            }
            at += if_true if tests[code] else if_false
        else:
            raise ValueError(f"instruction {code:#x}")
    raise ValueError("no answer")
