"""The control plane: lifecycle, gates, routing, providers, workflows, store and command line."""
