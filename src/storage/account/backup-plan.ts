import type { BackupPlan } from '../dump.ts'

const CAR = { left: 'it is in the repository’s CAR file' }
const RUNNING = { left: 'it exists while an export or import is running' }

/** What a backup has of an account beside its CAR file and the bytes of its blobs; see `dump.ts`. */
export const accountPlan: BackupPlan = {
  object: 'account',
  tables: {
    account: 'kept',
    app_password: 'kept',
    preference: 'kept',
    totp: 'kept',
    recovery_code: 'kept',
    recovery_code_key: 'kept',
    passkey: 'kept',
    record_takedown: 'kept',
    // Without the bytes in quarantine, which nobody is to have a copy of.
    blob_takedown: 'kept',
    session: 'session',
    browser_session: 'session',
    // Made anew from the CAR file.
    head: 'compared',
    // Made anew with the bytes.
    blob: 'compared',
    node: CAR,
    record: CAR,
    block_part: CAR,
    backlink: CAR,
    record_blob: CAR,
    snapshot_node: RUNNING,
    snapshot_record: RUNNING,
    blob_to_delete: { left: 'these bytes are in no backup' },
    blob_usage: { left: 'it is counted anew' },
    untold_collection: { left: 'the sequencer is told of all of them' },
    journal: {
      left: 'it is in the repository’s CAR file, and the head is given as it is after it',
    },
    outbox: { left: 'the network is told how things are now' },
    moderation_outbox: { left: 'the directory has it within seconds' },
    one_time: { left: 'it expires within minutes' },
    rate: { left: 'counts begin anew' },
    job: { left: 'jobs follow from what is stored' },
    schema_version: { left: 'the first line says it' },
  },
  values: {
    'review of access': 'kept',
    'used reset tokens': { left: 'they expire within minutes' },
    'sign-outs': { left: 'nothing that began before a restore goes on after it' },
    'facts untold': { left: 'the directory is told' },
    'facts told on': { left: 'the directory is told' },
    'handle change': { left: 'a change that broke off is settled by the identity' },
    'log layout': { left: 'the host is asked how its log is divided' },
    restore: { left: 'it exists while a restore is running' },
    restored: { left: 'of this host alone' },
  },
  // Uploads that no record refers to are gone within hours.
  where: { blob: 'expires_at IS NULL' },
}
