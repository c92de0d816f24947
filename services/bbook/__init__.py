"""B-book: execution against the house, at the current quote.

owns      nothing that lasts: the current quotes and the trading conditions, in memory
calls     lp_manager (WatchQuotes), reference (ListInstruments)
emits     nothing
promises  a buy is filled at the ask, a sell at the bid, of a quote no older than the instrument allows, measured on
          this machine's monotonic clock; otherwise it is refused. While lp_manager can't be heard there are no quotes.
          Nothing counts before the caller has committed it
"""
