"""The wires: gRPC, PostgreSQL, the event bus, configuration, telemetry. Knows no business word."""
