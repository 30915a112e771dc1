import { encrypt } from '../../kernel/crypto/encrypt.ts'
import { SigningKey } from '../../kernel/crypto/signing-key.ts'
import type { AccountDependencies } from './dependencies.ts'

/** What reserved keys are sealed for. */
export const RESERVED_KEY = 'reserved signing key'

/** Makes a signing key for an account to come; asked again for the same DID, it is the same key. */
export async function reserveKey(
  dependencies: AccountDependencies,
  did: string | undefined,
): Promise<string> {
  const { keySecret, signingKeyType } = dependencies.config
  const key = SigningKey.generate(signingKeyType)
  const sealed = await encrypt(keySecret, RESERVED_KEY, key.toBytes())
  const { signingKey } = await dependencies.objects.directory.keys.add(
    { signingKey: key.did(), sealed },
    did ?? null,
  )
  return signingKey
}
