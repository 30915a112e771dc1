import { expect, test } from 'vitest'
import { parseMailApi } from './mail-url.ts'

test.each([
  ['resend://re_123', { service: 'resend', key: 're_123', endpoint: 'https://api.resend.com' }],
  ['postmark://a-b', { service: 'postmark', key: 'a-b', endpoint: 'https://api.postmarkapp.com' }],
  [
    'mailgun://key@mg.example.com?endpoint=https://api.eu.mailgun.net/',
    {
      service: 'mailgun',
      key: 'key',
      scope: 'mg.example.com',
      endpoint: 'https://api.eu.mailgun.net',
    },
  ],
  [
    'ses://AKIA:a%2Fb:c@eu-west-1',
    {
      service: 'ses',
      key: 'AKIA',
      secret: 'a/b:c',
      scope: 'eu-west-1',
      endpoint: 'https://email.eu-west-1.amazonaws.com',
    },
  ],
  [
    'https://me:p%40ss@hooks.example.com/mail?x=1',
    {
      service: 'webhook',
      key: 'me',
      secret: 'p@ss',
      endpoint: 'https://hooks.example.com/mail?x=1',
    },
  ],
  ['http://localhost:3000/', { service: 'webhook', key: '', endpoint: 'http://localhost:3000/' }],
])('%s is read', (text, api) => {
  expect(parseMailApi(text)).toEqual({ secret: '', scope: '', ...api })
})

test.each([
  ['smtp://user:qwertz@example.com', 'must be resend://<key>'],
  ['sendgrid://qwertz', 'must be resend://<key>'],
  ['qwertz', 'must be resend://<key>'],
  ['https://', 'must be a URL'],
  ['resend://', 'must have the form resend://<key>'],
  ['resend://qwertz@example.com', 'must have the form resend://<key>'],
  ['mailgun://qwertz', 'must have the form mailgun://<key>@<domain>'],
  ['mailgun://qwertz@ex/ample', 'must have the form mailgun://<key>@<domain>'],
  ['ses://qwertz@eu-west-1', 'must have the form ses://<key id>:<secret>@<region>'],
  ['ses://AKIA:%qwertz@eu-west-1', 'write it as %25'],
  ['resend://key?endpoint=ftp://x', 'endpoint must be an http(s) URL'],
])('%s is refused, and nothing of it is repeated', (text, why) => {
  const error = (() => {
    try {
      parseMailApi(text)
    } catch (thrown) {
      return String(thrown)
    }
  })()
  expect(error).toContain(why)
  expect(error).not.toContain('qwertz')
})
