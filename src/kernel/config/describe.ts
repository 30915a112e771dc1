/** What is set on this host, as it may be shown to its operator. */
import { createHmac } from 'node:crypto'
import { settings } from './settings.ts'

export interface SettingView {
  name: string
  group: SettingGroup
  doc: string
  /** What applies when it is not set, in words. */
  otherwise: string
  /** As it is set, of a secret a fingerprint; undefined: it is not set. */
  value: string | undefined
  isSecret: boolean
}

/** Characters of a value that are shown. */
const MAX_SHOWN = 300

/** Names of unknown settings that are told. */
const MAX_UNKNOWN = 50

/** Hex digits of a fingerprint: enough to tell two values apart. */
const DIGITS = 8

/** Groups, and the names in them: the first that fits. */
const GROUPS = [
  [
    'Look and contact',
    /SERVICE_NAME|LOGO|COLOR|BACKGROUND|HOME_URL|SUPPORT_URL|CONTACT|PRIVACY|TERMS/,
  ],
  ['Mail', /_EMAIL_(?!CONFIRM|REFUSE|DOMAINS)|DEFAULT_LANGUAGE/],
  ['Sign-ups', /REGISTRATION|INVITE|_EMAIL_|SIGNUP|HCAPTCHA|HANDLE_COOLDOWN/],
  ['Relays and firehose', /CRAWLERS|FIREHOSE|BACKFILL/],
  ['Other services', /BSKY|CHAT|MOD_SERVICE|REPORT_SERVICE|PROXY|PLC_URL|DOH|MODERATION/],
  ['Limits and storage', /QUOTA|RATE_LIMIT|UPLOAD_LIMIT|IMPORT_SIZE|IMAGE|LEXICON|RETENTION/],
  [
    'Secrets and keys',
    /ADMIN_PASSWORD|JWT_SECRET|DPOP|KEY_SECRET|ROTATION_KEY|RECOVERY|ROTATED|SIGNING_KEY/,
  ],
  ['Host', /^/],
] as const

export type SettingGroup = (typeof GROUPS)[number][0]

/** The order in which groups are shown. */
export const settingGroups: readonly SettingGroup[] = [
  'Host',
  ...GROUPS.map(([group]) => group).filter((group) => group !== 'Host'),
]

type Raw = Readonly<Record<string, unknown>>

export function describeSettings(raw: Raw): SettingView[] {
  return Object.entries(settings).map(([name, { type, doc, otherwise }]): SettingView => {
    const value = raw[name]
    const isSecret = type === 'secret'
    const isSet = typeof value === 'string' && value !== ''
    return {
      name,
      group: groupOf(name),
      doc,
      otherwise,
      value: isSet ? (isSecret ? fingerprint(name, value, raw) : shown(value)) : undefined,
      isSecret,
    }
  })
}

/** Names that are set and look like settings, but are none. @param told those that the process around the Worker has seen */
export const unknownSettings = (raw: Raw, told = ''): string[] =>
  [...Object.keys(raw), ...told.split(' ')]
    .filter((name) => name.startsWith('PDS_') && !(name in settings))
    .slice(0, MAX_UNKNOWN)

const groupOf = (name: string): SettingGroup =>
  GROUPS.find(([, names]) => names.test(name))?.[0] ?? 'Host'

/**
 * Of one setting, keyed with another secret: whoever sees it has nothing to try guesses on, and the same value in two
 * settings looks different.
 */
function fingerprint(name: string, value: string, raw: Raw): string {
  const { PDS_JWT_SECRET: jwt, PDS_KEY_SECRET: key } = raw
  return createHmac('sha256', String(name === 'PDS_KEY_SECRET' ? jwt : key))
    .update(`fingerprint of ${name}\0${value}`)
    .digest('hex')
    .slice(0, DIGITS)
}

/** URLs may carry credentials, before the host and in the query. */
function shown(value: string): string {
  const plain = value.replace(/\/\/[^/\s,]*@/g, '//…@').replace(/\?[^\s,]*/g, '?…')
  return plain.length > MAX_SHOWN ? `${plain.slice(0, MAX_SHOWN)}…` : plain
}
