-- name: page
PRAGMA page_size = 16384

-- name: journal
PRAGMA journal_mode = WAL

-- name: durable
PRAGMA synchronous = FULL

-- name: cache
PRAGMA cache_size = -131072

-- name: small_cache
PRAGMA cache_size = -16384

-- name: version
PRAGMA user_version

-- name: check_file
PRAGMA quick_check(1)

-- name: begin
BEGIN IMMEDIATE

-- name: begin_reading
BEGIN

-- name: no_journal
PRAGMA journal_mode = OFF

-- name: not_durable
PRAGMA synchronous = OFF

-- name: commit
COMMIT

-- name: head
SELECT r.seq, r.hash, e.recorded_at FROM revision r JOIN entry e ON e.id = r.entry ORDER BY r.seq DESC LIMIT 1

-- name: hash_of
SELECT hash FROM revision WHERE seq = :seq

-- name: seq_at
SELECT last FROM entry WHERE recorded_at <= :instant ORDER BY recorded_at DESC, last DESC LIMIT 1

-- name: add_entry
INSERT INTO entry (recorded_at, actor, reason, first, last) VALUES (?, ?, ?, ?, ?)

-- name: close_entry
UPDATE entry SET last = ? WHERE id = ?

-- name: add_revision
INSERT INTO revision (entry, seq, action, subject, key, prior, payload, salt, digest, previous, hash)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: overwrite
PRAGMA secure_delete = ON

-- name: erase
UPDATE revision SET payload = NULL, salt = x'' WHERE seq = ?

-- name: forget
UPDATE current SET fingerprint = x'' WHERE seq = ?

-- name: missed
SELECT c.seq FROM revision r JOIN current c ON c.subject = r.subject AND c.key = r.key JOIN revision n ON n.seq = c.seq
WHERE r.seq IN (SELECT value FROM json_each(:seqs)) AND n.payload IS NOT NULL
  AND c.seq NOT IN (SELECT value FROM json_each(:seqs)) LIMIT 1

-- name: truncate
PRAGMA wal_checkpoint(TRUNCATE)

-- name: newest
SELECT seq FROM current WHERE subject = :subject AND key = :key

-- name: add_current
INSERT INTO current (subject, key, seq, fingerprint, retracted) VALUES (?, ?, ?, ?, ?)

-- name: set_current
UPDATE current SET seq = ?, fingerprint = ?, retracted = ? WHERE subject = ? AND key = ?

-- name: add_shape
INSERT INTO shape (sha256, wkb) VALUES (?, ?) ON CONFLICT (sha256) DO NOTHING

-- name: current
SELECT key, seq, fingerprint, retracted FROM current
WHERE subject = :subject AND key >= :first AND key < :last

-- name: newest_of
SELECT coalesce(max(seq), 0) FROM current WHERE subject = :subject AND key >= :first AND key < :last

-- name: edited
SELECT DISTINCT r.key
FROM entry e CROSS JOIN revision l ON l.seq = e.last CROSS JOIN revision r ON r.seq BETWEEN e.first AND e.last
WHERE l.subject <> 'report' AND r.subject = :subject AND r.key >= :first AND r.key < :last

-- name: revisions
SELECT seq, recorded_at, actor, action, reason, subject, key, prior, payload, salt, digest, previous, hash
FROM revision JOIN entry ON entry.id = revision.entry WHERE seq > :after AND seq <= :upto ORDER BY seq

-- name: by_seqs
SELECT seq, recorded_at, actor, action, reason, subject, key, prior, payload, salt, digest, previous, hash
FROM revision JOIN entry ON entry.id = revision.entry WHERE seq IN (SELECT value FROM json_each(:seqs))

-- name: payloads
SELECT r.seq, r.subject, r.key, r.payload, r.salt, r.digest
FROM json_each(:seqs) j CROSS JOIN revision r ON r.seq = j.value
WHERE r.payload IS NOT NULL

-- name: latest
SELECT r.seq, recorded_at, actor, action, reason, r.subject, r.key, prior, payload, salt, digest, previous, hash
FROM current c JOIN revision r ON r.seq = c.seq JOIN entry ON entry.id = r.entry
WHERE c.subject = :subject ORDER BY c.key

-- name: history
WITH RECURSIVE past (seq, prior) AS (
  SELECT r.seq, r.prior FROM current c JOIN revision r ON r.seq = c.seq WHERE c.subject = :subject AND c.key = :key
  UNION ALL
  SELECT r.seq, r.prior FROM past p JOIN revision r ON r.seq = p.prior
)
SELECT r.seq, recorded_at, actor, action, reason, subject, key, r.prior, payload, salt, digest, previous, hash
FROM past JOIN revision r ON r.seq = past.seq JOIN entry ON entry.id = r.entry ORDER BY r.seq

-- name: shape
SELECT wkb FROM shape WHERE sha256 = :sha256

-- name: span
SELECT entry.first, entry.last FROM revision JOIN entry ON entry.id = revision.entry WHERE revision.seq = :seq

-- name: add_token
INSERT INTO token (id, name, role, datasets, digest, created_at, expires_at, made_by, claim)
VALUES (:id, :name, :role, :datasets, :digest, :created_at, :expires_at, :made_by, :claim)

-- name: find_token
SELECT id, name, role, datasets, created_at, expires_at, revoked_at, made_by, revoked_by, claim, digest
FROM token WHERE id = :id

-- name: tokens
SELECT id, name, role, datasets, created_at, expires_at, revoked_at, made_by, revoked_by, claim, digest
FROM token ORDER BY created_at, id

-- name: revoke_token
UPDATE token SET revoked_at = :at, revoked_by = :by WHERE id = :id AND revoked_at IS NULL

-- name: add_session
INSERT INTO session (id, token, person, name, digest, attempt, created_at, expires_at)
VALUES (:id, :token, :person, :name, :digest, :attempt, :created_at, :expires_at) ON CONFLICT DO NOTHING

-- name: find_session
SELECT id, token, person, name, created_at, expires_at, ended_at FROM session WHERE digest = :digest

-- name: sessions
SELECT id, token, person, name, created_at, expires_at, ended_at FROM session ORDER BY created_at, id

-- name: end_session
UPDATE session SET ended_at = :at WHERE id = :id AND ended_at IS NULL

-- name: end_sessions
UPDATE session SET ended_at = :at WHERE ended_at IS NULL

-- name: forget_sessions
DELETE FROM session WHERE expires_at < :before

-- name: keep_sessions
DELETE FROM session WHERE token = :token AND person = :person AND id NOT IN (
  SELECT id FROM session WHERE token = :token AND person = :person ORDER BY created_at DESC, id DESC LIMIT :most
)

-- name: is_empty
SELECT NOT EXISTS (SELECT 1 FROM entry) AND NOT EXISTS (SELECT 1 FROM token)

-- name: read_entry
SELECT id, recorded_at, actor, reason, first, last FROM entry ORDER BY id

-- name: fill_entry
INSERT INTO entry (id, recorded_at, actor, reason, first, last)
VALUES (?, ?, ?, ?, ?, ?)

-- name: read_revision
SELECT seq, entry, action, subject, key, prior, payload, salt, digest, previous, hash FROM revision ORDER BY seq

-- name: fill_revision
INSERT INTO revision (seq, entry, action, subject, key, prior, payload, salt, digest, previous, hash)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: read_current
SELECT subject, key, seq, fingerprint, retracted FROM current ORDER BY subject, key

-- name: fill_current
INSERT INTO current (subject, key, seq, fingerprint, retracted)
VALUES (?, ?, ?, ?, ?)

-- name: read_shape
SELECT sha256, wkb FROM shape ORDER BY sha256

-- name: fill_shape
INSERT INTO shape (sha256, wkb)
VALUES (?, ?)

-- name: read_token
SELECT id, name, role, datasets, digest, created_at, expires_at, revoked_at, made_by, revoked_by, claim
FROM token ORDER BY id

-- name: fill_token
INSERT INTO token (id, name, role, datasets, digest, created_at, expires_at, revoked_at, made_by, revoked_by, claim)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: read_session
SELECT id, token, person, name, digest, attempt, created_at, expires_at, ended_at FROM session ORDER BY id

-- name: fill_session
INSERT INTO session (id, token, person, name, digest, attempt, created_at, expires_at, ended_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: since_entry
SELECT id, recorded_at, actor, reason, first, last FROM entry WHERE last > :after ORDER BY id

-- name: since_revision
SELECT seq, entry, action, subject, key, prior, payload, salt, digest, previous, hash
FROM revision WHERE seq > :after ORDER BY seq

-- name: since_current
SELECT c.subject, c.key, c.seq, c.fingerprint, c.retracted
FROM (SELECT DISTINCT subject, key FROM revision WHERE seq > :after) r
JOIN current c ON c.subject = r.subject AND c.key = r.key ORDER BY c.subject, c.key

-- name: attach_step
ATTACH :path AS step

-- name: step_entry
INSERT INTO main.entry SELECT * FROM step.entry

-- name: step_revision
INSERT INTO main.revision SELECT * FROM step.revision

-- name: step_current
INSERT OR REPLACE INTO main.current SELECT * FROM step.current

-- name: step_shape
INSERT OR IGNORE INTO main.shape SELECT * FROM step.shape

-- name: step_no_token
DELETE FROM main.token

-- name: step_token
INSERT INTO main.token SELECT * FROM step.token

-- name: step_erasures
SELECT payload FROM step.revision WHERE subject = 'erasure' AND payload IS NOT NULL
