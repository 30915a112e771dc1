/** What operators do with webhooks: what they say of one is checked here, whichever way they say it. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import type { WebhookInput, WebhookView } from '../../contracts/webhooks.ts'
import { isCollectionPattern } from '../../kernel/collection-pattern.ts'
import { checkAddress } from '../../kernel/net/address.ts'
import { isCanonicalNsid } from '../../routing/nsid.ts'
import { isAtprotoDid } from '../identity/atproto-did.ts'
import type { HostObjects } from '../objects/stubs.ts'

/** Collections, or names of them, that one webhook may have, and characters of its address. */
const MAX_COLLECTIONS = 20
const MAX_URL = 2_000

/** What an operator says of a new one. */
export interface WebhookRequest {
  url: string
  collections: readonly string[]
  /** Default: did:web of the address. */
  audience?: string | undefined
  /** Default: the method that the address names, `/xrpc/<nsid>`. */
  method?: string | undefined
  isPrivate?: boolean
  /**
   * Whether tokens may be for another service than that of the address. Whoever has the address could use them there, in the name of
   * any account: that is for the operator alone.
   */
  mayNameOthers?: boolean
}

type Objects = Pick<HostObjects, 'directory' | 'hostIndex'>

/**
 * @param reachPrivate whether strangers' addresses may be private on this host, as in development
 * @returns its number
 * @throws InvalidRequestError that says which part is wrong
 */
export async function addWebhook(
  request: WebhookRequest,
  { directory, hostIndex }: Objects,
  reachPrivate: boolean,
): Promise<number> {
  const id = await directory.webhooks.add(checkWebhook(request, reachPrivate))
  await hostIndex.webhooks.adopt()
  return id
}

/** How each is doing. A host that has none wakes nobody up for it. */
export async function reportWebhooks({ directory, hostIndex }: Objects): Promise<WebhookView[]> {
  const all = await directory.webhooks.list()
  if (all.length === 0) return []
  const views = await hostIndex.webhooks.report()
  return views.map((view) => ({ ...view, url: withoutQuery(view.url) }))
}

/** What stands in a query may be a secret of the service. */
function withoutQuery(address: string): string {
  const { origin, pathname, search } = new URL(address)
  return search === '' ? address : `${origin}${pathname}?…`
}

/** @throws InvalidRequestError when there is none of the number */
export async function removeWebhook(id: number, { directory, hostIndex }: Objects): Promise<void> {
  if (!(await directory.webhooks.remove(id))) throw unknown(id)
  await hostIndex.webhooks.adopt()
}

/** @param why null: it goes on @throws InvalidRequestError when there is none of the number */
export async function pauseWebhook(
  id: number,
  why: string | null,
  { directory, hostIndex }: Objects,
): Promise<void> {
  if (!(await directory.webhooks.pause(id, why))) throw unknown(id)
  await hostIndex.webhooks.adopt()
}

function checkWebhook(
  { url: given, collections, audience, method, isPrivate = false, mayNameOthers }: WebhookRequest,
  reachPrivate: boolean,
): WebhookInput {
  const url = addressOf(given, isPrivate || reachPrivate)
  if (collections.length === 0 || collections.length > MAX_COLLECTIONS) {
    throw new InvalidRequestError(`A webhook has 1 to ${MAX_COLLECTIONS} collections`)
  }
  for (const collection of collections) {
    if (isCollectionPattern(collection)) continue
    throw new InvalidRequestError(
      'A collection is an NSID, or the beginning of one and a star, such as com.example.cook.*',
    )
  }
  const own = `did:web:${url.host.replaceAll(':', '%3A')}`
  const aud = audience || own
  const [did = '', ...service] = aud.split('#')
  if (!isAtprotoDid(did) || service.length > 1 || service[0] === '') {
    throw new InvalidRequestError(
      'The audience is a DID, or a DID and the id of a service: give one where the address has no did:web',
    )
  }
  if (did !== own && !mayNameOthers) {
    throw new InvalidRequestError(
      `Tokens for another service than ${own} take the password of the operator: it is added by the command`,
    )
  }
  const lxm = method || /^\/xrpc\/([^/]+)$/.exec(url.pathname)?.[1] || ''
  if (!isCanonicalNsid(lxm)) {
    throw new InvalidRequestError(
      'The method is an NSID: give one where the address does not end in /xrpc/<nsid>',
    )
  }
  const wanted = [...new Set(collections)].toSorted()
  return { url: url.href, audience: aud, method: lxm, collections: wanted, isPrivate }
}

function addressOf(given: string, reachPrivate: boolean): URL {
  if (given.length > MAX_URL) throw new InvalidRequestError('The address is too long')
  try {
    const url = checkAddress(given, reachPrivate)
    if (url.hash === '') return url
  } catch (error) {
    const why = error instanceof Error ? error.message : ''
    throw new InvalidRequestError(
      `This address cannot be told anything: ${why}. One of the operator's own network is added by the command, with --private.`,
    )
  }
  throw new InvalidRequestError('The address has a fragment')
}

const unknown = (id: number) => new InvalidRequestError(`There is no webhook ${id}`)
