/** Reads the outbox of a host in development, for tests that run inside workerd. */
import { vi } from 'vitest'
import type { Mail } from '../kernel/mail.ts'
import { send } from './host.ts'

/** The newest mail to an address, once there is one, and the token in it. */
export function mailTo(address: string): Promise<Mail & { token: string }> {
  return vi.waitFor(async () => {
    const mail = (await mailsTo(address)).at(-1)
    const token = mail && /[A-Z2-7]{5}-[A-Z2-7]{5}/.exec(mail.text)?.[0]
    if (!mail || !token) throw new Error(`no mail with a token to ${address}`)
    return { ...mail, token }
  })
}

/** The mails to an address that have arrived, oldest first. */
export async function mailsTo(address: string): Promise<Mail[]> {
  const mails = (await (await send('/dev/mail')).json()) as Mail[]
  return mails.filter(({ to }) => to === address)
}
