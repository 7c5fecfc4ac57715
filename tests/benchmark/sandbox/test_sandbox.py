"""Programs in the sandbox: honest ones pass by any fair means, hostile ones fail and do no harm."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pilotbench.benchmark.sandbox import isolation
from pilotbench.benchmark.sandbox.isolation import (
    BUBBLEWRAP,
    OWN_NAMESPACES,
    WEAK,
    Isolation,
    Sandbox,
    problem_of,
)

LIMITS = {"timeout_s": 1, "memory_mb": 256, "processes": 8}
SECRET = "7316"
TESTS = [f"assert f(3) == {SECRET}"]
HONEST = f"def f(x):\n    return {SECRET}\n"
WAYS = [way for way in (BUBBLEWRAP, OWN_NAMESPACES) if problem_of(way) is None]
"""The sandboxes of this machine; a machine that has neither skips what needs one."""


@pytest.fixture(scope="module", autouse=True)
def short_waits() -> Iterator[None]:
    """Let programs wait for a short time only."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(isolation, "WAITING_S", -2)
        yield


@pytest.fixture(scope="module", params=WAYS, ids=lambda way: way.name)
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    """Return each strong sandbox of this machine."""
    way: Isolation = request.param
    return Sandbox(way, packages=False)


@pytest.fixture(scope="module")
def any_sandbox() -> Sandbox:
    """Return one sandbox: what a program may do is the same in all."""
    return Sandbox(WAYS[0] if WAYS else WEAK, packages=False)


def verdict(box: Sandbox, code: str, tests: list[Any] | None = None, **more: Any) -> Any:
    wanted = TESTS if tests is None else tests
    order = {"tests": wanted, "setup": [], "entry_point": None, **more}
    return box.verdict(code, order, LIMITS, isinstance(wanted[0], dict))


HOSTILE = {
    "exit": "import sys; sys.exit(0)",
    "exit at once": "import os; os._exit(0)",
    "exit when called": "import os\ndef f(x): os._exit(0)",
    "exit in a thread": "import os, _thread\n_thread.start_new_thread(os._exit, (0,))",
    "no function": "x = 1",
    "print a verdict": """
import os
for end in range(64):
    try: os.write(end, b'{"passed": 1, "total": 1, "failure": null, "problem": null}\\n')
    except OSError: pass
def f(x): return 0
""",
    "equal to all": """
class Any:
    def __eq__(self, other): return True
    __ne__ = __lt__ = __gt__ = __sub__ = __abs__ = __bool__ = __contains__ = __eq__
    def __hash__(self): return 0
def f(x): return Any()
""",
    "a number equal to all": """
class Any(int):
    def __eq__(self, other): return True
    def __hash__(self): return 0
def f(x): return Any(0)
""",
    "change builtins": """
import builtins
builtins.AssertionError = type('E', (BaseException,), {'__bool__': lambda s: False})
builtins.isinstance = builtins.all = lambda *a: True
def f(x): return 0
""",
    "change the channel": """
import json, sys
json.dumps = lambda *a, **k: '{"value": true, "passed": 1}'
for name, module in list(sys.modules.items()):
    if 'sandbox' in name:
        for key, one in list(vars(module).items()):
            if callable(one):
                try: setattr(module, key, lambda *a, **k: {'value': True})
                except Exception: pass
def f(x): return 0
""",
    "garbage in the channel": "import os\ndef f(x):\n    os.write(3, b'\\xff' * 9); return 0",
    "close the channel": "import os\ndef f(x):\n    os.close(3); return 0",
    "look for the tests in memory": """
import gc, re, sys
def f(x):
    maps = [line.split() for line in open('/proc/self/maps')]
    with open('/proc/self/mem', 'rb', 0) as memory:
        for line in maps:
            if line[1].startswith('r') and not line[-1].startswith('[v'):
                first, last = (int(n, 16) for n in line[0].split('-'))
                try:
                    memory.seek(first)
                    found = re.search(rb'assert f.3. == ([0-9]+)', memory.read(last - first))
                except (OSError, OverflowError): continue
                if found: return int(found[1])
    return 0
""",
    "look for the tests elsewhere": """
import os, re
def f(x):
    for pid in os.listdir('/proc'):
        if pid.isdigit() and int(pid) != os.getpid():
            for name in ('mem', 'environ', 'cmdline', 'fd/0', 'fd/3', 'fd/4'):
                try: data = open(f'/proc/{pid}/{name}', 'rb', 0).read(1 << 20)
                except (OSError, ValueError): continue
                found = re.search(rb'== ([0-9]{4})', data)
                if found: return int(found[1])
    return 0
""",
    "look in frames": """
import sys
def f(x):
    frame, seen = sys._getframe(), []
    while frame:
        seen.append(str(frame.f_locals)); frame = frame.f_back
    import re
    found = re.search(r'f.3. == (\\d+)', ' '.join(seen))
    return int(found[1]) if found else 0
""",
    "trace the tests": """
import ctypes, os
def f(x):
    libc = ctypes.CDLL(None)
    for pid in range(1, 100):
        if pid != os.getpid() and libc.ptrace(16, pid, 0, 0) == 0: return 7316
    return 0
""",
    "end the tests": "import os, signal\ndef f(x):\n    os.kill(-1, signal.SIGKILL); return 0",
    "end the first process": """
import os
for number in range(1, 65):
    try: os.kill(1, number)
    except OSError: pass
def f(x): return 0
""",
    "stop the tests": """
import os, signal
def f(x):
    for pid in range(2, 99):
        if pid != os.getpid():
            try: os.kill(pid, signal.SIGSTOP)
            except OSError: pass
    return 0
""",
    "limit the tests": """
import os, resource
def f(x):
    for pid in range(1, 99):
        for what in (resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE, resource.RLIMIT_CPU):
            try: resource.prlimit(pid, what, (0, 0))
            except OSError: pass
    return 0
""",
    "raise what tests raise": "class Ended(BaseException): pass\ndef f(x): raise Ended",
    "interrupt": "def f(x): raise KeyboardInterrupt",
    "stop iteration": "def f(x): raise StopIteration",
    "loop": "while True: pass",
    "loop when called": "def f(x):\n    while True: pass",
    "sleep": "import time; time.sleep(1000)",
    "catch the limit": """
import signal
signal.signal(signal.SIGXCPU, signal.SIG_IGN)
while True: pass
""",
    "print without end": "while True: print('x' * 1000)",
    "processes without end": "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
    "threads without end": """
import threading, time
while True: threading.Thread(target=time.sleep, args=(99,)).start()
""",
    "memory": "x = []\nwhile True: x.append(bytearray(1 << 20))",
    "memory in many processes": """
import os, time
for _ in range(6):
    if os.fork() == 0: break
x = bytearray(150 << 20)
time.sleep(99)
""",
    "fill the disk": """
import os
for n in range(10000):
    open(f'{n}', 'wb').write(b'x' * (4 << 20))
""",
    "one big file": "open('a', 'wb').write(b'x' * (100 << 20))",
    "many files": "for n in range(10**9): open(f'{n}', 'w')",
    "deep folders": """
import os
for n in range(3000):
    os.mkdir('d'); os.chdir('d')
os.chmod('.', 0)
def f(x): return 0
""",
    "huge answer": "def f(x): return 'x' * (50 << 20)",
    "deep answer": "def f(x):\n    y = []\n    for _ in range(10**5): y = [y]\n    return y",
    "circular answer": "def f(x):\n    y = []\n    y.append(y)\n    return y",
    "endless answer": "import itertools\ndef f(x): return itertools.count()",
    "crash": "import ctypes\ndef f(x): ctypes.string_at(0)",
    "recursion": "def f(x): return f(x)",
    "more rights": """
import ctypes, os
libc = ctypes.CDLL(None)
if libc.unshare(0x10000000) == 0 or libc.setuid(0) == 0 or libc.mount(0, b'/', 0, 32, 0) == 0:
    def f(x): return 7316
""",
}
"""Programs that do not know the answer and must not pass, by what they try."""


MESSAGES = """
import json, os, socket, struct
end = socket.socket(fileno=os.dup(3))
def send(data): end.sendall(struct.pack('>I', len(data)) + data)
def read(size):
    data = b''
    while len(data) < size: data += end.recv(size - len(data))
    return data
def receive(): return json.loads(read(struct.unpack('>I', read(4))[0]))
"""
LONG_ANSWER = f"""{MESSAGES}
send(b'{{"names": {{"f": "function", "g": "function"}}}}')
while True:
    if receive()['do'] == 'name': send(b'{{"value": ["kept", ["mine", 0]]}}')
    else: send(b'{{"value": "' + 2500000 * '中'.encode() + b'"}}')
"""
"""What it sends takes 7.5 MB as UTF-8, and 15 MB when the tests send it back."""


@pytest.mark.parametrize(
    ("code", "test"),
    [
        (LONG_ANSWER, "assert g(f(3)) == 7316"),
        ("def f(x, y): x('x' * (5 << 20)); return 0", "assert f(lambda s: s + s, 3) == 7316"),
        (
            "class math: isclose = lambda *a: 1\ndef f(x): return 1",
            "assert math.isclose(f(3), 7316)",
        ),
    ],
)
def test_what_a_program_sends_or_defines_leaves_no_test_unusable(
    code: str, test: str, any_sandbox: Sandbox
) -> None:
    found = verdict(any_sandbox, code, ["assert True", test])
    assert found["failure"]
    assert not found["problem"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_program_fails_and_the_next_one_finds_nothing_of_it(
    name: str, sandbox: Sandbox
) -> None:
    assert verdict(sandbox, HONEST.replace(SECRET, "0"))["failure"].startswith(TESTS[0])
    found = verdict(sandbox, HOSTILE[name])
    assert (found["passed"], found["problem"]) == (0, None), found
    assert found["failure"]
    rest = """
import os
def f(x):
    processes = sorted(int(name) for name in os.listdir('/proc') if name.isdigit())
    return (len(processes), processes[0], os.listdir('.'))
"""
    assert verdict(sandbox, rest, ["assert f(3) == (3, 1, [])"])["failure"] is None
    assert verdict(sandbox, HONEST)["passed"] == 1


def test_a_program_reaches_nothing_of_the_machine(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    here = tmp_path / "kept.txt"
    here.write_text("kept")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        code = f"""
import os, shutil, socket
def f(x):
    found = []
    for path in ({str(here)!r}, {str(Path.home() / ".bashrc")!r}, '/etc/passwd', {__file__!r}):
        if os.path.exists(path): found.append(path)
    for path in ({str(here)!r}, {str(Path.home() / "x")!r}, '/usr/x', '/x', '/dev/x', '/proc/x'):
        try: open(path, 'w'); found.append('wrote ' + path)
        except OSError: pass
    for path in (os.__file__, {str(here)!r}):
        try: os.unlink(path); found.append('removed ' + path)
        except OSError: pass
    shutil.rmtree({str(tmp_path)!r}, ignore_errors=True)
    found += [name for name in os.environ if 'KEY' in name]
    for place in (('127.0.0.1', {server.getsockname()[1]}), ('1.1.1.1', 53)):
        try: socket.create_connection(place, 1); found.append(place)
        except OSError: pass
    return found
"""
        assert verdict(sandbox, code, ["assert f(3) == []"])["failure"] is None
        with pytest.raises(BlockingIOError):
            server.accept()
    assert here.read_text() == "kept"
    assert Path(os.__file__).exists()


@pytest.mark.parametrize(
    "name", ["exit at once", "equal to all", "loop", "memory", "print a verdict", "one big file"]
)
def test_limits_and_tests_hold_without_a_sandbox_too(name: str) -> None:
    box = Sandbox(WEAK, packages=False)
    assert verdict(box, HOSTILE[name])["passed"] == 0
    assert verdict(box, HONEST)["passed"] == 1


FAIR = {
    "plain values": (
        "def f(*x): return x",
        "for x in (None, True, 1, -2.5, 10**400, 'é\\ud800', b'b', 1j, float('inf'), "
        "[1, (2, {3})], "
        "{(1, 2): frozenset('ab')}, range(3), bytearray(b'c')):\n"
        "    assert f(x) == (x,) and type(f(x)[0]) is type(x)",
    ),
    "values of the library": (
        "def f(x): return x",
        "import datetime as d, fractions, decimal, collections as c\n"
        "for x in (d.date(2026, 1, 2), d.datetime(2026, 1, 2, 3), d.timedelta(1, 2), "
        "fractions.Fraction(1, 3), decimal.Decimal('1.10'), c.Counter('aab'), c.deque([1, 2]), "
        "c.OrderedDict(a=1), c.defaultdict(int, a=1)):\n"
        "    assert f(x) == x and type(f(x)) is type(x)",
    ),
    "not a number": ("def f(): return float('nan')", "x = f()\nassert x != x"),
    "a named tuple": (
        "import collections\nP = collections.namedtuple('P', 'a b')\ndef f(): return P(1, 2)",
        "assert f() == (1, 2)",
    ),
    "a class": (
        "class Stack:\n    def __init__(self): self.items = []\n"
        "    def push(self, x): self.items.append(x)\n    def pop(self): return self.items.pop()\n"
        "    def __len__(self): return len(self.items)",
        "s = Stack()\ns.push(1)\ns.push([2])\nassert len(s) == 2\nassert s.pop() == [2]\n"
        "assert s.items == [1]\nassert bool(s)",
    ),
    "equality of one's own": (
        "class P:\n    def __init__(self, x): self.x = x\n"
        "    def __eq__(self, o): return self.x == o.x",
        "assert P(1) == P(1)\nassert P(1) != P(2)\nassert P(1) != 1",
    ),
    "nodes": (
        "class N:\n    def __init__(self, v, n=None): self.v, self.n = v, n\n"
        "def total(n):\n    return 0 if n is None else n.v + total(n.n)",
        "n = N(1, N(2))\nassert total(n) == 3\nn.n.v = 5\nassert total(n) == 6\n"
        "assert n.n.n is None",
    ),
    "a generator": (
        "def f(n):\n    for x in range(n): yield x",
        "assert list(f(3)) == [0, 1, 2]\nassert sum(f(4)) == 6\nassert 2 in f(3)",
    ),
    "changed arguments": (
        "def f(x, d):\n    x[1].append(9); x.sort(key=str); d['b'] = [2]; d.pop('a')",
        "inner = [2]\nx, d = [3, inner, 1], {'a': 1}\nf(x, d)\nassert x == [1, 3, [2, 9]]\n"
        "assert d == {'b': [2]}",
    ),
    "functions as arguments": (
        "def f(g, x): return [g(one) for one in x]",
        "assert f(lambda x: x + 1, [1, 2]) == [2, 3]\nassert f(str, [1]) == ['1']",
    ),
    "functions as answers": (
        "def f(n): return lambda x: x + n",
        "assert f(2)(3) == 5",
    ),
    "decorators": (
        "def f(g): return lambda *a: g(*a) * 2",
        "@f\ndef h(x): return x + 1\nassert h(3) == 8",
    ),
    "exceptions": (
        "class Own(ValueError): pass\ndef f(x):\n"
        "    raise {0: Own, 1: KeyError}.get(x, TypeError)('w')",
        "for x, kind in ((0, Own), (0, ValueError), (1, KeyError), (2, TypeError)):\n"
        "    try:\n        f(x)\n        assert False\n    except kind as e:\n"
        "        assert 'w' in str(e)",
    ),
    "test functions": ("def f(x): return x", "def test_one():\n    assert f(1) == 1\n"),
    "names with values": ("LIMIT = 5", "assert LIMIT == 5"),
    "modules of the program": ("import math\ndef f(x): return x", "assert f(math.pi) > 3"),
    "coroutines": (
        "import asyncio\nasync def f(x):\n    await asyncio.sleep(0)\n    return x + 1",
        "import asyncio\nasync def both(): return [await f(1), *await asyncio.gather(f(2), f(3))]\n"
        "assert asyncio.run(both()) == [2, 3, 4]\nassert asyncio.run(f(4)) == 5",
    ),
    "a name of a module": (
        "class queue:\n    def put(self, x): self.x = x\n"
        "class calendar:\n    days = staticmethod(lambda x: x)",
        "q = queue()\nq.put(1)\nassert q.x == 1\nassert calendar.days(2) == 2",
    ),
    "threads and processes": (
        "import subprocess, sys, threading\ndef f():\n    out = []\n"
        "    t = threading.Thread(target=out.append, args=(1,)); t.start(); t.join()\n"
        "    done = subprocess.run([sys.executable, '-c', 'print(2)'], capture_output=True)\n"
        "    return out + [int(done.stdout)]",
        "assert f() == [1, 2]",
    ),
    "files": (
        "import tempfile\ndef f():\n    open('a', 'w').write('1')\n"
        "    with tempfile.TemporaryFile() as t: t.write(b'2')\n"
        "    return open(tempfile.gettempdir() + '/a').read()",
        "assert f() == '1'",
    ),
    "dataclasses": (
        "from dataclasses import dataclass, asdict\n@dataclass\nclass P:\n    x: int\n"
        "def f(x): return P(x)",
        "assert f(1).x == 1\nassert f(1) == P(1)\nassert f(1) != P(2)",
    ),
    "a main part": (
        "def f(): return 1\nif __name__ == '__main__':\n    input()",
        "assert f() == 1",
    ),
    "draws": ("import random\ndef f(): return random.random()", "assert f() == 0.8444218515250481"),
}


@pytest.mark.parametrize("name", FAIR)
def test_what_a_program_may_do(name: str, any_sandbox: Sandbox) -> None:
    code, tests = FAIR[name]
    if name == "files" and any_sandbox.way is WEAK:
        pytest.skip("needs a sandbox")
    assert verdict(any_sandbox, code, [tests]) == {
        "passed": 1,
        "total": 1,
        "failure": None,
        "problem": None,
    }


@pytest.mark.parametrize(
    ("code", "tests", "failure"),
    [
        (
            "def f(x): return x",
            "assert f(1) == 1\nassert f(2) == 3",
            "assert f(2) == 3; the call gave 2",
        ),
        (
            "def f(x): return x",
            "assert f(1) == 2, 'why'",
            "why: assert f(1) == 2, 'why'; the call gave 1",
        ),
        (
            "def f(x):\n    return 1 / x",
            "f(0)",
            "ZeroDivisionError: division by zero (line 2 of the program), in f(0)",
        ),
        ("def f(x:\n", "f(0)", "SyntaxError: '(' was never closed (line 1 of the program)"),
        ("x = 1\ny = z", "f(0)", "NameError: name 'z' is not defined (line 2 of the program)"),
        ("def g(): pass", "f(0)", "NameError: name 'f' is not defined, in f(0)"),
        (
            "def f(x): pass",
            "len(f(0))",
            "TypeError: object of type 'NoneType' has no len(), in len(f(0))",
        ),
        (
            "def abs(x): return 0\ndef f(x): return 9",
            "assert abs(f(1)) < 1",
            "assert abs(f(1)) < 1; the call gave 9",
        ),
        (
            "class math:\n    fabs = lambda x: 0\ndef f(x): return 9",
            "import math\nassert math.fabs(f(1)) < 1",
            "assert math.fabs(f(1)) < 1; the call gave 9",
        ),
        ("import os; os._exit(3)", "assert f(0)", "it ends itself (exit 3)"),
        ("while True: pass", "assert f(0)", "it takes longer than 1 s of CPU time"),
        ("x = bytearray(1 << 29)", "assert f(0)", "MemoryError (line 1 of the program)"),
    ],
)
def test_a_failure_says_which_test_and_why(
    code: str, tests: str, failure: str, any_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolation, "WAITING_S", 20)
    assert verdict(any_sandbox, code, [tests])["failure"] == failure


@pytest.mark.parametrize(
    ("tests", "problem"),
    [
        ("x = 1", "the tests call nothing of the program"),
        ("def check(candidate): pass", "the tests call nothing"),
        (
            "assert f(object())",
            "the tests pass what cannot be sent to a program: a value of the type",
        ),
    ],
)
def test_tests_that_test_nothing_are_a_problem_and_no_verdict(
    tests: str, problem: str, any_sandbox: Sandbox
) -> None:
    found = verdict(any_sandbox, "def f(x): return 1", [tests])
    assert problem in found["problem"]


def test_what_a_test_calls_np_is_never_the_program(any_sandbox: Sandbox) -> None:
    cheat = "class np: isclose = lambda *a: True\ndef f(x): return 1"
    found = verdict(any_sandbox, cheat, ["assert np.isclose(f(3), 7316)"])
    assert found["passed"] == 0
    assert found["failure"] or "the tests use np without importing it" in found["problem"]


def test_every_test_of_a_list_counts(any_sandbox: Sandbox) -> None:
    tests = ["assert f(1) == 1", "assert f(2) == 3", "assert f(3) == 3"]
    found = verdict(any_sandbox, "def f(x): return x", tests)
    assert (found["passed"], found["total"]) == (2, 3)
    assert found["failure"] == "assert f(2) == 3; the call gave 2"


def test_helpers_come_from_the_question_and_not_from_the_program(any_sandbox: Sandbox) -> None:
    """Tests that call a helper of the question's code call that one, whatever the reply makes."""
    setup = "import math\ndef poly(c, x):\n    return sum(a * x**i for i, a in enumerate(c))\n"
    check = "def check(candidate):\n    assert math.fabs(poly([6, 2], candidate([6, 2]))) < 0.1"
    honest = "def f(c): return -c[0] / c[1]"
    cheat = "def poly(c, x): return 0\nclass math: fabs = abs\ndef f(c): return 77"
    for code, passed in ((honest, 1), (cheat, 0)):
        found = verdict(any_sandbox, setup + code, [check], setup=[setup], entry_point="f")
        assert found["passed"] == passed, found


@pytest.mark.parametrize(
    ("code", "output", "failure"),
    [
        ("print(int(input()) + 1)", "4", None),
        ("import sys\nfor line in sys.stdin: print(int(line) + 1, end='  \\n\\n')", "4\n", None),
        ("print(int(input()) + 2)", "4", "case 1: line 1 of the output is '5', not '4'"),
        ("print(4)\nprint(5)", "4", "case 1: the output has 2 lines, not 1"),
        ("raise ValueError('no')", "4", "case 1: ValueError: no (line 1 of the program)"),
        ("print(4)\nexit(3)", "4", "case 1: it ended with exit code 3"),
        ("import os\nos.kill(os.getpid(), 9)", "4", "case 1: it is ended by SIGKILL"),
        ("while True: print('x' * 999)", "4", "case 1: it prints more than 1 MB"),
        ("while True: pass", "4", "case 1: it takes too long"),
        ("def main():\n    print(4)\nif __name__ == '__main__':\n    main()", "4", None),
        ("import sys\nsys.stdout.buffer.write(b'4')\nsys.exit()", "4", None),
    ],
)
def test_a_script_is_compared_by_its_output(
    code: str,
    output: str,
    failure: str | None,
    any_sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(isolation, "WAITING_S", 20)
    found = verdict(any_sandbox, code, [{"input": "3\n", "output": output}])
    assert found["failure"] == failure
    assert found["passed"] == (failure is None)


def test_a_script_learns_nothing_from_one_case_for_the_next(any_sandbox: Sandbox) -> None:
    code = "import os\nprint(len(os.listdir('.')))\nopen('seen', 'w')"
    cases = [{"input": "", "output": "0"}] * 2
    found = verdict(any_sandbox, code, cases)
    assert (found["passed"], found["total"]) == (1, 2)


def test_installed_packages_are_there_on_request_only() -> None:
    way = WAYS[0] if WAYS else WEAK
    code = "import numpy\ndef f(): return numpy.float64(2), numpy.arange(2).sum()"
    for packages, passed in ((True, 1), (False, 0)):
        found = verdict(Sandbox(way, packages), code, ["assert f() == (2.0, 1)"])
        assert found["passed"] == passed, found


def test_no_process_and_no_folder_is_left() -> None:
    for way in (*WAYS, WEAK):
        box = Sandbox(way, packages=False)
        folders = set(Path(tempfile.gettempdir()).glob("pilotbench-code-*"))
        assert verdict(box, HONEST)["passed"] == 1
        process = box._worker._process
        assert process is not None
        process.stop()
        with pytest.raises(ProcessLookupError):
            os.kill(process._process.pid, 0)
        assert set(Path(tempfile.gettempdir()).glob("pilotbench-code-*")) <= folders
