"""Run a Python circuit generator that nobody has to trust; its only output is OpenQASM 3."""

from router.sandbox.limits import DEFAULT, SandboxLimits
from router.sandbox.runner import Generated, generate, run_generator
from router.sandbox.violation import SandboxViolation, ViolationKind

__all__ = ["DEFAULT", "Generated", "SandboxLimits", "SandboxViolation", "ViolationKind", "generate", "run_generator"]
