import { expect, test } from 'vitest'
import type { LocalPost } from './local.ts'
import { insertReplies, newParents, postsForThread, type Thread, threadOf } from './thread.ts'

const uriOf = (name: string) => `at://did:web:a.test/app.bsky.feed.post/${name}`
const author = { did: 'did:web:a.test', handle: 'a.test' }
const ref = (name: string) => ({ uri: uriOf(name), cid: '' })
const reply = (root?: string, parent = root) =>
  root !== undefined && parent !== undefined ? { root: ref(root), parent: ref(parent) } : undefined

const view = (name: string, root?: string, parent?: string) => ({
  uri: uriOf(name),
  cid: '',
  author,
  record: { reply: reply(root, parent) },
  indexedAt: '',
})
const local = (name: string, root?: string, parent?: string): LocalPost => ({
  uri: uriOf(name),
  cid: '',
  record: { $type: 'app.bsky.feed.post', text: '', createdAt: '', reply: reply(root, parent) },
  indexedAt: '',
})
const names = (posts: { uri: string }[]) => posts.map(({ uri }) => uri.split('/').at(-1))

test('to a thread belong the answers to what its post is about', () => {
  const posts = [local('a', 'root'), local('b', 'other'), local('c')]
  expect(names(postsForThread(threadOf(view('root')), posts))).toEqual(['a'])
  expect(names(postsForThread(threadOf(view('x', 'root', 'root')), posts))).toEqual(['a'])
  expect(postsForThread(threadOf(view('c')), posts)).toEqual([])
})

test.each([
  [{ reply: 7 }],
  [{ reply: { root: null } }],
  [{ reply: { root: {}, parent: { uri: 1 } } }],
  [{}],
])('a post with the record %j answers nothing', (record) => {
  const thread = threadOf({ ...view('x'), record })
  expect(postsForThread(thread, [local('a', 'root')])).toEqual([])
  expect(insertReplies(thread, [{ ...view('a'), record }])).toBe(thread)
})

test('answers stand first below what they answer, at any depth, and once', () => {
  const deep: Thread = { ...threadOf(view('deep', 'root', 'old')), replies: [] }
  const old: Thread = { ...threadOf(view('old', 'root')), replies: [deep] }
  const root: Thread = { ...threadOf(view('root')), replies: [old] }
  const posts = [
    view('a', 'root', 'root'),
    view('b', 'root', 'deep'),
    view('c', 'root', 'b'),
    view('old', 'root', 'root'),
    view('lost', 'root', 'nowhere'),
  ]
  const outline = ({ post, replies = [] }: Thread): unknown =>
    replies.length > 0
      ? { [names([post])[0] ?? '']: replies.map((reply) => outline(reply as Thread)) }
      : names([post])[0]
  expect(outline(insertReplies(root, posts))).toEqual({
    root: ['a', { old: [{ deep: [{ b: ['c'] }] }] }],
  })
})

test('a thread without a place for an answer is the same object', () => {
  const root: Thread = { ...threadOf(view('root')), replies: [threadOf(view('old', 'root'))] }
  expect(insertReplies(root, [view('lost', 'root', 'nowhere')])).toBe(root)
})

test('above a new post are the new ones that it answers, and then one that is not new', () => {
  const posts = [local('a', 'root'), local('b', 'root', 'a'), local('c', 'root', 'b')]
  const [, , c = local('')] = posts
  const { parents, then } = newParents(c, posts)
  expect(names(parents)).toEqual(['b', 'a'])
  expect(then).toBe(uriOf('root'))
})

test('posts that answer each other do not go on for ever', () => {
  const posts = [local('a', 'b'), local('b', 'a')]
  const [a = local('')] = posts
  expect(names(newParents(a, posts).parents)).toEqual(['b'])
})
