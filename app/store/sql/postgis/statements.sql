-- name: version_table
SELECT to_regclass('strikemap.version') IS NOT NULL

-- name: version
SELECT number FROM strikemap.version

-- name: make_schema
CREATE SCHEMA IF NOT EXISTS strikemap

-- name: make_version
CREATE TABLE strikemap.version (number integer NOT NULL)

-- name: begin_version
INSERT INTO strikemap.version VALUES (0)

-- name: set_version
UPDATE strikemap.version SET number = %(number)s

-- name: make_postgis
CREATE EXTENSION IF NOT EXISTS postgis

-- name: has_postgis
SELECT to_regtype('geometry') IS NOT NULL AND to_regprocedure('postgis_lib_version()') IS NOT NULL

-- name: one_writer
SELECT pg_advisory_xact_lock(%(lock)s)

-- name: wait_at_most
SELECT set_config('lock_timeout', %(ms)s::text, true), set_config('statement_timeout', '0', true),
  set_config('application_name', %(name)s, true)

-- name: no_limit
SELECT set_config('statement_timeout', '0', true)

-- name: listen
LISTEN strikemap

-- name: notify
SELECT pg_notify('strikemap', %(seq)s::text)

-- name: check_tables
SELECT coalesce(c.key, i.key)
FROM (
  SELECT n.key, n.seq FROM current n JOIN revision r ON r.seq = n.seq
  WHERE n.subject = 'incident' AND n.retracted = 0 AND r.payload IS NOT NULL
) c FULL JOIN incident i ON i.key = c.key
WHERE i.revision IS DISTINCT FROM c.seq LIMIT 1

-- name: head
SELECT r.seq, r.hash, e.recorded_at FROM revision r JOIN entry e ON e.id = r.entry ORDER BY r.seq DESC LIMIT 1

-- name: hash_of
SELECT hash FROM revision WHERE seq = %(seq)s

-- name: seq_at
SELECT last FROM entry WHERE recorded_at <= %(instant)s ORDER BY recorded_at DESC, last DESC LIMIT 1

-- name: add_entry
INSERT INTO entry (id, recorded_at, actor, reason, first, last)
SELECT coalesce(max(id), 0) + 1, %(at)s, %(actor)s, %(reason)s, %(first)s, %(first)s FROM entry RETURNING id

-- name: close_entry
UPDATE entry SET last = %(last)s WHERE id = %(id)s

-- name: add_revisions
COPY revision (entry, seq, action, subject, key, prior, payload, salt, digest, previous, hash) FROM STDIN (FORMAT BINARY)

-- name: newest_many
SELECT c.subject, c.key, c.seq FROM unnest(%(subjects)s::text[], %(keys)s::text[]) AS wanted (subject, key)
JOIN current c ON c.subject = wanted.subject AND c.key = wanted.key

-- name: add_current
COPY current (subject, key, seq, fingerprint, retracted) FROM STDIN (FORMAT BINARY)

-- name: set_current
UPDATE current SET seq = %s, fingerprint = %s, retracted = %s WHERE subject = %s AND key = %s

-- name: add_shape
INSERT INTO shape (sha256, wkb) VALUES (%s, %s) ON CONFLICT (sha256) DO NOTHING

-- name: derive
SELECT derive(%(first)s, %(last)s)

-- name: erase
UPDATE revision SET payload = NULL, salt = ''::bytea WHERE seq = ANY(%(seqs)s::bigint[])

-- name: forget
UPDATE current SET fingerprint = ''::bytea WHERE seq = ANY(%(seqs)s::bigint[])

-- name: forget_rows
DELETE FROM incident WHERE revision = ANY(%(seqs)s::bigint[])

-- name: missed
SELECT c.seq FROM revision r JOIN current c ON c.subject = r.subject AND c.key = r.key JOIN revision n ON n.seq = c.seq
WHERE r.seq = ANY(%(seqs)s::bigint[]) AND n.payload IS NOT NULL AND c.seq <> ALL(%(seqs)s::bigint[]) LIMIT 1

-- name: wait_and_work
SELECT set_config('lock_timeout', '30s', false), set_config('statement_timeout', '0', false)

-- name: rewrite_revisions
VACUUM (FULL) revision

-- name: rewrite_incidents
VACUUM (FULL) incident

-- name: current
SELECT key, seq, fingerprint, retracted FROM current
WHERE subject = %(subject)s AND key >= %(first)s AND key < %(last)s

-- name: newest_of
SELECT coalesce(max(seq), 0) FROM current WHERE subject = %(subject)s AND key >= %(first)s AND key < %(last)s

-- name: edited
SELECT DISTINCT r.key
FROM entry e JOIN revision l ON l.seq = e.last JOIN revision r ON r.seq BETWEEN e.first AND e.last
WHERE l.subject <> 'report' AND r.subject = %(subject)s AND r.key >= %(first)s AND r.key < %(last)s

-- name: revisions
SELECT seq, recorded_at, actor, action, reason, subject, key, prior, payload, salt, digest, previous, hash
FROM revision JOIN entry ON entry.id = revision.entry WHERE seq > %(after)s AND seq <= %(upto)s ORDER BY seq

-- name: by_seqs
SELECT seq, recorded_at, actor, action, reason, subject, key, prior, payload, salt, digest, previous, hash
FROM revision JOIN entry ON entry.id = revision.entry WHERE seq = ANY(%(seqs)s::bigint[])

-- name: payloads
SELECT r.seq, r.subject, r.key, r.payload, r.salt, r.digest
FROM unnest(%(seqs)s::bigint[]) WITH ORDINALITY AS wanted (seq, place) JOIN revision r ON r.seq = wanted.seq
WHERE r.payload IS NOT NULL ORDER BY wanted.place

-- name: latest
SELECT r.seq, recorded_at, actor, action, reason, r.subject, r.key, prior, payload, salt, digest, previous, hash
FROM current c JOIN revision r ON r.seq = c.seq JOIN entry ON entry.id = r.entry
WHERE c.subject = %(subject)s ORDER BY c.key

-- name: history
WITH RECURSIVE past (seq, prior) AS (
  SELECT r.seq, r.prior FROM current c JOIN revision r ON r.seq = c.seq
  WHERE c.subject = %(subject)s AND c.key = %(key)s
  UNION ALL
  SELECT r.seq, r.prior FROM past p JOIN revision r ON r.seq = p.prior
)
SELECT r.seq, recorded_at, actor, action, reason, subject, key, r.prior, payload, salt, digest, previous, hash
FROM past JOIN revision r ON r.seq = past.seq JOIN entry ON entry.id = r.entry ORDER BY r.seq

-- name: shapes
SELECT sha256, wkb FROM shape WHERE sha256 = ANY(%(hashes)s::text[])

-- name: span
SELECT entry.first, entry.last FROM revision JOIN entry ON entry.id = revision.entry WHERE revision.seq = %(seq)s

-- name: add_token
INSERT INTO token (id, name, role, datasets, digest, created_at, expires_at, made_by, claim)
VALUES (%(id)s, %(name)s, %(role)s, %(datasets)s, %(digest)s, %(created_at)s, %(expires_at)s, %(made_by)s, %(claim)s)

-- name: find_token
SELECT id, name, role, datasets, created_at, expires_at, revoked_at, made_by, revoked_by, claim, digest
FROM token WHERE id = %(id)s

-- name: tokens
SELECT id, name, role, datasets, created_at, expires_at, revoked_at, made_by, revoked_by, claim, digest
FROM token ORDER BY created_at, id

-- name: revoke_token
UPDATE token SET revoked_at = %(at)s, revoked_by = %(by)s WHERE id = %(id)s AND revoked_at IS NULL

-- name: add_session
INSERT INTO session (id, token, person, name, digest, attempt, created_at, expires_at)
VALUES (%(id)s, %(token)s, %(person)s, %(name)s, %(digest)s, %(attempt)s, %(created_at)s, %(expires_at)s) ON CONFLICT DO NOTHING

-- name: find_session
SELECT id, token, person, name, created_at, expires_at, ended_at FROM session WHERE digest = %(digest)s

-- name: sessions
SELECT id, token, person, name, created_at, expires_at, ended_at FROM session ORDER BY created_at, id

-- name: end_session
UPDATE session SET ended_at = %(at)s WHERE id = %(id)s AND ended_at IS NULL

-- name: end_sessions
UPDATE session SET ended_at = %(at)s WHERE ended_at IS NULL

-- name: forget_sessions
DELETE FROM session WHERE expires_at < %(before)s

-- name: keep_sessions
DELETE FROM session WHERE token = %(token)s AND person = %(person)s AND id NOT IN (
  SELECT id FROM session WHERE token = %(token)s AND person = %(person)s ORDER BY created_at DESC, id DESC LIMIT %(most)s
)

-- name: is_empty
SELECT NOT EXISTS (SELECT 1 FROM entry) AND NOT EXISTS (SELECT 1 FROM token)

-- name: read_entry
SELECT id, recorded_at, actor, reason, first, last FROM entry ORDER BY id

-- name: fill_entry
COPY entry (id, recorded_at, actor, reason, first, last) FROM STDIN (FORMAT BINARY)

-- name: read_revision
SELECT seq, entry, action, subject, key, prior, payload, salt, digest, previous, hash FROM revision ORDER BY seq

-- name: fill_revision
COPY revision (seq, entry, action, subject, key, prior, payload, salt, digest, previous, hash) FROM STDIN (FORMAT BINARY)

-- name: read_current
SELECT subject, key, seq, fingerprint, retracted FROM current ORDER BY subject COLLATE "C", key

-- name: fill_current
COPY current (subject, key, seq, fingerprint, retracted) FROM STDIN (FORMAT BINARY)

-- name: read_shape
SELECT sha256, wkb FROM shape ORDER BY sha256

-- name: fill_shape
COPY shape (sha256, wkb) FROM STDIN (FORMAT BINARY)

-- name: read_token
SELECT id, name, role, datasets, digest, created_at, expires_at, revoked_at, made_by, revoked_by, claim
FROM token ORDER BY id

-- name: fill_token
COPY token (id, name, role, datasets, digest, created_at, expires_at, revoked_at, made_by, revoked_by, claim)
FROM STDIN (FORMAT BINARY)

-- name: read_session
SELECT id, token, person, name, digest, attempt, created_at, expires_at, ended_at FROM session ORDER BY id

-- name: fill_session
COPY session (id, token, person, name, digest, attempt, created_at, expires_at, ended_at)
FROM STDIN (FORMAT BINARY)

-- name: since_entry
SELECT id, recorded_at, actor, reason, first, last FROM entry WHERE last > %(after)s ORDER BY id

-- name: since_revision
SELECT seq, entry, action, subject, key, prior, payload, salt, digest, previous, hash
FROM revision WHERE seq > %(after)s ORDER BY seq

-- name: since_current
SELECT c.subject, c.key, c.seq, c.fingerprint, c.retracted
FROM (SELECT DISTINCT subject, key FROM revision WHERE seq > %(after)s) r
JOIN current c ON c.subject = r.subject AND c.key = r.key ORDER BY c.subject COLLATE "C", c.key
