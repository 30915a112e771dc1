/** What `cumulus init` asks. */

import { isValidHandle } from '@atproto/syntax'
import { isRecipient } from '../../src/kernel/config/backup-settings.ts'
import { parseMailApi } from '../../src/kernel/config/mail-url.ts'
import { jurisdictions, locationHints } from '../../src/kernel/config/settings.ts'
import type { Registration } from '../../src/kernel/config/sign-up-settings.ts'
import { isLoopback } from '../../src/kernel/loopback.ts'
import { dataFolderProblem } from '../host/private-data.ts'
import { envValueProblem } from '../settings/env-file.ts'
import { UsageError } from '../terminal/errors.ts'
import type { Prompts } from '../terminal/prompts.ts'
import { defaultHandleDomain, handleDomainsProblem, hostnameProblem } from './names.ts'

export type Target = 'machine' | 'cloudflare'

/** How the first account comes to be. */
export type FirstIdentity = 'plc' | 'web' | 'move' | 'none'

/** What the command line said. */
export interface Given {
  target?: string | undefined
  hostname?: string | undefined
  handles?: string | undefined
  registration?: string | undefined
  mail?: string | undefined
  contact?: string | undefined
  data?: string | undefined
  location?: string | undefined
  identity?: string | undefined
  first?: string | undefined
  'backup-recipient'?: string | undefined
}

export interface Answers {
  target: Target
  hostname: string
  /** With a leading dot each, separated by commas. */
  handleDomains: string
  registration: Registration
  /** URL of the way mails leave; undefined: none. */
  mail: string | undefined
  contact: string | undefined
  /** The data folder (machine), or where Cloudflare keeps the data. */
  data: string
  identity: FirstIdentity
  /** Handle of the first account; undefined: none is made. */
  first: string | undefined
  /** age recipient of the backups that the Worker makes of itself; undefined: it makes none. */
  backupRecipient: string | undefined
}

/** Offered in place of a URL that has a password in it. */
const AS_BEFORE = 'as before'

const splitDomains = (domains: string): string[] =>
  domains
    .toLowerCase()
    .split(',')
    .map((domain) => domain.trim())
    .filter((domain) => domain !== '')

/** @param read settings of an earlier run, offered as the defaults. @throws UsageError, InterruptedError */
export async function askAll(
  given: Given,
  read: (target: Target) => Readonly<Record<string, string | undefined>>,
  prompts: Prompts,
): Promise<Answers> {
  const target = await prompts.select<Target>({
    message: 'Where will the host run?',
    flag: '--target',
    given: given.target,
    otherwise: 'machine',
    options: [
      { value: 'machine', label: 'on this machine', hint: 'plain workerd, data in a folder' },
      { value: 'cloudflare', label: 'on Cloudflare', hint: 'Workers, Durable Objects and R2' },
    ],
  })
  const before = read(target)
  const hostname = await askHostname(target, given, before, prompts)
  // What followed from another name is asked anew.
  const kept = hostname === before.PDS_HOSTNAME ? before : {}
  const handleDomains = await prompts
    .text({
      message: 'Under which domain do people get handles?',
      about: [
        'With its dot; several with commas. A certificate covers one level: Cloudflare’s free one covers',
        '*.example.com, and not *.pds.example.com.',
      ],
      flag: '--handles',
      given: given.handles,
      otherwise: kept.PDS_SERVICE_HANDLE_DOMAINS ?? defaultHandleDomain(target, hostname),
      validate: (domains) => handleDomainsProblem(splitDomains(domains).join(',')),
    })
    .then((domains) => splitDomains(domains).join(','))
  const registration = await prompts.select<Registration>({
    message: 'Who may make an account?',
    about: ['docs/operating.md says what opening a host means.'],
    flag: '--registration',
    given: given.registration,
    otherwise: before.PDS_REGISTRATION ?? 'closed',
    options: [
      { value: 'closed', label: 'only I, the operator' },
      { value: 'invite', label: 'whoever has an invite code' },
      { value: 'approval', label: 'whom I approve' },
      { value: 'open', label: 'everybody' },
    ],
  })
  const mailBefore = before.PDS_EMAIL_SMTP_URL || before.PDS_EMAIL_API_URL
  const mail = await prompts.text({
    message: 'How do mails leave?',
    about: [
      'resend://…, postmark://…, mailgun://…, ses://…, https://webhook, smtps://user:password@host (docs/mail.md),',
      'or none: then you give out links for new passwords yourself.',
    ],
    flag: '--mail',
    given: given.mail,
    isSecret: true,
    otherwise: mailBefore ? AS_BEFORE : 'none',
    validate: (url) => (url === AS_BEFORE && mailBefore ? undefined : mailProblem(url)),
  })
  const contact = given.contact ?? before.PDS_CONTACT_EMAIL_ADDRESS
  const contactProblem =
    contact &&
    (envValueProblem(contact) ?? (contact.includes('@') ? undefined : 'no e-mail address'))
  if (contactProblem) throw new UsageError(`--contact ${contact}: ${contactProblem}`)
  const data = await askPlace(target, given, before, prompts)
  return {
    target,
    hostname,
    handleDomains,
    registration,
    mail: mail === 'none' ? undefined : mail === AS_BEFORE ? mailBefore : mail,
    contact,
    data,
    ...(await askFirst(given, kept, { hostname, handleDomains }, prompts)),
    backupRecipient: backupRecipient(target, given, before),
  }
}

/** @throws UsageError */
function backupRecipient(
  target: Target,
  { 'backup-recipient': given }: Given,
  { PDS_BACKUP_RECIPIENT: before }: Readonly<Record<string, string | undefined>>,
): string | undefined {
  if (target === 'machine') {
    if (given === undefined) return undefined
    throw new UsageError(
      '--backup-recipient is for Cloudflare: on this machine, run cumulus backup --to <place> --every 24h',
    )
  }
  if (given === 'none') return undefined
  // What is not named may be the secret key.
  if (given === undefined || isRecipient(given)) return given ?? (before || undefined)
  throw new UsageError(
    '--backup-recipient: the public key that age-keygen shows, age1… of 62 characters; or none',
  )
}

const askHostname = async (
  target: Target,
  given: Given,
  before: Readonly<Record<string, string | undefined>>,
  prompts: Prompts,
): Promise<string> => {
  const otherwise = before.PDS_HOSTNAME ?? (target === 'machine' ? 'localhost' : undefined)
  const hostname = await prompts.text({
    message: 'Host name, such as pds.example.com',
    about: ['It stands in every identity that is made here.'],
    flag: '--hostname',
    given: given.hostname,
    ...(otherwise && { otherwise }),
    validate: (name) =>
      target === 'cloudflare' && isLoopback(name)
        ? 'Cloudflare needs a public name'
        : hostnameProblem(name),
  })
  return hostname.toLowerCase()
}

const LOCATIONS = ['auto', ...jurisdictions, ...locationHints]

const askPlace = (
  target: Target,
  given: Given,
  before: Readonly<Record<string, string | undefined>>,
  prompts: Prompts,
): Promise<string> =>
  target === 'machine'
    ? prompts.text({
        message: 'In which folder are the data kept?',
        flag: '--data',
        given: given.data,
        otherwise: before.PDS_DATA_DIRECTORY || 'data',
        validate: (folder) => envValueProblem(folder) ?? dataFolderProblem(folder),
      })
    : prompts.text({
        message: 'Where does Cloudflare keep the data?',
        about: [
          'This is final: it cannot be changed once there is an account.',
          `A guarantee: ${jurisdictions.join(', ')}. A wish: ${locationHints.join(', ')}. Or auto.`,
        ],
        flag: '--location',
        given: given.location,
        otherwise: before.PDS_DATA_LOCATION ?? 'auto',
        validate: (place) =>
          LOCATIONS.includes(place) ? undefined : `one of ${LOCATIONS.join(', ')}`,
      })

async function askFirst(
  given: Given,
  before: Readonly<Record<string, string | undefined>>,
  { hostname, handleDomains }: { hostname: string; handleDomains: string },
  prompts: Prompts,
): Promise<{ identity: FirstIdentity; first: string | undefined }> {
  const already = before.PDS_FIRST_HANDLE
  const identity = await prompts.select<FirstIdentity>({
    message: 'The first account',
    flag: '--identity',
    given: given.identity,
    otherwise: given.first || already || isLoopback(hostname) || prompts.canAsk ? 'plc' : 'none',
    options: [
      { value: 'plc', label: 'a new one', hint: 'did:plc: may move to other hosts later' },
      {
        value: 'web',
        label: 'a new one whose identity is its name',
        hint: 'did:web: bound to its domain',
      },
      {
        value: 'move',
        label: 'one that I have elsewhere and move here',
        hint: 'cumulus migrate, next',
      },
      { value: 'none', label: 'none for now' },
    ],
  })
  if (identity === 'move' || identity === 'none') return { identity, first: undefined }
  const [domain = ''] = handleDomains.split(',')
  const first = await prompts.text({
    message: `Its handle, such as alice${domain}`,
    flag: '--first',
    given: given.first,
    otherwise: already ?? `alice${domain}`,
    validate: (handle) => firstProblem(handle.toLowerCase(), identity, handleDomains.split(',')),
  })
  return { identity, first: first.toLowerCase() }
}

/** @returns what is wrong with the handle of the first account, before the host would refuse it */
function firstProblem(
  handle: string,
  identity: FirstIdentity,
  domains: readonly string[],
): string | undefined {
  if (!isValidHandle(handle)) return `a name with a domain, such as alice${domains[0]}`
  if (identity === 'web') return undefined
  const domain = domains.find((known) => handle.endsWith(known))
  if (!domain) return `no handle of this host: they end in ${domains.join(' or ')}`
  return handle.slice(0, -domain.length).includes('.')
    ? `one name in front of ${domain}, such as alice${domain}`
    : undefined
}

/** @returns what is wrong with the URL of a way for mails */
function mailProblem(url: string): string | undefined {
  if (url === 'none') return undefined
  const unwritable = envValueProblem(url)
  if (unwritable) return `${unwritable} (write it as %XX)`
  if (/^smtps?:/.test(url)) return URL.canParse(url) ? undefined : 'not a URL'
  try {
    parseMailApi(url)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
