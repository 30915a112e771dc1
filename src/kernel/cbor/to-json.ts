import { toBase64 } from '@atproto/lex-data'
import { cidString } from './cid.ts'
import { CborReader, Major } from './reader.ts'

/**
 * Writes a DAG-CBOR block as JSON text, links as `$link` and byte strings as `$bytes` (data model
 * specification, JSON representation). What a general codec builds on the way, objects and their
 * copies, takes several times as long as the text.
 *
 * @throws MalformedCborError
 */
export function cborToJson(block: Uint8Array): string {
  const reader = new CborReader(block)
  const json = valueToJson(reader)
  reader.end()
  return json
}

function valueToJson(reader: CborReader): string {
  reader.head()
  switch (reader.major) {
    case Major.Uint:
      return String(reader.value)
    case Major.Negative:
      return String(-1 - reader.value)
    case Major.Bytes:
      return `{"$bytes":"${toBase64(reader.byteString(), 'base64')}"}`
    case Major.Text:
      return quote(reader.text())
    case Major.Array:
      return arrayToJson(reader)
    case Major.Map:
      return mapToJson(reader)
    case Major.Tag:
      return `{"$link":"${cidString(reader.link())}"}`
    default:
      return reader.value === 20 ? 'false' : reader.value === 21 ? 'true' : 'null'
  }
}

function arrayToJson(reader: CborReader): string {
  let json = '['
  reader.eachItem((index) => {
    json += index === 0 ? valueToJson(reader) : `,${valueToJson(reader)}`
  })
  return `${json}]`
}

function mapToJson(reader: CborReader): string {
  let json = '{'
  reader.eachEntry((key, index) => {
    json += `${index === 0 ? '' : ','}${quote(key)}:${valueToJson(reader)}`
  })
  return `${json}}`
}

/** Most texts have nothing to escape. */
const quote = (text: string): string =>
  /["\\\p{Cc}\p{Cs}]/u.test(text) ? JSON.stringify(text) : `"${text}"`
