import type { SecretsRpc } from '../../contracts/secrets.ts'
import type {
  SecretFingerprintStore,
  SecretFingerprints,
} from '../../storage/directory/secret-fingerprints.ts'
import {
  newRun,
  type SecretRotationStore,
  type SecretRotations,
} from '../../storage/directory/secret-rotations.ts'

/** The jobs that go through all accounts. */
export interface RotationJobs {
  /** Whether both secrets are at hand. */
  isPossible(name: 'key' | 'plc'): boolean
  start(name: 'key' | 'plc'): void
}

/** With which secrets the data of this host were made, and how far it is that others take their place. */
export class Secrets implements SecretsRpc {
  readonly #storage: DurableObjectStorage
  readonly #fingerprints: SecretFingerprintStore
  readonly #rotations: SecretRotationStore
  readonly #jobs: RotationJobs

  constructor(
    storage: DurableObjectStorage,
    fingerprints: SecretFingerprintStore,
    rotations: SecretRotationStore,
    jobs: RotationJobs,
  ) {
    this.#storage = storage
    this.#fingerprints = fingerprints
    this.#rotations = rotations
    this.#jobs = jobs
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
        this.#jobs.start('key')
      }
      if (expected && begun.includes('plc')) {
        this.#rotations.put('plc', { ...newRun(), formerKey: expected.rotationKey })
        this.#jobs.start('plc')
      }
      return stored
    })
  }

  again(names: readonly ('key' | 'plc')[]): void {
    this.#storage.transactionSync(() => {
      for (const name of names) this.#begin(name)
    })
  }

  /** Without the other secret nothing can be changed, and a run that is not over would keep the host from starting. */
  #begin(name: 'key' | 'plc'): void {
    const run = this.#rotations.get(name)
    if (!run || !this.#jobs.isPossible(name)) return
    // Another time than before, by which a batch that is under way sees it.
    const since = Math.max(Date.now(), run.since + 1)
    this.#rotations.put(name, { ...run, ...newRun(), since })
    this.#jobs.start(name)
  }
}
