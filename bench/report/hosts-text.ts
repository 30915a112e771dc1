/** The tables about hosts and their firehose. */
import type { Measured } from '../stages/compare.ts'
import { number } from './number.ts'
import type { Result } from './result.ts'
import { table } from './table.ts'

export function hostTables(result: Result): string[] {
  return [
    ...accounts(result),
    ...counts(result),
    ...fanout(result),
    ...replay(result),
    ...coldStart(result),
    ...liveObjects(result),
  ]
}

function accounts({ hosts }: Result): string[] {
  if (hosts.length === 0) return []
  const columns = [...new Set(hosts.map(({ server, size }) => `${server} ${size}`))]
  const names = [...new Set(hosts.map(({ row }) => row))]
  const lines = names.map((name) => [
    name,
    ...columns.map((column) => {
      const found = hosts.find(
        ({ row, server, size }) => row === name && `${server} ${size}` === column,
      )
      return found ? p50(found.measured) : '–'
    }),
  ])
  return [
    '',
    'Hosts of so many accounts, one connection (p50 in ms, requests per second)',
    table(['', ...columns], lines),
  ]
}

function p50(measured: Measured): string {
  if (!('rate' in measured)) return 'skipped' in measured ? measured.skipped : 'failed'
  return `${number(measured.p50)} (${number(measured.rate)}/s)`
}

function counts({ hostCounts }: Result): string[] {
  const kinds = Object.keys(hostCounts[0]?.kinds ?? {})
  if (kinds.length === 0) return []
  const head = ['', ...hostCounts.map(({ size }) => `${size.toLocaleString('en')} accounts`)]
  const lines = kinds.map((kind) => [
    kind,
    ...hostCounts.map(({ kinds: { [kind]: rows } }) => `${rows?.read} / ${rows?.written}`),
  ])
  return ['', 'Rows read / written, the directory left out', table(head, lines)]
}

function fanout({ fanout }: Result): string[] {
  if (fanout.length === 0) return []
  const head = ['consumers', '', '50/s: p50', 'p99', 'flat out', 'p50', 'p99']
  head.push('delivered', 'MB/s', 'CPU/write')
  const lines = fanout.map(({ server, consumers, paced, flatOut }) => [
    String(consumers),
    server,
    number(paced.p50),
    number(paced.p99),
    `${number(flatOut.rate)}/s`,
    number(flatOut.p50),
    number(flatOut.p99),
    `${number(flatOut.delivered)}/s`,
    number(flatOut.mb),
    `${number(flatOut.cpu)} ms`,
  ])
  const title = 'From sending createRecord to its frame at the last consumer (ms), one writer'
  return ['', title, table(head, lines)]
}

function replay({ replay }: Result): string[] {
  if (replay.length === 0) return []
  const lines = replay.map(({ server, consumers, events, seconds, rate, mb, cpu, stored }) => [
    String(consumers),
    server,
    events.toLocaleString('en'),
    number(seconds),
    `${number(rate)}/s`,
    number(mb),
    `${number(cpu)} µs`,
    stored === undefined ? '' : `${number(stored)} B`,
  ])
  const head = [
    'consumers',
    '',
    'events',
    'seconds',
    'delivered',
    'MB/s',
    'CPU/event',
    'stored/event',
  ]
  return ['', 'Replay from cursor 0', table(head, lines)]
}

function coldStart({ coldStart }: Result): string[] {
  if (!coldStart) return []
  const lines = coldStart.map(({ kind, first, second }) => [
    kind,
    ...[first.p50, first.p99, second.p50, second.p99].map(number),
  ])
  const head = ['', 'first p50', 'p99', 'second p50', 'p99']
  return ['', 'First and second request to an object after a start (ms)', table(head, lines)]
}

function liveObjects({ liveObjects }: Result): string[] {
  if (!liveObjects) return []
  const { objects, started, read, written } = liveObjects
  const line = [started, read, written].map((mb) => `${mb.toFixed(0)} MB`)
  return [
    '',
    `Resident memory of workerd with ${objects.toLocaleString('en')} objects in memory`,
    table(['started', 'each has read', 'each has written'], [line]),
  ]
}
