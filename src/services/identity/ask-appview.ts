/** Asking the AppView which DID is behind a handle: it has seen most of the network, and asks from elsewhere. */
import { isValidDid } from '@atproto/syntax'
import type { Config } from '../../kernel/config/config.ts'
import { boundedFetch, readJson } from '../../kernel/net/guarded-fetch.ts'
import type { Network } from '../../kernel/net/network.ts'
import { NetworkError } from '../../kernel/net/network-error.ts'

/** ms */
const TIMEOUT = 3_000

/** A DID has at most 2 KiB. */
const MAX_ANSWER = 4 * 1024

/**
 * @returns the DID, or undefined: it knows none, or there is no AppView
 * @throws NetworkError when it could not be asked
 */
export async function askAppView(
  handle: string,
  { appview }: Pick<Config, 'appview'>,
  network: Network,
): Promise<string | undefined> {
  if (!appview) return undefined
  const url = new URL('/xrpc/com.atproto.identity.resolveHandle', appview.url)
  url.searchParams.set('handle', handle)
  try {
    const response = await boundedFetch(url.href, {
      timeout: TIMEOUT,
      maxBytes: MAX_ANSWER,
      fetch: network.operator,
    })
    const { did } = (await readJson(response)) as { did?: unknown }
    return typeof did === 'string' && isValidDid(did) ? did : undefined
  } catch (error) {
    if (error instanceof NetworkError && error.status === 400) return undefined
    throw error
  }
}
