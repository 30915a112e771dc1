/** What a moderator pastes to find something. */
import { parseCid } from '@atproto/lex-data'
import { isValidDid, isValidHandle, isValidNsid, isValidRecordKey } from '@atproto/syntax'
import { typedIdentifier, typedText } from '../../kernel/typed-text.ts'

/** What a text names, before anybody looks whether it is there. */
export interface TypedSubject {
  /** Handle or DID; undefined: a blob of whoever has it. */
  account?: string
  /** `<collection>/<rkey>` */
  path?: string
  /** CID. */
  blob?: string
}

/** Longer texts name nothing. */
const MAX_LENGTH = 2000

/** Parts of addresses at bsky.app, and the collections of what is there. */
const COLLECTIONS: Readonly<Record<string, string>> = {
  post: 'app.bsky.feed.post',
  feed: 'app.bsky.feed.generator',
  lists: 'app.bsky.graph.list',
}

/**
 * Reads an at-URI, an address at bsky.app or of a blob, a handle, a DID, the CID of a blob, or an account and a CID with
 * a blank or a slash in between. Nothing is asked of anybody.
 *
 * @returns undefined: it is none of these
 */
export function readTypedSubject(input: string): TypedSubject | undefined {
  const text = typedText(input)
  if (text.length > MAX_LENGTH) return undefined
  if (/^at:\/\//i.test(text)) return fromParts(text.slice('at://'.length).split('/'))
  if (/^https?:\/\//i.test(text)) return fromUrl(text)
  const [first = '', second, ...rest] = text.split(/[\s/]+/)
  if (rest.length > 0) return undefined
  if (second === undefined) return isBlobCid(first) ? { blob: first } : ofAccount(first)
  const owner = ofAccount(first)
  return owner && isBlobCid(second) ? { ...owner, blob: second } : undefined
}

function fromUrl(text: string): TypedSubject | undefined {
  const url = URL.parse(text)
  if (!url) return undefined
  const parts = url.pathname.split('/').slice(1).map(decoded)
  const [what, who = '', kind = '', rkey] = parts
  if (what === 'profile') {
    if (rkey === undefined) return kind === '' ? ofAccount(who) : undefined
    return fromParts([who, COLLECTIONS[kind] ?? '', rkey])
  }
  if (what === 'starter-pack') return fromParts([who, 'app.bsky.graph.starterpack', kind])
  if (url.pathname === '/xrpc/com.atproto.sync.getBlob') {
    return ofBlob(url.searchParams.get('did') ?? '', url.searchParams.get('cid') ?? '')
  }
  // Images of the AppView: `/img/<kind>/plain/<DID>/<CID>@jpeg`.
  if (what === 'img') return ofBlob(parts.at(-2) ?? '', (parts.at(-1) ?? '').replace(/@.*$/, ''))
  return undefined
}

function fromParts([who = '', collection, rkey, ...rest]: string[]): TypedSubject | undefined {
  const account = ofAccount(who)
  if (!account || rest.length > 0) return undefined
  if (collection === undefined || (collection === '' && rkey === undefined)) return account
  if (!isValidNsid(collection) || rkey === undefined || !isValidRecordKey(rkey)) return undefined
  return { ...account, path: `${collection}/${rkey}` }
}

function ofAccount(text: string): { account: string } | undefined {
  const account = typedIdentifier(text)
  return isValidDid(account) || isValidHandle(account) ? { account } : undefined
}

function ofBlob(who: string, cid: string): TypedSubject | undefined {
  const account = ofAccount(who)
  return account && isBlobCid(cid) ? { ...account, blob: cid } : undefined
}

/** The CID of bytes as such (atproto data model, blobs), in the form in which it is stored. */
function isBlobCid(text: string): boolean {
  if (!text.startsWith('bafkrei')) return false
  try {
    return parseCid(text).toString() === text
  } catch {
    return false
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return ''
  }
}
