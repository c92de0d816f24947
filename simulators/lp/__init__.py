"""A simulated liquidity provider: a FIX 4.4 acceptor with quote and trade sessions.

Owns:     its sessions' sequence numbers and sent reports (``--store``), its market, its orders.
Speaks:   FIX 4.4 with its own session layer, so that it shares no code with the engine that connects to it.
Prices:   recorded ticks (``--ticks``) or a seeded generator; the market's path is a function of the time of day, so
          several providers quote the same market, each a little differently.
Promises: never a crossed book, every symbol at least once a second, sequence numbers that survive a restart.
"""
