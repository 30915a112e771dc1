import { describe, expect, test } from 'vitest'
import { ConfigError, readConfig } from './config.ts'

const secrets = {
  PDS_JWT_SECRET: 'x'.repeat(16),
  PDS_KEY_SECRET: 'y'.repeat(16),
  PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX: '11'.repeat(32),
}

describe('without settings, apart from secrets', () => {
  test('the host is on localhost and gives out .test handles', () => {
    expect(readConfig(secrets)).toMatchObject({
      hostname: 'localhost',
      publicUrl: 'http://localhost:2583',
      serviceDid: 'did:web:localhost',
      handleDomains: ['.test'],
      appview: { did: 'did:web:api.bsky.app', id: 'bsky_appview', url: 'https://api.bsky.app' },
      moderation: undefined,
    })
  })
})

test('a host name changes what follows from it', () => {
  expect(readConfig({ ...secrets, PDS_HOSTNAME: 'pds.example.com' })).toMatchObject({
    publicUrl: 'https://pds.example.com',
    serviceDid: 'did:web:pds.example.com',
    handleDomains: ['.pds.example.com'],
  })
})

test('names of this host are read in small letters', () => {
  const names = {
    PDS_HOSTNAME: 'PDS.Example.com',
    PDS_SERVICE_HANDLE_DOMAINS: '.Example.com, .USERS.example.com',
    PDS_SERVICE_DID: 'did:web:PDS.Example.com',
  }
  expect(readConfig({ ...secrets, ...names })).toMatchObject({
    hostname: 'pds.example.com',
    publicUrl: 'https://pds.example.com',
    serviceDid: 'did:web:pds.example.com',
    handleDomains: ['.example.com', '.users.example.com'],
    mailFrom: 'noreply@pds.example.com',
  })
  expect(readConfig({ ...secrets, PDS_HOSTNAME: 'Localhost' })).toMatchObject({
    publicUrl: 'http://localhost:2583',
    handleDomains: ['.test'],
  })
})

test('none switches a service off', () => {
  expect(readConfig({ ...secrets, PDS_BSKY_APP_VIEW_URL: 'none' }).appview).toBeUndefined()
})

test('every mistake is named at once, without the value of a secret', () => {
  const raw = {
    PDS_JWT_SECRET: 'short',
    PDS_PORT: 'http',
    PDS_DEV_MODE: 'maybe',
    PDS_SERVICE_HANDLE_DOMAINS: 'example.com',
    PDS_BSKY_APP_VIEW_URL: 'ftp://a',
    PDS_MOD_SERVICE_URL: 'https://mod.example.com',
  }
  const error = catchError(() => readConfig(raw))
  expect(error).toBeInstanceOf(ConfigError)
  expect(error?.message.split('\n').sort()).toEqual([
    'PDS_BSKY_APP_VIEW_URL: must be an http(s) URL (it is "ftp://a")',
    'PDS_DEV_MODE: must be true or false (it is "maybe")',
    'PDS_JWT_SECRET must have at least 16 characters',
    'PDS_KEY_SECRET is not set',
    'PDS_MOD_SERVICE_DID must be set together with PDS_MOD_SERVICE_URL',
    'PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX is not set',
    'PDS_PORT: must be a whole number (it is "http")',
    'PDS_SERVICE_HANDLE_DOMAINS: "example.com" must start with a dot',
  ])
})

function catchError(run: () => void): Error | undefined {
  try {
    run()
  } catch (error) {
    return error as Error
  }
  return undefined
}

test('the operator’s password is not a short one', () => {
  const error = catchError(() => readConfig({ ...secrets, PDS_ADMIN_PASSWORD: 'x'.repeat(15) }))
  expect(error?.message).toBe('PDS_ADMIN_PASSWORD must have at least 16 characters')
})

test.each(['https://pds.example.com/', 'pds.example.com:443', 'pds.example.com/x'])(
  'a host name is not %s',
  (hostname) => {
    const raw = { ...secrets, PDS_HOSTNAME: hostname }
    expect(catchError(() => readConfig(raw))?.message).toMatch(/^PDS_HOSTNAME: must be a host name/)
  },
)

test.each(['pds.example.com', '192.168.1.2', 'pds.local'])(
  'a host in development is not %s',
  (hostname) => {
    const raw = { ...secrets, PDS_DEV_MODE: 'true', PDS_HOSTNAME: hostname }
    expect(catchError(() => readConfig(raw))?.message).toMatch(/^PDS_DEV_MODE shows the mails/)
  },
)

test("the reference PDS's name for an open or an invited registration is understood", () => {
  const registration = (raw: object) => readConfig({ ...secrets, ...raw }).registration
  expect(registration({})).toBe('closed')
  expect(registration({ PDS_INVITE_REQUIRED: 'true' })).toBe('invite')
  expect(registration({ PDS_INVITE_REQUIRED: 'false' })).toBe('open')
  expect(registration({ PDS_INVITE_REQUIRED: 'false', PDS_REGISTRATION: 'closed' })).toBe('closed')
})

test('relays may be named by host, and none switches them off', () => {
  const crawlers = (PDS_CRAWLERS?: string) => readConfig({ ...secrets, PDS_CRAWLERS }).crawlers
  expect(crawlers()).toEqual(['https://bsky.network'])
  expect(crawlers('none')).toEqual([])
  expect(crawlers('relay.example.com,http://localhost:3')).toEqual([
    'https://relay.example.com',
    'http://localhost:3',
  ])
})

describe('branding', () => {
  test('is the host name alone unless settings say more', () => {
    const { branding } = readConfig({ ...secrets, PDS_HOSTNAME: 'pds.example.com' })
    expect(branding).toMatchObject({ name: 'pds.example.com', logoUrl: undefined })
    expect(branding.colors.primary).toBeUndefined()
  })

  test('takes a name, colours, and URLs that cannot break out of a policy', () => {
    const { branding } = readConfig({
      ...secrets,
      PDS_SERVICE_NAME: ' Café Sky ',
      PDS_PRIMARY_COLOR: '#0AF',
      PDS_LOGO_URL: "https://cdn.example.com/w_200,h_200/a;script-src 'x'.png?v=1",
      PDS_CONTACT_EMAIL_ADDRESS: 'help@example.com',
    })
    expect(branding).toMatchObject({
      name: 'Café Sky',
      colors: { primary: '#00aaff' },
      logoUrl: 'https://cdn.example.com/w_200%2Ch_200/a%3Bscript-src%20%27x%27.png?v=1',
      supportUrl: 'mailto:help@example.com',
    })
  })

  test.each([
    ['PDS_PRIMARY_COLOR', 'red', 'must be a colour of the form #rgb or #rrggbb'],
    ['PDS_ERROR_COLOR', '#fff;}', 'must be a colour'],
    ['PDS_SERVICE_NAME', 'x'.repeat(61), 'must be one line of up to 60 characters'],
    ['PDS_SERVICE_NAME', 'A\r\nBcc: b@example.com', 'must be one line'],
    ['PDS_LOGO_URL', 'http://cdn.example.com/a.png', 'must be an https URL, or one of this host'],
    ['PDS_LOGO_URL', 'data:image/png;base64,AA', 'must be a URL'],
    ['PDS_HOME_URL', 'javascript:alert(1)', 'must be a URL'],
    ['PDS_HOME_URL', 'mailto:a@example.com', 'must be an https URL'],
  ])('%s=%s is refused', (name, value, reason) => {
    expect(() => readConfig({ ...secrets, [name]: value })).toThrow(`${name}: ${reason}`)
  })

  test('a picture may be on this host', () => {
    const PDS_LOGO_URL = 'http://localhost:2583/xrpc/x'
    expect(readConfig({ ...secrets, PDS_LOGO_URL }).branding.logoUrl).toBe(PDS_LOGO_URL)
  })
})
