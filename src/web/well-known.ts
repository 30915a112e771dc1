/** What identifies this host and its accounts to the rest of the network, by host name. */
import type { App } from '../app.ts'
import { accountDocument, serverDocument } from '../services/identity/documents.ts'
import { unwrap } from '../services/objects/result.ts'

/** `/.well-known/did.json`: of the host under its own name, of an account under its handle. */
export async function serveDidDocument(request: Request, app: App): Promise<Response> {
  const host = hostOf(request)
  if (`did:web:${host}` === app.config.serviceDid || host === app.config.hostname) {
    return Response.json(serverDocument(app.config))
  }
  const did = `did:web:${host}`
  const resident = await app.directory.find('did', did)
  if (!resident) return notFound()
  const description = unwrap(await app.account(did).describe(true))
  return Response.json(accountDocument(description, app.config.publicUrl))
}

/** `/.well-known/atproto-did`: the DID behind the handle that was asked (handle specification). */
export async function serveAtprotoDid(request: Request, app: App): Promise<Response> {
  const resident = await app.directory.find('handle', hostOf(request))
  return resident ? new Response(resident.did) : notFound()
}

const hostOf = (request: Request): string => new URL(request.url).hostname.toLowerCase()

const notFound = () => new Response('no account here under this name\n', { status: 404 })
