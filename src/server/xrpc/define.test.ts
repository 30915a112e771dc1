import { XRPCError } from '@atproto/xrpc-server'
import { expect, test } from 'vitest'
import { define, errors } from '#lex/com/atproto/repo/getRecord'
import { anyone, session } from '../auth/policy.ts'

test('a declared error has the name and status of its lexicon', () => {
  const error = errors.RecordNotFound('not here')
  expect(error).toBeInstanceOf(XRPCError)
  expect(error.statusCode).toBe(400)
  expect(error.payload).toEqual({ error: 'RecordNotFound', message: 'not here' })
  expect(errors.RecordNotFound('gone', { status: 404 }).statusCode).toBe(404)
})

// What follows is for the type checker: each expected error fails `npm run types` if there is none.

test('an error that the lexicon does not declare does not compile', () => {
  // @ts-expect-error getRecord declares RecordNotFound only
  expect(() => errors.RepoNotFound('no')).toThrow(TypeError)
})

test('a handler sees and returns the types of its lexicon', () => {
  const answer = { uri: 'at://did:web:a.test/a.b.c/d', value: {} }
  define({ auth: anyone, handler: () => answer })
  // @ts-expect-error the output must have a value
  define({ auth: anyone, handler: () => ({ uri: answer.uri }) })
  define({
    auth: anyone,
    handler({ params }) {
      // @ts-expect-error there is no such parameter
      const { nothing } = params
      return { ...answer, nothing }
    },
  })
  // @ts-expect-error a definition says who may call
  define({ handler: () => answer })
})

test('what a handler knows of the caller follows from its policy', () => {
  const answer = { uri: 'at://did:web:a.test/a.b.c/d', value: {} }
  define({ auth: session, handler: ({ auth }) => ({ ...answer, uri: auth.did }) })
  // @ts-expect-error anyone may be nobody
  define({ auth: anyone, handler: ({ auth }) => ({ ...answer, uri: auth.did }) })
})
