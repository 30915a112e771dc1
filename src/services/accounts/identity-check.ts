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
  const { publicUrl } = dependencies.config
  const [host, key] = [pdsOf(document), signingKeyOf(document)]
  if (host !== publicUrl) {
    return `DID document atproto_pds service endpoint does not match PDS public url: it is ${host ?? 'none'}, and has to be ${publicUrl}`
  }
  if (key !== signingKey) {
    return `DID document verification method does not match expected signing key: it is ${key ?? 'none'}, and has to be ${signingKey}`
  }
  if (!did.startsWith('did:plc:')) return undefined
  const { rotationKeys } = await dependencies.plc.documentData(did)
  const rotationKey = dependencies.plc.rotationDidKey()
  if (dependencies.plc.ownDidKeys().some((key) => rotationKeys.includes(key))) return undefined
  return `Server rotation key not included in PLC DID data: add ${rotationKey} to its rotationKeys, in any place, since without it this host can change neither handle nor signing key`
}
