/**
 * What a Worker with an object costs that does next to nothing: the floor under every request of Cumulus, on the same workerd.
 * Each answer is about as long as that of the request that it stands for.
 */
import { DurableObject } from 'cloudflare:workers'

const RECORDS = 10_000
const VALUE = JSON.stringify({ text: 'x'.repeat(300), uri: 'y'.repeat(70), cid: 'z'.repeat(59) })

export class FloorObject extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env)
    const { sql } = ctx.storage
    sql.exec(
      'CREATE TABLE IF NOT EXISTS record (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, value TEXT NOT NULL)',
    )
    if (sql.exec('SELECT count(*) AS count FROM record').one().count > 0) return
    ctx.storage.transactionSync(() => {
      for (let id = 1; id <= RECORDS; id += 1) {
        sql.exec('INSERT INTO record (key, value) VALUES (?, ?)', `key-${id}`, VALUE)
      }
    })
  }

  call() {
    return VALUE
  }

  select(key) {
    const { sql } = this.ctx.storage
    return sql.exec('SELECT value FROM record WHERE key = ?', key).one().value
  }

  insert(key, value) {
    const { sql } = this.ctx.storage
    sql.exec('INSERT INTO record (key, value) VALUES (?, ?)', key, value)
    return VALUE
  }
}

const json = (body) => new Response(body, { headers: { 'content-type': 'application/json' } })

export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname === '/xrpc/floor.empty') return json(VALUE)
    const object = env.FLOOR.get(env.FLOOR.idFromName('floor'))
    if (pathname === '/xrpc/floor.call') return json(await object.call())
    const key = searchParams.get('key') ?? ''
    if (pathname === '/xrpc/floor.select') return json(await object.select(key))
    if (pathname === '/xrpc/floor.insert') {
      return json(await object.insert(crypto.randomUUID(), await request.text()))
    }
    return json('{}')
  },
}
