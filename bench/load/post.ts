/** Posts of an ordinary length, each different. */
const WORDS =
  'sky cloud rain wind river stone light paper garden window morning harbour letter music bread winter'.split(
    ' ',
  )

let count = 0

/** A post of about 250 bytes in DAG-CBOR. */
export function post(): Record<string, unknown> {
  count += 1
  const words = Array.from(
    { length: 20 },
    (_, at) => WORDS[(count * 7 + at * at * 3) % WORDS.length],
  )
  return {
    $type: 'app.bsky.feed.post',
    text: `${count}: ${words.join(' ')}`,
    langs: ['en'],
    createdAt: new Date().toISOString(),
  }
}

/** A number below `limit`, from a fixed seed, so that both servers are asked for the same. */
export function sequence(seed = 1): (limit: number) => number {
  let state = seed
  return (limit) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return state % limit
  }
}
