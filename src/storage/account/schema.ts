import type { Migration } from '../migrate.ts'

/**
 * The database of one AccountObject; `docs/storage.md` explains each table with an example row.
 *
 * Records are stored with their path, not their CID, so that two records of equal content are two
 * rows and deleting one cannot harm the other. `path` is `<collection>/<rkey>`, which sorts as the
 * MST does.
 */
export const migrations: readonly Migration[] = [
  `
  CREATE TABLE account (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    did TEXT NOT NULL,
    handle TEXT NOT NULL,
    email TEXT,
    password TEXT,
    signing_key BLOB NOT NULL,
    status TEXT NOT NULL,
    created_at TEXT NOT NULL
  );

  CREATE TABLE head (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    cid TEXT NOT NULL,
    rev TEXT NOT NULL,
    data TEXT NOT NULL,
    commit_block BLOB NOT NULL,
    last_event INTEGER NOT NULL
  );

  CREATE TABLE node (
    cid TEXT PRIMARY KEY,
    rev TEXT NOT NULL,
    block BLOB NOT NULL
  ) WITHOUT ROWID;

  CREATE TABLE record (
    path TEXT PRIMARY KEY,
    cid TEXT NOT NULL,
    rev TEXT NOT NULL,
    block BLOB NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX record_cid ON record (cid);

  CREATE TABLE retired (
    cid TEXT PRIMARY KEY,
    block BLOB NOT NULL
  ) WITHOUT ROWID;

  CREATE TABLE blob (
    cid TEXT PRIMARY KEY,
    key TEXT NOT NULL,
    mime_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    referenced INTEGER NOT NULL DEFAULT 0
  ) WITHOUT ROWID;

  CREATE TABLE record_blob (
    path TEXT NOT NULL,
    blob TEXT NOT NULL,
    PRIMARY KEY (path, blob)
  ) WITHOUT ROWID;
  CREATE INDEX record_blob_by_blob ON record_blob (blob);

  CREATE TABLE session (
    id TEXT PRIMARY KEY,
    scope TEXT NOT NULL,
    app_password TEXT,
    expires_at INTEGER NOT NULL,
    next_id TEXT
  ) WITHOUT ROWID;

  CREATE TABLE outbox (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    body BLOB NOT NULL
  );
  `,
]
