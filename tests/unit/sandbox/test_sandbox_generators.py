"""Each test runs a real generator in the real sandbox and says what would get out if it failed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from router.sandbox import DEFAULT, SandboxLimits, SandboxViolation, ViolationKind, generate, run_generator

BELL = """
from qiskit import QuantumCircuit

def build() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure([0, 1], [0, 1])
    return circuit
"""

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    folder = tmp_path / "job"
    folder.mkdir()

    def to_file(text: str) -> Path:
        path = folder / "optimizer.py"
        path.write_text(text)
        return path

    return to_file


def stopped(path: Path, limits: SandboxLimits = DEFAULT) -> SandboxViolation:
    with pytest.raises(SandboxViolation) as caught:
        run_generator(path, limits=limits)
    return caught.value


def body(*lines: str) -> str:
    return "def build():\n" + "".join(f"    {line}\n" for line in lines)


def test_a_generator_becomes_openqasm_3(write: Write) -> None:
    made = generate(write(BELL))
    assert made.qasm3.startswith("OPENQASM 3.0;")
    assert "cx q[0], q[1];" in made.qasm3


def test_the_same_generator_gives_the_same_bytes(write: Write) -> None:
    path = write(BELL)
    assert run_generator(path) == run_generator(path)


def test_a_generator_may_use_transpiler_scipy_and_files_beside_it(write: Write) -> None:
    path = write(
        "from pathlib import Path\nimport scipy.optimize\nimport helper\n"
        "from qiskit import QuantumCircuit, transpile\n"
        "def build():\n"
        "    wanted = float(Path(__file__).with_name('angle.txt').read_text())\n"
        "    angle = scipy.optimize.brentq(lambda x: x - wanted, 0, 2)\n"
        "    circuit = QuantumCircuit(1, 1)\n"
        "    circuit.rx(helper.half(angle), 0)\n"
        "    circuit.measure(0, 0)\n"
        "    return transpile(circuit, basis_gates=['rz', 'sx'])\n"
    )
    (path.parent / "angle.txt").write_text("1.5")
    (path.parent / "helper.py").write_text("def half(x):\n    return x / 2\n")
    assert "sx q[0];" in run_generator(path)


ATTACKS = [
    pytest.param("import socket; socket.socket()", ViolationKind.NETWORK, id="socket"),
    pytest.param("import urllib.request; urllib.request.urlopen('http://127.0.0.1')", ViolationKind.NETWORK, id="http"),
    pytest.param("import socket; socket.getaddrinfo('example.org', 80)", ViolationKind.NETWORK, id="dns"),
    pytest.param("import requests; requests.get('http://127.0.0.1')", ViolationKind.NETWORK, id="requests"),
    pytest.param("import pathlib; pathlib.Path('/etc/passwd').read_text()", ViolationKind.FILES, id="pathlib"),
    pytest.param("import numpy; numpy.loadtxt('/etc/passwd')", ViolationKind.FILES, id="numpy reads"),
    pytest.param("import numpy; numpy.save('/tmp/x.npy', 1)", ViolationKind.FILES, id="numpy writes"),
    pytest.param("exec('open(\"/etc/passwd\")')", ViolationKind.FILES, id="exec"),
    pytest.param("import os; os.environ['HOME']", ViolationKind.ENVIRONMENT, id="environ item"),
    pytest.param("import os; os.environ.get('HOME')", ViolationKind.ENVIRONMENT, id="environ get"),
    pytest.param("import os; os.getenv('HOME')", ViolationKind.ENVIRONMENT, id="getenv"),
    pytest.param("import os; os.environb", ViolationKind.CONTRACT, id="environb unread"),
    pytest.param("import os; list(os.environb)", ViolationKind.ENVIRONMENT, id="environb"),
    pytest.param("import os; dict(os.environ)", ViolationKind.ENVIRONMENT, id="environ copied"),
    pytest.param("from os import environ; 'TOKEN' in environ", ViolationKind.ENVIRONMENT, id="environ in"),
    pytest.param("import os; os.putenv('A', 'b')", ViolationKind.ENVIRONMENT, id="putenv"),
    pytest.param("open('/proc/self/environ').read()", ViolationKind.FILES, id="proc environ"),
    pytest.param("import os; os.fork()", ViolationKind.PROCESS, id="fork"),
    pytest.param("import os; os.system('true')", ViolationKind.PROCESS, id="system"),
    pytest.param("import subprocess; subprocess.run(['/bin/true'])", ViolationKind.PROCESS, id="subprocess"),
    pytest.param("import os; os.kill(os.getppid(), 9)", ViolationKind.PROCESS, id="kill"),
    pytest.param("open('/etc/passwd').read()", ViolationKind.FILES, id="passwd"),
    pytest.param("import os; os.listdir('/')", ViolationKind.FILES, id="list"),
    pytest.param("open('out.txt', 'w')", ViolationKind.FILES, id="write here"),
    pytest.param("open(__file__, 'a')", ViolationKind.FILES, id="write itself"),
    pytest.param("import os; os.remove(__file__)", ViolationKind.FILES, id="remove"),
    pytest.param("import os; os.mkdir('/tmp/x')", ViolationKind.FILES, id="mkdir"),
    pytest.param("import ctypes; ctypes.CDLL(None)", ViolationKind.NATIVE, id="ctypes"),
    pytest.param(
        "import resource; resource.setrlimit(resource.RLIMIT_CPU, (9, 9))", ViolationKind.NATIVE, id="setrlimit"
    ),
]  # fmt: skip


@pytest.mark.parametrize(("line", "kind"), ATTACKS)
def test_what_a_generator_may_not_do_stops_it_and_says_where(write: Write, line: str, kind: ViolationKind) -> None:
    violation = stopped(write("\n" + body(line)))
    assert violation.kind is kind, violation
    assert violation.line == (3 if kind is not ViolationKind.CONTRACT else None)
    assert "optimizer.py" in str(violation)
    assert violation.remedy


def test_a_violation_cannot_be_caught_by_the_generator(write: Write) -> None:
    path = write(BELL + "import socket\ntry:\n    socket.socket()\nexcept BaseException:\n    pass\n")
    assert stopped(path).kind is ViolationKind.NETWORK


def test_code_that_runs_on_import_is_confined_too(write: Write) -> None:
    assert stopped(write("import os\nos.getenv('TOKEN')\n" + BELL)).kind is ViolationKind.ENVIRONMENT


def test_a_module_beside_the_generator_is_confined_too(write: Write) -> None:
    path = write("import helper\n" + BELL)
    (path.parent / "helper.py").write_text("import os\nTOKEN = os.environ.get('TOKEN')\n")
    violation = stopped(path)
    assert violation.kind is ViolationKind.ENVIRONMENT
    assert violation.line == 1


def test_nothing_of_our_environment_reaches_it(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QISKIT_IBM_TOKEN", "the-secret")
    violation = stopped(write(body("import posix", "raise RuntimeError(repr(posix.environ))")))
    assert violation.reason == "RuntimeError: {}"


def test_keystores_in_a_hidden_folder_beside_it_stay_unread(write: Write) -> None:
    path = write(body("open(__file__.replace('optimizer.py', '.compute/payer/key.json')).read()"))
    payer = path.parent / ".compute" / "payer"
    payer.mkdir(parents=True)
    (payer / "key.json").write_text("{}")
    assert stopped(path).kind is ViolationKind.FILES


def test_a_link_beside_it_does_not_lead_outside(write: Write, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    path = write(body("open(__file__.replace('optimizer.py', 'link.txt')).read()"))
    (path.parent / "link.txt").symlink_to(tmp_path / "secret.txt")
    violation = stopped(path)  # with bubblewrap the link is not there at all
    assert violation.kind is ViolationKind.FILES or "FileNotFoundError" in violation.reason


@pytest.mark.parametrize("loop", ["while True: pass", "import time; time.sleep(1000)"], ids=["busy", "asleep"])
def test_an_endless_loop_is_stopped_by_the_clock(write: Write, loop: str) -> None:
    begun = time.monotonic()
    violation = stopped(write(body(loop)), replace(DEFAULT, wall_s=3))
    assert violation.kind is ViolationKind.TIME
    assert "3 s" in violation.reason
    assert time.monotonic() - begun < 10


def test_processor_time_is_bounded_by_the_kernel(write: Write) -> None:
    violation = stopped(write(body("while True: pass")), replace(DEFAULT, cpu_s=2))
    assert (violation.kind, violation.reason) == (ViolationKind.TIME, "it used up its processor time")


@pytest.mark.parametrize(
    "bomb",
    ["[bytearray(2**26) for _ in range(10**6)]", "import numpy; numpy.ones(2**36)", "'x' * 2**40"],
    ids=["many", "numpy", "text"],
)
def test_a_memory_bomb_ends_as_memory(write: Write, bomb: str) -> None:
    assert stopped(write(body(f"return {bomb}" if "import" not in bomb else bomb))).kind is ViolationKind.MEMORY


def test_a_thread_bomb_is_bounded(write: Write) -> None:
    lines = ["import threading, time", "for _ in range(10000): threading.Thread(target=time.sleep, args=(60,)).start()"]
    violation = stopped(write(body(*lines)), replace(DEFAULT, wall_s=20))
    assert violation.kind in (ViolationKind.ERROR, ViolationKind.MEMORY), violation


def test_flooding_the_output_is_stopped(write: Write) -> None:
    violation = stopped(write(body("while True: print('x' * 4096)")))
    assert (violation.kind, "printed" in violation.reason) == (ViolationKind.OUTPUT, True)


def test_printing_a_little_is_no_fault(write: Write) -> None:
    assert run_generator(write("print('building')\n" + BELL)).startswith("OPENQASM 3")


def test_a_circuit_too_long_to_take_is_refused(write: Write) -> None:
    violation = stopped(write(BELL), replace(DEFAULT, qasm3_bytes=50))
    assert (violation.kind, "50 bytes" in violation.reason) == (ViolationKind.OUTPUT, True)


def test_a_generator_too_long_to_read_is_refused(write: Write) -> None:
    assert stopped(write(BELL), replace(DEFAULT, source_bytes=20)).kind is ViolationKind.OUTPUT


def test_a_syntax_error_names_its_line(write: Write) -> None:
    violation = stopped(write("from qiskit import QuantumCircuit\n\ndef build(:\n    pass\n"))
    assert (violation.kind, violation.line) == (ViolationKind.ERROR, 3)
    assert "SyntaxError" in violation.reason


def test_an_exception_names_its_line_in_the_generator(write: Write) -> None:
    violation = stopped(write("from qiskit import QuantumCircuit\ndef build():\n    QuantumCircuit(1).h(5)\n"))
    assert (violation.kind, violation.line) == (ViolationKind.ERROR, 3)


@pytest.mark.parametrize("leave", ["raise SystemExit(0)", "import os; os._exit(0)", "import os; os.abort()"])
def test_leaving_without_a_circuit_is_an_error(write: Write, leave: str) -> None:
    assert stopped(write(body(leave))).kind is ViolationKind.ERROR


def test_a_missing_build_is_named(write: Write) -> None:
    violation = stopped(write("x = 1\n"))
    assert (violation.kind, "build()" in violation.remedy) == (ViolationKind.CONTRACT, True)


def test_returning_text_instead_of_a_circuit_is_named(write: Write) -> None:
    violation = stopped(write(body("return 'OPENQASM 3.0;'")))
    assert (violation.kind, violation.reason) == (
        ViolationKind.CONTRACT,
        "build() returned a str, not a QuantumCircuit",
    )


def test_a_forged_answer_is_only_a_text(write: Write) -> None:
    lines = ["import os", "for fd in range(3, 20):", '    try: os.write(fd, b\'{"qasm3": "rm -rf", "layers": []}\')']
    violation = stopped(write(body(*lines, "    except OSError: pass", "os._exit(0)")))
    assert violation.kind is ViolationKind.ERROR


def test_what_it_leaves_running_dies_with_it(write: Write) -> None:
    path = write(body("import os, time", "os.closerange(0, 64)", "time.sleep(1000)"))
    begun = time.monotonic()
    assert stopped(path, replace(DEFAULT, wall_s=10)).kind in (ViolationKind.ERROR, ViolationKind.TIME)
    assert time.monotonic() - begun < 20


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's layers are Linux's")
def test_strangers_generators_run_only_where_the_kernel_confines_them(write: Write) -> None:
    made = generate(write(BELL), limits=replace(DEFAULT, require_kernel=True))
    assert {"landlock", "seccomp"} <= set(made.layers) or {"bubblewrap", "seccomp"} <= set(made.layers)


def test_importing_the_sandbox_does_not_import_the_world() -> None:
    code = "import sys, router.sandbox; print(sorted({'qiskit', 'numpy', 'web3', 'dbos'} & set(sys.modules)))"
    asked = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ})
    assert asked.stdout.strip() == "[]"
