/**
 * Whether what an object has answered still holds, for whoever runs in the same isolate: on plain workerd the Worker does, and
 * then need not ask again. Numbers of another isolate hold for nobody.
 */

/** Objects whose state is remembered; beyond that nothing holds any more. */
const MAX_OBJECTS = 10_000

/** The state of each object that somebody has an answer of, by the object's id, and the same numbers by themselves. */
const states = new Map<string, number>()
const holding = new Set<number>()
/** Far from where another isolate began. */
let last = 0

/** Whether nothing has changed in the object that answered in this state. */
export const holds = (state: number): boolean => holding.has(state)

/** What an object shows to everybody, numbered anew after each change. */
export class AnswerState {
  readonly #id: string

  /** @param id of the object: what one before it has answered does not hold any more */
  constructor(id: string) {
    this.#id = id
    this.changed()
  }

  /** The number of what can be read now; to be taken in the turn in which it is read. */
  current(): number {
    const known = states.get(this.#id)
    if (known !== undefined) return known
    if (states.size >= MAX_OBJECTS) {
      states.clear()
      holding.clear()
    }
    last = (last || Math.floor(Math.random() * 2 ** 50)) + 1
    states.set(this.#id, last)
    holding.add(last)
    return last
  }

  /** To be called in the turn of a change, before anything else is read. */
  changed(): void {
    const known = states.get(this.#id)
    if (known === undefined) return
    states.delete(this.#id)
    holding.delete(known)
  }
}
