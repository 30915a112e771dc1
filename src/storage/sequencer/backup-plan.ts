import type { BackupPlan } from '../dump.ts'

const LOG = { left: 'the log begins anew: consumers are told how each account is now' }

/** What a backup has of the sequencer, beside the number of its newest event; see `dump.ts`. */
export const sequencerPlan: BackupPlan = {
  object: 'sequencer',
  tables: {
    // Says which accounts the network has heard of.
    source: 'compared',
    event: LOG,
    horizon: LOG,
    purge: LOG,
    farewell: LOG,
    source_collection: { left: 'accounts tell it' },
    source_count: { left: 'it is counted anew' },
    log_layout: { left: 'the log begins anew, divided as the setting says' },
    log_batch: LOG,
    log_position: LOG,
    purge_elsewhere: LOG,
    index_layout: { left: 'the index is made anew' },
    relay: { left: 'relays are asked to crawl anew' },
    job: { left: 'jobs follow from what is stored' },
    schema_version: { left: 'the first line says it' },
  },
  values: {
    webhooks: { left: 'the index says it' },
    'log place': { left: 'of one of several objects alone' },
  },
  where: { source: "did GLOB 'did:*' AND status IS NOT 'deleted'" },
}
