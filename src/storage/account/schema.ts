import { JOB_TABLE } from '../jobs.ts'
import type { Migration } from '../migrate.ts'
import { RATE_TABLE } from '../rate-counter.ts'

/**
 * The database of one AccountObject; `docs/storage.md` explains each table with an example row.
 *
 * Records are stored with their path, not their CID, so that two records of equal content are two
 * rows and deleting one cannot harm the other. `path` is `<collection>/<rkey>`, which sorts as the
 * MST does. Tree nodes are stored by their place, layer and smallest key: a change rewrites a row
 * where it is, and reading all layers side by side gives the tree in pre-order.
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
    cid BLOB NOT NULL,
    rev TEXT NOT NULL,
    data BLOB NOT NULL,
    commit_block BLOB NOT NULL,
    last_event INTEGER NOT NULL
  );

  CREATE TABLE node (
    layer INTEGER NOT NULL,
    lo TEXT NOT NULL,
    cid BLOB NOT NULL,
    rev TEXT NOT NULL,
    block BLOB NOT NULL,
    PRIMARY KEY (layer, lo)
  ) WITHOUT ROWID;

  CREATE TABLE record (
    path TEXT PRIMARY KEY,
    cid BLOB NOT NULL,
    rev TEXT NOT NULL,
    block BLOB NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX record_cid ON record (cid);

  CREATE TABLE retired_node (
    layer INTEGER NOT NULL,
    lo TEXT NOT NULL,
    cid BLOB NOT NULL,
    rev TEXT NOT NULL,
    block BLOB NOT NULL,
    until TEXT NOT NULL,
    PRIMARY KEY (layer, lo, rev)
  ) WITHOUT ROWID;

  CREATE TABLE retired_record (
    path TEXT NOT NULL,
    cid BLOB NOT NULL,
    rev TEXT NOT NULL,
    block BLOB NOT NULL,
    until TEXT NOT NULL,
    PRIMARY KEY (path, rev)
  ) WITHOUT ROWID;

  CREATE TABLE backlink (
    collection TEXT NOT NULL,
    subject TEXT NOT NULL,
    rkey TEXT NOT NULL,
    PRIMARY KEY (collection, subject, rkey)
  ) WITHOUT ROWID;

  CREATE TABLE blob (
    cid TEXT PRIMARY KEY,
    key TEXT NOT NULL,
    mime_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    expires_at INTEGER
  ) WITHOUT ROWID;
  CREATE INDEX blob_expires_at ON blob (expires_at) WHERE expires_at IS NOT NULL;

  CREATE TABLE record_blob (
    path TEXT NOT NULL,
    blob TEXT NOT NULL,
    PRIMARY KEY (path, blob)
  ) WITHOUT ROWID;
  CREATE INDEX record_blob_by_blob ON record_blob (blob);

  CREATE TABLE unwanted_blob (
    key TEXT PRIMARY KEY
  ) WITHOUT ROWID;

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
    body BLOB NOT NULL,
    seq_at INTEGER NOT NULL
  );
  `,
  `
  ALTER TABLE account ADD COLUMN email_confirmed_at TEXT;
  ALTER TABLE account ADD COLUMN takedown TEXT;
  ALTER TABLE account ADD COLUMN delete_after TEXT;
  ALTER TABLE account ADD COLUMN becomes TEXT;
  ALTER TABLE account ADD COLUMN next_signing_key BLOB;

  ALTER TABLE head ADD COLUMN write_spending TEXT;
  ${RATE_TABLE}
  ALTER TABLE session ADD COLUMN family TEXT;
  UPDATE session SET family = id;
  CREATE INDEX session_family ON session (family);

  CREATE TABLE preference (
    position INTEGER PRIMARY KEY,
    type TEXT NOT NULL,
    value TEXT NOT NULL
  );

  CREATE TABLE app_password (
    name TEXT PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    privileged INTEGER NOT NULL,
    created_at TEXT NOT NULL
  ) WITHOUT ROWID;
  `,
  `
  ALTER TABLE account ADD COLUMN email_auth_factor INTEGER NOT NULL DEFAULT 0;

  CREATE TABLE totp (
    secret BLOB NOT NULL,
    enabled_at TEXT,
    last_step INTEGER NOT NULL
  );

  CREATE TABLE recovery_code (
    hash TEXT PRIMARY KEY
  ) WITHOUT ROWID;

  CREATE TABLE passkey (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    public_key BLOB NOT NULL,
    counter INTEGER NOT NULL,
    transports TEXT NOT NULL,
    backed_up INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    last_used_at TEXT
  ) WITHOUT ROWID;

  CREATE TABLE one_time (
    hash TEXT PRIMARY KEY,
    purpose TEXT NOT NULL,
    expires_at INTEGER NOT NULL
  ) WITHOUT ROWID;

  CREATE TABLE visit (
    hash TEXT PRIMARY KEY,
    opened_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
  ) WITHOUT ROWID;
  `,
  `
  ${JOB_TABLE}
  ALTER TABLE retired_node RENAME TO snapshot_node;
  ALTER TABLE retired_record RENAME TO snapshot_record;
  ALTER TABLE visit RENAME TO browser_session;
  ALTER TABLE unwanted_blob RENAME TO blob_to_delete;
  `,
  // Null until they are first asked for: counting here would make the first request to each account wait.
  `
  ALTER TABLE head ADD COLUMN records INTEGER;
  ALTER TABLE head ADD COLUMN nodes INTEGER;
  `,
  // The index is for exports, which ask whether a record of equal content came before.
  `
  CREATE TABLE block_part (
    cid BLOB NOT NULL,
    part INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (cid, part)
  ) WITHOUT ROWID;
  CREATE INDEX snapshot_record_cid ON snapshot_record (cid);
  `,
  // Repositories of before are told whole.
  `
  CREATE TABLE untold_collection (
    name TEXT PRIMARY KEY
  ) WITHOUT ROWID;
  INSERT INTO untold_collection (name)
  WITH RECURSIVE collection (name) AS (
    SELECT (SELECT substr(path, 1, instr(path, '/') - 1) FROM record ORDER BY path LIMIT 1)
    UNION ALL
    SELECT (
      SELECT substr(path, 1, instr(path, '/') - 1) FROM record
      WHERE path >= collection.name || '0' ORDER BY path LIMIT 1
    )
    FROM collection WHERE name IS NOT NULL
  )
  SELECT name FROM collection WHERE name IS NOT NULL;
  `,
  // As with the counts before: null, or no row, until they are first needed.
  `
  ALTER TABLE head ADD COLUMN bytes INTEGER;
  ALTER TABLE account ADD COLUMN quota TEXT;

  CREATE TABLE blob_usage (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    blobs INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    uploads INTEGER NOT NULL,
    upload_bytes INTEGER NOT NULL,
    uploads_until INTEGER NOT NULL
  );
  `,
  `
  ALTER TABLE session ADD COLUMN factor INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE browser_session ADD COLUMN factor_at INTEGER;
  `,
  'ALTER TABLE account ADD COLUMN deactivated_at TEXT;',
  `
  ALTER TABLE browser_session ADD COLUMN confirmed_at INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE browser_session ADD COLUMN device TEXT;
  ALTER TABLE browser_session ADD COLUMN user_agent TEXT;
  UPDATE browser_session SET confirmed_at = opened_at;
  `,
  `
  CREATE TABLE record_takedown (
    path TEXT PRIMARY KEY,
    ref TEXT NOT NULL
  ) WITHOUT ROWID;

  CREATE TABLE blob_takedown (
    cid TEXT PRIMARY KEY,
    ref TEXT NOT NULL,
    key TEXT,
    mime_type TEXT,
    size INTEGER,
    delete_at INTEGER
  ) WITHOUT ROWID;
  CREATE INDEX blob_takedown_delete_at ON blob_takedown (delete_at) WHERE delete_at IS NOT NULL;

  CREATE TABLE moderation_outbox (
    number INTEGER PRIMARY KEY,
    entry TEXT NOT NULL
  );
  `,
  'ALTER TABLE account ADD COLUMN approved_as TEXT;',
  `
  CREATE TABLE recovery_code_key (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    sealed BLOB NOT NULL
  );
  `,
  // A commit since then is a row here, until `head` and `node` are brought up to date: what reads them only, as an older
  // release would, does not have it.
  `
  CREATE TABLE journal (
    id INTEGER PRIMARY KEY,
    commit_block BLOB NOT NULL,
    paths TEXT NOT NULL,
    write_spending TEXT,
    records INTEGER,
    nodes INTEGER,
    bytes INTEGER
  );
  `,
]
