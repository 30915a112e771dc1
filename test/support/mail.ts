/** The outbox of a server in development. */
import { vi } from 'vitest'

export interface ReceivedMail {
  from: string
  to: string
  subject: string
  text: string
  html: string
}

/** All mails so far, newest last. */
export async function readMails(origin: string): Promise<ReceivedMail[]> {
  const response = await fetch(`${origin}/dev/mail`)
  if (!response.ok) throw new Error(`/dev/mail: ${response.status}`)
  return (await response.json()) as ReceivedMail[]
}

/** Those to an address about something. */
export const mailsTo = async (
  origin: string,
  address: string,
  about: RegExp,
): Promise<ReceivedMail[]> =>
  (await readMails(origin)).filter(({ to, subject }) => to === address && about.test(subject))

type MailWithToken = ReceivedMail & { token: string }

/** Tokens that have been returned. */
const returned = new Set<string>()

/** The newest mail to an address about something, once there is one, and the token in it. */
export function mailTo(origin: string, address: string, subject: RegExp): Promise<MailWithToken> {
  return vi.waitFor(async () => {
    const mails = await readMails(origin)
    const tokenIn = ({ text }: ReceivedMail) => /\b[A-Z2-7]{5}-[A-Z2-7]{5}\b/.exec(text)?.[0]
    // Mails that only tell of something come in between.
    const mail = mails.findLast((candidate) => candidate.to === address && tokenIn(candidate))
    const token = mail && tokenIn(mail)
    if (!mail || !token || !subject.test(mail.subject)) {
      throw new Error(`no mail to ${address} about ${subject}`)
    }
    returned.add(token)
    return { ...mail, token }
  })
}

/** The same, of a mail that nobody was given before: one that was asked for just now may be on its way yet. */
export function nextMailTo(
  origin: string,
  address: string,
  subject: RegExp,
): Promise<MailWithToken> {
  const before = new Set(returned)
  return vi.waitFor(async () => {
    const mail = await mailTo(origin, address, subject)
    if (before.has(mail.token)) throw new Error(`no other mail to ${address} about ${subject}`)
    return mail
  })
}
