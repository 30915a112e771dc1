const KEY = 'fingerprints of secrets'

/** What is known of the secrets that the data of this host were made with. Nobody learns a secret from it. */
export interface SecretFingerprints {
  /** did:key of the rotation key, which every did:plc made here names. */
  rotationKey: string
  /**
   * SHA-256 of PDS_JWT_SECRET, encrypted under PDS_KEY_SECRET as signing keys are: that it can be read shows that
   * PDS_KEY_SECRET is the same, and whoever would guess either has no more to try it on than before.
   */
  sealed: Uint8Array
}

export class SecretFingerprintStore {
  readonly #storage: DurableObjectStorage
  constructor(storage: DurableObjectStorage) {
    this.#storage = storage
  }

  recorded(): SecretFingerprints | undefined {
    return this.#storage.kv.get<SecretFingerprints>(KEY)
  }

  /** Records them in the place of `expected`; what another has recorded meanwhile stays. @returns what is recorded */
  record(
    fingerprints: SecretFingerprints,
    expected: SecretFingerprints | undefined,
  ): SecretFingerprints {
    const recorded = this.recorded()
    if (recorded && !isSame(recorded, expected)) return recorded
    this.#storage.kv.put(KEY, fingerprints)
    return fingerprints
  }
}

const isSame = (one: SecretFingerprints, other: SecretFingerprints | undefined): boolean =>
  other !== undefined &&
  one.rotationKey === other.rotationKey &&
  Buffer.compare(one.sealed, other.sealed) === 0
