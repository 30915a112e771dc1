/** How far it is that one secret takes the place of another. */

/** A change that goes through all accounts, of the secret that encrypts or of the rotation key. */
export interface RotationRun {
  /** ms since the epoch. */
  since: number
  /** Accounts that are to be gone through, as of the beginning of the pass. */
  total: number
  /** Of these, how many this pass has been at. */
  done: number
  /** DID of the last of them. */
  cursor: string
  /** Passes begun: it is over after one that has found nothing to do. */
  pass: number
  /** Accounts that were changed, in all passes. */
  changed: number
  /** In this pass. */
  changedNow: number
  /** Accounts of this pass that could not be changed, and why: the first of them. */
  failed: { did: string; why: string }[]
  failures: number
  /** Accounts of this pass whose identity is still to be made, with the key of before. */
  waiting: number
  /** ms since the epoch: until when it pauses. */
  pausedUntil: number
  /** ms since the epoch; null: it is not over. */
  finishedAt: number | null
}

export interface KeyRotation extends RotationRun {
  /** What was recorded of the secret before, encrypted under it (`SecretFingerprints`). */
  formerSealed: Uint8Array
}

export interface PlcRotation extends RotationRun {
  /** did:key */
  formerKey: string
}

export interface SecretRotations {
  /** ms since the epoch: since when tokens are made with the newest secret. */
  jwt?: { since: number }
  key?: KeyRotation
  plc?: PlcRotation
}

type Name = keyof SecretRotations

const keyOf = (name: Name): string => `secret rotation ${name}`

/** Secrets before the present one, under which names of the past are hashed: encrypted. */
const OLDER = 'older key secrets'

export class SecretRotationStore {
  readonly #kv: SyncKvStorage
  constructor(kv: SyncKvStorage) {
    this.#kv = kv
  }

  get<N extends Name>(name: N): SecretRotations[N] {
    return this.#kv.get<NonNullable<SecretRotations[N]>>(keyOf(name))
  }

  put<N extends Name>(name: N, rotation: NonNullable<SecretRotations[N]>): void {
    this.#kv.put(keyOf(name), rotation)
  }

  remove(name: Name): void {
    this.#kv.delete(keyOf(name))
  }

  all(): SecretRotations {
    const [jwt, key, plc] = [this.get('jwt'), this.get('key'), this.get('plc')]
    return { ...(jwt && { jwt }), ...(key && { key }), ...(plc && { plc }) }
  }

  olderKeySecrets(): Uint8Array | undefined {
    return this.#kv.get<Uint8Array>(OLDER)
  }

  putOlderKeySecrets(sealed: Uint8Array): void {
    this.#kv.put(OLDER, sealed)
  }
}

/** As it begins. */
export const newRun = (): RotationRun => ({
  since: Date.now(),
  total: 0,
  done: 0,
  cursor: '',
  pass: 0,
  changed: 0,
  changedNow: 0,
  failed: [],
  failures: 0,
  waiting: 0,
  pausedUntil: 0,
  finishedAt: null,
})
