"""``python -m oracle.cli``."""

from oracle.cli.commands import main

main()
