/** Which account publishes the lexicons of a namespace (atproto Lexicon specification, Lexicon Resolution). */
import { NSID } from '@atproto/syntax'
import { type DnsOptions, didsAt } from '../../kernel/net/dns.ts'
import { LexiconError } from './lexicon-error.ts'

/** `com.example.book.entry` → `_lexicon.book.example.com`. The names above it do not count. */
export const authorityName = (nsid: string): string => `_lexicon.${NSID.parse(nsid).authority}`

/**
 * The account that DNS gives for a lexicon's namespace.
 *
 * @throws LexiconError `not-found` when there is none, or more than one; `unavailable`
 */
export async function resolveAuthority(nsid: string, settings: DnsOptions): Promise<string> {
  const name = authorityName(nsid)
  const dids = await publishersAt(name, settings)
  const [did, ...others] = dids
  if (did === undefined) throw new LexiconError('not-found', `DNS has no did=… at ${name}`)
  if (others.length > 0) throw new LexiconError('not-found', `DNS has several DIDs at ${name}`)
  return did
}

/** The distinct DIDs in the TXT records of a name. @throws LexiconError `unavailable` */
export async function publishersAt(name: string, settings: DnsOptions): Promise<string[]> {
  try {
    return await didsAt(name, settings)
  } catch (cause) {
    throw new LexiconError('unavailable', `DNS could not be asked for ${name}`, cause)
  }
}
