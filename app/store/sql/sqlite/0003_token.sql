-- Who may write: tokens with the SHA-256 of their secrets, never the secrets. Not part of the ledger.
CREATE TABLE token (
  id          TEXT PRIMARY KEY,
  name        TEXT NOT NULL,
  role        TEXT NOT NULL,
  datasets    TEXT NOT NULL,              -- slugs separated by commas; empty: all
  digest      BLOB NOT NULL,
  created_at  INTEGER NOT NULL,           -- microseconds since 1970 UTC
  expires_at  INTEGER,
  revoked_at  INTEGER
) STRICT, WITHOUT ROWID;
