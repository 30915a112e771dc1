import { describe, expect, test } from 'vitest'
import { readConfig } from '../../kernel/config/config.ts'
import { OperatorNames } from './operator-names.ts'

const secrets = {
  PDS_JWT_SECRET: 'a secret of some length',
  PDS_KEY_SECRET: 'a secret of some length',
  PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX: '11'.repeat(32),
}

const names = new OperatorNames(
  readConfig({
    ...secrets,
    PDS_HOSTNAME: 'social.example.com',
    PDS_SERVICE_HANDLE_DOMAINS: '.example.com',
    PDS_SERVICE_DID: 'did:web:did.example.com',
    PDS_MOD_SERVICE_DID: 'did:web:Ozone.example.com',
    PDS_MOD_SERVICE_URL: 'https://mod.example.com',
    PDS_REPORT_SERVICE_DID: 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa',
    PDS_REPORT_SERVICE_URL: 'https://report.example.com:8443/path',
    PDS_BSKY_APP_VIEW_URL: 'https://view.example.com',
    PDS_BSKY_APP_VIEW_DID: 'did:web:view-did.example.com%3A3000',
    PDS_CHAT_URL: 'https://chat.example.com',
    PDS_CHAT_DID: 'did:web:chat-did.example.com:sub:path',
    PDS_PROXY_ROUTES:
      'org.example.*=did:web:route.example.com#svc@https://route-url.example.com,org.other.*=appview',
    PDS_CRAWLERS: 'relay.example.com,https://relay2.example.com',
    PDS_DID_PLC_URL: 'https://plc.example.com',
    PDS_DOH_URL: 'https://dns.example.com/query',
    PDS_BSKY_APP_VIEW_CDN_URL_PATTERN: 'https://cdn.example.com/%s/%s/%s',
    PDS_EMAIL_SMTP_URL: 'smtp://me:secret@Smtp.example.com:587',
    PDS_EMAIL_FROM_ADDRESS: 'noreply@mail.example.com',
    PDS_CONTACT_EMAIL_ADDRESS: 'alice@alice.example.net',
    PDS_PRIVACY_POLICY_URL: 'https://Privacy.example.com/policy.html',
    PDS_TERMS_OF_SERVICE_URL: 'https://bob.example.net/terms',
  }),
)

describe('names of the operator', () => {
  test.each([
    'social',
    'did',
    'ozone',
    'mod',
    'report',
    'view',
    'view-did',
    'chat',
    'chat-did',
    'route',
    'route-url',
    'relay',
    'relay2',
    'plc',
    'dns',
    'cdn',
    'mail',
    'smtp',
    'privacy',
  ])('%s.example.com is neither a handle nor a did:web', (name) => {
    for (const handle of [`${name}.example.com`, `${name.toUpperCase()}.Example.com`]) {
      expect(names.hasHandle(handle)).toBe(true)
      for (const end of ['', '%3A8443', '%3a80', ':path'])
        expect(names.hasDid(`did:web:${handle}${end}`)).toBe(true)
    }
    expect(names.list().handles).toContain(`${name}.example.com`)
    expect(names.list().dids).toContain(`did:web:${name}.example.com`)
  })

  test('the DID of a service is none either, whatever its method', () => {
    expect(names.hasDid('did:plc:aaaaaaaaaaaaaaaaaaaaaaaa')).toBe(true)
    expect(names.list().dids).toContain('did:plc:aaaaaaaaaaaaaaaaaaaaaaaa')
  })

  test.each(['alice.example.com', 'ozone2.example.com', 'ozone.example.net'])(
    '%s is not one of them',
    (handle) => {
      expect(names.hasHandle(handle)).toBe(false)
      expect(names.hasDid(`did:web:${handle}`)).toBe(false)
    },
  )

  test('the domain of a mail address or a policy may be a handle that is proven, but is not given out', () => {
    for (const foreign of ['alice.example.net', 'bob.example.net']) {
      expect(names.hasHandle(foreign)).toBe(false)
      expect(names.list().handles).not.toContain(foreign)
    }
    for (const own of ['mail.example.com', 'privacy.example.com']) {
      expect(names.hasHandle(own)).toBe(true)
    }
  })
})

test('the host of a mail service is one of them', () => {
  const url = 'https://user:secret@hooks.example.com/mail'
  const config = readConfig({ ...secrets, PDS_HOSTNAME: 'example.com', PDS_EMAIL_API_URL: url })
  expect(new OperatorNames(config).hasHandle('hooks.example.com')).toBe(true)
})
