package sqlitestore

// migrations bring a file's schema from one version to the next. One that was
// released is never changed.
//
// Times are nanoseconds since 1970, 0 for none. A job is known to the other
// tables by its number. What changes with every step of a batch (batch) is kept
// apart from what is written once and large (targets, result), so that a claim
// rewrites some bytes and not the list.
var migrations = []string{`
CREATE TABLE job (
	n          INTEGER PRIMARY KEY AUTOINCREMENT, -- never given twice: late writers must not meet another job
	id         TEXT    NOT NULL UNIQUE,
	owner      TEXT    NOT NULL,
	status     TEXT    NOT NULL,
	name       TEXT    NOT NULL,
	deleted_at INTEGER NOT NULL,
	expires_at INTEGER NOT NULL,
	version    INTEGER NOT NULL,
	body       BLOB    NOT NULL
);
CREATE INDEX job_of_owner        ON job(owner, id)         WHERE deleted_at = 0;
CREATE INDEX job_of_owner_status ON job(owner, status, id) WHERE deleted_at = 0;
CREATE INDEX job_of_status       ON job(status, id)        WHERE deleted_at = 0;
CREATE INDEX job_deleted         ON job(deleted_at)        WHERE deleted_at > 0;
CREATE INDEX job_expires         ON job(expires_at)        WHERE expires_at > 0;

CREATE TABLE idempotency (
	owner       TEXT    NOT NULL,
	key         TEXT    NOT NULL,
	fingerprint TEXT    NOT NULL,
	job         TEXT    NOT NULL,
	expires_at  INTEGER NOT NULL,
	UNIQUE (owner, key)
);
CREATE INDEX idempotency_expires ON idempotency(expires_at);

CREATE TABLE chunk (
	job        INTEGER NOT NULL,
	number     INTEGER NOT NULL,
	lines      INTEGER NOT NULL,
	rejected   INTEGER NOT NULL,
	duplicates INTEGER NOT NULL,
	targets    BLOB    NOT NULL,
	UNIQUE (job, number)
);

CREATE TABLE counter (
	job           INTEGER NOT NULL,
	shard         INTEGER NOT NULL,
	processed     INTEGER NOT NULL DEFAULT 0,
	batches_done  INTEGER NOT NULL DEFAULT 0,
	extra_urls    INTEGER NOT NULL DEFAULT 0,
	extra_batches INTEGER NOT NULL DEFAULT 0,
	active        INTEGER NOT NULL DEFAULT 0,
	emails        INTEGER NOT NULL DEFAULT 0,
	domains       INTEGER NOT NULL DEFAULT 0,
	pages         INTEGER NOT NULL DEFAULT 0,
	bytes         INTEGER NOT NULL DEFAULT 0,
	outcomes      TEXT    NOT NULL DEFAULT '',
	recent        TEXT    NOT NULL DEFAULT '',
	newest        INTEGER NOT NULL DEFAULT 0, -- when the first of recent was seen
	updated_at    INTEGER NOT NULL DEFAULT 0,
	version       INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (job, shard)
) WITHOUT ROWID;

CREATE TABLE batch (
	n           INTEGER PRIMARY KEY AUTOINCREMENT,
	job         INTEGER NOT NULL,
	key         TEXT    NOT NULL,
	status      TEXT    NOT NULL,
	next        TEXT    NOT NULL DEFAULT '',
	held        INTEGER NOT NULL DEFAULT 0,
	due         INTEGER NOT NULL DEFAULT 0,
	attempt     INTEGER NOT NULL DEFAULT 0,
	token       TEXT    NOT NULL DEFAULT '',
	lease_until INTEGER NOT NULL DEFAULT 0,
	split       INTEGER NOT NULL DEFAULT 0,
	retried     TEXT    NOT NULL DEFAULT '',
	finished    INTEGER NOT NULL DEFAULT 0,
	UNIQUE (job, key)
);
CREATE INDEX batch_due ON batch(job, due) WHERE held = 0 AND status <> 'DONE';
CREATE TABLE targets (batch INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE result  (batch INTEGER PRIMARY KEY, body BLOB NOT NULL);

CREATE TABLE address (
	job        INTEGER NOT NULL,
	email      TEXT    NOT NULL,
	batch      TEXT    NOT NULL, -- the owner
	source_url TEXT    NOT NULL,
	found_by   TEXT    NOT NULL,
	kind       TEXT    NOT NULL,
	confidence REAL    NOT NULL,
	own_domain INTEGER NOT NULL,
	first_seen INTEGER NOT NULL,
	more       TEXT    NOT NULL, -- JSON of what most addresses lack; empty if there is none
	PRIMARY KEY (job, email)
) WITHOUT ROWID;

CREATE TABLE domain (
	job   INTEGER NOT NULL,
	name  TEXT    NOT NULL,
	batch TEXT    NOT NULL,
	PRIMARY KEY (job, name)
) WITHOUT ROWID;

CREATE TABLE record (
	n       INTEGER PRIMARY KEY,
	pk      TEXT    NOT NULL,
	sk      TEXT    NOT NULL,
	expires INTEGER NOT NULL,
	value   BLOB    NOT NULL,
	UNIQUE (pk, sk)
);
CREATE INDEX record_expires ON record(expires) WHERE expires > 0;

CREATE TABLE feed (
	seq INTEGER PRIMARY KEY AUTOINCREMENT,
	pk  TEXT    NOT NULL,
	sk  TEXT    NOT NULL,
	at  INTEGER NOT NULL
);
`, `
-- Addresses lie in the order they were stored, so that only the index on their
-- names, and not all of them, is written in no order; and each run of them that
-- was stored at once has its text once more, compressed, for filters to search.
CREATE TABLE stored (
	n          INTEGER PRIMARY KEY,
	job        INTEGER NOT NULL,
	email      TEXT    NOT NULL,
	batch      TEXT    NOT NULL, -- the owner
	source_url TEXT    NOT NULL,
	found_by   TEXT    NOT NULL,
	kind       TEXT    NOT NULL,
	confidence REAL    NOT NULL,
	own_domain INTEGER NOT NULL,
	first_seen INTEGER NOT NULL,
	more       TEXT    NOT NULL, -- JSON of what most addresses lack; empty if there is none
	UNIQUE (job, email)
);
INSERT INTO stored (job, email, batch, source_url, found_by, kind, confidence, own_domain, first_seen, more)
	SELECT job, email, batch, source_url, found_by, kind, confidence, own_domain, first_seen, more FROM address ORDER BY job, email;
DROP TABLE address;
ALTER TABLE stored RENAME TO address;

CREATE TABLE run (
	first INTEGER PRIMARY KEY, -- its addresses are those from this n ...
	last  INTEGER NOT NULL,    -- ... to this one, all of one job
	job   INTEGER NOT NULL,
	about TEXT,                -- which kinds and such there are among them; NULL if that is not known
	text  BLOB                 -- what can be searched; NULL if that is not known
);
CREATE INDEX run_of_job ON run(job, first);
INSERT INTO run (first, last, job) SELECT min(n), max(n), job FROM address GROUP BY job, n / 1000;
`, `
-- No index on names any more (see names.go): they lie in the order they were
-- stored, addresses each in a run. Addresses without a run are what a purge that
-- broke off had yet to take.
CREATE TABLE stored (
	n          INTEGER PRIMARY KEY,
	job        INTEGER NOT NULL,
	email      TEXT    NOT NULL,
	batch      TEXT    NOT NULL, -- the owner
	source_url TEXT    NOT NULL,
	found_by   TEXT    NOT NULL,
	kind       TEXT    NOT NULL,
	confidence REAL    NOT NULL,
	own_domain INTEGER NOT NULL,
	first_seen INTEGER NOT NULL,
	more       TEXT    NOT NULL -- JSON of what most addresses lack; empty if there is none
);
INSERT INTO stored (n, job, email, batch, source_url, found_by, kind, confidence, own_domain, first_seen, more)
	SELECT a.n, a.job, a.email, a.batch, a.source_url, a.found_by, a.kind, a.confidence, a.own_domain, a.first_seen, a.more
	FROM run r CROSS JOIN address a ON a.n BETWEEN r.first AND r.last AND +a.job = r.job ORDER BY r.first, a.n; -- with a plus sign no index of jobs is gone by
DROP TABLE address;
ALTER TABLE stored RENAME TO address;

CREATE TABLE named (
	job   INTEGER NOT NULL,
	n     INTEGER NOT NULL,
	name  TEXT    NOT NULL,
	batch TEXT    NOT NULL, -- the owner
	PRIMARY KEY (job, n)
) WITHOUT ROWID;
INSERT INTO named (job, n, name, batch)
	SELECT job, row_number() OVER (PARTITION BY job ORDER BY name), name, batch FROM domain ORDER BY job, name;
DROP TABLE domain;
ALTER TABLE named RENAME TO domain;
`}
