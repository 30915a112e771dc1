import type { BackupPlan } from '../dump.ts'

/** What a backup has of the OAuth server; see `dump.ts`. */
export const oauthPlan: BackupPlan = {
  object: 'oauth',
  tables: {
    authorized_client: 'kept',
    account_epoch: 'kept',
    device: 'session',
    device_account: 'session',
    token: 'session',
    used_refresh: 'session',
    request: { left: 'it expires within minutes' },
    replay: { left: 'it expires within minutes' },
    job: { left: 'jobs follow from what is stored' },
    schema_version: { left: 'the first line says it' },
  },
  values: { restore: { left: 'it exists while a restore is running' } },
}
