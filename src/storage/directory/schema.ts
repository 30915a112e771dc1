import type { Migration } from '../migrate.ts'

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
]
