"""Attacks on privileges: to have more rights, limits or importance than was given."""

from __future__ import annotations

from tests.security.table import Attack, Expect

ATTACKS = [
    Attack(
        promise="files of root's group are not readable",
        code="""
            from tools import *
            print(os.getgroups() in ([], [os.getgid()]))
            print(0 not in (os.getuid(), os.getgid(), *os.getgroups()))
            tell("become", os.setuid, 0)
            tell("group", os.setgid, 0)
            tell("groups", os.setgroups, [0])
        """,
        expect=Expect(stdout="True\nTrue\nbecome EPERM\ngroup EPERM\ngroups EPERM\n"),
        at={
            # A user namespace without the right to map more answers EINVAL.
            "namespaces/ordinary": Expect(
                stdout="True\nTrue\nbecome EINVAL\ngroup EINVAL\ngroups EPERM\n"
            ),
            "container/ordinary": Expect(
                stdout="True\nTrue\nbecome EPERM\ngroup EPERM\ngroups EPERM\n"
            ),
        },
    ),
    Attack(
        promise="devices and set-user-id files cannot be made",
        code="""
            from tools import *
            tell("device", os.mknod, "null", 0o666 | 0o020000, os.makedev(1, 3))
            tell("block", os.mknod, "disk", 0o666 | 0o060000, os.makedev(8, 0))
        """,
        expect=Expect(stdout="device EPERM\nblock EPERM\n"),
    ),
    Attack(
        promise="set-user-id programs give nothing",
        code="""
            import os, time
            known = ("/bin/su", "/usr/bin/passwd", "/bin/mount")
            path = next(path for path in known if os.path.exists(path))
            child = os.fork()
            if child == 0:
                quiet = os.open("/dev/null", os.O_RDWR)
                for number in (0, 1, 2): os.dup2(quiet, number)
                os.execv(path, [path])
            time.sleep(0.2)
            lines = open(f"/proc/{child}/status").read().splitlines()
            told = dict(line.split(":\\t", 1) for line in lines if ":\\t" in line)
            print(set(told["Uid"].split()) == {str(os.getuid())}, told["NoNewPrivs"])
            print(told["CapEff"], bool(os.statvfs("/usr").f_flag & os.ST_NOSUID))
        """,
        expect=Expect(stdout="True 1\n0000000000000000 True\n"),
        at={"container": Expect(exit_code=1, stderr_has="PermissionError")},
    ),
    Attack(
        promise="a filter of the program's own loosens nothing",
        language="c",
        code="""
            #include <linux/filter.h>
            #include <linux/seccomp.h>
            #include <sys/mount.h>
            #include <sys/prctl.h>
            int main(void) {
                struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
                struct sock_fprog program = {1, &allow};
                tell("own filter", prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
                tell("mount", mount("none", "/tmp", "tmpfs", 0, 0));
                tell("new privileges", prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
                tell("speculation", prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
                tell("ambient", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 21, 0, 0));
                tell("memory map", prctl(PR_SET_MM, 1, 0, 0, 0));
            }
        """,
        expect=Expect(
            stdout="own filter ok\nmount EPERM\nnew privileges EINVAL\nspeculation ok\n"
            "ambient EPERM\nmemory map EPERM\n"
        ),
    ),
    Attack(
        promise="a fence of the program's own loosens nothing",
        code="""
            from tools import *
            rules = ctypes.create_string_buffer((1 << 13).to_bytes(8, "little"))
            fence = libc.syscall(444, rules, ctypes.c_size_t(8), 0)
            call("fence", 446, fence, 0)
            refused("write", open, "/usr/planted", "w")
            refused("kill", os.kill, 1, 9)
        """,
        expect=Expect(stdout="fence ok\n"),
    ),
    Attack(
        promise="a program has no capabilities and cannot have any",
        code="""
            from tools import *
            lines = open("/proc/self/status").readlines()
            told = dict(line.split(":\\t", 1) for line in lines if ":\\t" in line)
            for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
                print(int(told[name], 16))
            print(told["NoNewPrivs"].strip(), told["Seccomp"].strip())
            header = b"\\x22\\x05\\x08\\x20" + b"\\0" * 4
            call("capset", 126, header, b"\\xff" * 24)
        """,
        expect=Expect(stdout="0\n" * 5 + "1 2\ncapset EPERM\n"),
        # Only root can empty the set of what an exec could give; no exec gives anything here.
        at={"container/ordinary": Expect(stdout=None)},
    ),
    Attack(
        promise="limits can be lowered, never raised",
        code="""
            from tools import *
            import resource
            for kind in (resource.RLIMIT_CORE, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE,
                         resource.RLIMIT_NOFILE, resource.RLIMIT_STACK, resource.RLIMIT_MEMLOCK):
                soft, hard = resource.getrlimit(kind)
                if soft != hard: print(kind, soft, hard)
                try: resource.setrlimit(kind, (hard + 1, hard + 1)); print("RAISED", kind)
                except (ValueError, PermissionError): pass
            resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))
            print("lowered")
        """,
        expect=Expect(stdout="lowered\n"),
    ),
    Attack(
        promise="nobody's limits can be set but one's own",
        code="""
            from tools import *
            import resource
            for name, pid in (("init", 1), ("parent", os.getppid() or 1), ("worker", @WORKER@)):
                tell(name, resource.prlimit, pid, resource.RLIMIT_CPU, (1, 1))
        """,
        expect=Expect(stdout="init EPERM\nparent EPERM\nworker EPERM\n"),
    ),
    Attack(
        promise="a program is on whatever cores it was given",
        code="""
            from tools import *
            tell("affinity", os.sched_setaffinity, 0, {0})
            tell("nice", os.nice, -1)
            tell("nicer", os.setpriority, os.PRIO_PROCESS, 0, 5)
            tell("fifo", os.sched_setscheduler, 0, os.SCHED_FIFO, os.sched_param(1))
            tell("batch", os.sched_setscheduler, 0, os.SCHED_BATCH, os.sched_param(0))
            call("ioprio", 251, 1, 0, 0)
        """,
        expect=Expect(
            stdout="".join(
                f"{name} EPERM\n"
                for name in ("affinity", "nice", "nicer", "fifo", "batch", "ioprio")
            )
        ),
    ),
]
