/** Whether an account's DID document says that the account lives here. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import { pdsOf, signingKeyOf } from '../identity/did-document.ts'
import type { AccountDependencies } from './dependencies.ts'

/** What is wrong, in words, or undefined. */
export async function identityProblem(
  dependencies: AccountDependencies,
  did: string,
): Promise<string | undefined> {
  try {
    return await findProblem(dependencies, did)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** @throws InvalidRequestError */
export async function assertIdentity(
  dependencies: AccountDependencies,
  did: string,
): Promise<void> {
  const problem = await identityProblem(dependencies, did)
  if (problem !== undefined) throw new InvalidRequestError(problem)
}

async function findProblem(
  dependencies: AccountDependencies,
  did: string,
): Promise<string | undefined> {
  const document = await dependencies.identity.did(did, { fresh: true })
  const signingKey = await dependencies.objects.account(did).keys.publicKey()
  if (pdsOf(document) !== dependencies.config.publicUrl) {
    return 'DID document atproto_pds service endpoint does not match PDS public url'
  }
  if (signingKeyOf(document) !== signingKey) {
    return 'DID document verification method does not match expected signing key'
  }
  if (!did.startsWith('did:plc:')) return undefined
  const { rotationKeys } = await dependencies.plc.documentData(did)
  return rotationKeys.includes(dependencies.plc.rotationDidKey())
    ? undefined
    : 'Server rotation key not included in PLC DID data'
}
