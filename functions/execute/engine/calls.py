"""System calls in a row, made by a process that has its maker's memory and runs nothing else.

Theory of operation. A forked Python copies some four hundred pages before it comes to its
exec, at 4 µs each, to make some sixty system calls whose arguments are known beforehand.
Here those calls are *rows* in memory: a number, six arguments, what the call must give, and
what it gave. `Code.start` makes a process with clone3(2) and CLONE_VM, as vfork(3) does: no
page table is copied and no page. It makes the calls of the rows, one after the other, until
one gives anything else than it must: then it ends. So no step is ever taken whose
predecessor has failed, and the rows tell which one it was. The last row is an exec.

What goes through the rows are the 22 instructions of `_CODE`. They use no stack, no memory
but the rows, and of the C library nothing: neither errno nor a lock nor the record of the
thread, which are the maker's. Nothing interrupts them: no handler of a signal is inherited
(CLONE_CLEAR_SIGHAND), and SIGKILL leaves nothing half done but a row. What a process *is*
(user, capabilities, namespaces, descriptors, filters) the kernel keeps for each task, so
the maker stays what it was.

The rows are in memory that is shared by all that are forked after it was made, at the same
address. So a keeper writes them, a stem makes the process, and the keeper reads what
became of it. From exec on the process has other memory, and cannot reach them any more.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from functions.execute.engine import syscalls

#: start(clone_args, their size, first row): clone3(2) for the caller, rows for the child.
_CODE = {
    "x86_64": bytes.fromhex(
        "b8b3010000"  # mov eax, 435      clone3; rdi and rsi are its arguments already
        "0f05"  # syscall
        "85c0"  # test eax, eax
        "7401"  # jz child
        "c3"  # ret                       the pid, or an error
        "4889d3"  # child: mov rbx, rdx   the first row
        "488b03"  # next: mov rax, [rbx]
        "488b7b08"  # mov rdi, [rbx+8]
        "488b7310"  # mov rsi, [rbx+16]
        "488b5318"  # mov rdx, [rbx+24]
        "4c8b5320"  # mov r10, [rbx+32]
        "4c8b4328"  # mov r8, [rbx+40]
        "4c8b4b30"  # mov r9, [rbx+48]
        "0f05"  # syscall
        "48894340"  # mov [rbx+64], rax   what it gave
        "483b4338"  # cmp rax, [rbx+56]   what it must give
        "488d5b48"  # lea rbx, [rbx+72]
        "74d5"  # je next
        "bf7f000000"  # mov edi, 127
        "b8e7000000"  # mov eax, 231      exit_group
        "0f05"  # syscall
        "f4"  # hlt                       never reached
    )
}
_ROW, _WORD = struct.Struct("=9q"), struct.Struct("=q")
_NOT_MADE = -4096  # no error of the kernel's
_VM, _CLEAR_SIGHAND = 0x100, 1 << 32


@dataclass(frozen=True)
class Row:
    """One system call: what it is for, its number and arguments, and what it must give."""

    what: str
    number: int
    args: tuple[int, ...] = ()
    gives: int = 0

    def packed(self) -> bytes:
        """As the code reads it."""
        unused = (0,) * (6 - len(self.args))
        return _ROW.pack(self.number, *self.args, *unused, self.gives, _NOT_MADE)


class Shared:
    """Memory for rows, and for what they point to. Make it before whoever is to share it."""

    def __init__(self, rows: int, size: int) -> None:
        """
        Args:
            rows: how many there is room for.
            size: bytes for everything else.
        """
        self._most_rows = rows
        self._next = rows * _ROW.size
        self._memory = mmap.mmap(-1, self._next + size)
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self._memory))

    def room(self, size: int) -> int:
        """The address of so many bytes that nothing else has."""
        at = self._next
        self._next = at + size + 7 & ~7
        if self._next > len(self._memory):
            raise ValueError("there is no room for so much")
        return self.address + at

    def put(self, address: int, data: bytes) -> None:
        """Write to a place in it."""
        at = address - self.address
        self._memory[at : at + len(data)] = data

    def get(self, address: int, size: int) -> bytes:
        """Read from a place in it."""
        at = address - self.address
        return self._memory[at : at + size]

    def keep(self, data: bytes) -> int:
        """The address of a copy."""
        address = self.room(len(data))
        self.put(address, data)
        return address

    def text(self, text: str) -> int:
        """The address of a string for C."""
        return self.keep(os.fsencode(text) + b"\0")

    def put_rows(self, packed: bytes, first: int = 0) -> None:
        """Write rows; they have not been made then.

        Raises:
            ValueError: there is no room for so many.
        """
        if first * _ROW.size + len(packed) > self._most_rows * _ROW.size:
            raise ValueError("there is no room for so many rows")
        self.put(self.address + first * _ROW.size, packed)

    def stopped_at(self, rows: Sequence[Row]) -> tuple[Row, int | None]:
        """The row that its process did not come past, and what that gave, if it was made.

        Never past the last one: whoever is exec'd there makes no more calls.
        """
        last = len(rows) - 1
        first = last if last and self._gave(last - 1) == rows[last - 1].gives else 0
        for number in range(first, last):
            gave = self._gave(number)
            if gave != rows[number].gives:
                return rows[number], None if gave == _NOT_MADE else gave
        gave = self._gave(last)
        return rows[last], None if gave == _NOT_MADE else gave

    def _gave(self, number: int) -> int:
        at = (number + 1) * _ROW.size - _WORD.size
        return int(_WORD.unpack_from(self._memory, at)[0])


class Code:
    """What makes a process that goes through rows."""

    def __init__(self) -> None:
        """
        Raises:
            OSError: not on this machine, or not allowed here.
        """
        code = _CODE.get(syscalls.ARCH)
        if code is None:
            raise OSError(f"not written for {syscalls.ARCH}")
        self._memory = mmap.mmap(-1, mmap.PAGESIZE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self._memory[: len(code)] = code
        address = ctypes.addressof(ctypes.c_char.from_buffer(self._memory))
        syscalls.make_executable(address, mmap.PAGESIZE)
        prototype = ctypes.PYFUNCTYPE(
            ctypes.c_long, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p
        )
        self._start = prototype(address)

    def start(self, flags: int, first_row: int, group_fd: int = -1) -> int:
        """A process that goes through the rows; gives its pid.

        Args:
            flags: of clone(2). With CLONE_PARENT it is a sibling of the caller.
            first_row: the address of the first one.
            group_fd: folder of a control group of version 2 that it is born in, or -1.

        Raises:
            OSError: it could not be made.
        """
        how = syscalls.clone_args(flags | _VM | _CLEAR_SIGHAND, group_fd)
        pid = int(self._start(ctypes.addressof(how), ctypes.sizeof(how), first_row))
        if pid < 0:
            raise OSError(-pid, f"clone3: {os.strerror(-pid)}")
        return pid


__all__ = ["Code", "Row", "Shared"]
