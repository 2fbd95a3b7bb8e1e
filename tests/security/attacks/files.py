"""Attacks through the file system: to write, keep, fill, or see what is not theirs."""

from __future__ import annotations

from dataclasses import replace

from tests.security.table import LIMITS, Attack, Expect, dies

_PLACES = "/ /etc /usr /usr/lib /lib /bin /dev /proc /sys /var /var/tmp /run /box /opt /root /home"

ATTACKS = [
    Attack(
        promise="nothing can be written outside the run's own folders",
        code=f"""
            from tools import *
            done = []
            for place in "{_PLACES}".split():
                try:
                    open(place + "/planted", "w").close()
                    done.append(place)
                except OSError as error:
                    if error.errno not in (errno.EROFS, errno.EACCES, errno.ENOENT):
                        done.append(error)
            print(done)
        """,
        expect=Expect(stdout="[]\n"),
    ),
    Attack(
        promise="the toolchain cannot be changed",
        code="""
            from tools import *
            import sys
            module = os.__file__
            refused("append", open, module, "a")
            refused("truncate", os.truncate, module, 0)
            refused("unlink", os.unlink, module)
            refused("rename", os.rename, module, module + "x")
            refused("link", os.link, module, "own.py")
            refused("chmod", os.chmod, module, 0o777)
            refused("chmod by descriptor", os.chmod, os.open(module, os.O_RDONLY), 0o777)
            refused("chown", os.chown, module, os.getuid(), -1)
            refused("times", os.utime, module, (0, 0))
            refused("attribute", os.setxattr, module, "user.x", b"y")
        """,
    ),
    Attack(
        promise="the running interpreter cannot be overwritten",
        code="""
            from tools import *
            refused("write", open, "/proc/self/exe", "r+b")
            binary = os.open("/proc/self/exe", os.O_PATH)
            refused("anew", os.open, f"/proc/self/fd/{binary}", os.O_RDWR)
            refused("init's", open, "/proc/1/exe", "r+b")
            refused("chmod", os.chmod, "/proc/self/exe", 0)
        """,
    ),
    Attack(
        promise="the run's own folders can be used",
        code="""
            import os, tempfile
            for folder in (".", os.environ["TMPDIR"], os.environ["HOME"]):
                path = os.path.join(folder, "a/b")
                os.makedirs(path)
                open(path + "/file", "w").write("x")
                os.symlink("file", path + "/link")
                os.rename(path + "/link", path + "/moved")
                print(open(path + "/moved").read())
                os.unlink(path + "/file"); os.unlink(path + "/moved")
                os.removedirs(os.path.join(path)) if folder != "." else None
                break
            with tempfile.TemporaryFile() as file: print(file.write(b"12"))
        """,
        expect=Expect(stdout="x\n2\n"),
    ),
    Attack(
        promise="nothing left in shared places is there for the next run",
        code="""
            import os
            left = []
            places = "/dev/shm /run/lock /run /tmp /var/tmp /dev/mqueue . /work".split()
            for place in (*places, os.environ["TMPDIR"]):
                try:
                    open(place + "/left.txt", "w").write("from the last run")
                    left.append(place)
                except OSError:
                    pass
            print(left == ["/dev/shm", "/tmp", ".", "/work", "/tmp"] or left[0] == ".")
        """,
        # The canary looks for what is left, at each level.
        expect=Expect(stdout="True\n"),
    ),
    Attack(
        promise="a full disk is an error of the program and empty for the next",
        code="""
            from tools import *
            def fill(name):
                with open(name, "wb", 0) as file:
                    while True:
                        if file.write(b"x" * (1 << 20)) < 1 << 20: raise OSError(errno.ENOSPC, "")
            for number in range(4):
                try: fill(f"big{number}")
                except OSError as error: print(errno.errorcode[error.errno], flush=True)
        """,
        # Two files end at the limit of one file, the third at the disk's.
        expect=Expect(stdout="EFBIG\nENOSPC\nENOSPC\nENOSPC\n"),
        at={"container": Expect(stdout="EFBIG\nEFBIG\nEFBIG\nEFBIG\n")},
    ),
    Attack(
        promise="space cannot be reserved past the disk limit",
        code="""
            from tools import *
            for number in range(3):
                file = os.open(f"big{number}", os.O_RDWR | os.O_CREAT)
                tell("reserve", os.posix_fallocate, file, 0, 15 << 20)
        """,
        expect=Expect(stdout="reserve ok\nreserve ok\nreserve ENOSPC\n"),
        at={"container": Expect(stdout="reserve ok\nreserve ok\nreserve ok\n")},
    ),
    Attack(
        promise="a flood of small files ends at the limit of files",
        code="""
            made = 0
            try:
                while made < 1000:
                    open(f"f{made}", "w").close()
                    made += 1
            except OSError as error:
                print(error.strerror, 400 < made < 512)
        """,
        expect=Expect(stdout="No space left on device True\n"),
        at={"container": Expect(stdout="")},  # as many as the host's disk takes
    ),
    Attack(
        promise="one huge file ends at the limit of one file",
        language="c",
        code="""
            int main(void) {
                int file = open("big", O_WRONLY | O_CREAT, 0600);
                static char block[1 << 20];
                for (int i = 0; i < 32; i++) write(file, block, sizeof block);
            }
        """,
        expect=dies(25),
    ),
    Attack(
        promise="a sparse petabyte is an error",
        code="""
            from tools import *
            file = os.open("big", os.O_RDWR | os.O_CREAT)
            tell("truncate", os.ftruncate, file, 1 << 50)
            tell("seek", os.pwrite, file, b"x", 1 << 50)
        """,
        expect=Expect(stdout="truncate EFBIG\nseek EFBIG\n"),
    ),
    Attack(
        promise="a thousand folders deep is no deeper than one",
        code="""
            import os
            for _ in range(480):
                os.mkdir("d" * 200); os.chdir("d" * 200)
            open("left.txt", "w").close()
            print(len(os.listdir(".")))
        """,
        expect=Expect(stdout="1\n"),
    ),
    Attack(
        promise="folders that nobody may enter are removed like others",
        code="""
            import os
            os.mkdir("a"); os.mkdir("a/b"); os.mkdir("a/b/c", 0); os.mkdir("a/d", 0)
            open("a/b/e", "w").close(); os.mkdir("f", 0)
            os.umask(0o777)
            os.mkdir("g"); os.symlink("/", "a/h"); os.mkfifo("a/i")
            print("made")
        """,
        expect=Expect(stdout="made\n"),
    ),
    Attack(
        promise="the host's files cannot be seen",
        code="""
            from tools import *
            paths = '''
                @SECRET@ @CHECKOUT@/tests/security/table.py /etc/shadow /root/.bashrc
                /proc/1/root@SECRET@ /proc/@WORKER@/root@SECRET@ ../../..@SECRET@
                /etc/ssh/ssh_host_rsa_key /proc/1/cwd /dev/sda /dev/mem /dev/kmsg
                /dev/tty /dev/ptmx /dev/fuse /dev/kvm /sys/kernel /etc/machine-id
            '''
            for path in paths.split():
                try: open(path).close(); print(path)
                except (FileNotFoundError, PermissionError): pass
                except OSError as error: print(path, error)
        """,
        expect=Expect(stdout=""),
    ),
    Attack(
        promise="the way out of the root is closed",
        code="""
            from tools import *
            os.mkdir("jail")
            tell("chroot", os.chroot, "jail")
            os.chdir("/"); os.chdir("../../../..")
            print(os.getcwd())
            tell("pid 1", os.chdir, "/proc/1/root")
            tell("own root", lambda: print(os.path.samefile("/proc/self/root", "/")))
            tell("handle", lambda: call("by handle", 304, -100, b"x" * 16, 0))
        """,
        expect=Expect(
            stdout="chroot EPERM\n/\npid 1 ENOENT\nTrue\nown root ok\nby handle EPERM\nhandle ok\n"
        ),
        at={
            "container": Expect(
                # Names may be walked there; nothing behind them can be opened.
                stdout="chroot EPERM\n/\npid 1 EACCES\nTrue\nown root ok\n"
                "by handle EPERM\nhandle ok\n"
            )
        },
    ),
    Attack(
        promise="odd paths are errors",
        language="c",
        code="""
            int main(void) {
                static char name[8192];
                memset(name, 'x', sizeof name - 1);
                tell("null", open(0, O_RDONLY));
                tell("bad", open((char *)-1, O_RDONLY));
                tell("long", open(name, O_RDONLY));
                name[256] = 0;
                tell("name of 256", open(name, O_RDONLY | O_CREAT, 0600));
                name[255] = 0;
                tell("name of 255", open(name, O_RDONLY | O_CREAT, 0600));
                tell("bytes", open("\\xff\\xfe\\n%s%n", O_RDONLY | O_CREAT, 0600));
                tell("empty", open("", O_RDONLY));
            }
        """,
        expect=Expect(
            stdout="null EFAULT\nbad EFAULT\nlong ENAMETOOLONG\nname of 256 ENAMETOOLONG\n"
            "name of 255 ok\nbytes ok\nempty ENOENT\n"
        ),
    ),
    Attack(
        promise="three descriptors are all there are",
        language="c",
        code="""
            int main(void) {
                for (int i = 0; i < 4096; i++)
                    if (fcntl(i, F_GETFD) >= 0) printf("%d\\n", i);
                fflush(stdout);
                tell("stdin", ftruncate(0, 1));
                tell("rewrite", write(0, "x", 1));
            }
        """,
        stdin=b"given",
        expect=Expect(stdout="0\n1\n2\nstdin EPERM\nrewrite EPERM\n"),
    ),
    Attack(
        promise="descriptors are limited",
        code="""
            from tools import *
            held = []
            try:
                while True: held.append(os.dup(0))
            except OSError as error: print(errno.errorcode[error.errno], held[-1])
        """,
        limits=replace(LIMITS, open_files=64),
        expect=Expect(stdout="EMFILE 63\n"),
    ),
    Attack(
        promise="input cannot be changed through its own name",
        code="""
            from tools import *
            tell("write", lambda: os.write(os.open("/dev/stdin", os.O_RDWR), b"x"))
            print(open(0).read())
        """,
        stdin=b"given",
        expect=Expect(stdout="write EPERM\ngiven\n"),
    ),
]
