"""oms: the accounts' books.

Owns: accounts, orders, fills, positions, the ledger and the journal (schema `oms`).
Calls: router (which book), bbook (execution), lp_manager (quotes), reference (instruments and groups).
Emits: `oms.account_events`, one `AccountChanged` per account and commit, in order per account, at least once.
Promises: what was answered is durable; nothing is done twice; each refusal of a well-formed order is on record; the
postings of every transaction sum to zero; the journal replays to the stored state.
"""
