"""The record: append-only revisions in a hash-chained ledger, behind one narrow protocol."""
