"""The policy of the mesh: `istio/` for a cluster, `local/` for the one Envoy of a single machine."""
