/** Messages of the operator's to accounts, and of the host to its operator. */
import { plainLine } from '../../kernel/typed-text.ts'
import type { MailDependencies } from './dependencies.ts'
import { layOut } from './layout.ts'

/** After so many ms nobody waits for a message any more. */
const LIFETIME = 7 * 24 * 60 * 60 * 1000

/** The same for a test, which somebody waits for. */
const TEST_LIFETIME = 60 * 60 * 1000

type Dependencies = Pick<MailDependencies, 'config' | 'objects' | 'sends'>

/** @returns false: the account has no address */
export async function sendMessage(
  { config, objects }: Dependencies,
  did: string,
  subject: string,
  content: string,
): Promise<boolean> {
  const to = (await objects.directory.mails.addressee(did))?.email
  if (!to) return false
  const mail = { from: config.mailFrom, to, ...compose(config, subject, content) }
  await objects.directory.mails.add(mail, 'message', LIFETIME)
  return true
}

/** Queues a mail that says nothing, to see whether it arrives. */
export function sendTest({ config, objects }: Dependencies, to: string): Promise<boolean> {
  const { mailFrom: from, branding } = config
  const content = `This is a test of ${branding.name}. It can send mail.`
  const mail = { from, to, ...compose(config, `A test of ${branding.name}`, content, 'en') }
  return objects.directory.mails.add(mail, 'test', TEST_LIFETIME)
}

export async function sendToAll(
  { config, objects }: Dependencies,
  id: string,
  subject: string,
  content: string,
): Promise<void> {
  const mail = { from: config.mailFrom, ...compose(config, subject, content) }
  await objects.directory.mails.sendToAll(id, mail)
}

export async function tellOperator(
  { config, objects, sends }: Dependencies,
  subject: string,
  content: string,
): Promise<boolean> {
  const { mailFrom: from, contactEmail: to } = config
  if (!sends || to === undefined) return false
  const mail = { from, to, ...compose(config, subject, content, 'en') }
  // The operator counts as an account: a host in trouble must not use up the budget that owners need.
  return objects.directory.mails.add(mail, 'to the operator', LIFETIME, { did: 'operator' })
}

function compose(
  config: Dependencies['config'],
  subject: string,
  content: string,
  language?: string,
) {
  const title = plainLine(subject)
  const blocks = content.split(/\n{2,}/).map((paragraph) => ({ paragraph }))
  return { subject: title, ...layOut(config, { language, subject: title, blocks }) }
}
