"""Client API: the public door for traders; REST, gRPC-Web and gRPC reach it through the gateway.

owns      nothing; caches of instruments, quotes and of who owns which account
calls     oms (one hot link for trading, unary reads), identity, reference, lp_manager (quotes)
emits     nothing
promises  every method needs what its contract says, and one that says nothing is refused; an account of somebody else
          can't be told from one that does not exist; a trade whose outcome is not known is reported as just that; a
          quote that is too old is never shown as a price

It is thin on purpose: the contracts of oms embed the public messages, so there is nothing to decide between `api` and
the stubs, and an order costs little here.
"""
