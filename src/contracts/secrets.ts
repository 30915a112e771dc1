import type { SecretFingerprints } from '../storage/directory/secret-fingerprints.ts'
import type { SecretRotations } from '../storage/directory/secret-rotations.ts'
import type { Answer } from './answer.ts'

/** With which secrets the data of this host were made. */
export interface SecretsRpc {
  recorded(): Answer<{ fingerprints: SecretFingerprints; rotations: SecretRotations } | undefined>
  /** How far it is that others take their place. */
  rotations(): Answer<SecretRotations>
  /**
   * Records them in the place of `expected`; what another has recorded meanwhile stays. With them, in one transaction:
   * which secrets take the place of others from now on, and of which that is given up.
   *
   * @returns what is recorded
   */
  record(
    fingerprints: SecretFingerprints,
    expected: SecretFingerprints | undefined,
    rotations: {
      begun: (keyof SecretRotations)[]
      forgotten: (keyof SecretRotations)[]
    },
  ): Answer<SecretFingerprints>
  /**
   * Something was restored that may need a secret which is being replaced: all accounts are gone through again, also where
   * that was over, as long as the secret is at hand.
   */
  again(names: readonly ('key' | 'plc')[]): Answer<void>
}
