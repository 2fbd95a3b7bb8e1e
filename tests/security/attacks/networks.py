"""Attacks over sockets: out of the machine, into the host, and through odd families."""

from __future__ import annotations

from tests.security.table import Attack, Expect

_CLOSED = "Errno 97"  # EAFNOSUPPORT: there are no sockets at all

ATTACKS = [
    Attack(
        promise="no network is reached",
        code="""
            from tools import *
            import socket
            def connect(*address):
                end = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
                end.settimeout(0.3)
                end.connect(address)
            def send(*address):
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", address)
            tell("the host's port", connect, "127.0.0.1", @PORT@)
            tell("redis", connect, "127.0.0.1", 6379)
            tell("the internet", connect, "1.1.1.1", 80)
            tell("cloud metadata", connect, "169.254.169.254", 80)
            tell("a neighbour", connect, "10.0.0.1", 22)
            tell("a name server", send, "8.8.8.8", 53)
            def six(): socket.socket(socket.AF_INET6).connect(("::1", @PORT@))
            tell("IPv6", six)
        """,
        expect=Expect(
            stdout="".join(
                f"{name} ENETUNREACH\n"
                for name in (
                    *("the host's port", "redis", "the internet", "cloud metadata"),
                    *("a neighbour", "a name server"),
                )
            )
            + "IPv6 EADDRNOTAVAIL\n"
        ),
        at={
            "container": Expect(
                stdout="".join(
                    f"{name} EAFNOSUPPORT\n"
                    for name in (
                        *("the host's port", "redis", "the internet", "cloud metadata"),
                        *("a neighbour", "a name server", "IPv6"),
                    )
                )
            )
        },
    ),
    Attack(
        promise="names are not resolved by anybody",
        code="""
            import socket
            for name in ("example.com", "redis", "metadata.google.internal"):
                try: print(socket.getaddrinfo(name, 80))
                except OSError as error: pass
            print("done")
        """,
        expect=Expect(stdout="done\n"),
    ),
    Attack(
        promise="sockets of the host are not there",
        code="""
            from tools import *
            import socket
            def connect(address): socket.socket(socket.AF_UNIX).connect(address)
            tell("abstract", connect, "\\0@ABSTRACT@")
            tell("in a folder", connect, "@SOCKET@")
            tell("docker", connect, "/var/run/docker.sock")
            tell("systemd", connect, "/run/systemd/private")
        """,
        expect=Expect(
            stdout="abstract ECONNREFUSED\nin a folder ENOENT\ndocker ENOENT\nsystemd ENOENT\n"
        ),
        at={
            "container": Expect(
                stdout="".join(
                    f"{name} EAFNOSUPPORT\n"
                    for name in ("abstract", "in a folder", "docker", "systemd")
                )
            )
        },
    ),
    Attack(
        promise="odd socket families are not there",
        code="""
            from tools import *
            import socket
            for family in (3, 9, 15, 16, 17, 29, 31, 38, 40, 41, 44):
                kind = socket.SOCK_RAW if family == 17 else socket.SOCK_DGRAM
                tell(family, socket.socket, family, kind)
            for family in (2, 10):
                tell("raw", socket.socket, family, socket.SOCK_RAW, 1)
            pair = ctypes.create_string_buffer(8)
            for family in (2, 16, 40): call("pair", 53, family, 1, 0, pair)
        """,
        expect=Expect(
            stdout="".join(
                f"{n} EAFNOSUPPORT\n" for n in (3, 9, 15, 16, 17, 29, 31, 38, 40, 41, 44)
            )
            + "raw EPERM\n" * 2
            + "pair EAFNOSUPPORT\n" * 3
        ),
        at={
            "container": Expect(
                stdout="".join(
                    f"{n} EAFNOSUPPORT\n" for n in (3, 9, 15, 16, 17, 29, 31, 38, 40, 41, 44)
                )
                + "raw EAFNOSUPPORT\n" * 2
                + "pair EAFNOSUPPORT\n" * 3
            )
        },
    ),
    Attack(
        promise="sockets among a program's own processes work",
        code="""
            import os, socket
            server = socket.socket(socket.AF_UNIX)
            server.bind("\\0own"); server.listen()
            if os.fork() == 0:
                client = socket.socket(socket.AF_UNIX)
                client.connect("\\0own"); client.sendall(b"hello")
                os._exit(0)
            print(server.accept()[0].recv(9))
            left, right = socket.socketpair()
            left.send(b"x"); print(right.recv(9))
        """,
        expect=Expect(stdout="b'hello'\nb'x'\n"),
        at={"container": Expect(exit_code=1, stderr_has=_CLOSED)},
    ),
    Attack(
        promise="the network cannot be set up",
        code="""
            from tools import *
            import fcntl, socket, struct
            end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            up = struct.pack("16sh14x", b"lo", 0x41)
            tell("up", fcntl.ioctl, end, 0x8914, up)
            tell("mark", end.setsockopt, socket.SOL_SOCKET, 36, 1)
            tell("low port", end.bind, ("0.0.0.0", 53))
        """,
        expect=Expect(stdout="up EPERM\nmark EPERM\nlow port EACCES\n"),
        at={"container": Expect(exit_code=1, stderr_has=_CLOSED)},
    ),
]
