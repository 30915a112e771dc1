/** Whether an account's DID document says that the account lives here. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import type { App } from '../../app.ts'
import { pdsOf, signingKeyOf } from '../identity/did-document.ts'
import { unwrap } from '../objects/result.ts'

/** What is wrong, in words, or undefined. */
export async function identityProblem(app: App, did: string): Promise<string | undefined> {
  try {
    return await findProblem(app, did)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** @throws InvalidRequestError */
export async function assertIdentity(app: App, did: string): Promise<void> {
  const problem = await identityProblem(app, did)
  if (problem !== undefined) throw new InvalidRequestError(problem)
}

async function findProblem(app: App, did: string): Promise<string | undefined> {
  const document = await app.identity.did(did, { fresh: true })
  const signingKey = unwrap(await app.account(did).publicKey())
  if (pdsOf(document) !== app.config.publicUrl) {
    return 'DID document atproto_pds service endpoint does not match PDS public url'
  }
  if (signingKeyOf(document) !== signingKey) {
    return 'DID document verification method does not match expected signing key'
  }
  if (!did.startsWith('did:plc:')) return undefined
  const { rotationKeys } = await app.plc.documentData(did)
  return rotationKeys.includes(app.plc.rotationDidKey())
    ? undefined
    : 'Server rotation key not included in PLC DID data'
}
