"""The gateway of a single machine: one Envoy, configured from the contracts."""
