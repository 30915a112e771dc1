/** Mails of a host with a public name, through each service that takes them over HTTPS. */
import { AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { operatorOf } from '../support/accounts.ts'
import { type MailRequest, startMailApi, type TestMailApi } from '../support/mail-api.ts'
import { PASSWORD, startServer, type TestServer } from '../support/server.ts'

const ADDRESS = 'alice@example.com'
const FROM = 'noreply@pds.example.com'

let api: TestMailApi
beforeAll(async () => {
  api = await startMailApi()
})
afterAll(() => api.stop())
beforeEach(() => {
  api.requests.length = 0
  api.answer(200)
})

interface MailHost {
  server: TestServer
  /** Asks for a mail, with a token for a new password. */
  reset(): Promise<void>
}

const hostOf = (mailUrl: string) => ({
  PDS_HOSTNAME: 'pds.example.com',
  PDS_DEV_MODE: 'false',
  PDS_FIRST_HANDLE: 'alice.pds.example.com',
  PDS_FIRST_DID_METHOD: 'web',
  PDS_EMAIL_API_URL: mailUrl,
  PDS_RATE_LIMITS_ENABLED: 'false',
  PDS_EMAIL_MAX_PER_ADDRESS: 'none',
  PDS_EMAIL_MAX_PER_ACCOUNT: 'none',
})

async function startHost(mailUrl: string): Promise<MailHost> {
  const server = await startServer({ env: hostOf(mailUrl) })
  const agent = new AtpAgent({ service: server.origin })
  await agent.login({ identifier: 'alice.pds.example.com', password: PASSWORD })
  await agent.com.atproto.server.updateEmail({ email: ADDRESS })
  return {
    server,
    async reset() {
      await agent.com.atproto.server.requestPasswordReset({ email: ADDRESS })
    },
  }
}

/** A host that sends its mails so, for as long as `work` takes. */
async function withHost(mailUrl: string, work: (host: MailHost) => Promise<void>): Promise<void> {
  const host = await startHost(mailUrl)
  try {
    await work(host)
  } finally {
    await host.server.stop()
  }
}

const json = ({ body }: MailRequest) => JSON.parse(body) as Record<string, unknown>

const TEXT = expect.stringMatching(/\n {4}[A-Z2-7]{5}-[A-Z2-7]{5}\n/)
const HTML = expect.stringContaining('<p')
const SUBJECT = 'Reset your password on pds.example.com'
const UNSUBSCRIBE =
  /List-Unsubscribe.{0,20}<https:\/\/pds\.example\.com\/mail\/sign-ins\?|"unsubscribeUrl":"https:/
const ID = expect.stringMatching(/^[0-9a-f-]{36}$/)

test.each<[string, () => string, (request: MailRequest) => void]>([
  [
    'Resend',
    () => `resend://re_key?endpoint=${api.origin}`,
    (request) => {
      expect(request.path).toBe('/emails')
      expect(request.headers).toMatchObject({
        authorization: 'Bearer re_key',
        'idempotency-key': ID,
      })
      const mail = { from: FROM, to: [ADDRESS], subject: SUBJECT, text: TEXT, html: HTML }
      expect(json(request)).toMatchObject(mail)
    },
  ],
  [
    'Postmark',
    () => `postmark://token?endpoint=${api.origin}`,
    (request) => {
      expect(request.path).toBe('/email')
      expect(request.headers).toMatchObject({ 'x-postmark-server-token': 'token' })
      expect(json(request)).toMatchObject({
        From: FROM,
        To: ADDRESS,
        Subject: SUBJECT,
        TextBody: TEXT,
        HtmlBody: HTML,
      })
    },
  ],
  [
    'Mailgun',
    () => `mailgun://key@mg.example.com?endpoint=${api.origin}`,
    (request) => {
      expect(request.path).toBe('/v3/mg.example.com/messages')
      expect(request.headers.authorization).toBe(`Basic ${btoa('api:key')}`)
      expect(Object.fromEntries(new URLSearchParams(request.body))).toMatchObject({
        from: FROM,
        to: ADDRESS,
        subject: SUBJECT,
        text: TEXT,
        html: HTML,
        'h:Auto-Submitted': 'auto-generated',
      })
    },
  ],
  [
    'Amazon SES',
    () => `ses://AKIA1:se%2Fcret@eu-west-1?endpoint=${api.origin}`,
    (request) => {
      expect(request.path).toBe('/v2/email/outbound-emails')
      expect(request.headers.authorization).toMatch(
        /^AWS4-HMAC-SHA256 Credential=AKIA1\/\d{8}\/eu-west-1\/ses\/aws4_request, SignedHeaders=.*host.*Signature=/,
      )
      expect(json(request)).toMatchObject({
        FromEmailAddress: FROM,
        Destination: { ToAddresses: [ADDRESS] },
        Content: { Simple: { Subject: { Data: SUBJECT }, Body: { Text: { Data: TEXT } } } },
      })
    },
  ],
  [
    'a webhook',
    () => api.origin.replace('http://', 'http://me:pass%40word@').concat('/hook?x=1'),
    (request) => {
      expect(request.path).toBe('/hook?x=1')
      expect(request.headers).toMatchObject({
        authorization: `Basic ${btoa('me:pass@word')}`,
        'idempotency-key': ID,
      })
      const mail = { id: ID, from: FROM, to: ADDRESS, subject: SUBJECT, text: TEXT, html: HTML }
      expect(json(request)).toEqual(mail)
    },
  ],
])('through %s', (_, url, check) =>
  withHost(url(), async ({ server, reset }) => {
    await reset()
    await vi.waitFor(() => expect(api.requests).toHaveLength(1))
    const [request] = api.requests
    if (request) check(request)
    expect(request?.body).not.toMatch(UNSUBSCRIBE)
    // A notice that may be turned off says so in the service's way.
    await fetch(`${server.origin}/xrpc/com.atproto.server.createSession`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': 'Another App' },
      body: JSON.stringify({ identifier: 'alice.pds.example.com', password: PASSWORD }),
    })
    await vi.waitFor(() => expect(api.requests).toHaveLength(2))
    const body = api.requests[1]?.body ?? ''
    const isJson = body.startsWith('{')
    expect(isJson ? body : decodeURIComponent(body)).toMatch(UNSUBSCRIBE)
  }),
)

test('a service that is broken slows nobody down, and has the mail when it works again, once', () =>
  withHost(`${api.origin}/hook`, async ({ server, reset }) => {
    api.answer('break')
    await reset()
    await vi.waitFor(() => expect(api.requests).toHaveLength(1))
    const health = async (headers = {}) =>
      (await (await fetch(`${server.origin}/xrpc/_health`, { headers })).json()) as object
    const lastError = 'webhook: Could not be reached'
    await vi.waitFor(async () =>
      expect(await health({ authorization: operatorOf(server) })).toMatchObject({
        mail: { waiting: 1, failed: 0, lastError },
      }),
    )
    expect(await health()).not.toHaveProperty('mail')
    api.answer(503)
    await vi.waitFor(() => expect(api.requests).toHaveLength(2), { interval: 200 })
    api.answer(200)
    await vi.waitFor(() => expect(api.requests).toHaveLength(3), {
      timeout: 25_000,
      interval: 200,
    })
    const [first, second, third] = api.requests.map(json)
    expect(second).toEqual(first)
    expect(third).toEqual(first)
  }))

test('over a budget, who asks for somebody is told alike of known and unknown addresses, and what is dropped is counted', async () => {
  const env = { ...hostOf(`${api.origin}/hook`), PDS_EMAIL_MAX_PER_ADDRESS: '3/100' }
  const server = await startServer({ env })
  try {
    const agent = new AtpAgent({ service: server.origin })
    await agent.login({ identifier: 'alice.pds.example.com', password: PASSWORD })
    const { server: methods } = agent.com.atproto
    await methods.updateEmail({ email: ADDRESS })
    for (const email of [ADDRESS, 'nobody@example.com']) {
      const ask = () => methods.requestPasswordReset({ email })
      for (let n = 0; n < 3; n++) await ask()
      await expect(ask()).rejects.toMatchObject({ status: 429, error: 'RateLimitExceeded' })
    }
    await vi.waitFor(() => expect(api.requests).toHaveLength(3))
    await expect(methods.requestEmailConfirmation()).rejects.toMatchObject({
      status: 429,
      error: 'RateLimitExceeded',
    })
    await methods.createAppPassword({ name: 'an app' })
    const headers = { authorization: operatorOf(server) }
    await vi.waitFor(async () => {
      const health = await (await fetch(`${server.origin}/xrpc/_health`, { headers })).json()
      expect(health).toMatchObject({ mail: { waiting: 0, failed: 0, dropped: 1 } })
    })
    expect(api.requests).toHaveLength(3)
  } finally {
    await server.stop()
  }
})

test('after a kill the mail is sent by the next start', async () => {
  api.answer(503)
  const { server, reset } = await startHost(`${api.origin}/hook`)
  await reset()
  await vi.waitFor(() => expect(api.requests).toHaveLength(1))
  await server.stop('SIGKILL')
  api.answer(200)
  const { dataDirectory } = server
  const again = await startServer({ dataDirectory, env: hostOf(`${api.origin}/hook`) })
  try {
    await vi.waitFor(() => expect(api.requests).toHaveLength(2), { interval: 200 })
    const [before, after] = api.requests.map(json)
    expect(after).toEqual(before)
  } finally {
    await again.stop()
  }
})

test('however often the host is killed, no mail is lost, and what comes twice says so', {
  timeout: 20 * 60_000,
}, async () => {
  const kills = process.env.CUMULUS_LONG ? 200 : 3
  let { server, reset } = await startHost(`${api.origin}/hook`)
  const { dataDirectory } = server
  for (let n = 0; n < kills; n++) {
    // Some are taken, some are refused for now, of some the answer is lost, and the kill comes at any moment of it.
    api.answer(([200, 503, 'break'] as const)[n % 3] ?? 200)
    await reset()
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 60))
    await server.stop('SIGKILL')
    api.answer(200)
    server = await startServer({ dataDirectory, env: hostOf(`${api.origin}/hook`) })
    const { server: methods } = new AtpAgent({ service: server.origin }).com.atproto
    reset = async () => {
      await methods.requestPasswordReset({ email: ADDRESS })
    }
  }
  const distinct = (name: 'id' | 'text') =>
    new Set(api.requests.map((sent) => json(sent)[name])).size
  await vi.waitFor(() => expect(distinct('id')).toBe(kills), { timeout: 60_000, interval: 500 })
  // The same id is the same mail.
  expect(distinct('text')).toBe(kills)
  await server.stop()
})
