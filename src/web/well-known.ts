/** What identifies this host and its accounts to the rest of the network, by host name. */
import type { Services } from '../context/services.ts'
import { accountDocument, serverDocument } from '../services/identity/documents.ts'

/** `/.well-known/did.json`: of the host under its own name, of an account under its handle. */
export async function serveDidDocument(request: Request, services: Services): Promise<Response> {
  const host = hostOf(request)
  if (`did:web:${host}` === services.config.serviceDid || host === services.config.hostname) {
    return Response.json(serverDocument(services.config))
  }
  const did = `did:web:${host}`
  const account = await services.directory.accounts.find('did', did)
  if (!account) return notFound()
  const identity = await services.account(did).repository.identity(true)
  return Response.json(accountDocument(identity, services.config.publicUrl))
}

/** `/.well-known/atproto-did`: the DID behind the handle that was asked (handle specification). */
export async function serveAtprotoDid(request: Request, services: Services): Promise<Response> {
  const account = await services.directory.accounts.find('handle', hostOf(request))
  return account ? new Response(account.did) : notFound()
}

const hostOf = (request: Request): string => new URL(request.url).hostname.toLowerCase()

const notFound = () => new Response('no account here under this name\n', { status: 404 })
