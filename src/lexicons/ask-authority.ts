/** Which account publishes the lexicons of a namespace (atproto Lexicon specification, Lexicon Resolution). */
import { isValidDid, NSID } from '@atproto/syntax'
import type { Asking } from '../identity/ask-did.ts'
import { boundedFetch, readJson } from '../net/guarded-fetch.ts'
import { LexiconError } from './lexicon-error.ts'

const LIMITS = { timeout: 3_000, maxBytes: 64 * 1024 }

/** DNS answer codes (RFC 1035): no error, no such name; and the type of a text record. */
const NO_ERROR = 0
const NO_SUCH_NAME = 3
const TXT = 16

/** `com.example.book.entry` → `_lexicon.book.example.com`. The names above it do not count. */
export const authorityName = (nsid: string): string => `_lexicon.${NSID.parse(nsid).authority}`

/**
 * The account that DNS gives for a lexicon's namespace.
 *
 * @throws LexiconError `not-found` when there is none, or more than one; `unavailable`
 */
export async function askAuthority(
  nsid: string,
  asking: Pick<Asking, 'dohUrl' | 'fetch'>,
): Promise<string> {
  const name = authorityName(nsid)
  const dids = await publishersAt(name, asking)
  const [did, ...others] = dids
  if (did === undefined) throw new LexiconError('not-found', `DNS has no did=… at ${name}`)
  if (others.length > 0) throw new LexiconError('not-found', `DNS has several DIDs at ${name}`)
  return did
}

/** The distinct DIDs in the TXT records of a name. @throws LexiconError `unavailable` */
export async function publishersAt(
  name: string,
  { dohUrl, fetch }: Pick<Asking, 'dohUrl' | 'fetch'>,
): Promise<string[]> {
  const url = new URL(dohUrl)
  url.searchParams.set('name', name)
  url.searchParams.set('type', 'TXT')
  const headers = { accept: 'application/dns-json' }
  let answer: { Status?: unknown; Answer?: unknown } | null
  try {
    const response = await boundedFetch(url.href, { ...LIMITS, headers, fetch })
    answer = (await readJson(response)) as typeof answer
  } catch (cause) {
    throw new LexiconError('unavailable', `DNS could not be asked for ${name}`, cause)
  }
  if (answer?.Status !== NO_ERROR && answer?.Status !== NO_SUCH_NAME) {
    throw new LexiconError('unavailable', `DNS gave no answer for ${name}`)
  }
  const texts = Array.isArray(answer.Answer) ? answer.Answer.map(textOf) : []
  const dids = texts.filter((text) => text.startsWith('did=')).map((text) => text.slice(4))
  return [...new Set(dids.filter(isValidDid))]
}

/** The text of a TXT record; resolvers give it in quotes, in several pieces if it is long. */
function textOf(record: unknown): string {
  const { type, data } = (record ?? {}) as { type?: unknown; data?: unknown }
  if (type !== TXT || typeof data !== 'string') return ''
  const pieces = [...data.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, piece]) => piece)
  return (pieces.length > 0 ? pieces.join('') : data).trim()
}
