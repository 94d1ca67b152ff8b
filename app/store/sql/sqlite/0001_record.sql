-- One row per write: who, when and why, and the revisions it made (first to last).
CREATE TABLE entry (
  id          INTEGER PRIMARY KEY,
  recorded_at INTEGER NOT NULL,           -- microseconds since 1970 UTC, never decreasing
  actor       TEXT NOT NULL,
  reason      TEXT NOT NULL,
  first       INTEGER NOT NULL,
  last        INTEGER NOT NULL
) STRICT;

-- The ledger is the record: every row is one revision, none is ever changed except to erase a payload.
CREATE TABLE revision (
  seq         INTEGER PRIMARY KEY,
  entry       INTEGER NOT NULL,
  action      TEXT NOT NULL,
  subject     TEXT NOT NULL,
  key         TEXT NOT NULL,
  prior       INTEGER,                    -- the subject's previous revision, so a history is a walk, not a search
  payload     BLOB,                       -- canonical JSON; NULL once erased
  salt        BLOB NOT NULL,
  digest      BLOB NOT NULL,
  previous    BLOB NOT NULL,
  hash        BLOB NOT NULL
) STRICT;

-- The newest revision of each subject. Derived from the ledger; kept so that a re-import is fast.
CREATE TABLE current (
  subject     TEXT NOT NULL,
  key         TEXT NOT NULL,
  seq         INTEGER NOT NULL,
  fingerprint BLOB NOT NULL,
  retracted   INTEGER NOT NULL,
  PRIMARY KEY (subject, key)
) STRICT, WITHOUT ROWID;

-- Polygons by the SHA-256 of their WKB: a day that repeats yesterday's shape costs nothing.
CREATE TABLE shape (
  sha256      TEXT PRIMARY KEY,
  wkb         BLOB NOT NULL
) STRICT, WITHOUT ROWID;
