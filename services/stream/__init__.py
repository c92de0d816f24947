"""Stream: the WebSocket server; quotes and account updates to clients.

owns      connections and what they are subscribed to, in memory: a client that loses its connection resumes elsewhere
calls     lp_manager (WatchQuotes), oms (GetAccount, GetAccountState, ListChanges), reference (ListInstruments),
          identity (GetJwks)
emits     nothing; follows topic `oms.account_events`
promises  a client gets the newest quote of each symbol, at most one frame a conflation period, and never a queue of
          old ones; a price that is too old or whose source is lost is withdrawn, not left standing. Account changes
          come in sequence without a gap, or the connection is closed and the client resumes where it was. A ticket
          opens one connection, once on this replica. Quotes flow on while oms, the bus, identity or reference is away
"""
