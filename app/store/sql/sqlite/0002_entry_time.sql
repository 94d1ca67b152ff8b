-- `as_of` asks for the last revision recorded by an instant: one step down this index, however many writes.
CREATE INDEX entry_time ON entry (recorded_at, last);
