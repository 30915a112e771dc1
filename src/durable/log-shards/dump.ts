import type { DumpLine } from '../../storage/dump.ts'

/** The dump of one object, and what its places are raised by among those of all. */
export interface ShardDump {
  stream: ReadableStream<Uint8Array>
  offset: number
}

/**
 * One dump of several: that of the sequencer, with the accounts that others have. A line at a time is in memory.
 *
 * @param own lines of the sequencer's
 */
export async function* mergedDump(
  own: Iterable<Uint8Array>,
  others: readonly (() => Promise<ShardDump>)[],
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const decoder = new TextDecoder()
  let count = 0
  for (const bytes of own) {
    const line = JSON.parse(decoder.decode(bytes)) as DumpLine
    if (isEnd(line)) count += line.rows
    else yield encoded(line)
  }
  for (const open of others) {
    const { stream, offset } = await open()
    for await (const line of linesOf(stream)) {
      if (!isOfTable(line)) continue
      const { table, columns } = line
      const at = columns.indexOf('place')
      const rows = line.rows.map((row) =>
        row.map((value, column) => (column === at ? Number(value) + offset : value)),
      )
      count += rows.length
      yield encoded({ table, columns, rows })
    }
  }
  yield encoded({ end: true, rows: count })
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<DumpLine> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of stream) {
    rest += decoder.decode(chunk, { stream: true })
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
      yield JSON.parse(rest.slice(0, end)) as DumpLine
      rest = rest.slice(end + 1)
    }
  }
}

const isEnd = (line: DumpLine): line is Extract<DumpLine, { end: true }> => 'end' in line

const isOfTable = (line: DumpLine): line is Extract<DumpLine, { table: string; rows: unknown }> =>
  'table' in line

const encoder = new TextEncoder()

const encoded = (line: DumpLine): Uint8Array<ArrayBuffer> =>
  encoder.encode(`${JSON.stringify(line)}\n`).slice()
