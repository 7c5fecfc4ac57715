"""Enter namespaces of one's own and run a command there: what bubblewrap does, for our one use.

It runs as a script, so it imports nothing of pilotbench. The argument is a JSON object: `command`,
`paths` (what of the machine is seen, read-only), `folder` (the only one that can be written) and
its `size`. Root becomes an unprivileged user of the machine, which owns nothing.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

NEW_NS, NEW_UTS, NEW_IPC, NEW_USER, NEW_PID, NEW_NET = (
    0x00020000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000,
)  # fmt: skip
READ_ONLY, NO_SUID, NO_DEV, NO_EXEC, REMOUNT, BIND, RECURSIVE, PRIVATE = (
    1, 2, 4, 8, 32, 4096, 16384, 1 << 18,
)  # fmt: skip
DETACH = 2
PDEATHSIG, NO_NEW_PRIVS = 1, 38
NOBODY, INSIDE = 65534, 1000
DEVICES = ("null", "zero", "full", "random", "urandom")

libc = ctypes.CDLL(None, use_errno=True)


def call(name: str, *values: Any) -> None:
    """Call a function of the C library. Raises OSError."""
    given = [one.encode() if isinstance(one, str) else one for one in values]
    if getattr(libc, name)(*given) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def mount(source: str, target: str, kind: str | None, flags: int, options: str | None) -> None:
    """Mount. Raises OSError."""
    call("mount", source, target, kind, ctypes.c_ulong(flags), options)


def enter_user_namespace() -> None:
    """Unshare; another process outside says which users there are inside."""
    me, root = os.getpid(), os.geteuid() == 0
    asked, ready = os.pipe(), os.pipe()
    helper = os.fork()
    if helper == 0:
        os.read(asked[0], 1)
        try:
            if not root:
                Path(f"/proc/{me}/setgroups").write_text("deny")
            for kind, number in (("uid", os.geteuid()), ("gid", os.getegid())):
                lines = f"0 {number} 1\n{INSIDE} {NOBODY} 1\n" if root else f"{INSIDE} {number} 1\n"
                Path(f"/proc/{me}/{kind}_map").write_text(lines)
            os.write(ready[1], b"y")
        finally:
            os._exit(0)
    os.close(ready[1])
    call("unshare", NEW_USER | NEW_NS | NEW_PID | NEW_NET | NEW_IPC | NEW_UTS)
    os.write(asked[1], b"y")
    if not os.read(ready[0], 1):
        raise OSError("the users of the namespace cannot be set")
    os.waitpid(helper, 0)


def make_root(paths: list[str], folder: str, size: int) -> None:
    """Make a root that has nothing but `paths`, devices, /proc and an empty folder."""
    mount("none", "/", None, RECURSIVE | PRIVATE, None)
    new = next(one for one in ("/mnt", "/media", "/sys", "/tmp") if Path(one).is_dir())
    mount("tmpfs", new, "tmpfs", NO_SUID | NO_DEV, "mode=755,size=1m")
    for path in paths:
        show(path, new)
    Path(f"{new}/dev").mkdir()
    for name in DEVICES:
        show(f"/dev/{name}", new, device=True)
    for name in ("/proc", "/old", folder):
        Path(new + name).mkdir()
    if not Path(f"{new}/tmp").exists():
        Path(f"{new}/tmp").symlink_to(folder)
    mount("proc", f"{new}/proc", "proc", NO_SUID | NO_DEV | NO_EXEC, None)
    Path(f"{new}/proc/sys/user/max_user_namespaces").write_text("0")
    sealed = REMOUNT | BIND | READ_ONLY | NO_SUID | NO_DEV
    mount("none", f"{new}/proc", None, sealed | NO_EXEC, None)
    options = f"mode=1777,size={size},nr_inodes=4096"
    mount("tmpfs", new + folder, "tmpfs", NO_SUID | NO_DEV, options)
    os.chdir(new)
    call("pivot_root", ".", "old")
    os.chdir("/")
    call("umount2", "/old", DETACH)
    Path("/old").rmdir()
    mount("none", "/", None, sealed, None)


def show(path: str, root: str, device: bool = False) -> None:
    """Show a path of the machine below `root`, read-only; links stay links."""
    place = Path(root + path)
    place.parent.mkdir(parents=True, exist_ok=True)
    if Path(path).is_symlink():
        place.symlink_to(Path(path).readlink())
        return
    if Path(path).is_dir():
        place.mkdir(exist_ok=True)
    else:
        place.touch()
    mount(path, str(place), None, BIND | RECURSIVE, None)
    flags = REMOUNT | BIND | NO_SUID | (0 if device else READ_ONLY | NO_DEV)
    mount("none", str(place), None, flags, None)


def run(order: dict[str, Any]) -> None:
    """Become the first process of the namespaces and run the command. Does not return."""
    make_root(order["paths"], order["folder"], order["size"])
    if os.geteuid() != INSIDE:
        os.setgroups([])
        os.setresgid(INSIDE, INSIDE, INSIDE)
        os.setresuid(INSIDE, INSIDE, INSIDE)
    call("prctl", PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    call("prctl", NO_NEW_PRIVS, 1, 0, 0, 0)
    os.chdir(order["folder"])
    os.execv(order["command"][0], order["command"])


def main() -> None:
    """Start the command in namespaces and end with it."""
    order = json.loads(sys.argv[1])
    call("prctl", PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    enter_user_namespace()
    first = os.fork()
    if first == 0:
        try:
            run(order)
        except OSError as error:
            print(f"{error.strerror or error}", file=sys.stderr)
        os._exit(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1):
        os.dup2(nowhere, number)
    os._exit(os.waitstatus_to_exitcode(os.waitpid(first, 0)[1]) & 255)


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        print(f"{error.strerror or error}", file=sys.stderr)
        os._exit(1)
