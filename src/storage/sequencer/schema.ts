import { JOB_TABLE } from '../jobs.ts'
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
  // The last event of a delivery is inserted through the view, with the state of the account: one statement
  // writes both rows, so neither is there without the other.
  `
  ALTER TABLE source ADD COLUMN head BLOB;
  ALTER TABLE source ADD COLUMN rev TEXT;
  ALTER TABLE source ADD COLUMN status TEXT;

  DROP TRIGGER event_source;

  CREATE VIEW last_event_of AS
    SELECT seq, did, number, time, frame, head, rev, status FROM event JOIN source USING (did);

  CREATE TRIGGER last_event_of_insert INSTEAD OF INSERT ON last_event_of BEGIN
    INSERT INTO event (seq, did, number, time, frame)
      VALUES (NEW.seq, NEW.did, NEW.number, NEW.time, NEW.frame);
    INSERT OR REPLACE INTO source (did, last_event, head, rev, status)
      VALUES (NEW.did, NEW.number, NEW.head, NEW.rev, NEW.status);
  END;

  CREATE TABLE horizon (pruned_to INTEGER NOT NULL);
  INSERT INTO horizon (pruned_to) SELECT coalesce(min(seq), 1) - 1 FROM event;

  CREATE TABLE purge (
    did TEXT PRIMARY KEY,
    done_to INTEGER NOT NULL,
    before INTEGER NOT NULL
  ) WITHOUT ROWID;

  CREATE TABLE relay (
    url TEXT PRIMARY KEY,
    asked_at INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    failures INTEGER NOT NULL
  ) WITHOUT ROWID;
  `,
  JOB_TABLE,
  // How many bytes of frames were stored so far: two rows tell how large the log between them is.
  `
  DROP TRIGGER last_event_of_insert;
  DROP VIEW last_event_of;
  ALTER TABLE event ADD COLUMN total INTEGER;

  CREATE VIEW last_event_of AS
    SELECT seq, did, number, time, frame, total, head, rev, status FROM event JOIN source USING (did);

  CREATE TRIGGER last_event_of_insert INSTEAD OF INSERT ON last_event_of BEGIN
    INSERT INTO event (seq, did, number, time, frame, total)
      VALUES (NEW.seq, NEW.did, NEW.number, NEW.time, NEW.frame, NEW.total);
    INSERT OR REPLACE INTO source (did, last_event, head, rev, status)
      VALUES (NEW.did, NEW.number, NEW.head, NEW.rev, NEW.status);
  END;
  `,
  // Accounts have an order, that in which they came; those from before have it by DID.
  `
  DROP TRIGGER last_event_of_insert;
  DROP VIEW last_event_of;

  CREATE TABLE ordered_source (
    place INTEGER PRIMARY KEY,
    did TEXT NOT NULL UNIQUE,
    last_event INTEGER NOT NULL,
    head BLOB,
    rev TEXT,
    status TEXT
  );
  INSERT INTO ordered_source (did, last_event, head, rev, status)
    SELECT did, last_event, head, rev, status FROM source ORDER BY did;
  DROP TABLE source;
  ALTER TABLE ordered_source RENAME TO source;

  CREATE VIEW last_event_of AS
    SELECT seq, did, number, time, frame, total, head, rev, status FROM event JOIN source USING (did);

  CREATE TRIGGER last_event_of_insert INSTEAD OF INSERT ON last_event_of BEGIN
    INSERT INTO event (seq, did, number, time, frame, total)
      VALUES (NEW.seq, NEW.did, NEW.number, NEW.time, NEW.frame, NEW.total);
    INSERT INTO source (did, last_event, head, rev, status)
      VALUES (NEW.did, NEW.number, NEW.head, NEW.rev, NEW.status)
      ON CONFLICT (did) DO UPDATE SET
        last_event = excluded.last_event, head = excluded.head, rev = excluded.rev, status = excluded.status;
  END;
  `,
  // The order of `source` is that of its lists by collection. How many accounts there are is counted as they come
  // and go: anybody may ask. Accounts of before have told no collections; they are asked when there is need.
  `
  ALTER TABLE source ADD COLUMN collections_known INTEGER NOT NULL DEFAULT 1;
  UPDATE source SET collections_known = 0;
  CREATE INDEX source_to_ask ON source (place) WHERE collections_known = 0;

  CREATE TABLE source_collection (
    name TEXT NOT NULL,
    place INTEGER NOT NULL,
    PRIMARY KEY (name, place)
  ) WITHOUT ROWID;
  CREATE INDEX source_collection_place ON source_collection (place);

  CREATE TABLE source_count (accounts INTEGER NOT NULL);
  INSERT INTO source_count SELECT count(*) FROM source WHERE status IS NOT 'deleted';
  CREATE TRIGGER source_comes AFTER INSERT ON source WHEN NEW.status IS NOT 'deleted' BEGIN
    UPDATE source_count SET accounts = accounts + 1;
  END;
  CREATE TRIGGER source_changes AFTER UPDATE OF status ON source
    WHEN (OLD.status IS 'deleted') <> (NEW.status IS 'deleted') BEGIN
    UPDATE source_count SET accounts = accounts + iif(NEW.status IS 'deleted', -1, 1);
    DELETE FROM source_collection WHERE place = NEW.place;
  END;
  `,
  // The last event of each account that is deleted: when it leaves the log, the account is forgotten. Its place stays, so
  // that nobody else gets it.
  `
  CREATE TABLE farewell (
    seq INTEGER PRIMARY KEY,
    did TEXT NOT NULL
  );
  INSERT INTO farewell (seq, did)
    SELECT max(seq), did FROM event
    WHERE did IN (SELECT did FROM source WHERE status = 'deleted') GROUP BY did;
  UPDATE source SET did = 'forgotten ' || place, head = NULL, rev = NULL
    WHERE status = 'deleted' AND did NOT IN (SELECT did FROM farewell);
  `,
  // When each account had its last event, in hours since 1970: in the row that is written with it anyway.
  `
  ALTER TABLE source ADD COLUMN active_hour INTEGER;
  DROP TRIGGER last_event_of_insert;
  CREATE TRIGGER last_event_of_insert INSTEAD OF INSERT ON last_event_of BEGIN
    INSERT INTO event (seq, did, number, time, frame, total)
      VALUES (NEW.seq, NEW.did, NEW.number, NEW.time, NEW.frame, NEW.total);
    INSERT INTO source (did, last_event, head, rev, status, active_hour)
      VALUES (NEW.did, NEW.number, NEW.head, NEW.rev, NEW.status, NEW.time / 3600000)
      ON CONFLICT (did) DO UPDATE SET
        last_event = excluded.last_event, head = excluded.head, rev = excluded.rev, status = excluded.status,
        active_hour = excluded.active_hour;
  END;
  `,
  // A number that the next event has to be above, where relays know higher ones than the log.
  'ALTER TABLE horizon ADD COLUMN raised_to INTEGER NOT NULL DEFAULT 0;',
  // How the host's index is divided; no row: as it is at first.
  `
  CREATE TABLE index_layout (
    generation INTEGER PRIMARY KEY,
    shards INTEGER NOT NULL,
    state TEXT NOT NULL,
    since INTEGER
  );
  `,
  // How the log is divided among objects; no row: it is not. In the sequencer, the layouts, and which events others have; in
  // one of several, the layouts that came after its own.
  `
  CREATE TABLE log_layout (
    generation INTEGER PRIMARY KEY,
    shards INTEGER NOT NULL,
    state TEXT NOT NULL,
    ended INTEGER
  );
  CREATE TABLE log_batch (
    seq INTEGER PRIMARY KEY,
    object INTEGER NOT NULL,
    local INTEGER NOT NULL,
    count INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    time INTEGER NOT NULL
  );
  CREATE TABLE log_position (
    object INTEGER PRIMARY KEY,
    taken INTEGER NOT NULL,
    seq INTEGER NOT NULL
  );
  CREATE TABLE purge_elsewhere (did TEXT PRIMARY KEY) WITHOUT ROWID;
  `,
  // Several events in a row (pack.ts), and how many there were up to it, counted from the number of the first: in rows of before, that
  // is the number. Accounts are written beside them, for all events of a transaction together.
  `
  DROP TRIGGER last_event_of_insert;
  DROP VIEW last_event_of;
  ALTER TABLE event ADD COLUMN entries BLOB;
  ALTER TABLE event ADD COLUMN events INTEGER;
  `,
  // Events are sent before they are stored, with numbers that are not given again.
  `
  ALTER TABLE horizon ADD COLUMN reserved_to INTEGER NOT NULL DEFAULT 0;
  `,
  // How many events of other objects there were up to a batch, counted from the number of the first: in rows of before, that is the
  // number of the last.
  'ALTER TABLE log_batch ADD COLUMN events INTEGER',
  // When a layout began to serve, in ms since the epoch.
  'ALTER TABLE log_layout ADD COLUMN began INTEGER',
]
