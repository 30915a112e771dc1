/** Sends mails by SMTP beside workerd, which has no SMTP client that is as old and as tried as Node's. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Transporter } from 'nodemailer'
import {
  isFinalReply,
  messageOf,
  type OutgoingMail,
  type RelayRefusal,
} from '../../src/kernel/mail.ts'
import { readBody, startUnixService, type UnixService } from './unix-service.ts'

/** Bytes; a mail of ours has some thousand. */
const MAX_BODY = 1024 * 1024
/** How long each step of SMTP may take, in ms. */
const TIMEOUT = 15_000

/** Listens on a Unix socket; does not keep the process alive. @param url `smtp://` or `smtps://`, with credentials */
export async function startMailRelay(url: string): Promise<UnixService> {
  const transport = await connectTo(url)
  return startUnixService('mail', (request, response) => void answer(transport, request, response))
}

/** Sends one mail. @throws what nodemailer says, in words for the operator */
export async function sendBySmtp(url: string, mail: OutgoingMail): Promise<void> {
  const transport = await connectTo(url)
  try {
    await send(transport, mail)
  } finally {
    transport.close()
  }
}

/** Signs in at the server, and sends nothing. @throws what nodemailer says */
export async function verifySmtp(url: string): Promise<void> {
  const transport = await connectTo(url)
  try {
    await transport.verify()
  } finally {
    transport.close()
  }
}

async function connectTo(url: string): Promise<Transporter> {
  // Loaded where it is needed: most commands, and most hosts on one's own machine, send no mail.
  const { createTransport } = await import('nodemailer')
  return createTransport(withTls(url), {
    connectionTimeout: TIMEOUT,
    greetingTimeout: TIMEOUT,
    socketTimeout: TIMEOUT,
  } as object)
}

async function send(transport: Transporter, mail: OutgoingMail): Promise<void> {
  await transport.sendMail(messageOf(mail))
}

/** Passwords do not cross a network in the clear, unless the URL says that they do. */
function withTls(text: string): string {
  const url = new URL(text)
  const isTold = ['requireTLS', 'ignoreTLS'].some((name) => url.searchParams.has(name))
  if (url.protocol === 'smtp:' && url.username !== '' && !isTold) {
    url.searchParams.set('requireTLS', 'true')
  }
  return url.href
}

async function answer(
  transport: Transporter,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    await send(transport, JSON.parse(await readBody(request, MAX_BODY)) as OutgoingMail)
    response.writeHead(200).end()
  } catch (error) {
    const { message, responseCode } = error as Error & { responseCode?: number }
    const refusal: RelayRefusal = { message, isFinal: isFinalReply(responseCode) }
    response.writeHead(502, { 'content-type': 'application/json' }).end(JSON.stringify(refusal))
  }
}
