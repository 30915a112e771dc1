import { JOB_TABLE } from '../jobs.ts'
import type { Migration } from '../migrate.ts'

/** The database of the IndexObject; `docs/storage.md` explains each table. */
export const migrations: readonly Migration[] = [
  `
  ${JOB_TABLE}

  CREATE TABLE position (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    seq INTEGER NOT NULL
  );

  CREATE TABLE definition (
    id INTEGER PRIMARY KEY,
    collection TEXT NOT NULL,
    hash TEXT NOT NULL,
    spec TEXT NOT NULL,
    state TEXT NOT NULL,
    place INTEGER NOT NULL,
    accounts INTEGER NOT NULL,
    records INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    finished_at INTEGER,
    UNIQUE (collection, hash)
  );

  CREATE TABLE account (
    id INTEGER PRIMARY KEY,
    did TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL
  );
  CREATE INDEX account_not_active ON account (state) WHERE state <> 'active';

  CREATE TABLE hidden_record (
    account INTEGER NOT NULL,
    path TEXT NOT NULL,
    rev TEXT NOT NULL,
    PRIMARY KEY (account, path)
  ) WITHOUT ROWID;

  CREATE TABLE scan (
    definition INTEGER NOT NULL,
    account INTEGER NOT NULL,
    after TEXT NOT NULL,
    round INTEGER NOT NULL,
    PRIMARY KEY (definition, account)
  ) WITHOUT ROWID;

  CREATE TABLE removed (
    definition INTEGER NOT NULL,
    account INTEGER NOT NULL,
    rkey TEXT NOT NULL,
    rev TEXT NOT NULL,
    PRIMARY KEY (definition, account, rkey)
  ) WITHOUT ROWID;

  CREATE TABLE hook_lane (
    collection TEXT NOT NULL,
    did TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    PRIMARY KEY (collection, did)
  ) WITHOUT ROWID;
  CREATE INDEX hook_lane_due ON hook_lane (collection, due_at);

  CREATE TABLE hook_task (
    id INTEGER PRIMARY KEY,
    collection TEXT NOT NULL,
    did TEXT NOT NULL,
    rkey TEXT NOT NULL,
    action TEXT NOT NULL,
    rev TEXT NOT NULL,
    cid BLOB,
    block BLOB,
    attempts INTEGER NOT NULL
  );
  CREATE INDEX hook_task_lane ON hook_task (collection, did, id);

  CREATE TABLE hook_letter (
    id INTEGER PRIMARY KEY,
    collection TEXT NOT NULL,
    did TEXT NOT NULL,
    rkey TEXT NOT NULL,
    action TEXT NOT NULL,
    rev TEXT NOT NULL,
    cid BLOB,
    block BLOB,
    attempts INTEGER NOT NULL,
    error TEXT NOT NULL,
    failed_at INTEGER NOT NULL
  );

  CREATE TABLE hook_count (
    collection TEXT PRIMARY KEY,
    failed INTEGER NOT NULL,
    dropped INTEGER NOT NULL
  ) WITHOUT ROWID;
  `,
  // Attempts in a row of which nothing was heard: the process ended.
  'ALTER TABLE hook_task ADD COLUMN unheard INTEGER NOT NULL DEFAULT 0;',
  `
  CREATE TABLE app_job (
    name TEXT PRIMARY KEY,
    schedule TEXT NOT NULL,
    next_at INTEGER NOT NULL,
    started_at INTEGER,
    last_run INTEGER,
    last_ms INTEGER,
    failures INTEGER NOT NULL,
    error TEXT
  ) WITHOUT ROWID;
  `,
  // How much waits for hooks, and what did not fit among it.
  `
  ALTER TABLE hook_lane ADD COLUMN waiting INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE hook_lane ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
  UPDATE hook_lane SET (waiting, held) = (
    SELECT count(*), ifnull(sum(1024 + ifnull(length(block), 0)), 0) FROM hook_task
    WHERE hook_task.collection = hook_lane.collection AND hook_task.did = hook_lane.did
  );
  ALTER TABLE hook_count ADD COLUMN lost INTEGER NOT NULL DEFAULT 0;

  CREATE TABLE hook_behind (
    collection TEXT NOT NULL,
    did TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (collection, did)
  ) WITHOUT ROWID;
  `,
  // Attempts in a row that ended with a host that did not answer any more, and when the last one was begun.
  `
  ALTER TABLE hook_task ADD COLUMN stuck INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE hook_task ADD COLUMN begun_at INTEGER NOT NULL DEFAULT 0;
  `,
  // Services outside that are told of writes: how far each is, and what it would not take.
  `
  CREATE TABLE webhook_state (
    id INTEGER PRIMARY KEY,
    seq INTEGER NOT NULL,
    delivered INTEGER NOT NULL,
    skipped INTEGER NOT NULL,
    lost INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    error TEXT,
    failing_since INTEGER,
    next_at INTEGER NOT NULL,
    progress TEXT
  );

  CREATE TABLE webhook_letter (
    id INTEGER PRIMARY KEY,
    webhook INTEGER NOT NULL,
    did TEXT NOT NULL,
    rev TEXT NOT NULL,
    time TEXT NOT NULL,
    seq INTEGER NOT NULL,
    collection TEXT NOT NULL,
    rkey TEXT NOT NULL,
    action TEXT NOT NULL,
    cid BLOB,
    block BLOB,
    error TEXT NOT NULL,
    failed_at INTEGER NOT NULL
  );
  CREATE INDEX webhook_letter_of ON webhook_letter (webhook, id);
  CREATE INDEX webhook_letter_did ON webhook_letter (did);
  `,
  // What webhooks refused waits there, with what its accounts wrote behind it, until it is taken or given up.
  `
  ALTER TABLE webhook_letter ADD COLUMN key TEXT NOT NULL DEFAULT '';
  ALTER TABLE webhook_letter ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE webhook_letter ADD COLUMN due_at INTEGER;
  CREATE INDEX webhook_letter_waiting ON webhook_letter (webhook, did, id) WHERE due_at IS NOT NULL;
  `,
]
