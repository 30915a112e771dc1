/** Asking the network which DID is behind a handle (atproto handle specification, "Handle Resolution"). */
import { isValidDid } from '@atproto/syntax'
import { boundedFetch, guardedFetch, readJson, readText } from '../net/guarded-fetch.ts'
import { NetworkError } from '../net/network-error.ts'
import type { Asking } from './ask-did.ts'

const LIMITS = { timeout: 3_000, maxBytes: 64 * 1024 }

/** A DID has at most 2 KiB. */
const MAX_WELL_KNOWN = 4 * 1024

/** The specification allows redirects, which people use who have a `www.`. */
const REDIRECTS = 3

/** DNS answer codes (RFC 1035): no error, no such name. */
const NO_ERROR = 0
const NO_SUCH_NAME = 3
const TXT = 16

/**
 * Asks DNS and the web server of that name at the same time; what DNS says goes first, and records that
 * contradict each other mean that there is no answer.
 *
 * @returns the DID, or undefined: there is none
 * @throws NetworkError when DNS could not be asked and the web server knows nothing
 */
export async function askHandle(handle: string, asking: Asking): Promise<string | undefined> {
  const stop = new AbortController()
  const fromWeb = askWellKnown(handle, asking, stop.signal).catch(() => undefined)
  let failure: unknown
  try {
    const dids = await askDns(handle, asking)
    if (dids.size > 0) {
      stop.abort()
      return dids.size === 1 ? [...dids][0] : undefined
    }
  } catch (error) {
    failure = error
  }
  const did = await fromWeb
  if (did === undefined && failure) throw failure
  return did
}

/** The DIDs in the TXT records of `_atproto.<handle>`, by DNS over HTTPS in JSON. */
async function askDns(handle: string, { dohUrl, fetch }: Asking): Promise<Set<string>> {
  const url = new URL(dohUrl)
  url.searchParams.set('name', `_atproto.${handle}`)
  url.searchParams.set('type', 'TXT')
  const headers = { accept: 'application/dns-json' }
  const answer = await readJson(await boundedFetch(url.href, { ...LIMITS, headers, fetch }))
  const { Status: status, Answer: records } = (answer ?? {}) as {
    Status?: unknown
    Answer?: unknown
  }
  if (status !== NO_ERROR && status !== NO_SUCH_NAME) {
    throw new NetworkError('unreachable', `DNS answered with code ${status}`)
  }
  const texts = Array.isArray(records) ? records.map(textOf) : []
  const dids = texts.filter((text) => text.startsWith('did=')).map((text) => text.slice(4))
  return new Set(dids.filter(isValidDid))
}

/** The text of a TXT record; resolvers give it in quotes, in several pieces if it is long. */
function textOf(record: unknown): string {
  const { type, data } = (record ?? {}) as { type?: unknown; data?: unknown }
  if (type !== TXT || typeof data !== 'string') return ''
  const pieces = [...data.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, piece]) => piece)
  return (pieces.length > 0 ? pieces.join('') : data).trim()
}

/** The DID that the web server of that name gives. */
async function askWellKnown(
  handle: string,
  { reachPrivate, fetch }: Asking,
  signal: AbortSignal,
): Promise<string | undefined> {
  const response = await guardedFetch(`https://${handle}/.well-known/atproto-did`, {
    timeout: LIMITS.timeout,
    maxBytes: MAX_WELL_KNOWN,
    redirects: REDIRECTS,
    reachPrivate,
    signal,
    fetch,
  })
  const did = (await readText(response)).trim()
  return isValidDid(did) ? did : undefined
}
