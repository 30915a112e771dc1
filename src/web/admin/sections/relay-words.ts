/** What a relay says of this host, in words, with what can be done about it. */
import { html } from 'hono/html'
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

/** @param head number of this host's newest event */
export function relayWords(said: RelayStatus, head: number): Html {
  if (said.kind === 'stranger') {
    return html`<span class="bad">does not know this host: ask it to crawl</span>`
  }
  if (said.kind === 'failed') return html`<span class="bad">does not say: ${said.why}</span>`
  const { status, seq, accounts } = said
  const advice = ADVICE[status]
  const behind = seq === undefined ? undefined : head - seq
  const details = [
    behind === undefined || behind < 0
      ? undefined
      : behind === 0
        ? 'has every event'
        : `${counted(behind, 'event')} behind`,
    accounts === undefined ? undefined : counted(accounts, 'account'),
  ].filter((part) => part !== undefined)
  return html`<span${isWell(said) ? '' : html` class="bad"`}>${status}</span>${details.length > 0 ? `, ${details.join(', ')}` : ''}${advice ? html`. ${advice}` : ''}`
}
