"""LP manager: one book of all providers, and the best price in it.

owns      the aggregated book, in memory: what it knew before a restart is worth nothing after it
calls     fix_gateway (WatchBooks), reference (ListInstruments)
emits     a stream of quotes
promises  a quote holds only prices of providers that are connected, sane and not silent: a provider that is lost,
          silent on a symbol for LP_MANAGER_PROVIDER_STALE_MS or sends nonsense for it leaves the book at once.
          A quote is never crossed: where providers cross each other, both sides are moved to the middle, one point
          apart. So nobody can buy and sell on one quote at a gain, and the crossing prices themselves are not dealt on
"""
