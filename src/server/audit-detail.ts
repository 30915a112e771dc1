/** What the audit log keeps of what somebody sends: whom it is about, and what changes; no secrets. */
import { MAX_DETAIL } from '../storage/directory/audit.ts'

/** Of a text, and of a list. */
const MAX_TEXT = 200
const MAX_ITEMS = 10
const MAX_DEPTH = 3

/** Of names of fields that are too many or too long: as JSON escapes them, ten have less than `MAX_DETAIL` bytes. */
const MAX_NAME = 30

/**
 * Fields whose values are kept. Of all others, passwords, codes, messages and whatever is new, the name is kept only:
 * a field is added here when it is clear that it holds nothing that must not be read later.
 */
const KEPT: ReadonlySet<string> = new Set([
  '$type',
  'account',
  'accounts',
  'appPassword',
  'applied',
  'blobBytes',
  'cid',
  'codeCount',
  'count',
  'deactivated',
  'deleteAfter',
  'disabled',
  'disabledCode',
  'did',
  'forAccount',
  'forAccounts',
  'handle',
  'note',
  'purpose',
  'quota',
  'reason',
  'records',
  'recipientDid',
  'ref',
  'repositoryBytes',
  'role',
  'rotationKey',
  'rule',
  'signingKey',
  'subject',
  'takedown',
  'uploadBytes',
  'uploads',
  'uri',
  'useCount',
])

/** Names of fields that say whom a request is about, the most certain first. */
const SUBJECTS = ['did', 'account', 'recipientDid', 'uri', 'subject', 'forAccount'] as const

type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Whom or what a request is about: a DID, a handle or an AT URI. */
export function subjectOf(input: unknown): string | undefined {
  if (!isFields(input)) return undefined
  for (const name of SUBJECTS) {
    const value = input[name]
    if (name === 'subject' && isFields(value)) return subjectOf(value)
    if (name !== 'subject' && typeof value === 'string' && value !== '') return shorten(value)
  }
  const { accounts } = input
  return Array.isArray(accounts) && accounts.length === 1 && typeof accounts[0] === 'string'
    ? shorten(accounts[0])
    : undefined
}

/** The DID in a subject. */
export const didOf = (subject: string | undefined): string | undefined =>
  /^(?:at:\/\/)?(did:[a-z]+:[^/?#]+)/.exec(subject ?? '')?.[1]

/** What is kept of a request, as JSON text of at most `MAX_DETAIL` bytes. */
export function detailOf(input: unknown): string {
  if (!isFields(input)) return '{}'
  const text = JSON.stringify(keep(input, 0))
  if (Buffer.byteLength(text) <= MAX_DETAIL) return text
  const names = Object.keys(input).slice(0, MAX_ITEMS)
  return JSON.stringify({ tooLong: names.map((name) => name.slice(0, MAX_NAME)) })
}

function keep(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return shorten(value)
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value
  if (depth >= MAX_DEPTH) return '…'
  if (Array.isArray(value)) {
    const items = value.slice(0, MAX_ITEMS).map((item) => keep(item, depth + 1))
    return value.length > MAX_ITEMS ? [...items, `and ${value.length - MAX_ITEMS} more`] : items
  }
  if (!isFields(value)) return '…'
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .slice(0, MAX_ITEMS)
      .map(([name, field]) => [shorten(name), keepField(name, field, depth)]),
  )
}

function keepField(name: string, value: unknown, depth: number): unknown {
  if (name === 'email' && typeof value === 'string') return mask(value)
  return KEPT.has(name) ? keep(value, depth + 1) : '(not kept)'
}

/** Enough to tell two addresses apart. */
const mask = (email: string): string => shorten(email.replace(/^(.)[^@]*/, '$1***'))

const shorten = (text: string): string =>
  text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text
