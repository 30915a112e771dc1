import { expect, test } from 'vitest'
import { lexiconFile } from '../../codegen/load.ts'
import { planPublication } from './publish.ts'
import { cidOfLexicon } from './written.ts'

test('a permission set that is published as it is breaks nobody, in whatever order the host keeps it', () => {
  const lexicon = {
    lexicon: 1,
    id: 'com.example.auth',
    defs: {
      main: {
        type: 'permission-set',
        title: 'Books',
        permissions: [
          { type: 'permission', resource: 'repo', collection: ['com.example.book'] },
          { type: 'permission', resource: 'rpc', lxm: ['com.example.list'], aud: '*' },
        ],
      },
    },
  }
  const kept = {
    id: lexicon.id,
    defs: {
      main: {
        type: 'permission-set',
        title: 'Books',
        permissions: [
          { type: 'permission', collection: ['com.example.book'], resource: 'repo' },
          { aud: '*', lxm: ['com.example.list'], type: 'permission', resource: 'rpc' },
        ],
      },
    },
    lexicon: 1,
  }
  const file = lexiconFile('lexicons/com/example/auth.json', JSON.stringify(lexicon))
  const published = { nsid: lexicon.id, cid: cidOfLexicon(kept), value: kept }
  const options = { namespace: 'com.example', prune: false }
  expect(planPublication([file], [published], options)).toEqual([
    { nsid: lexicon.id, change: 'same', breaking: [], lexicon },
  ])
})
