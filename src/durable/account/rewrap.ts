import { type KeySecrets, keySecrets } from '../../kernel/config/secret-settings.ts'
import { rewrap } from '../../kernel/crypto/encrypt.ts'
import { RECOVERY_CODE_KEYS, sealCodeKeys } from '../../services/factors/recovery-code-keys.ts'
import { TOTP_SECRET } from '../../services/factors/totp.ts'
import type { Profile } from '../../storage/account/profile.ts'
import type { RecoveryCodes } from '../../storage/account/recovery-codes.ts'
import type { TotpStore } from '../../storage/account/totp.ts'

/** What signing keys are sealed for. */
export const SIGNING_KEY = 'signing key'

/** Factors of which something is encrypted. */
export interface SealedFactors {
  totp: TotpStore
  recoveryCodes: RecoveryCodes
}

interface Parts extends SealedFactors {
  config: KeySecrets
  profile: Profile
  storage: DurableObjectStorage
}

/**
 * Encrypts anew, under the secret that is used now, whatever of an account is under the other one. Of what changes
 * meanwhile nothing is overwritten: it is under the right secret. Cut off, it is done again.
 *
 * @returns whether there was something to do
 * @throws DecryptionError
 */
export async function rewrapAccount(parts: Parts): Promise<boolean> {
  const { config, profile, totp, recoveryCodes, storage } = parts
  if (profile.did() === undefined) return false
  const secrets = keySecrets(config)
  const changes: (() => void)[] = []
  const again = async (
    purpose: string,
    sealed: Uint8Array | undefined,
    put: (before: Uint8Array, sealed: Uint8Array) => void,
  ) => {
    // What is empty belongs to an account that is being deleted.
    if (!sealed?.length) return
    const renewed = await rewrap(secrets, purpose, sealed)
    if (renewed) changes.push(() => put(sealed, renewed))
  }
  await again(SIGNING_KEY, profile.sealedSigningKey(), (before, signingKey) => {
    if (isSame(profile.sealedSigningKey(), before)) profile.update({ signingKey })
  })
  await again(SIGNING_KEY, profile.sealedNextKey(), (before, nextSigningKey) => {
    if (isSame(profile.sealedNextKey(), before)) profile.update({ nextSigningKey })
  })
  for (const secret of totp.sealed()) {
    await again(TOTP_SECRET, secret, (before, sealed) => totp.rewrap(before, sealed))
  }
  const keys = recoveryCodes.sealedKeys()
  await again(RECOVERY_CODE_KEYS, keys, (before, sealed) => recoveryCodes.rewrap(before, sealed))
  // Hashes under the host's secret itself, of which nobody knows which of the two it was.
  if (!keys && secrets.length > 1 && recoveryCodes.count() > 0) {
    const sealed = await sealCodeKeys(config, secrets)
    changes.push(() => recoveryCodes.addKeys(sealed))
  }
  storage.transactionSync(() => {
    for (const change of changes) change()
  })
  return changes.length > 0
}

const isSame = (one: Uint8Array | undefined, other: Uint8Array): boolean =>
  one !== undefined && Buffer.compare(one, other) === 0
