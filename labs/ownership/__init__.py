"""What is the lab's and what is the learner's: the ledger, what exists now, and what may be removed."""
