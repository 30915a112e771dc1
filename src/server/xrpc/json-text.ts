/** What a handler may answer instead of a value: text, and whether the client has it already. */

import { createHash } from 'node:crypto'

/** JSON that is text already, or the bytes of one. It is sent as it is. */
export class JsonText {
  readonly text: string | Uint8Array
  /** Its strong entity tag, in quotes: who has an answer of the same tag gets a 304 without it. */
  readonly etag: string | undefined

  constructor(text: string | Uint8Array, etag?: string) {
    this.text = text
    this.etag = etag
  }

  parse(): unknown {
    return JSON.parse(typeof this.text === 'string' ? this.text : Buffer.from(this.text).toString())
  }
}

/** The client has the answer of this entity tag: it gets a 304. */
export class NotModified {
  readonly etag: string

  constructor(etag: string) {
    this.etag = etag
  }
}

/** An answer whose entity tag is a hash of it, where what it is made of has no number that counts its changes. */
export function taggedJson(value: object): JsonText {
  const text = JSON.stringify(value)
  return new JsonText(text, `"${createHash('sha256').update(text).digest('base64url')}"`)
}
