"""What an account may do and what becomes of it. Pure: no I/O, clock, ids or protobuf."""
