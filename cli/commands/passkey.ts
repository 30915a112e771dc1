/** `cumulus passkey --account alice.test`: a one-time link, and a QR code, to add a passkey with. */
import type { ArgsDef } from 'citty'
import qr from 'qrcode'
import { askAsOperator, type OperatorArgs, operatorArgs } from '../operator/operator.ts'
import { command } from '../terminal/command.ts'

const args = {
  account: { type: 'string', required: true, description: 'Handle, DID or e-mail address' },
  ...operatorArgs,
  json: { type: 'boolean', default: false, description: 'Print {url, handle} instead' },
} as const satisfies ArgsDef

export default command({
  name: 'passkey',
  description:
    'Makes a link with which a passkey is added to an account of a running server. It works once, within 15 ' +
    `minutes; the one before works no more.`,
  args,
  run: (given) => run(given),
})

async function run(args: OperatorArgs & { account: string; json: boolean }): Promise<void> {
  const answer = await askAsOperator(args, '/settings/passkey/link', { account: args.account })
  const link = { url: String(answer.url), handle: String(answer.handle) }
  if (args.json) {
    process.stdout.write(`${JSON.stringify(link)}\n`)
    return
  }
  // In a terminal with colours of its own: one that is light on dark is not read by every phone.
  const look = process.stdout.isTTY
    ? { type: 'terminal' as const, small: true }
    : { type: 'utf8' as const }
  const code = await qr.toString(link.url, { ...look, errorCorrectionLevel: 'L' })
  process.stdout.write(
    `\nAdds a passkey to @${link.handle}, once, within 15 minutes. Give it to nobody else.\n\n` +
      `  ${link.url}\n\n${code}\n`,
  )
}
