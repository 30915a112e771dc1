import type { SecretsRpc } from '../../contracts/directory.ts'
import type {
  SecretFingerprintStore,
  SecretFingerprints,
} from '../../storage/directory/secret-fingerprints.ts'
import {
  newRun,
  type SecretRotationStore,
  type SecretRotations,
} from '../../storage/directory/secret-rotations.ts'

/** With which secrets the data of this host were made, and how far it is that others take their place. */
export class Secrets implements SecretsRpc {
  readonly #storage: DurableObjectStorage
  readonly #fingerprints: SecretFingerprintStore
  readonly #rotations: SecretRotationStore
  readonly #start: (name: 'key' | 'plc') => void

  /** @param start the job that goes through all accounts */
  constructor(
    storage: DurableObjectStorage,
    fingerprints: SecretFingerprintStore,
    rotations: SecretRotationStore,
    start: (name: 'key' | 'plc') => void,
  ) {
    this.#storage = storage
    this.#fingerprints = fingerprints
    this.#rotations = rotations
    this.#start = start
  }

  recorded(): { fingerprints: SecretFingerprints; rotations: SecretRotations } | undefined {
    const fingerprints = this.#fingerprints.recorded()
    return fingerprints && { fingerprints, rotations: this.#rotations.all() }
  }

  rotations(): SecretRotations {
    return this.#rotations.all()
  }

  record(
    fingerprints: SecretFingerprints,
    expected: SecretFingerprints | undefined,
    { begun, forgotten }: Parameters<SecretsRpc['record']>[2],
  ): SecretFingerprints {
    return this.#storage.transactionSync(() => {
      const stored = this.#fingerprints.record(fingerprints, expected)
      if (stored !== fingerprints) return stored
      for (const name of forgotten) this.#rotations.remove(name)
      if (begun.includes('jwt')) this.#rotations.put('jwt', { since: Date.now() })
      if (expected && begun.includes('key')) {
        this.#rotations.put('key', { ...newRun(), formerSealed: expected.sealed })
        this.#start('key')
      }
      if (expected && begun.includes('plc')) {
        this.#rotations.put('plc', { ...newRun(), formerKey: expected.rotationKey })
        this.#start('plc')
      }
      return stored
    })
  }
}
