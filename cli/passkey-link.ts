/** `npm run passkey -- --account alice.test`: a one-time link, and a QR code, to add a passkey with. */
import { type ArgsDef, defineCommand } from 'citty'
import qr from 'qrcode'
import { refuseUnknown } from '../codegen/commands/options.ts'
import { main } from './lexicons/command.ts'
import { askAsOperator, type OperatorArgs, operatorArgs, PASSWORD_SOURCES } from './operator.ts'
import { reportErrors } from './report-errors.ts'

const args = {
  account: { type: 'string', required: true, description: 'Handle, DID or e-mail address' },
  ...operatorArgs,
  json: { type: 'boolean', default: false, description: 'Print {url, handle} instead' },
} as const satisfies ArgsDef

const passkey = defineCommand({
  meta: {
    name: 'npm run passkey --',
    description:
      'Makes a link with which a passkey is added to an account of a running server. It works once, within 15 ' +
      `minutes; the one before works no more. ${PASSWORD_SOURCES}`,
  },
  args,
  run: ({ args: given }) =>
    reportErrors(() => {
      refuseUnknown(given, args)
      return run(given)
    }),
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

await main('npm run passkey', passkey, '')
