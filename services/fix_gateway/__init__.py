"""FIX gateway: the liquidity providers, as seen through FIX.

owns      the FIX 4.4 sessions to the providers, with their sequence numbers (files in the store folder)
calls     the providers (FIX over TCP); reference (instruments)
emits     nothing; its books are followed as a stream
promises  a book is what its provider says now, or has no levels: after a logout, a gap, a message that can't be read or
          a crossed book nothing old is shown; nothing a provider sends stops the process; nothing is sent while logged
          out, and no order is ever sent twice
"""
