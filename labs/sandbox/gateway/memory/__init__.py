"""What the gateway knows and never forgets: the journal, and the state that is replayed from it."""
