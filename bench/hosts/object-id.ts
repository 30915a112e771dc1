import { createHash, createHmac } from 'node:crypto'

/**
 * The id that workerd gives to the object of this name, which is the name of its file: 16 bytes made from
 * the name, and 16 from those, keyed with the class (workerd, ActorIdFactoryImpl).
 */
export function objectId(className: string, name: string): string {
  const key = createHash('sha256').update(className).digest()
  const half = (data: string | Buffer) =>
    createHmac('sha256', key).update(data).digest().subarray(0, 16)
  const base = half(name)
  return Buffer.concat([base, half(base)]).toString('hex')
}
