"""The escrow on a chain: typed events, calls, sending, keys, and where the contracts are. web3 lives only here."""
