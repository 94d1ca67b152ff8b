-- The same tables as in SQLite, row for row, so that `strikemap store copy` moves a record either way.
-- Keys are compared byte by byte ("C"): a prefix is then a range of the index.

-- One row per write: who, when and why, and the revisions it made (first to last).
CREATE TABLE entry (
  id          bigint PRIMARY KEY,
  recorded_at bigint NOT NULL,            -- microseconds since 1970 UTC, never decreasing
  actor       text NOT NULL,
  reason      text NOT NULL,
  first       bigint NOT NULL,
  last        bigint NOT NULL
);
CREATE INDEX entry_time ON entry (recorded_at, last);

-- The ledger is the record: every row is one revision, none is ever changed except to erase a payload.
CREATE TABLE revision (
  seq         bigint PRIMARY KEY,
  entry       bigint NOT NULL,
  action      text NOT NULL,
  subject     text NOT NULL,
  key         text COLLATE "C" NOT NULL,
  prior       bigint,                     -- the subject's previous revision
  payload     bytea,                      -- canonical JSON; NULL once erased
  salt        bytea NOT NULL,
  digest      bytea NOT NULL,
  previous    bytea NOT NULL,
  hash        bytea NOT NULL
);

-- The newest revision of each subject. Derived from the ledger; kept so that a re-import is fast.
CREATE TABLE current (
  subject     text NOT NULL,
  key         text COLLATE "C" NOT NULL,
  seq         bigint NOT NULL,
  fingerprint bytea NOT NULL,
  retracted   integer NOT NULL,
  PRIMARY KEY (subject, key)
);

-- Polygons by the SHA-256 of their WKB: a day that repeats yesterday's shape costs nothing.
CREATE TABLE shape (
  sha256      text COLLATE "C" PRIMARY KEY,
  wkb         bytea NOT NULL
);

-- Who may write: tokens with the SHA-256 of their secrets, never the secrets. Not part of the ledger.
CREATE TABLE token (
  id          text COLLATE "C" PRIMARY KEY,
  name        text NOT NULL,
  role        text NOT NULL,
  datasets    text NOT NULL,              -- slugs separated by commas; empty: all
  digest      bytea NOT NULL,
  created_at  bigint NOT NULL,            -- microseconds since 1970 UTC
  expires_at  bigint,
  revoked_at  bigint
);
