import type { RawSettings } from '../../src/kernel/config/settings.ts'
import type { Answers } from './questions.ts'

/** Settings that answers decide about: an earlier value goes where there is none now. */
const DECIDED = [
  'PDS_EMAIL_SMTP_URL',
  'PDS_EMAIL_API_URL',
  'PDS_FIRST_HANDLE',
  'PDS_FIRST_DID_METHOD',
  'PDS_BACKUP_RECIPIENT',
] as const

/** Settings of an earlier run with these answers over them. */
export function withAnswers(before: RawSettings, answers: Answers): RawSettings {
  const others = Object.entries(before).filter(([name]) => !DECIDED.some((known) => known === name))
  return { ...Object.fromEntries(others), ...settingsOf(answers) }
}

/** The answers as settings. What a host has by default is not set. */
export function settingsOf(answers: Answers): RawSettings {
  const { hostname, handleDomains, registration, mail, contact, identity, first, backupRecipient } =
    answers
  return {
    PDS_HOSTNAME: hostname,
    PDS_SERVICE_HANDLE_DOMAINS: handleDomains,
    PDS_REGISTRATION: registration,
    ...(mail && { [/^smtps?:/.test(mail) ? 'PDS_EMAIL_SMTP_URL' : 'PDS_EMAIL_API_URL']: mail }),
    ...(backupRecipient && { PDS_BACKUP_RECIPIENT: backupRecipient }),
    ...(contact && { PDS_CONTACT_EMAIL_ADDRESS: contact }),
    ...(first && { PDS_FIRST_HANDLE: first }),
    ...(first && identity === 'web' && { PDS_FIRST_DID_METHOD: 'web' }),
  }
}
