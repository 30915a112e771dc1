/** What operators do with accounts, records and blobs, and with reports. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import { blobSubject, recordSubject } from '../../../services/moderation/subjects.ts'
import { readTypedSubject } from '../../../services/moderation/typed-subject.ts'
import type { ModerationNote, ModerationSubject } from '../../../storage/moderation.ts'
import type { ActionInput, ConsoleAction, Form } from '../page.ts'
import { MAX_REASON, MAX_REF, MODERATION, subjectPath } from './subject.ts'

export const moderationActions: Readonly<Record<string, ConsoleAction>> = {
  '/:did/takedown': {
    name: 'moderation.takedownAccount',
    dangerous: true,
    confirmBy: didOf,
    about: (input) => ({ did: didOf(input), ...kept(input.form) }),
    back: (input) => subjectPath(didOf(input)),
    run: (input) => takeDown(input, { kind: 'account', did: didOf(input) }),
  },
  '/takedown': {
    name: 'moderation.takedown',
    dangerous: true,
    about: ({ form }) => ({ uri: form.subject, ...kept(form) }),
    back,
    run: (input) => takeDown(input, contentOf(input.form)),
  },
  '/restore': {
    name: 'moderation.restore',
    dangerous: true,
    about: ({ form }) => ({ uri: form.subject, ...kept(form) }),
    back,
    async run(input) {
      const { form, services } = input
      const subject = subjectOf(form)
      await services.moderation.setTakedown(subject, null, noteOf(input))
      return { to: back(input), done: 'restored' }
    },
  },
  '/resolve': {
    name: 'moderation.resolve',
    about: ({ form }) => ({ ref: form.id, note: form.note }),
    back: () => `${MODERATION}/reports`,
    async run({ c, form, services }) {
      const id = Number(form.id)
      if (!Number.isSafeInteger(id) || id < 1) throw new InvalidRequestError('Which report?')
      const note = form.note?.trim().slice(0, MAX_REASON)
      await services.moderation.resolveReport(id, c.var.session.did, note === '' ? undefined : note)
      return { to: `${MODERATION}/reports`, done: 'closed' }
    },
  },
}

function didOf({ c }: ActionInput): string {
  return c.req.param('did') ?? ''
}

function back({ form }: ActionInput): string {
  return form.subject ? subjectPath(form.subject) : MODERATION
}

const kept = ({ ref, reason, case: note }: Form) => ({ ref, reason, note })

async function takeDown(input: ActionInput, subject: ModerationSubject) {
  const { form, services } = input
  const note = noteOf(input)
  if (!note.reason) throw new InvalidRequestError('Say why')
  const ref = form.ref?.trim().slice(0, MAX_REF)
  const { moderation } = services
  const changed = await moderation.setTakedown(subject, ref || new Date().toISOString(), note)
  if (!changed) throw new InvalidRequestError('It is not there, or is taken down already')
  return { to: back(input), done: 'down' }
}

const noteOf = ({ c, form }: ActionInput): ModerationNote => ({
  by: c.var.session.did,
  reason: form.reason?.trim().slice(0, MAX_REASON) || undefined,
  caseId: form.case?.trim().slice(0, MAX_REF) || undefined,
})

/** @throws InvalidRequestError for what is no record and no blob */
function contentOf(form: Form): ModerationSubject {
  const subject = subjectOf(form)
  // That takes the handle to be typed.
  if (subject.kind === 'account') throw new InvalidRequestError('Which record, or which blob?')
  return subject
}

/** As `subjectKey` writes it. @throws InvalidRequestError */
function subjectOf({ subject = '' }: Form): ModerationSubject {
  const { account, path, blob } = readTypedSubject(subject) ?? {}
  if (!account?.startsWith('did:')) throw new InvalidRequestError('Which account, record or blob?')
  if (path !== undefined) return recordSubject(`at://${account}/${path}`)
  if (blob !== undefined) return blobSubject(account, blob)
  return { kind: 'account', did: account }
}
