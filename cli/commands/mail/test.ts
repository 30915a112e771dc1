/** `cumulus mail test alice@example.com`: whether mails leave this host, by one that is sent now. */
import { randomUUID } from 'node:crypto'
import type { ArgsDef } from 'citty'
import { readConfig } from '../../../src/kernel/config/config.ts'
import type { OutgoingMail } from '../../../src/kernel/mail.ts'
import { httpApi } from '../../../src/services/mail/transports/http-api.ts'
import { sendBySmtp } from '../../host/mail-relay.ts'
import { askAsOperator, type OperatorArgs, operatorArgs } from '../../operator/operator.ts'
import { readLocalSettings } from '../../settings/local.ts'
import { command } from '../../terminal/command.ts'
import { CommandError } from '../../terminal/errors.ts'

const args = {
  address: {
    type: 'positional',
    required: true,
    description: 'Whom to mail, such as you@example.com',
  },
  ...operatorArgs,
  json: { type: 'boolean', default: false, description: 'Print {to, way, from} instead' },
} as const satisfies ArgsDef

export default command({
  name: 'test',
  description:
    'Sends a mail the way that PDS_EMAIL_API_URL or PDS_EMAIL_SMTP_URL says, from this machine, and tells what the ' +
    'service says. No server has to run. With --host or --dev, a running server sends it, by the way that is set there.',
  args,
  async run({ address, json, ...where }) {
    const sent =
      where.host || where.dev ? await askHost(address, where) : await sendFromHere(address)
    process.stdout.write(
      json
        ? `${JSON.stringify({ to: address, way: sent.way, from: sent.from })}\n`
        : `${sent.text}\n`,
    )
  },
})

interface Sent {
  /** What took it over. */
  way: string
  from: string
  /** For people. */
  text: string
}

async function askHost(address: string, where: OperatorArgs): Promise<Sent> {
  const { from } = await askAsOperator(where, '/operator/mail-test', { address })
  return {
    way: 'queue',
    from: String(from),
    text: `It is in the queue of the host. If it does not arrive at ${address}, spam included, npx cumulus status says why.`,
  }
}

async function sendFromHere(address: string): Promise<Sent> {
  const { raw } = readLocalSettings(process.env)
  const { mailApi, mailFrom: from, hostname } = readConfig({ ...raw })
  const { PDS_EMAIL_SMTP_URL: smtp } = raw
  if (!mailApi && !smtp) {
    throw new CommandError(
      'Set PDS_EMAIL_API_URL or PDS_EMAIL_SMTP_URL (docs/mail.md): no mail leaves without.',
    )
  }
  const text = `This is a test of ${hostname}. It can send mail.`
  const sent: OutgoingMail = {
    id: randomUUID(),
    from,
    to: address,
    subject: `A test of ${hostname}`,
    text: `${text}\n`,
    html: `<!doctype html><meta charset="utf-8"><p>${text}</p>\n`,
  }
  const way = mailApi?.service ?? 'the SMTP server'
  process.stderr.write(`Sending to ${address} from ${from} through ${way} ...\n`)
  try {
    if (smtp) await sendBySmtp(smtp, sent)
    else if (mailApi) await httpApi(mailApi, fetch).send(sent)
  } catch (error) {
    throw new CommandError(`It was not sent: ${(error as Error).message}`)
  }
  return {
    way,
    from,
    text: `${way} has taken it over. Whether it arrives is to be seen at ${address}, spam included.`,
  }
}
