/** What a handler may answer instead of a value: text, and whether the client has it already. */

/** JSON that is text already. It is sent as it is. */
export class JsonText {
  readonly text: string
  /** Its strong entity tag, in quotes: who has an answer of the same tag gets a 304 without it. */
  readonly etag: string | undefined

  constructor(text: string, etag?: string) {
    this.text = text
    this.etag = etag
  }
}

/** The client has the answer of this entity tag: it gets a 304. */
export class NotModified {
  readonly etag: string

  constructor(etag: string) {
    this.etag = etag
  }
}
