/** Keys under which the recovery codes of an account are hashed, as they are kept: encrypted, so that they can be encrypted anew. */
import { randomBytes } from 'node:crypto'
import { type KeySecrets, keySecrets } from '../../kernel/config/secret-settings.ts'
import { decrypt, encrypt } from '../../kernel/crypto/encrypt.ts'

/** What they are sealed for. */
export const RECOVERY_CODE_KEYS = 'recovery code keys'

export const makeRecoveryCodeKey = (): Uint8Array => randomBytes(32)

export const sealCodeKeys = (
  { keySecret }: KeySecrets,
  keys: readonly (string | Uint8Array)[],
): Promise<Uint8Array> => {
  const list = keys.map((key) => Buffer.from(key).toString('base64'))
  return encrypt(keySecret, RECOVERY_CODE_KEYS, Buffer.from(JSON.stringify(list)))
}

/**
 * The keys of which one is that under which the codes are hashed.
 *
 * @param sealed undefined: they were hashed by an earlier release, under the host's secret itself
 */
export async function openCodeKeys(
  config: KeySecrets,
  sealed: Uint8Array | undefined,
): Promise<Uint8Array[]> {
  const secrets = keySecrets(config)
  if (!sealed) return secrets.map((secret) => Buffer.from(secret))
  const text = Buffer.from(await decrypt(secrets, RECOVERY_CODE_KEYS, sealed)).toString()
  return (JSON.parse(text) as string[]).map((key) => Buffer.from(key, 'base64'))
}
