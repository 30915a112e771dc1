import { html } from 'hono/html'
import type { Html } from '../layout.ts'

/** A day, as everybody reads it: 2026-11-21. @param iso ISO 8601 */
export const day = (iso: string): Html => html`<time datetime="${iso}">${iso.slice(0, 10)}</time>`

/** The same for a time in ms since 1970. */
export const dayOf = (ms: number): Html => day(new Date(ms).toISOString())

/** A moment, as everybody reads it: 2026-11-21 13:05 UTC. @param time ms since 1970 */
export function moment(time: number): Html {
  const iso = new Date(time).toISOString()
  return html`<time datetime="${iso}">${iso.slice(0, 16).replace('T', ' ')} UTC</time>`
}
