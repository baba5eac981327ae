"""A server that speaks as much of IBM Quantum's REST API as the real client needs here, for tests.

The shapes come from reading the client. Devices are tiny and noise-free, so that a result says which bit went where.
Faults are injected per path: `fault(path, …)` is a regular expression of the path that meets it, `times` times.
"""

from __future__ import annotations

import importlib
import json
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlparse

import jwt
import numpy as np

CRN = "crn:v1:bluemix:public:quantum-computing:us-east:a/" + "0" * 32 + ":11111111-2222-3333-4444-555555555555::"
PLAN = "plan-open"
DEVICE = "ibm_manila"


FINAL = {"quantum_seconds": 2.5, "qpu_charge_time_seconds": 2.5, "status": "final"}
PENDING = {"quantum_seconds": 0, "qpu_charge_time_seconds": 0, "status": "pending"}


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


@dataclass
class Fault:
    path: str
    method: str
    times: int = 1
    status: int | None = None
    """Answer with this instead of serving."""
    message: str = "injected"
    garbage: bool = False
    """Answer 200 with HTML."""
    lose_answer: bool = False
    """Serve, and cut the connection before answering."""
    fail_after: bool = False
    """Serve, and answer with `status`."""
    hang_s: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)
    """Sent with the answer, such as Retry-After."""
    keep: float | None = None
    """Serve, and send this part of the body: JSON that breaks off."""
    body: str | None = None
    """Answer 200 with this."""


@dataclass
class Job:
    id: str
    raw: dict[str, Any]
    status: str = "Queued"
    reason: str | None = None
    created: str = field(default_factory=_now)
    running: str | None = None
    finished: str | None = None
    result: str = ""
    looks_left: int | None = None
    """At a job that was asked to stop, until it has ended."""

    def view(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "backend": self.raw["backend"],
            "program": {"id": self.raw["program_id"]},
            "state": {"status": self.status, "reason": self.reason, "reason_code": 1517 if self.reason else None},
            "status": self.status,
            "created": self.created,
            "ended": self.finished,
            "session_id": None,
            "tags": self.raw.get("tags", []),
            "private": False,
            "runtime": "",
            "usage": {"seconds": 2},
        }

    def metrics(self, usage: Any) -> dict[str, Any]:
        times = {"created": self.created, "running": self.running, "finished": self.finished}
        return {"timestamps": times, "usage": usage}


class Emulator:
    """State and faults; `serving` runs it. Jobs wait until `run_jobs`, unless `eager`."""

    def __init__(self) -> None:
        import qiskit_ibm_runtime.fake_provider as fakes

        folder = Path(fakes.__file__).parent / "backends" / "manila"
        self.configuration = json.loads((folder / "conf_manila.json").read_text())
        self.configuration |= {"backend_name": DEVICE, "simulator": False, "online_date": "2023-01-01T00:00:00Z"}
        self.properties = json.loads((folder / "props_manila.json").read_text()) | {"backend_name": DEVICE}
        self.jobs: dict[str, Job] = {}
        self.faults: list[Fault] = []
        self.requests: list[str] = []
        self.api_keys = {"good-token"}
        self.eager = True
        self.fail_reason: str | None = None
        self.device_status = {"state": True, "status": "active"}
        self.usage_limit_reached = False
        self.ignore_tag_filter = False
        self.usage: Any = dict(FINAL)
        """What the metrics of every job say of its use."""
        self.unlisted = 0
        """How many listings leave out every job, as a slow index does."""
        self.stated_count: int | None = None
        """How many jobs every listing claims that there are."""
        self.ignores_offset = False
        """Whether every page of a listing is its first, as when jobs arrive while it is read."""
        self.ends_as = "Cancelled"
        """How a job ends that is asked to stop while it runs: at the next look at it after `stops_after` of them."""
        self.stops_after = 0
        self.lock = threading.RLock()
        self.base = ""

    def fault(self, path: str, method: str = "GET", **how: Any) -> None:
        self.faults.append(Fault(path, method, **how))

    def run_jobs(self) -> None:
        """Run what is queued, in order."""
        with self.lock:
            for job in self.jobs.values():
                if job.status == "Queued":
                    self._run(job)

    def _run(self, job: Job) -> None:
        job.running = _now()
        if self.fail_reason is not None:
            job.status, job.reason = "Failed", self.fail_reason
        else:
            job.result, job.status = executed(job.raw["program_id"], job.raw["params"]), "Completed"
        job.finished = _now()

    def start(self, job: Job) -> None:
        """Let `job` run, without an end."""
        job.status, job.running = "Running", _now()

    def looked_at(self, job: Job) -> None:
        """A job that was asked to stop comes nearer to its end."""
        if job.looks_left is None:
            return
        job.looks_left -= 1
        if job.looks_left < 0:
            job.looks_left = None
            if self.ends_as == "Completed":
                self._run(job)
            else:
                job.status, job.finished = self.ends_as, _now()

    def submit(self, raw: dict[str, Any]) -> Job:
        with self.lock:
            job = Job(f"d{uuid.uuid4().hex[:19]}", raw)
            self.jobs[job.id] = job
            if self.eager:
                self._run(job)
            return job


def executed(program: str, params: dict[str, Any]) -> str:
    """The answer of program `executor` (the new Sampler's) or `sampler` (SamplerV2's), on an ideal device."""
    from qiskit_aer import AerSimulator

    if program == "sampler":
        from qiskit.primitives import BackendSamplerV2
        from qiskit_ibm_runtime.json import RuntimeDecoder, RuntimeEncoder

        decoded = json.loads(json.dumps(params), cls=RuntimeDecoder)
        shots = decoded["pubs"][0][2] if len(decoded["pubs"][0]) > 2 else 4096
        outcome = BackendSamplerV2(backend=AerSimulator()).run([tuple(decoded["pubs"][0][:1])], shots=shots).result()
        outcome._metadata = {"execution": {"execution_spans": None}, "version": 2}
        return json.dumps(outcome, cls=RuntimeEncoder)
    from ibm_quantum_schemas.common import CompressedTensorModel
    from qiskit_ibm_runtime.fake_provider.executor.run_quantum_program import run_quantum_program
    from qiskit_ibm_runtime.options_models.simulator import SimulatorOptions
    from qiskit_ibm_runtime.quantum_program.converters.converters_2_0 import passthrough_data_to_2_0
    from qiskit_ibm_runtime.quantum_program.params_converters import QUANTUM_PROGRAM_PARAMS_CONVERTERS

    version = params["schema_version"]
    converter = QUANTUM_PROGRAM_PARAMS_CONVERTERS[version]
    models = importlib.import_module("ibm_quantum_schemas.executor.version_" + version[1:].replace(".", "_"))
    quantum, _ = converter.decoder(converter.model.model_validate(params))
    ran = run_quantum_program(AerSimulator(), quantum, SimulatorOptions())
    items = [
        models.QuantumProgramResultItemModel(
            results={name: CompressedTensorModel.from_numpy(np.asarray(value)) for name, value in item.items()},
            metadata=models.ItemMetadataModel(),
        )
        for item in ran
    ]
    return str(
        models.QuantumProgramResultModel(
            schema_version=version,
            data=items,
            metadata=models.MetadataModel(chunk_timing=[]),
            passthrough_data=passthrough_data_to_2_0(quantum.passthrough_data),
            semantic_role=quantum._semantic_role,
            meas_level=quantum.meas_level,
        ).model_dump_json()
    )


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    emulator: Emulator

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        return

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        path = unquote(urlparse(self.path).path)
        self.asked = parse_qs(urlparse(self.path).query)
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.emulator.requests.append(f"{self.command} {path}")
        fault = self._fault(path)
        if fault is None:
            self._send(*self._answer(path))
            return
        time.sleep(fault.hang_s)
        if fault.lose_answer or fault.fail_after:
            self._answer(path)
        if fault.status is not None:
            self._send(fault.status, {"errors": [{"code": fault.status, "message": fault.message}]}, fault.headers)
        elif fault.garbage:
            self._send(200, "<html>not JSON</html>")
        elif fault.body is not None:
            self._send(200, fault.body)
        elif fault.keep is not None:
            status, answer = self._answer(path)
            whole = answer if isinstance(answer, str) else json.dumps(answer)
            self._send(status, whole[: int(len(whole) * fault.keep)])
        elif fault.lose_answer:
            self.close_connection = True
            self.connection.close()
        else:
            self._send(*self._answer(path))

    def _fault(self, path: str) -> Fault | None:
        with self.emulator.lock:
            for fault in self.emulator.faults:
                if fault.times > 0 and fault.method == self.command and re.search(fault.path, path):
                    fault.times -= 1
                    return fault
        return None

    def _send(self, status: int, answer: Any, headers: dict[str, str] | None = None) -> None:
        body = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError, ValueError):
            self.close_connection = True  # the client has gone

    def _answer(self, path: str) -> tuple[int, Any]:
        if path == "/identity/token":
            return self._token()
        if not (self.headers.get("Authorization") or "").startswith("Bearer "):
            return 401, {"errors": [{"code": 1204, "message": "Unauthorized"}]}
        if path == "/v3/resources/search":
            item = {"crn": CRN, "name": "emulated", "service_plan_unique_id": PLAN, "tags": []}
            return 200, {"items": [item | {"doc": {"extensions": [{"key": "allocation"}]}}], "limit": 100}
        if path == f"/catalog/{PLAN}":
            names = {"overview_ui": {"en": {"display_name": "Open"}}, "name": "open", "id": PLAN}
            return 200, names | {"metadata": {"pricing": {"type": "free"}}}
        for pattern, serve in self._ROUTES:
            if (match := re.fullmatch("/api/v1" + pattern, path)) is not None:
                return serve(self, *match.groups())
        return 404, {"errors": [{"code": 404, "message": f"no route {self.command} {path}"}]}

    def _token(self) -> tuple[int, Any]:
        form = parse_qs(self.body.decode())
        if form["apikey"][0] not in self.emulator.api_keys:
            # IBM's own answer does not repeat the key; ours does, to see that it goes no further.
            return 400, {"errorCode": "BXNIM0415E", "errorMessage": f"API key {form['apikey'][0]} could not be found."}
        issued = int(time.time())
        claims = {"iat": issued, "exp": issued + 3600, "sub": "emulator"}
        token = jwt.encode(claims, "emulator-secret-emulator-secret-00", algorithm="HS256")
        return 200, {"access_token": token, "expires_in": 3600, "expiration": issued + 3600, "token_type": "Bearer"}

    def _backends(self) -> tuple[int, Any]:
        device = {"name": DEVICE, "status": {"name": "online"}, "is_simulator": False, "qubits": 5}
        return 200, {"devices": [device | {"queue_length": 0}]}

    def _usage(self) -> tuple[int, Any]:
        reached = self.emulator.usage_limit_reached
        return 200, {"usage_consumed_seconds": 1, "usage_limit_seconds": 600, "usage_limit_reached": reached}

    def _backend(self, name: str, what: str) -> tuple[int, Any]:
        if name != DEVICE:
            return 404, {"errors": [{"code": 1211, "message": "backend not found"}]}
        if what == "status":
            waiting = sum(job.status == "Queued" for job in self.emulator.jobs.values())
            return 200, {"length_queue": waiting, "backend_version": "1.0.0", **self.emulator.device_status}
        return 200, getattr(self.emulator, what)

    def _jobs(self) -> tuple[int, Any]:
        if self.command == "POST":
            job = self.emulator.submit(json.loads(self.body))
            return 200, {"id": job.id, "backend": job.raw["backend"]}
        jobs = list(self.emulator.jobs.values())
        if "tags" in self.asked and not self.emulator.ignore_tag_filter:
            jobs = [job for job in jobs if set(self.asked["tags"]) <= set(job.raw.get("tags", []))]
        if self.emulator.unlisted > 0:
            self.emulator.unlisted -= 1
            jobs = []
        count = len(jobs) if self.emulator.stated_count is None else self.emulator.stated_count
        if not self.emulator.ignores_offset:
            jobs = jobs[int(self.asked.get("offset", ["0"])[0]) :]
        return 200, {"jobs": [job.view() for job in jobs], "count": count, "limit": 20, "offset": 0}

    def _job(self, name: str, what: str | None) -> tuple[int, Any]:
        job = self.emulator.jobs.get(name)
        if job is None:
            return 404, {"errors": [{"code": 1291, "message": "Job not found."}]}
        if what == "results":
            return 200, job.result
        if what == "metrics":
            return 200, job.metrics(self.emulator.usage)
        if what == "cancel":
            if job.status == "Running":
                job.looks_left = self.emulator.stops_after
                return 204, ""
            if job.status != "Queued":
                return 409, {"errors": [{"code": 1293, "message": "Job is in a terminal state"}]}
            job.status, job.finished = "Cancelled", _now()
            return 204, ""
        self.emulator.looked_at(job)
        return 200, job.view()

    _ROUTES: tuple[tuple[str, Callable[..., tuple[int, Any]]], ...] = (
        ("/backends", _backends),
        ("/backends/([^/]+)/(configuration|properties|status)", _backend),
        ("/instances/usage", _usage),
        ("/jobs", _jobs),
        ("/jobs/([^/]+)(?:/(results|metrics|cancel))?", _job),
    )


@contextmanager
def serving() -> Iterator[Emulator]:
    """An emulator on a free port of the loopback; `base` is its address."""
    emulator = Emulator()
    handler = type("Handler", (_Handler,), {"emulator": emulator})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    emulator.base = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield emulator
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
