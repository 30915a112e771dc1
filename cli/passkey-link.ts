/** `npm run passkey -- --account alice.test`: a one-time link, and a QR code, to add a passkey with. */
import { defineCommand, runMain } from 'citty'
import qr from 'qrcode'
import { CommandError, reportErrors } from './report-errors.ts'
import { originAt, readLocalSettings } from './settings.ts'

const passkey = defineCommand({
  meta: {
    name: 'npm run passkey --',
    description:
      'Makes a link with which a passkey is added to an account of a running server. It works once, within 15 ' +
      'minutes; the one before works no more. The operator’s password is read from PDS_ADMIN_PASSWORD, or from the data ' +
      'folder (PDS_DATA_DIRECTORY).',
  },
  args: {
    account: { type: 'string', required: true, description: 'Handle, DID or e-mail address' },
    host: { type: 'string', description: 'URL of the server (default: the one on this machine)' },
    json: { type: 'boolean', default: false, description: 'Print {url, handle} instead' },
  },
  run: ({ args }) => reportErrors(() => run(args)),
})

interface PasskeyLink {
  url: string
  handle: string
}

async function run(args: { account: string; host?: string; json: boolean }): Promise<void> {
  const { raw, port, bind } = readLocalSettings(process.env)
  const host = args.host?.replace(/\/$/, '') ?? originAt(bind, port)
  const link = await requestLink(host, args.account, raw.PDS_ADMIN_PASSWORD ?? '')
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

/** @throws CommandError in words for the operator */
async function requestLink(host: string, account: string, password: string): Promise<PasskeyLink> {
  const response = await fetch(`${host}/settings/passkey/link`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ account }),
  }).catch(() => {
    throw new CommandError(`No server answers at ${host}: start it, or name it with --host.`)
  })
  const answer = (await response.json().catch(() => ({}))) as Partial<PasskeyLink> & {
    message?: string
  }
  if (response.status === 401) {
    throw new CommandError(
      'The server does not take this operator’s password: set PDS_ADMIN_PASSWORD, or PDS_DATA_DIRECTORY to its folder.',
    )
  }
  const { url, handle, message } = answer
  if (!response.ok || !url || !handle) {
    throw new CommandError(message ?? `The server answered with status ${response.status}.`)
  }
  return { url, handle }
}

await runMain(passkey)
