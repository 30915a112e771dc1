/** QR codes, drawn as SVG. The library is loaded when one is shown. */
import { html, raw } from 'hono/html'
import type { Html } from '../layout.ts'

/** @param label what somebody who cannot see it is told */
export async function qrCode(text: string, label: string): Promise<Html> {
  // It is CommonJS: the bundle gives such a module as `default`, and nothing else.
  const { default: qr } = await import('qrcode')
  // Drawn by the library from squares alone; nothing of the text is in it.
  const svg = await qr.toString(text, { type: 'svg', margin: 1, errorCorrectionLevel: 'M' })
  return html`<div class="qr" role="img" aria-label="${label}">${raw(svg)}</div>`
}
