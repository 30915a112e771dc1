/** Asking the network which DID is behind a handle (atproto handle specification, "Handle Resolution"). */
import { isValidDid } from '@atproto/syntax'
import { didsAt } from '../../kernel/net/dns.ts'
import { guardedFetch, readText } from '../../kernel/net/guarded-fetch.ts'
import type { ResolutionSettings } from './resolve-did.ts'

/** ms */
const TIMEOUT = 3_000

/** A DID has at most 2 KiB. */
const MAX_WELL_KNOWN = 4 * 1024

/** The specification allows redirects, which people use who have a `www.`. */
const REDIRECTS = 3

/**
 * Asks DNS and the web server of that name at the same time; what DNS says goes first, and records that
 * contradict each other mean that there is no answer.
 *
 * @returns the DID, or undefined: there is none
 * @throws NetworkError when DNS could not be asked and the web server knows nothing
 */
export async function resolveHandle(
  handle: string,
  settings: ResolutionSettings,
): Promise<string | undefined> {
  const stop = new AbortController()
  const fromWeb = resolveByWellKnown(handle, settings, stop.signal).catch(() => undefined)
  let failure: unknown
  try {
    const dids = await didsAt(`_atproto.${handle}`, settings)
    if (dids.length > 0) {
      stop.abort()
      return dids.length === 1 ? dids[0] : undefined
    }
  } catch (error) {
    failure = error
  }
  const did = await fromWeb
  if (did === undefined && failure) throw failure
  return did
}

/** The DID that the web server of that name gives. */
async function resolveByWellKnown(
  handle: string,
  { reachPrivate, network }: ResolutionSettings,
  signal: AbortSignal,
): Promise<string | undefined> {
  const response = await guardedFetch(`https://${handle}/.well-known/atproto-did`, {
    timeout: TIMEOUT,
    maxBytes: MAX_WELL_KNOWN,
    redirects: REDIRECTS,
    reachPrivate,
    signal,
    fetch: network.public,
  })
  const did = (await readText(response)).trim()
  return isValidDid(did) ? did : undefined
}
