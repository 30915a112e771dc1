import type { BackupPlan } from '../dump.ts'

const SHORT = { left: 'it expires within minutes' }
const ROTATION = { left: 'of the secrets that this host has' }
const MAIL = { left: 'a mail that was restored would be sent twice, or too late' }

/** What a backup has of the directory; see `dump.ts`. */
export const directoryPlan: BackupPlan = {
  object: 'directory',
  tables: {
    account: 'kept',
    retired_did: 'kept',
    released_handle: 'kept',
    reserved_key: 'kept',
    invite_code: 'kept',
    invite_use: 'kept',
    handle_rule: 'kept',
    webhook: 'kept',
    sign_up_queue: 'kept',
    audit: 'kept',
    moderation_log: 'kept',
    report: 'kept',
    account_change: { left: 'objects with copies of accounts make them anew' },
    email_token: SHORT,
    used_service_token: SHORT,
    rate: { left: 'counts begin anew' },
    lockout: { left: 'counts begin anew' },
    lexicon: { left: 'it is fetched again' },
    mail: MAIL,
    mailing: MAIL,
    dropped_mail: MAIL,
    dev_mail: MAIL,
    job: { left: 'jobs follow from what is stored' },
    schema_version: { left: 'the first line says it' },
  },
  values: {
    'sign-ups': { left: 'counts begin anew' },
    'account changes': { left: 'objects with copies of accounts make them anew' },
    recounted: { left: 'counting begins anew' },
    'data location': { left: 'it is where this host is' },
    // Under which names of the past are hashed.
    'older key secrets': 'kept',
    'secret rotation jwt': ROTATION,
    'secret rotation key': ROTATION,
    'secret rotation plc': ROTATION,
    'fingerprints of secrets': { left: 'of the secrets that this host has' },
    restore: { left: 'it exists while a restore is running' },
    restored: { left: 'of this host alone' },
  },
  where: { account: 'ready = 1' },
}
