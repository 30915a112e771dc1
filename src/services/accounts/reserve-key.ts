import type { App } from '../../app.ts'
import { seal } from '../../kernel/crypto/seal.ts'
import { SigningKey } from '../../kernel/crypto/signing-key.ts'

/** What reserved keys are sealed for. */
export const RESERVED_KEY = 'reserved signing key'

/** Makes a signing key for an account to come; asked again for the same DID, it is the same key. */
export async function reserveKey(app: App, did: string | undefined): Promise<string> {
  const { keySecret, signingKeyType } = app.config
  const key = SigningKey.generate(signingKeyType)
  const sealed = await seal(keySecret, RESERVED_KEY, key.toBytes())
  const { signingKey } = await app.directory.reserveKey(
    { signingKey: key.did(), sealed },
    did ?? null,
  )
  return signingKey
}
