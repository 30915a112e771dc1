/** A passkey in software, for tests: what an authenticator and a browser make of a host's options. */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { encode } from '@atproto/lex-cbor'

const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest()
const base64url = (bytes: Uint8Array | string) => Buffer.from(bytes).toString('base64url')

/** Authenticator data, flags: user present, user verified, backup eligible, backed up, credential included. */
const FLAGS = { present: 1, verified: 4, eligible: 8, backedUp: 16, credential: 64 }

interface Creation {
  challenge: string
  rp: { id?: string }
  user: { id: string }
}

export class Authenticator {
  origin: string
  readonly id = base64url(randomBytes(16))
  readonly #key: KeyObject
  readonly #cose: Uint8Array
  /** Whether the user shows who they are; some only touch the key. */
  verifies = true
  /** What it says of its make, though nobody asks: a format with its statement. */
  attestation: { fmt: string; attStmt: Record<string, number | Uint8Array | Uint8Array[]> } = {
    fmt: 'none',
    attStmt: {},
  }
  counter = 0
  userHandle = ''

  /** @param origin of the page that asks */
  constructor(origin: string) {
    this.origin = origin
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
    this.#key = privateKey
    this.#cose = coseKey(Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url'))
  }

  /** The answer to `navigator.credentials.create`, as JSON text. */
  create({ challenge, rp, user }: Creation): string {
    this.userHandle = user.id
    const id = Buffer.from(this.id, 'base64url')
    const credential = Buffer.concat([
      Buffer.alloc(16),
      Buffer.from([0, id.length]),
      id,
      this.#cose,
    ])
    const authData = Buffer.concat([this.#data(rp.id ?? '', FLAGS.credential), credential])
    return this.#answer({
      clientDataJSON: base64url(this.#client('webauthn.create', challenge)),
      attestationObject: base64url(encode({ ...this.attestation, authData })),
      transports: ['internal', 'hybrid'],
    })
  }

  /** The answer to `navigator.credentials.get`, as JSON text. */
  get({ challenge, rpId }: { challenge: string; rpId: string }): string {
    this.counter++
    const authenticatorData = this.#data(rpId)
    const client = this.#client('webauthn.get', challenge)
    const signature = sign('sha256', Buffer.concat([authenticatorData, sha256(client)]), this.#key)
    return this.#answer({
      clientDataJSON: base64url(client),
      authenticatorData: base64url(authenticatorData),
      signature: base64url(signature),
      userHandle: this.userHandle,
    })
  }

  #client(type: string, challenge: string): string {
    return JSON.stringify({ type, challenge, origin: this.origin, crossOrigin: false })
  }

  #data(rpId: string, more = 0): Buffer {
    const { present, verified, eligible, backedUp } = FLAGS
    const counter = Buffer.alloc(4)
    counter.writeUInt32BE(this.counter)
    const flags = present | (this.verifies ? verified : 0) | eligible | backedUp | more
    return Buffer.concat([sha256(rpId), Buffer.from([flags]), counter])
  }

  #answer(response: object): string {
    const { id } = this
    return JSON.stringify({
      id,
      rawId: id,
      type: 'public-key',
      response,
      clientExtensionResults: {},
    })
  }
}

/** COSE_Key of an ES256 key: integer keys, which DAG-CBOR has not. */
const coseKey = (x: Uint8Array, y: Uint8Array): Uint8Array =>
  Buffer.concat([
    // {1: 2 (EC2), 3: -7 (ES256), -1: 1 (P-256), -2: x, -3: y}
    Buffer.from([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]),
    x,
    Buffer.from([0x22, 0x58, 0x20]),
    y,
  ])
