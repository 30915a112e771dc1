import { JOB_TABLE } from '../jobs.ts'
import type { Migration } from '../migrate.ts'
import { RATE_TABLE } from '../rate-counter.ts'
import { CHANGES_TABLE } from './account-changes.ts'

/** The database of the DirectoryObject; `docs/storage.md` explains each table. */
export const migrations: readonly Migration[] = [
  `
  CREATE TABLE account (
    did TEXT PRIMARY KEY,
    handle TEXT NOT NULL UNIQUE,
    email TEXT UNIQUE,
    ready INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL
  ) WITHOUT ROWID;
  `,
  `
  ALTER TABLE account ADD COLUMN invites_disabled INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE account ADD COLUMN invite_code TEXT;
  CREATE INDEX account_reserved_with ON account (invite_code) WHERE ready = 0;

  CREATE TABLE reserved_key (
    signing_key TEXT PRIMARY KEY,
    did TEXT UNIQUE,
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL
  ) WITHOUT ROWID;

  CREATE TABLE invite_code (
    code TEXT PRIMARY KEY,
    uses INTEGER NOT NULL,
    disabled INTEGER NOT NULL DEFAULT 0,
    for_account TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX invite_code_for_account ON invite_code (for_account);

  CREATE TABLE invite_use (
    code TEXT NOT NULL,
    used_by TEXT NOT NULL,
    used_at TEXT NOT NULL,
    PRIMARY KEY (code, used_by, used_at)
  ) WITHOUT ROWID;
  CREATE INDEX invite_use_by_account ON invite_use (used_by);

  CREATE TABLE email_token (
    purpose TEXT NOT NULL,
    did TEXT NOT NULL,
    hash TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (did, purpose)
  ) WITHOUT ROWID;
  CREATE UNIQUE INDEX email_token_hash ON email_token (hash);

  ${RATE_TABLE}
  CREATE TABLE dev_mail (
    id INTEGER PRIMARY KEY,
    mail TEXT NOT NULL
  );
  `,
  `
  CREATE TABLE used_service_token (
    hash TEXT PRIMARY KEY,
    expires_at INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX used_service_token_by_expiry ON used_service_token (expires_at);
  `,
  `
  CREATE TABLE lexicon (
    nsid TEXT PRIMARY KEY,
    did TEXT,
    cid TEXT,
    json TEXT,
    size INTEGER NOT NULL,
    reason TEXT NOT NULL,
    fetched_at INTEGER NOT NULL
  );
  `,
  JOB_TABLE,
  `
  CREATE TABLE retired_did (
    did TEXT PRIMARY KEY,
    retired_at INTEGER NOT NULL
  ) WITHOUT ROWID;

  ALTER TABLE email_token RENAME TO email_token_before;
  DROP INDEX email_token_hash;
  CREATE TABLE email_token (
    hash TEXT PRIMARY KEY,
    purpose TEXT NOT NULL,
    did TEXT NOT NULL,
    expires_at INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX email_token_account ON email_token (did, purpose);
  INSERT INTO email_token (hash, purpose, did, expires_at)
    SELECT hash, purpose, did, expires_at FROM email_token_before;
  DROP TABLE email_token_before;

  CREATE TABLE lockout (
    key TEXT PRIMARY KEY,
    failures INTEGER NOT NULL,
    locked_until INTEGER NOT NULL,
    forget_at INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX lockout_forget_at ON lockout (forget_at);

  CREATE TABLE released_handle (
    handle TEXT PRIMARY KEY,
    did TEXT NOT NULL,
    until INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX released_handle_did ON released_handle (did);
  `,
  `
  CREATE TABLE mail (
    id TEXT PRIMARY KEY,
    recipient TEXT NOT NULL,
    kind TEXT NOT NULL,
    sealed BLOB NOT NULL,
    expires_at INTEGER NOT NULL,
    due_at INTEGER,
    attempts INTEGER NOT NULL,
    error TEXT
  ) WITHOUT ROWID;
  CREATE INDEX mail_due_at ON mail (due_at);
  `,
  `
  ALTER TABLE account ADD COLUMN language TEXT;
  ALTER TABLE account ADD COLUMN sign_in_mails INTEGER NOT NULL DEFAULT 1;

  ALTER TABLE email_token ADD COLUMN mailed_at INTEGER;

  ALTER TABLE mail ADD COLUMN created_at INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE mail ADD COLUMN failed_at INTEGER;
  UPDATE mail SET failed_at = expires_at - 2592000000 WHERE due_at IS NULL;

  CREATE TABLE dropped_mail (
    day INTEGER PRIMARY KEY,
    mails INTEGER NOT NULL
  );

  CREATE TABLE mailing (
    id TEXT PRIMARY KEY,
    sealed BLOB NOT NULL,
    cursor TEXT NOT NULL,
    queued INTEGER NOT NULL,
    created_at INTEGER NOT NULL
  ) WITHOUT ROWID;
  `,
  `
  ALTER TABLE account ADD COLUMN role TEXT;

  CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT,
    account TEXT,
    detail TEXT NOT NULL,
    network TEXT NOT NULL,
    outcome TEXT,
    ended_at INTEGER
  );
  CREATE INDEX audit_actor ON audit (actor, id);
  CREATE INDEX audit_account ON audit (account, id);
  `,
  // What the account's object knows, for lists. Null: it has not been asked yet.
  `
  ALTER TABLE account ADD COLUMN status TEXT;
  ALTER TABLE account ADD COLUMN deactivated_at TEXT;
  ALTER TABLE account ADD COLUMN email_confirmed_at TEXT;
  ALTER TABLE account ADD COLUMN factor INTEGER;
  ALTER TABLE account ADD COLUMN attention TEXT;
  CREATE INDEX account_unasked ON account (did) WHERE ready = 1 AND status IS NULL;
  CREATE INDEX account_taken_down ON account (did) WHERE ready = 1 AND status = 'takendown';
  CREATE INDEX account_deactivated ON account (did) WHERE ready = 1 AND status = 'deactivated';
  CREATE INDEX account_unconfirmed ON account (did)
    WHERE ready = 1 AND email IS NOT NULL AND email_confirmed_at IS NULL;
  CREATE INDEX account_without_factor ON account (did) WHERE ready = 1 AND factor = 0;
  CREATE INDEX account_attention ON account (did) WHERE ready = 1 AND attention IS NOT NULL;
  CREATE INDEX account_role ON account (did) WHERE ready = 1 AND role IS NOT NULL;
  CREATE INDEX account_created_at ON account (created_at, did) WHERE ready = 1;
  `,
  // Ids of reports are given out, and never twice.
  `
  CREATE TABLE moderation_log (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    at TEXT NOT NULL,
    action TEXT NOT NULL,
    kind TEXT NOT NULL,
    did TEXT NOT NULL,
    subject TEXT NOT NULL,
    cid TEXT,
    moderator TEXT NOT NULL,
    ref TEXT,
    reason TEXT,
    case_id TEXT,
    in_force INTEGER NOT NULL DEFAULT 0
  );
  CREATE INDEX moderation_log_subject ON moderation_log (subject);
  CREATE INDEX moderation_log_did ON moderation_log (did);
  CREATE INDEX moderation_log_cid ON moderation_log (cid) WHERE cid IS NOT NULL;
  CREATE INDEX moderation_log_in_force ON moderation_log (kind) WHERE in_force = 1;

  CREATE TABLE report (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    reported_by TEXT NOT NULL,
    reason_type TEXT NOT NULL,
    reason TEXT,
    did TEXT NOT NULL,
    uri TEXT,
    cid TEXT,
    created_at TEXT NOT NULL,
    resolved_at TEXT,
    resolved_by TEXT,
    note TEXT
  );
  CREATE INDEX report_open ON report (id) WHERE resolved_at IS NULL;
  CREATE INDEX report_open_by ON report (reported_by) WHERE resolved_at IS NULL;
  CREATE INDEX report_resolved ON report (resolved_at) WHERE resolved_at IS NOT NULL;
  CREATE INDEX report_did ON report (did);
  `,
  `
  CREATE TABLE sign_up_queue (
    did TEXT PRIMARY KEY,
    since INTEGER NOT NULL,
    genesis TEXT,
    refused TEXT
  ) WITHOUT ROWID;
  CREATE INDEX sign_up_queue_since ON sign_up_queue (since);

  CREATE TABLE handle_rule (
    name TEXT PRIMARY KEY,
    reserved INTEGER NOT NULL,
    at INTEGER NOT NULL
  ) WITHOUT ROWID;
  `,
  'ALTER TABLE account ADD COLUMN stored_bytes INTEGER;',
  // A number is not given twice: what was not delivered yet would go to another one.
  `
  CREATE TABLE webhook (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    url TEXT NOT NULL,
    audience TEXT NOT NULL,
    method TEXT NOT NULL,
    collections TEXT NOT NULL,
    is_private INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    paused TEXT
  );
  `,
  CHANGES_TABLE,
]

/** Whether there are rows that `prune` of their tables removes in time. */
export const hasExpiring = (sql: SqlStorage): boolean =>
  sql
    .exec<{ found: number }>(
      `SELECT EXISTS (SELECT 1 FROM reserved_key) OR EXISTS (SELECT 1 FROM email_token)
         OR EXISTS (SELECT 1 FROM used_service_token) OR EXISTS (SELECT 1 FROM account WHERE ready = 0)
         OR EXISTS (SELECT 1 FROM released_handle) OR EXISTS (SELECT 1 FROM lockout)
         OR EXISTS (SELECT 1 FROM mail) OR EXISTS (SELECT 1 FROM dropped_mail) AS found`,
    )
    .one().found === 1
