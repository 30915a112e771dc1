import { expect, test } from 'vitest'
import { emailBinding } from './email-binding.ts'

const MAIL = {
  id: 'ID',
  from: 'Sky <noreply@pds.test>',
  to: 'alice@example.com',
  subject: 'パスワード',
  text: 'ABCDE-FGHIJ',
  html: '<p>é',
  unsubscribeUrl: 'https://pds.test/mail/sign-ins?did=x',
}

test('the binding is given a whole message, with an envelope of its own', async () => {
  const given: { from?: string; to?: string }[] = []
  await emailBinding({ send: async (message) => void given.push(message) }).send(MAIL)
  expect(given).toHaveLength(1)
  expect(given[0]?.from).toBe('noreply@pds.test')
  expect(given[0]?.to).toBe('alice@example.com')
})

test.each([
  ['destination address is not allowed', true],
  ['internal error', false],
])('a refusal: %s', async (message, isFinal) => {
  const binding = {
    send: async () => {
      throw new Error(`${message}: alice@example.com`)
    },
  }
  await expect(emailBinding(binding).send(MAIL)).rejects.toMatchObject({
    name: 'MailError',
    message: `e-mail binding: ${message}: …`,
    isFinal,
  })
})
