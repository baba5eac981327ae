"""What a number of shots buys: `plan` says it, from what `forecast` finds, and `advice` says what would do."""
