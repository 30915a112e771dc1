/** A real SMTP server, which asks for a password and speaks TLS, and what it was given. */
import type { AddressInfo } from 'node:net'
import { type ParsedMail, simpleParser } from 'mailparser'
import { SMTPServer } from 'smtp-server'

export interface TestSmtp {
  port: number
  mails: ParsedMail[]
  /** Addresses that it refuses for good. */
  unknown: Set<string>
  /** How many connections were encrypted when the mail came. */
  encrypted: number
  stop(): Promise<void>
}

export const USER = 'mailer'
export const SECRET = 'p@ss/word'

export interface SmtpOptions {
  port?: number
  /** Of its certificate, in PEM; without them, one that comes with the server and nobody trusts. */
  key?: Buffer
  cert?: Buffer
  /** TLS from the beginning. */
  secure?: boolean
  /** It cannot encrypt. */
  plain?: boolean
}

export async function startSmtp(options: SmtpOptions = {}): Promise<TestSmtp> {
  const { port = 0, plain = false, ...tls } = options
  const mails: ParsedMail[] = []
  const unknown = new Set<string>()
  const smtp = { port: 0, mails, unknown, encrypted: 0 }
  const server = new SMTPServer({
    ...tls,
    ...(plain && { disabledCommands: ['STARTTLS'], allowInsecureAuth: true }),
    onAuth({ username, password }, _, done) {
      if (username === USER && password === SECRET) return done(null, { user: username })
      done(new Error('wrong password'))
    },
    onRcptTo({ address }, _, done) {
      if (!unknown.has(address)) return done()
      done(Object.assign(new Error('no such mailbox'), { responseCode: 550 }))
    },
    onData(stream, session, done) {
      if (session.secure) smtp.encrypted++
      simpleParser(stream).then((mail) => {
        mails.push(mail)
        done()
      }, done)
    },
  })
  server.on('error', () => {})
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  smtp.port = (server.server.address() as AddressInfo).port
  return Object.assign(smtp, {
    stop: () => new Promise<void>((resolve) => server.close(() => resolve())),
  })
}
