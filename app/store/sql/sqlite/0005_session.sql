-- Who made and who revoked a token; who may sign in at the identity provider instead of showing one.
ALTER TABLE token ADD COLUMN made_by TEXT;
ALTER TABLE token ADD COLUMN revoked_by TEXT;
ALTER TABLE token ADD COLUMN claim TEXT;  -- such as groups=editors; such a token has no secret

-- The browsers that are signed in: each for one token. Not part of the ledger.
CREATE TABLE session (
  id          TEXT PRIMARY KEY,
  token       TEXT NOT NULL,
  person      TEXT NOT NULL,              -- of the identity provider; empty: whoever has the token
  name        TEXT NOT NULL,
  digest      BLOB NOT NULL UNIQUE,       -- SHA-256 of what the cookie holds
  attempt     BLOB UNIQUE,                -- SHA-256 of what began the sign-in, so that none is used twice
  created_at  INTEGER NOT NULL,           -- microseconds since 1970 UTC
  expires_at  INTEGER NOT NULL,
  ended_at    INTEGER
) STRICT, WITHOUT ROWID;
