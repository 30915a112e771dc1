import type { Migration } from '../migrate.ts'

/** The database of the SequencerObject; `docs/storage.md` explains each table. */
export const migrations: readonly Migration[] = [
  `
  CREATE TABLE event (
    seq INTEGER PRIMARY KEY,
    did TEXT NOT NULL,
    number INTEGER NOT NULL,
    time INTEGER NOT NULL,
    frame BLOB NOT NULL
  );

  CREATE TABLE source (
    did TEXT PRIMARY KEY,
    last_event INTEGER NOT NULL
  ) WITHOUT ROWID;

  CREATE TRIGGER event_source AFTER INSERT ON event BEGIN
    INSERT OR REPLACE INTO source (did, last_event) VALUES (NEW.did, NEW.number);
  END;
  `,
]
