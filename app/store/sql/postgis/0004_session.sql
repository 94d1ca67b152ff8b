-- Who made and who revoked a token; who may sign in at the identity provider instead of showing one.
ALTER TABLE token ADD COLUMN made_by text;
ALTER TABLE token ADD COLUMN revoked_by text;
ALTER TABLE token ADD COLUMN claim text;  -- such as groups=editors; such a token has no secret

-- The browsers that are signed in: each for one token. Not part of the ledger.
CREATE TABLE session (
  id          text COLLATE "C" PRIMARY KEY,
  token       text COLLATE "C" NOT NULL,
  person      text NOT NULL,              -- of the identity provider; empty: whoever has the token
  name        text NOT NULL,
  digest      bytea NOT NULL UNIQUE,      -- SHA-256 of what the cookie holds
  attempt     bytea UNIQUE,               -- SHA-256 of what began the sign-in, so that none is used twice
  created_at  bigint NOT NULL,            -- microseconds since 1970 UTC
  expires_at  bigint NOT NULL,
  ended_at    bigint
);
