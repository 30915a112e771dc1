import { type PackedRecords, unpackRecords } from '../../storage/account/packed.ts'
import { recordBegin, recordRest } from './json.ts'
import type { ReadPage } from './kept-records.ts'
import { type Json, type KeptText, keptTexts, toBody } from './kept-text.ts'

/** Characters of JSON in one answer: a value of a byte may be a dozen of them. */
const MAX_LENGTH = 8 * 1024 * 1024

/**
 * A page as `listRecords` answers it, put together at once: of what `+` makes there would be a copy more.
 *
 * @param last key of its last record, also of one that has no JSON and is left out
 */
function pageText(name: string, texts: readonly string[], last: string | undefined): string {
  const begin = recordBegin(name)
  // Also on the last page, as the reference does: records may come to be behind it.
  const end = last === undefined ? ']}' : `],"cursor":"${last}"}`
  const [first, ...others] = texts
  if (first === undefined) return `{"records":[${end}`
  const pieces = [`{"records":[${begin}${first}`, ...others]
  pieces.push(`${pieces.pop()}${end}`)
  return pieces.join(`,${begin}`)
}

/** A page of which all records are kept. @param name DID and NSID */
export function keptPageJson(
  name: string,
  records: readonly (KeptText & { rkey: string })[],
): Json {
  const texts = records.map(({ text }) => text)
  const isAscii = records.every((record) => record.isAscii)
  return toBody(pageText(name, texts, records.at(-1)?.rkey), isAscii)
}

/** A page that nobody keeps, from what an account answers. @param name DID and NSID */
export function pageJson(name: string, page: PackedRecords): Json {
  const { records, last } = readRests(page)
  return pageText(
    name,
    records.flatMap(({ rest }) => rest ?? []),
    last,
  )
}

/** The same, and its records to be kept. @param known a record that is kept already */
export function pageToKeep(
  name: string,
  page: PackedRecords,
  known: (rkey: string) => KeptText | undefined,
): { json: Json } & Pick<ReadPage, 'records' | 'more'> {
  const { records, more, last } = readRests(page, known)
  const made = keptTexts(records.flatMap(({ rest }) => rest ?? [])).values()
  const texts = records.map(({ rkey, kept, rest }) => ({
    rkey,
    text: rest === undefined ? kept : made.next().value,
  }))
  const present = texts.flatMap(({ text }) => text ?? [])
  const json = pageText(
    name,
    present.map(({ text }) => text),
    last,
  )
  return {
    json: toBody(
      json,
      present.every(({ isAscii }) => isAscii),
    ),
    records: texts,
    more,
  }
}

interface Rests {
  /** Neither text: it has no JSON, and is left out. */
  records: { rkey: string; kept?: KeptText | undefined; rest?: string | undefined }[]
  more: boolean
  last: string | undefined
}

/** The JSON of each record from its key on, as many as an answer may have. */
function readRests(
  page: PackedRecords,
  known: (rkey: string) => KeptText | undefined = () => undefined,
): Rests {
  const { records: stored, more } = unpackRecords(page)
  const records: Rests['records'] = []
  let length = 0
  for (const record of stored) {
    const { rkey } = record
    const kept = known(rkey)
    const rest = kept ? undefined : recordRest(record)
    length += (kept?.text ?? rest ?? '').length
    const last = records.at(-1)?.rkey
    if (length > MAX_LENGTH && last !== undefined) return { records, more: true, last }
    records.push({ rkey, kept, rest })
  }
  return { records, more, last: records.at(-1)?.rkey }
}
