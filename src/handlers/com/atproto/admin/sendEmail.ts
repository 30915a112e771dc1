import { InvalidRequestError } from '@atproto/xrpc-server'
import { define } from '#lex/com/atproto/admin/sendEmail'
import { adminOrModerator } from '#src/server/auth/policy.ts'

/** Mails somebody here a message of the operator's, in text. */
export default define({
  auth: adminOrModerator,
  async handler({ input, services }) {
    const { recipientDid, content, subject = 'Message via your PDS' } = input
    if (!(await services.accounts.find(recipientDid))) {
      throw new InvalidRequestError('Recipient not found')
    }
    await services.mail.sendMessage(recipientDid, subject, content)
    return { sent: true }
  },
})
