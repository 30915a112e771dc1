/** The aims of hosts with many accounts, and of their firehose. */
import type { Result, Verdict } from './result.ts'
import { most, TOLERANCE } from './verdict.ts'

/** From sending a write to its frame at a consumer. */
const FRAME_MS = 3

/** A request costs the same, however many accounts a host has; and frames are there at once. */
export function judgeHosts({ hosts, hostCounts, fanout }: Omit<Result, 'verdicts'>): Verdict[] {
  const ours = hosts.filter(({ server, flat }) => server === 'cumulus' && flat)
  const names = [...new Set(ours.map(({ row }) => row))]
  const kinds = Object.keys(hostCounts[0]?.kinds ?? {})
  const one = fanout.find(({ server, consumers }) => server === 'cumulus' && consumers === 1)
  return [
    ...names.flatMap((name) => {
      const points = ours.flatMap(({ row, size, measured }) =>
        row === name && 'rate' in measured ? [{ size, cost: measured.p50 }] : [],
      )
      return stays(`time of ${name}`, points)
    }),
    ...kinds.flatMap((kind) => {
      const points = hostCounts.flatMap(({ size, kinds: { [kind]: counts } }) => {
        const { read, written } = counts ?? {}
        return read === undefined || written === undefined ? [] : [{ size, cost: read + written }]
      })
      return stays(`rows of ${kind}`, points)
    }),
    ...(one ? [most('fanout, 1 consumer, flat out, p50', FRAME_MS, one.flatOut.p50, 'ms')] : []),
  ]
}

function stays(what: string, points: { size: number; cost: number }[]): Verdict[] {
  const [first, last] = [points[0], points.at(-1)]
  if (!first || !last || first === last) return []
  const range = `${first.size.toLocaleString('en')} → ${last.size.toLocaleString('en')} accounts`
  return [most(`${what}, ${range}`, TOLERANCE, last.cost / first.cost, '×')]
}
