"""Router: which book takes an order.

owns      routing rules (PostgreSQL schema `router`); every change is a new version
calls     nobody
emits     nothing
promises  a decision has no side effect and needs no I/O: the rules are in memory, at most about a second behind the
          table; while the database is away the last known rules stay in force
"""
