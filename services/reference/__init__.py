"""Reference: what can be traded, and on what conditions.

owns      instruments and account groups (PostgreSQL schema `reference`); every change is a new version
calls     nobody
emits     nothing
promises  reads only; a list is complete, sorted, and holds what is in force at the moment of the call
"""
