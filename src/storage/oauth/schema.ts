import { JOB_TABLE } from '../jobs.ts'
import type { Migration } from '../migrate.ts'

/** The database of the OAuthObject; `docs/storage.md` explains each table. */
export const migrations: readonly Migration[] = [
  `
  CREATE TABLE device (
    id TEXT PRIMARY KEY,
    session TEXT NOT NULL,
    user_agent TEXT,
    ip_address TEXT NOT NULL,
    last_seen_at INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX device_last_seen_at ON device (last_seen_at);

  CREATE TABLE device_account (
    device_id TEXT NOT NULL,
    did TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (device_id, did)
  ) WITHOUT ROWID;
  CREATE INDEX device_account_did ON device_account (did);

  CREATE TABLE authorized_client (
    did TEXT NOT NULL,
    client_id TEXT NOT NULL,
    scopes TEXT NOT NULL,
    PRIMARY KEY (did, client_id)
  ) WITHOUT ROWID;

  CREATE TABLE request (
    id TEXT PRIMARY KEY,
    client_id TEXT NOT NULL,
    client_auth TEXT NOT NULL,
    parameters TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    device_id TEXT,
    did TEXT,
    code_hash TEXT
  ) WITHOUT ROWID;
  CREATE UNIQUE INDEX request_code ON request (code_hash) WHERE code_hash IS NOT NULL;
  CREATE INDEX request_expires_at ON request (expires_at);

  CREATE TABLE token (
    family INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    did TEXT NOT NULL,
    client_id TEXT NOT NULL,
    client_auth TEXT NOT NULL,
    device_id TEXT,
    parameters TEXT NOT NULL,
    scope TEXT NOT NULL,
    code_hash TEXT,
    refresh_hash TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL
  );
  CREATE INDEX token_did ON token (did);
  CREATE UNIQUE INDEX token_code ON token (code_hash) WHERE code_hash IS NOT NULL;
  CREATE UNIQUE INDEX token_refresh ON token (refresh_hash) WHERE refresh_hash IS NOT NULL;
  CREATE INDEX token_ends_at ON token (ends_at);

  CREATE TABLE used_refresh (
    hash TEXT PRIMARY KEY,
    family INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX used_refresh_family ON used_refresh (family);

  CREATE TABLE replay (
    key TEXT PRIMARY KEY,
    expires_at INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX replay_expires_at ON replay (expires_at);
  `,
  JOB_TABLE,
  `
  ALTER TABLE device ADD COLUMN anonymous INTEGER NOT NULL DEFAULT 1;
  UPDATE device SET anonymous = 0 WHERE id IN (SELECT device_id FROM device_account);
  CREATE INDEX device_anonymous ON device (last_seen_at) WHERE anonymous = 1;
  ALTER TABLE device ADD COLUMN network TEXT NOT NULL DEFAULT '';
  CREATE INDEX device_network ON device (network, last_seen_at) WHERE anonymous = 1;
  ALTER TABLE used_refresh ADD COLUMN used_at INTEGER NOT NULL DEFAULT 0;

  ALTER TABLE request ADD COLUMN network TEXT NOT NULL DEFAULT '';
  CREATE INDEX request_pending ON request (network, device_id, expires_at)
    WHERE did IS NULL AND code_hash IS NULL;
  CREATE INDEX request_did ON request (did, expires_at) WHERE did IS NOT NULL;
  CREATE INDEX authorized_client_id ON authorized_client (client_id);

  CREATE TABLE account_epoch (
    did TEXT PRIMARY KEY,
    epoch INTEGER NOT NULL
  ) WITHOUT ROWID;
  `,
  `
  ALTER TABLE account_epoch ADD COLUMN forget_at INTEGER;
  `,
  `
  CREATE INDEX account_epoch_forget_at ON account_epoch (forget_at) WHERE forget_at IS NOT NULL;
  `,
]

/** Whether there is nothing that could expire. */
export const isEmpty = (sql: SqlStorage): boolean =>
  sql
    .exec<{ found: number }>(
      `SELECT EXISTS (SELECT 1 FROM device) OR EXISTS (SELECT 1 FROM request)
         OR EXISTS (SELECT 1 FROM token) OR EXISTS (SELECT 1 FROM replay)
         OR EXISTS (SELECT 1 FROM account_epoch WHERE forget_at IS NOT NULL) AS found`,
    )
    .one().found === 0
