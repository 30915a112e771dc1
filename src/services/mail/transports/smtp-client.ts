/**
 * SMTP over the platform's TCP sockets (Cloudflare), by nodemailer, which `npm start` sends with, too. Loaded when the
 * first mail is sent. Certificates are checked by the platform, against the name that was connected to.
 */
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import MailComposer from 'nodemailer/lib/mail-composer'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import { addressIn, messageOf, type OutgoingMail } from '../../../kernel/mail.ts'

/** How long each step may take, in ms. */
const TIMEOUT = 15_000

/** How long a mail may take, in ms. */
const PATIENCE = 45_000

/** Sends one mail. @param name of this host @throws Error of nodemailer or of the platform; with `responseCode` the server's */
export async function sendBySocket(url: string, mail: OutgoingMail, name: string): Promise<void> {
  const server = serverOf(url)
  const message = await new MailComposer(messageOf(mail)).compile().build()
  const socket = await open(server)
  const connection = new SMTPConnection({
    ...server,
    name,
    // The platform knows how to find names; nodemailer's own way would ask for their addresses.
    connection: socket,
    secured: server.secure,
    tls: {},
    connectionTimeout: TIMEOUT,
    greetingTimeout: TIMEOUT,
    socketTimeout: TIMEOUT,
  })
  const envelope = { from: addressIn(mail.from), to: mail.to }
  const { failed, stop } = watch(socket)
  try {
    await Promise.race([converse(connection, server, envelope, message), failed])
  } finally {
    stop()
    connection.close()
    socket.destroy()
  }
}

/** Rejects when the server hangs up, of which the platform does not always tell who reads, or takes too long. */
function watch(socket: Socket): { failed: Promise<never>; stop: () => void } {
  const { promise: failed, reject } = Promise.withResolvers<never>()
  // Whoever is not waiting for it any more is not to hear of it.
  failed.catch(() => undefined)
  const hungUp = () => reject(new Error('the server closed the connection'))
  socket.once('end', hungUp)
  socket.once('close', hungUp)
  const overdue = setTimeout(() => reject(new Error('it took too long')), PATIENCE)
  return {
    failed,
    stop() {
      clearTimeout(overdue)
      socket.off('end', hungUp)
      socket.off('close', hungUp)
    },
  }
}

interface Server {
  host: string
  port: number
  /** TLS from the beginning. */
  secure: boolean
  /** No mail, and no password, without TLS. */
  requireTLS: boolean
  ignoreTLS: boolean
  credentials: { user: string; pass: string } | undefined
}

/** As `cli/host/mail-relay.ts` reads it: passwords do not cross a network in the clear, unless the URL says that they do. */
function serverOf(text: string): Server {
  const url = new URL(text)
  const secure = url.protocol === 'smtps:'
  const ignoreTLS = url.searchParams.get('ignoreTLS') === 'true'
  const { username, password } = url
  return {
    host: url.hostname,
    port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
    secure,
    ignoreTLS,
    requireTLS: !ignoreTLS && (username !== '' || url.searchParams.get('requireTLS') === 'true'),
    credentials:
      username === ''
        ? undefined
        : { user: decodeURIComponent(username), pass: decodeURIComponent(password) },
  }
}

function open({ host, port, secure }: Server): Promise<Socket> {
  const socket = secure ? connectTls({ host, port }) : connectTcp(port, host)
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => socket.destroy(new Error('no connection')), TIMEOUT)
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer)
      socket.off('error', reject)
      resolve(socket)
    })
    socket.once('error', reject)
  })
}

/** From greeting to farewell. */
const converse = (
  connection: SMTPConnection,
  { credentials }: Server,
  envelope: { from: string; to: string },
  message: Buffer,
): Promise<void> =>
  new Promise((resolve, reject) => {
    connection.once('error', reject)
    connection.once('end', () => reject(new Error('the server closed the connection')))
    const send = () =>
      connection.send(envelope, message, (error) => {
        if (error) return reject(error)
        connection.quit()
        resolve()
      })
    connection.connect((failure) => {
      if (failure) return reject(failure)
      if (!credentials) return send()
      connection.login({ credentials }, (error) => (error ? reject(error) : send()))
    })
  })
