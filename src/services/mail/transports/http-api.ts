/** Services that take mails over HTTPS: Resend, Postmark, Mailgun, Amazon SES, and a webhook of the operator's. */
import type { MailApi } from '../../../kernel/config/mail-url.ts'
import { headersOf, type Mail, type OutgoingMail } from '../../../kernel/mail.ts'
import { boundedFetch, type Fetch } from '../../../kernel/net/guarded-fetch.ts'
import { NetworkError } from '../../../kernel/net/network-error.ts'
import { MailError, type MailTransport, reasonWithout } from './transport.ts'

/** ms */
const TIMEOUT = 15_000

/** Bytes of an answer. */
const MAX_ANSWER = 64 * 1024

/** Statuses after which the same request may succeed later. */
const TEMPORARY = [408, 425, 429]

interface ApiRequest {
  url: string
  headers: Record<string, string>
  body: string
}

type Compose = (mail: OutgoingMail, api: MailApi) => ApiRequest | Promise<ApiRequest>

/** `fetch` goes to addresses that the operator chose. */
export const httpApi = (api: MailApi, fetch: Fetch): MailTransport => ({
  async send(mail) {
    const { url, headers, body } = await COMPOSERS[api.service](mail, api)
    let response: Response
    try {
      response = await boundedFetch(url, {
        method: 'POST',
        headers,
        body,
        timeout: TIMEOUT,
        maxBytes: MAX_ANSWER,
        fetch,
      })
    } catch (cause) {
      const why = cause instanceof NetworkError ? cause.message : 'it could not be asked'
      throw new MailError(`${api.service}: ${why}`, { isFinal: false, cause })
    }
    const answer = await response.text().catch(() => '')
    if (response.ok) return
    const { status } = response
    const isFinal = status >= 400 && status < 500 && !TEMPORARY.includes(status)
    throw new MailError(`${api.service} answered ${status}${reasonIn(answer, mail.to)}`, {
      isFinal,
    })
  },
})

const COMPOSERS: Record<MailApi['service'], Compose> = {
  resend: ({ id, ...mail }, { endpoint, key }) => ({
    url: `${endpoint}/emails`,
    headers: { ...json, authorization: `Bearer ${key}`, 'idempotency-key': id },
    body: JSON.stringify({
      from: mail.from,
      to: [mail.to],
      subject: mail.subject,
      text: mail.text,
      html: mail.html,
      headers: marks(id, mail),
    }),
  }),

  postmark: ({ id, ...mail }, { endpoint, key }) => ({
    url: `${endpoint}/email`,
    headers: { ...json, accept: 'application/json', 'x-postmark-server-token': key },
    body: JSON.stringify({
      From: mail.from,
      To: mail.to,
      Subject: mail.subject,
      TextBody: mail.text,
      HtmlBody: mail.html,
      MessageStream: 'outbound',
      Headers: Object.entries(marks(id, mail)).map(([Name, Value]) => ({ Name, Value })),
    }),
  }),

  mailgun: ({ id, ...mail }, { endpoint, key, scope }) => ({
    url: `${endpoint}/v3/${scope}/messages`,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: basic('api', key),
    },
    body: new URLSearchParams({
      from: mail.from,
      to: mail.to,
      subject: mail.subject,
      text: mail.text,
      html: mail.html,
      ...Object.fromEntries(
        Object.entries(marks(id, mail)).map(([name, value]) => [`h:${name}`, value]),
      ),
    }).toString(),
  }),

  async ses({ id, ...mail }, { endpoint, key, secret, scope }) {
    const url = `${endpoint}/v2/email/outbound-emails`
    const body = JSON.stringify({
      FromEmailAddress: mail.from,
      Destination: { ToAddresses: [mail.to] },
      Content: {
        Simple: {
          Subject: utf8(mail.subject),
          Body: { Text: utf8(mail.text), Html: utf8(mail.html) },
          Headers: Object.entries(marks(id, mail)).map(([Name, Value]) => ({ Name, Value })),
        },
      },
    })
    const { AwsClient } = await import('aws4fetch')
    const client = new AwsClient({ accessKeyId: key, secretAccessKey: secret })
    const { headers } = await client.sign(url, {
      method: 'POST',
      headers: json,
      body,
      aws: { service: 'ses', region: scope },
    })
    return { url, headers: Object.fromEntries(headers), body }
  },

  webhook: ({ id, from, to, subject, text, html, unsubscribeUrl }, { endpoint, key, secret }) => ({
    url: endpoint,
    headers: {
      ...json,
      'idempotency-key': id,
      ...(key !== '' && { authorization: basic(key, secret) }),
    },
    body: JSON.stringify({ id, from, to, subject, text, html, unsubscribeUrl }),
  }),
}

const json = { 'content-type': 'application/json' }

const marks = (id: string, mail: Mail): Record<string, string> => ({
  ...headersOf(mail),
  'X-Entity-Ref-ID': id,
})

const utf8 = (text: string) => ({ Data: text, Charset: 'UTF-8' })

const basic = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

/** What a service says about why it refuses; each has another name for it. */
function reasonIn(answer: string, address: string): string {
  try {
    const { message, Message, error } = JSON.parse(answer) as Record<string, unknown>
    const said = [message, Message, error].find((text) => typeof text === 'string')
    return said === undefined ? '' : `: ${reasonWithout(address, String(said))}`
  } catch {
    return ''
  }
}
