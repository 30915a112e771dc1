/** `cumulus passkey --account alice.test`: a one-time link, and a QR code, to add a passkey with. */
import qr from 'qrcode'
import { operatorCommand } from '../operator/command.ts'
import { askAsOperator } from '../operator/operator.ts'

export default operatorCommand({
  name: 'passkey',
  description:
    'Makes a link with which a passkey is added to an account of a running server. It works once, within 15 ' +
    `minutes; the one before works no more.`,
  args: {
    account: { type: 'string', required: true, description: 'Handle, DID or e-mail address' },
  },
  json: '{url, handle}',
  async run({ account, json, ...host }) {
    const made = await askAsOperator(host, '/settings/passkey/link', { account })
    const answer = { url: String(made.url), handle: String(made.handle) }
    if (json) return { answer, text: '' }
    // In a terminal with colours of its own: one that is light on dark is not read by every phone.
    const look = process.stdout.isTTY
      ? { type: 'terminal' as const, small: true }
      : { type: 'utf8' as const }
    const code = await qr.toString(answer.url, { ...look, errorCorrectionLevel: 'L' })
    return {
      answer,
      text:
        `\nAdds a passkey to @${answer.handle}, once, within 15 minutes. Give it to nobody else.\n\n` +
        `  ${answer.url}\n\n`,
      picture: `${code}\n`,
    }
  },
})
