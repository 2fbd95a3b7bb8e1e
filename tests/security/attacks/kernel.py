"""Attacks on the kernel: calls that no judged program needs, and ways around a filter."""

from __future__ import annotations

from tests.security.table import Attack, Expect, dies

#: x86_64 numbers, see syscalls(2). Arguments that would work for root, where that is easy.
_CALLS = {
    "mounts": """
        mount:165:b"none",b"/tmp",b"tmpfs",0,0
        umount:166:b"/work",2
        pivot_root:155:b"/",b"/tmp"
        chroot:161:b"/tmp"
        open_tree:428:-100,b"/",1
        move_mount:429:-100,b"/tmp",-100,b"/work",0
        fsopen:430:b"tmpfs",0
        fsconfig:431:-1,0,0,0,0
        fsmount:432:-1,0,0
        fspick:433:-100,b"/",0
        mount_setattr:442:-100,b"/",0,b"\\0"*32,32
        quotactl:179:0,0,0,0
        swapon:167:b"/work/main.py",0
        swapoff:168:b"/work/main.py"
        open_by_handle:304:-100,b"x"*16,0
        name_to_handle:303:-100,b"/",b"x"*16,0,0
    """,
    "namespaces": """
        unshare user:272:0x10000000
        unshare mount:272:0x20000
        unshare pid:272:0x20000000
        unshare net:272:0x40000000
        setns:308:0,0
        clone user:56:0x10000011,0,0,0,0
        clone mount:56:0x20011,0,0,0,0
        clone time:56:0x91,0,0,0,0
        clone net:56:0x40000011,0,0,0,0
    """,
    "large subsystems": """
        bpf:321:0,b"\\0"*128,128
        perf:298:b"\\0"*128,0,-1,-1,0
        userfaultfd:323:0
        userfaultfd user:323:1
        io_uring:425:8,b"\\0"*128
        io_uring enter:426:0,0,0,0,0,0
        io_uring register:427:0,0,0,0
        fanotify:300:0,0
        memfd_secret:447:0
        vmsplice:278:1,0,0,0
        inotify:294:0
        keyctl:250:0,-3,0,0,0
        add_key:248:b"user",b"x",b"y",1,-3
        request_key:249:b"user",b"x",0,-3
        pidfd_getfd:438:0,0,0
        process_madvise:440:0,0,0,0,0
        kcmp:312:1,1,0,0,0
    """,
    "the machine": """
        reboot:169:0xfee1dead,672274793,0x89abcdef,0
        init_module:175:0,0,b""
        finit_module:313:0,b"",0
        delete_module:176:b"x",0
        kexec:246:0,0,0,0
        kexec file:320:0,0,0,b"",0
        settimeofday:164:b"\\0"*16,0
        clock_settime:227:0,b"\\0"*16
        adjtimex:159:b"\\0"*256
        sethostname:170:b"x",1
        setdomainname:171:b"x",1
        syslog:103:3,0,0
        acct:163:b"/work/main.py"
        vhangup:153:
        iopl:172:3
        ioperm:173:0,1,1
        modify_ldt:154:0,0,0
        personality:135:0x40000
        sysctl:156:0
    """,
}


def _refusals(theme: str, expected: dict[str, str]) -> Attack:
    rows = [line.strip().split(":") for line in _CALLS[theme].strip().splitlines()]
    code = "from tools import *\n"
    code += "".join(f'call("{name}", {", ".join(filter(None, (n, a)))})\n' for name, n, a in rows)
    stdout = "".join(f"{name} {expected.get(name, 'EPERM')}\n" for name, _, _ in rows)
    return Attack(promise=f"calls for {theme} are refused", code=code, expect=Expect(stdout=stdout))


ATTACKS = [
    _refusals("mounts", {}),
    _refusals("namespaces", {}),
    _refusals("large subsystems", {}),
    _refusals("the machine", {"sysctl": "ENOSYS"}),
    Attack(
        promise="clone3 is not there, so that clone is used",
        code="""
            from tools import *
            import threading
            call("clone3", 435, b"\\0" * 88, 88)
            thread = threading.Thread(target=print, args=("thread",))
            thread.start(); thread.join()
        """,
        expect=Expect(stdout="clone3 ENOSYS\nthread\n"),
    ),
    Attack(
        promise="a 32-bit call is the end of the program",
        language="c",
        code="""
            int main(void) {
                long result = 20;  /* getpid of i386 */
                __asm__ volatile("int $0x80" : "+a"(result) : : "memory");
                printf("%ld\\n", result);
            }
        """,
        expect=dies(31),
    ),
    Attack(
        promise="an x32 call is the end of the program",
        language="c",
        code='int main(void) { printf("%ld\\n", syscall(0x40000000 + 39)); }',
        expect=dies(31),
    ),
    Attack(
        promise="numbers that are none are not there",
        code="""
            from tools import *
            for number in (512, 520, 547, 1000, 0x3fffffff): call(number, number, 0, 0, 0)
        """,
        expect=Expect(stdout="".join(f"{n} ENOSYS\n" for n in (512, 520, 547, 1000, 0x3FFFFFFF))),
    ),
    Attack(
        promise="a number that is negative ends the program or is not there",
        code="from tools import *\ncall('negative', -1)",
        expect=dies(31),
    ),
    Attack(
        promise="proc shows a program nothing but itself",
        code="""
            from tools import *
            try: print(sorted(set(os.listdir("/proc")) - {"self", "thread-self", str(os.getpid())}))
            except PermissionError: print([])
            names = '''
                1/environ 1/maps 1/cmdline 1/status 1/fd kcore meminfo cpuinfo keys kallsyms
                sys/kernel/core_pattern sysrq-trigger timer_list net/tcp interrupts version
                @WORKER@/environ @WORKER@/cmdline @KEEPER@/environ @KEEPER@/maps
            '''
            for name in names.split():
                try: open("/proc/" + name).read(); print(name)
                except (FileNotFoundError, PermissionError, IsADirectoryError): pass
        """,
        expect=Expect(stdout="[]\n"),
    ),
    Attack(
        promise="what proc says of the program cannot be turned against others",
        code="""
            from tools import *
            def write(name, text):
                with open("/proc/self/" + name, "w") as file: file.write(text)
            words = {"oom_score_adj": "-1000", "setgroups": "allow", "attr/current": "x",
                     "uid_map": "0 0 1", "gid_map": "0 0 1", "projid_map": "0 0 1",
                     "../sys/kernel/hostname": "x", "../sysrq-trigger": "b"}
            for name, text in words.items():
                try: write(name, text); print(name, "WRITTEN")
                except OSError: pass
            try: write("oom_score_adj", "1000")
            except OSError: pass
        """,
    ),
    Attack(
        promise="control groups cannot be reached",
        code="""
            from tools import *
            for path in ("/sys/fs/cgroup", "/sys", "/cgroup", "/dev/cgroup"):
                try: print(os.listdir(path))
                except OSError: pass
            call("mount", 165, b"cgroup", b"/tmp", b"cgroup", 0, b"memory")
            call("mount", 165, b"cgroup2", b"/tmp", b"cgroup2", 0, 0)
        """,
        expect=Expect(stdout="mount EPERM\nmount EPERM\n"),
    ),
    Attack(
        promise="the environment holds nothing of the service",
        code="""
            import os
            ours = {"PATH", "HOME", "LANG", "TMPDIR", "PYTHONDONTWRITEBYTECODE", "PYTHONNOUSERSITE"}
            print(sorted(set(os.environ) - ours))
            print(b"hunter2" in open("/proc/self/environ", "rb").read())
        """,
        expect=Expect(stdout="[]\nFalse\n"),
    ),
    Attack(
        promise="shared libraries named by the environment change nobody but the program",
        code="import os; print(os.environ['LD_PRELOAD'])",
        env={
            "LD_PRELOAD": "/work/evil.so",
            "LD_LIBRARY_PATH": "/work",
            "PYTHONSTARTUP": "/work/x.py",
        },
        expect=Expect(stdout="/work/evil.so\n", stderr_has="evil.so"),
    ),
    Attack(
        promise="changes of files that all runs share are not told",
        code="""
            from tools import *
            import fcntl
            file = os.open("/usr", os.O_RDONLY)
            tell("notify", fcntl.fcntl, file, fcntl.F_NOTIFY, 1)
            tell("lease", fcntl.fcntl, os.open(os.__file__, os.O_RDONLY), fcntl.F_SETLEASE, 0)
            call("inotify", 253)
        """,
        expect=Expect(stdout="notify EPERM\nlease EPERM\ninotify EPERM\n"),
    ),
]
