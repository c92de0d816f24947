"""What the service calls: quotes, instruments, routing and execution."""
