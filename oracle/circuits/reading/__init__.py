"""From a text of OpenQASM to a circuit of library gates."""
