/** Mails that the host in development would have sent: a line for each on the terminal, and a page. */
import type { Mail } from '../../src/kernel/mail.ts'
import type { HostAnswers } from './host-answers.ts'

/** Those that are kept, newest last. */
export async function readMails(host: HostAnswers): Promise<Mail[]> {
  const response = await host.ask('/dev/mail')
  return response ? ((await response.json()) as Mail[]) : []
}

/** Tells of mails that were not there before. */
export class MailWatch {
  readonly #host: HostAnswers
  readonly #print: (line: string) => void
  #last: string | undefined
  #looking: Promise<void> = Promise.resolve()

  constructor(host: HostAnswers, print: (line: string) => void) {
    this.#host = host
    this.#print = print
  }

  /** What is there now is old. */
  async begin(): Promise<void> {
    this.#last = JSON.stringify((await readMails(this.#host)).at(-1))
  }

  look(): Promise<void> {
    this.#looking = this.#looking.then(async () => {
      const mails = await readMails(this.#host)
      const known = mails.findLastIndex((mail) => JSON.stringify(mail) === this.#last)
      for (const mail of mails.slice(known + 1)) this.#print(mailLine(mail))
      this.#last = JSON.stringify(mails.at(-1))
    })
    return this.#looking
  }
}

/** `mail      alice@example.com  "Confirm your address"  ABCDE-FGHIJ  http://localhost:2583/…` */
export function mailLine({ to, subject, text }: Mail): string {
  const code = /\b[A-Z2-7]{5}-[A-Z2-7]{5}\b/.exec(text)?.[0]
  const link = /https?:\/\/\S+/.exec(text)?.[0]
  return ['mail    ', to, `"${subject}"`, code, link]
    .filter((part) => part !== undefined)
    .join('  ')
}

/** The page `/mail`. */
export const mailPage = (mails: readonly Mail[]): string => `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Mail of cumulus dev</title>
<style>:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}body{max-width:44rem;margin:2rem auto;padding:0 1rem}
article{border-top:1px solid #8886;padding:1rem 0}h1{font-size:1.4rem}h2{font-size:1.1rem;margin:0}pre{white-space:pre-wrap;overflow-wrap:anywhere;font:inherit}</style>
<h1>Mail</h1>
${mails.length === 0 ? '<p>No mail yet. The host sends none to anybody: what it would have sent is shown here.</p>' : ''}
${mails.toReversed().map(mailArticle).join('\n')}
</html>
`

const mailArticle = ({ to, subject, text }: Mail): string =>
  `<article><h2>${escapeHtml(subject)}</h2><p>to ${escapeHtml(to)}</p><pre>${linked(text)}</pre></article>`

/** Addresses of the web become links. */
const linked = (text: string): string =>
  text
    .split(/(https?:\/\/\S+)/)
    .map((part, index) =>
      index % 2 === 1 ? `<a href="${escapeHtml(part)}">${escapeHtml(part)}</a>` : escapeHtml(part),
    )
    .join('')

const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
