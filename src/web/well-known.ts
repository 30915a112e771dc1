/** What identifies this host and its accounts to the rest of the network, by host name. */
import type { Services } from '../context/services.ts'
import { hostOf } from '../server/host-name.ts'
import { accountDocument, serverDocument } from '../services/identity/documents.ts'

/** `/.well-known/did.json`: of the host under its own name, of an account under its handle. */
export async function serveDidDocument(request: Request, services: Services): Promise<Response> {
  const host = hostOf(new URL(request.url))
  if (`did:web:${host}` === services.config.serviceDid || host === services.config.hostname) {
    return Response.json(serverDocument(services.config))
  }
  const did = `did:web:${host}`
  const found = await services.directory.accounts.find('did', did)
  if (!found) return notFound()
  const identity = await services.account(did).repository.identity(true)
  // An identity is published with the operator's approval, as one in the PLC directory is.
  if (identity.account.awaitsApproval) return notFound()
  return Response.json(accountDocument(identity, services.config.publicUrl))
}

/** `/.well-known/atproto-did`: the DID behind the handle that was asked (handle specification). */
export async function serveAtprotoDid(request: Request, services: Services): Promise<Response> {
  const host = hostOf(new URL(request.url))
  // Not of the network: this is what the network asks.
  if (!(await services.accounts.find(host))) return notFound()
  const did = await services.identity.handle(host, { activeOnly: true })
  return did === undefined ? notFound() : new Response(did)
}

/**
 * `/tls-check?domain=`: whether a reverse proxy may ask for a certificate of this name (on-demand TLS of Caddy): that
 * of the host, or of an account whose handle or did:web it is. Answers are those of the reference's distribution.
 */
export async function tlsCheck(query: string | undefined, services: Services): Promise<Response> {
  const domain = query?.toLowerCase()
  if (!domain) return refused(400, 'InvalidRequest', 'bad or missing domain query param')
  const { config, directory } = services
  const isKnown =
    domain === config.hostname ||
    (await directory.accounts.find('handle', domain)) ||
    (await directory.accounts.find('did', `did:web:${domain}`))
  return isKnown
    ? Response.json({ success: true })
    : refused(404, 'NotFound', 'handle not found for this domain')
}

const refused = (status: number, error: string, message: string) =>
  Response.json({ error, message }, { status })

const notFound = () => new Response('no account here under this name\n', { status: 404 })
