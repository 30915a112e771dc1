/** What a relay says of this host, in words, with what can be done about it. */
import { html } from 'hono/html'
import type { HostObjects } from '../../../services/objects/stubs.ts'
import type { RelayStatus } from '../../../services/relays.ts'
import type { Html } from '../../layout.ts'
import { counted } from '../../numbers.ts'

/** What to do about a status that is not well. */
const ADVICE: Readonly<Record<string, string>> = {
  offline: 'It cannot reach this host: check that WebSockets get through, then ask it to crawl.',
  throttled: 'It takes less than this host writes: ask whoever runs it for more.',
  banned: 'It takes nothing from this host: ask whoever runs it why.',
}

/** Statuses of a host that is listened to, or has nothing to say. */
const GOOD: ReadonlySet<string> = new Set(['active', 'idle'])

/** Whether nobody has to do anything. */
export const isWell = (said: RelayStatus): boolean => said.kind === 'known' && GOOD.has(said.status)

/** Events that a relay has not got; undefined: it does not say, or none of these. */
export type Behind = ReadonlyMap<RelayStatus, number>

/** How many events of this host each relay has not got, of those that say where they are. */
export async function countBehind(
  all: readonly RelayStatus[],
  { sequencer }: Pick<HostObjects, 'sequencer'>,
): Promise<Behind> {
  const known = all.flatMap((said) =>
    said.kind === 'known' && said.seq !== undefined ? [{ said, seq: said.seq }] : [],
  )
  if (known.length === 0) return new Map()
  const counts = await sequencer.countAfter(known.map(({ seq }) => seq))
  return new Map(known.map(({ said }, index) => [said, counts[index] ?? 0]))
}

/** @param head number of this host's newest event */
export function relayWords(said: RelayStatus, head: number, counts: Behind): Html {
  if (said.kind === 'stranger') {
    return html`<span class="bad">does not know this host: ask it to crawl</span>`
  }
  if (said.kind === 'failed') return html`<span class="bad">does not say: ${said.why}</span>`
  const { status, seq, accounts } = said
  const advice = ADVICE[status]
  const behind = counts.get(said)
  const details = [
    // One that is ahead knows another host of this name.
    behind === undefined || (seq ?? 0) > head
      ? undefined
      : behind === 0
        ? 'has every event'
        : `${counted(behind, 'event')} behind`,
    accounts === undefined ? undefined : counted(accounts, 'account'),
  ].filter((part) => part !== undefined)
  return html`<span${isWell(said) ? '' : html` class="bad"`}>${status}</span>${details.length > 0 ? `, ${details.join(', ')}` : ''}${advice ? html`. ${advice}` : ''}`
}
