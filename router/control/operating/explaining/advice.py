"""What a job waits for and which command comes next, as somebody has to type it: its own id, target and budget."""

from __future__ import annotations

from oracle.chain.transactions.intents import IntentStatus
from oracle.spec import parse_canonical_spec
from router.control.opening import OperatedHome
from router.protocol.lifecycle import EscrowState, JobRecord, State

FUNDING = "tx:fund"
"""The intent under which `compute fund` sends the budget."""


def promotion(opened: OperatedHome, job: str) -> str:
    """The command that promotes the simulated `job` for what its own spec allows, to a target that this home has."""
    record = opened.store.job(job)
    spec = parse_canonical_spec(opened.artifacts.get(record.spec_hash))
    devices = opened.policy.fake_hardware_enabled or (opened.home.credentials / "ibm.json").is_file()
    wanted = "ibm_only" if spec.quantum is None else spec.quantum.backend_policy
    target = "aer" if wanted == "simulator_only" or (wanted != "ibm_only" and not devices) else "ibm"
    return f"compute quantum promote {job} --target {target} --max-budget {spec.budget.max_usd_equivalent}"


def following(opened: OperatedHome, record: JobRecord) -> str | None:
    """The command that comes next in the job's life, or None once there is none."""
    if record.terminal:
        return f"compute quantum validate {record.job}" if record.result_hash is not None else None
    if not record.promoted:
        return promotion(opened, record.job)
    return f"compute quantum watch {record.job}"


def waits(opened: OperatedHome, record: JobRecord, noted: str | None, *, router_runs: bool) -> str | None:
    """What holds a promoted job back: what the router noted, else what its record says. None if nothing does.

    A job stays ``simulated`` until every gate allows its run; this says what has to happen before.
    """
    if noted is not None or not record.promoted or record.terminal:
        return noted
    down = "" if router_runs else "; it does not run: `compute up` starts it"
    if record.state is State.SIMULATED:
        if record.escrow is EscrowState.LOCKED:
            return f"its budget is locked; the router asks the gates next{down}"
        sent = [each for each in opened.store.intents(record.job) if each.name == FUNDING]
        if not any(each.status is IntentStatus.DONE for each in sent):
            return f"its budget: `compute fund {record.job}` locks it"
        return f"its budget was sent; the router waits for its confirmations{down}"
    return None if router_runs else "the router, which does not run: `compute up` starts it"
