import { InvalidRequestError, OAuthError } from '@atproto/oauth-provider/errors'
import { afterEach, expect, test, vi } from 'vitest'
import type { Logger } from '../kernel/log.ts'
import { ISSUER, request } from '../testing/browser-session.ts'
import { logProviderError } from './log-error.ts'

const SECRET = 'typed into a form'

afterEach(() => vi.restoreAllMocks())

function logged(error: unknown, message = 'Failed to handle API request') {
  const lines: { level: string; fields: unknown[] }[] = []
  const log: Logger = {
    info: (...fields) => void lines.push({ level: 'info', fields }),
    error: (...fields) => void lines.push({ level: 'error', fields }),
  }
  logProviderError(log, error, message)
  return lines
}

const named = (name: string, more: object = {}) =>
  Object.assign(new Error(SECRET), { name, ...more })

test.each<[string, unknown, number, string]>([
  ['of the provider', new InvalidRequestError(SECRET), 400, 'invalid_request'],
  [
    'of a limit',
    new OAuthError('temporarily_unavailable', SECRET, 429),
    429,
    'temporarily_unavailable',
  ],
  ['of a form', named('ZodError'), 400, 'ZodError'],
  ['of a token', named('JWTExpired'), 400, 'JWTExpired'],
  ['of HTTP', named('BadRequestError', { status: 400, statusCode: 400 }), 400, 'BadRequestError'],
])('an error of the client is a line without its text: %s', (_, error, status, kind) => {
  const what = 'Failed to handle API request'
  expect(logged(error)).toEqual([{ level: 'info', fields: [what, { status, error: kind }] }])
})

test.each<[string, unknown]>([
  ['of this host', new Error('no such table')],
  ['that may be of this host', new TypeError('undefined is not a function')],
  ['on the way to an app', new OAuthError('server_error', 'x', 400)],
  ['with a status of 500', named('InternalServerError', { status: 500 })],
  ['that is none', 'text'],
])('an error %s comes with its cause', (_, error) => {
  expect(logged(error)).toEqual([
    { level: 'error', fields: ['Failed to handle API request', error] },
  ])
})

test('the query of an address is not logged', () => {
  const error = new InvalidRequestError('x')
  const [line] = logged(error, 'Failed to handle navigation request to "/account?token=secret"')
  expect(line?.fields[0]).toBe('Failed to handle navigation request to "/account"')
})

test('a form that was filled in wrongly leaves no stack and none of its words in the log', async () => {
  const lines: string[] = []
  for (const method of ['log', 'error', 'warn', 'info'] as const) {
    vi.spyOn(console, method).mockImplementation((line) => void lines.push(String(line)))
  }
  const page = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
  const opened = await request('/account', { headers: { ...page, 'sec-fetch-site': 'none' } })
  const cookie = opened.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
  const csrf = /csrf-token=([^;]+)/.exec(cookie)?.[1] ?? ''
  for (const input of [
    { locale: 'en', username: SECRET, password: { [SECRET]: SECRET }, remember: SECRET },
    { locale: SECRET, username: 'nobody.test', password: SECRET },
    { locale: 'en', username: 'nobody.test', password: SECRET, remember: true },
  ]) {
    const response = await request('/@atproto/oauth-provider/~api/sign-in', {
      method: 'POST',
      headers: {
        'sec-fetch-site': 'same-origin',
        'sec-fetch-mode': 'same-origin',
        'sec-fetch-dest': 'empty',
        'content-type': 'application/json',
        origin: ISSUER,
        referer: `${ISSUER}/account`,
        'x-csrf-token': csrf,
        cookie,
      },
      body: JSON.stringify(input),
    })
    expect([400, 401]).toContain(response.status)
  }
  await request(`/account?hint=${encodeURIComponent(SECRET)}`, {
    headers: { ...page, 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'iframe' },
  })
  const text = lines.join('\n')
  expect(text).toContain('Failed to handle API request')
  expect(text).toContain('Failed to handle navigation request to \\"/account\\"')
  expect(text).not.toContain('"stack"')
  expect(text).not.toContain('"level":"error"')
  expect(text).not.toContain(SECRET)
  expect(text).not.toContain(encodeURIComponent(SECRET))
})
